"""Blocks found for a Stratum pool, in the journal: the header and the job, for the pool alone has the rest.

They are sent at once and written down meanwhile. What an earlier run left without an answer cannot be sent any more,
for its session ended with it: it is closed as lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from time import time
from typing import Any

from ..chain.header import hash_text
from ..errors import JoulehashError
from ..events import Note, Report
from ..journal import SHARE, Entry, Journal
from ..judge import Verdict
from ..tally import Outcome, Result

_FINISH_S = 2.0
_BY = "joulehash"


class PoolBlocks:
    """`place` is the pool and the user name. Nothing here raises, or keeps a share waiting."""

    def __init__(self, journal: Journal, place: str, report: Report) -> None:
        self._journal, self._place, self._report = journal, place, report
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        self._do(self._close_earlier())

    def found(self, share: Verdict) -> None:
        job, work, found = share.work.job, share.work, share.found
        detail = {
            "job": str(job.id),
            "extranonce1": job.extranonce1.hex(),
            "extranonce2": work.extranonce2.hex(),
            "ntime": f"{found.ntime:08x}",
            "nonce": f"{found.nonce:08x}",
            "version": f"{found.version:08x}",
        }
        self._do(self._journal.keep(Entry(_name(share), SHARE, self._place, time(), job.height, share.header, detail)))

    def answered(self, share: Verdict, result: Result) -> None:
        by = _BY if result.outcome is Outcome.LOST else self._place
        self._do(self._journal.answer(_name(share), by, result.outcome, result.reason))

    async def finish(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_FINISH_S)

    async def _close_earlier(self) -> None:
        why = "the miner ended before the pool answered, and its session with it"
        try:
            for number in await self._journal.unanswered(SHARE, self._place, begin=False):
                entry = await self._journal.entry(number)
                await self._journal.answer(entry.hash, _BY, Outcome.LOST, why)
                self._report(Note(f"block {entry.hash} of an earlier run is lost: {why}"))
        except JoulehashError as error:
            self._report(Note(str(error)))

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _name(share: Verdict) -> str:
    return hash_text(share.hash.to_bytes(32, "little"))
