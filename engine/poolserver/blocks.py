"""From a found block to the chain's answer: kept until there is one, also while the server stops."""

from __future__ import annotations

import asyncio

from ..chain.header import Header, hash_text
from ..errors import NodeError
from ..events import PoolBlock, Report
from ..templates.template import Template, TemplateSource
from .book import Hashed

_TRY_S, _RETRY_S = 60.0, 1.0  # a block is worth a minute; a node's own attempts in it take their time


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
        """Cancelled, it reports those that were put and not answered as lost."""
        found: Hashed | None
        while (found := await self._found.get()) is not None:
            template = found.job.template
            try:
                reason = await self._hand_in(template.block(found.header, found.coinbase), template)
            except asyncio.CancelledError:
                while found is not None:
                    self._tell(found, "the pool was stopped before the chain answered")
                    found = None if self._found.empty() else self._found.get_nowait()
                raise
            self._tell(found, reason)

    def _tell(self, found: Hashed, reason: str | None) -> None:
        name = hash_text(Header.parse(found.header).hash)
        self._report(PoolBlock(found.job.template.height, name, reason is None, reason or ""))

    async def _hand_in(self, block: bytes, template: Template) -> str | None:
        """None when the chain took it, or why not."""
        now = asyncio.get_running_loop().time
        began_s, again = now(), False
        while True:
            try:
                answer = await self._source.submit(block, template)
            except NodeError as error:
                if now() - began_s + _RETRY_S >= _TRY_S:
                    return str(error)
            else:  # BIP 22: a duplicate is known already, so an attempt without an answer had arrived
                return None if again and answer == "duplicate" else answer
            again = True
            await asyncio.sleep(_RETRY_S)
