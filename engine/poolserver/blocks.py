"""From a found block to the chain's answer: kept until there is one, also while the server stops."""

from __future__ import annotations

import asyncio

from ..chain.header import Header, hash_text
from ..errors import NodeError
from ..events import PoolBlock, Report
from ..templates.template import Template, TemplateSource
from .book import Hashed

_TRIES, _RETRY_S = 60, 1.0


class BlockDesk:
    """`put` what was found; `run` hands it in, in order, until `finish`."""

    def __init__(self, source: TemplateSource, report: Report) -> None:
        self._source, self._report = source, report
        self._found: asyncio.Queue[Hashed | None] = asyncio.Queue()

    def put(self, found: Hashed) -> None:
        self._found.put_nowait(found)

    def finish(self) -> None:
        """`run` ends when all that was put before is handed in."""
        self._found.put_nowait(None)

    async def run(self) -> None:
        while (found := await self._found.get()) is not None:
            template = found.job.template
            reason = await self._hand_in(template.block(found.header, found.coinbase), template)
            name = hash_text(Header.parse(found.header).hash)
            self._report(PoolBlock(template.height, name, reason is None, reason or ""))

    async def _hand_in(self, block: bytes, template: Template) -> str | None:
        """None when the chain took it. It is tried again for a minute: a block is worth it."""
        reason = ""
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(_RETRY_S)
            try:
                answer = await self._source.submit(block, template)
            except NodeError as error:
                reason = str(error)
            else:  # BIP 22: a duplicate is known already, so an attempt without an answer had arrived
                return None if attempt and answer == "duplicate" else answer
        return reason
