"""From a found block to the chain's answer: kept until there is one, also while the server stops.

With a journal a block is written down before it is sent, and handed in again, now and at the next start, until the
chain has answered. Several are on their way at a time, so that one without an answer holds up no other.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import time

from ..chain.header import double_sha256, hash_text
from ..errors import NodeError
from ..events import Note, PoolBlock, Report
from ..journal import BLOCK, Entry, Journal, JournalError
from ..tally import Outcome, Result
from ..templates.template import Template, TemplateSource
from .book import Hashed

_AT_ONCE = 4
_TRY_S, _RETRY_S = 60.0, 1.0  # a block is worth a minute; a node's own attempts in it take their time
_LATER_S = 30.0  # between further attempts, with a journal
_STALE = ("inconclusive", "stale-prevblk", "stale-work")  # BIP 22: it is not on the best chain


@dataclass(eq=False, slots=True)
class _Found:
    hashed: Hashed
    hash: str
    settled: asyncio.Future[Result]


class BlockDesk:
    """`put` what was found; `run` hands it in until `finish`. After `begin` the source can take what is left of earlier
    runs."""

    def __init__(self, source: TemplateSource, report: Report, journal: Journal | None = None) -> None:
        self._source, self._report, self._journal = source, report, journal
        self._queue: asyncio.Queue[_Found | None] = asyncio.Queue()
        self._open: dict[str, _Found] = {}  # put and not settled, by their hash
        self._left = asyncio.Event()  # there may be blocks without an answer in the journal
        self._told = ""

    def put(self, hashed: Hashed) -> asyncio.Future[Result]:
        """What becomes of it, in a minute at most. One that is put twice is handed in once."""
        name = hash_text(double_sha256(hashed.header))
        if (known := self._open.get(name)) is not None:
            return known.settled
        found = _Found(hashed, name, asyncio.get_running_loop().create_future())
        self._open[name] = found
        self._queue.put_nowait(found)
        return found.settled

    def begin(self) -> None:
        self._left.set()

    def finish(self) -> None:
        """`run` ends when all that was put before is handed in."""
        self._queue.put_nowait(None)

    async def run(self) -> None:
        """Cancelled, it reports those that were put and not answered as lost."""
        later = None if self._journal is None else asyncio.create_task(self._hand_in_later(self._journal))
        workers = [asyncio.create_task(self._work()) for _ in range(_AT_ONCE)]
        try:
            await asyncio.gather(*workers)
        finally:
            tasks = workers if later is None else [*workers, later]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            kept = "" if self._journal is None else "; the next start hands it in"
            for found in [*self._open.values()]:
                self._settle(found, Result(Outcome.LOST, f"the pool was stopped before the chain answered{kept}"))

    async def _work(self) -> None:
        while (found := await self._queue.get()) is not None:
            await self._hand_in(found)
        self._queue.put_nowait(None)  # for the others

    async def _hand_in(self, found: _Found) -> None:
        hashed = found.hashed
        template = hashed.job.template
        block = template.block(hashed.header, hashed.coinbase)
        if self._journal is not None:
            chain = self._source.chain
            await self._journal.keep(Entry(found.hash, BLOCK, chain, time(), template.height, block))
        began_s = asyncio.get_running_loop().time()
        try:
            reason = await self._submit(block, template)
        except NodeError as error:
            self._settle(found, Result(Outcome.LOST, str(error)))
            self._left.set()
            return
        result = result_of(reason, asyncio.get_running_loop().time() - began_s)
        self._settle(found, result)
        if self._journal is not None:
            await self._journal.answer(found.hash, self._source.name, result.outcome, reason or "")

    def _settle(self, found: _Found, result: Result) -> None:
        del self._open[found.hash]
        self._tell(found.hashed.job.template.height, found.hash, result)
        if not found.settled.done():
            found.settled.set_result(result)

    def _tell(self, height: int, name: str, result: Result) -> None:
        self._report(PoolBlock(height, name, result.outcome is Outcome.ACCEPTED, result.reason))

    async def _submit(self, block: bytes, template: Template) -> str | None:
        """None when the chain took it, or why not. Raises NodeError when there is no answer in a minute."""
        now = asyncio.get_running_loop().time
        began_s, again = now(), False
        while True:
            try:
                answer = await self._source.submit(block, template)
            except NodeError:
                if now() - began_s + _RETRY_S >= _TRY_S:
                    raise
            else:  # BIP 22: a duplicate is known already, so an attempt without an answer had arrived
                return None if again and answer == "duplicate" else answer
            again = True
            await asyncio.sleep(_RETRY_S)

    # What has no answer

    async def _hand_in_later(self, journal: Journal) -> None:
        while True:
            await self._left.wait()
            self._left.clear()
            if not await self._hand_in_left(journal):
                await asyncio.sleep(_LATER_S)
                self._left.set()

    async def _hand_in_left(self, journal: Journal) -> bool:
        """Whether all have been answered, or cannot be."""
        try:
            for number in await journal.unanswered(BLOCK, self._source.chain):
                entry = await journal.entry(number)
                if entry.hash in self._open:
                    continue
                try:
                    reason = await self._source.submit(entry.content)
                except NodeError:
                    return False
                # A duplicate had arrived, and only the answer was missed.
                result = Result(Outcome.ACCEPTED, reason) if reason == "duplicate" else result_of(reason)
                self._tell(entry.height or 0, entry.hash, result)
                await journal.answer(entry.hash, self._source.name, result.outcome, result.reason)
        except JournalError as error:
            if str(error) != self._told:
                self._told = str(error)
                self._report(Note(f"{error}; blocks are sent all the same"))
        return True


def result_of(reason: str | None, latency_s: float | None = None) -> Result:
    """A node's answer to submitblock, as shares are counted."""
    if reason is None:
        return Result(Outcome.ACCEPTED, "", latency_s)
    if reason == "duplicate":
        return Result(Outcome.DUPLICATE, reason, latency_s)
    stale = any(word in reason for word in _STALE)  # of several nodes one may say so
    return Result(Outcome.STALE if stale else Outcome.REJECTED, reason, latency_s)
