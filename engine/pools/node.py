"""Solo mining straight from a Bitcoin node: a Pool made of a TemplateSource, without a server or a socket between.

Jobs are those that the embedded pool would give (poolserver/book.py), blocks go the same way (poolserver/blocks.py). A
share is work that was seen and nothing else: it is weighed here, counted as accepted, and sent to nobody. Of a block
the node's answer counts. Leaves out choosing among the transactions.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random, SystemRandom

from ..chain.target import DIFFICULTY_1, difficulty_from_target, expected_hashes, target_from_difficulty
from ..errors import NodeError
from ..events import Connected, Disconnected, JobReceived, Note, Report
from ..journal import Journal
from ..judge import Quality, Verdict
from ..pool import SESSIONS, Demand, PoolStats
from ..poolserver.blocks import BlockDesk
from ..poolserver.book import EXTRANONCE1_SIZE, EXTRANONCE2_SIZE, Hashed, JobBook, PoolJob, most_difficulty
from ..poolserver.pace import interval_of
from ..poolserver.vardiff import Vardiff
from ..tally import Outcome, Result
from ..templates.template import Template, TemplateSource
from ..work import Job
from .slot import JobSlot
from .timing import Backoff, Timing

VERSION_MASK = 0x1FFFE000  # BIP320
_UNKNOWN_HPS = 2e6  # of devices that cannot tell before they run
_LEAST = Fraction(1, 10**9)
_AGAIN_S = 1.0  # after a time without templates
_LAST_BLOCKS_S = 5.0  # to hand in what was found when we stop


@dataclass(frozen=True, eq=False)
class NodeJob(Job):
    origin: PoolJob = field(
        kw_only=True
    )  # with the block's transactions: whatever is found in it, however late, can be handed in


class NodePool:
    """A Pool. `source`: the node, or several as one.

    difficulty  of the work that is shown; None: by the rate
    random      for tests: what jitter
    name        how it is shown, instead of the source's
    """

    def __init__(
        self,
        source: TemplateSource,
        address: str,
        report: Report,
        journal: Journal | None = None,
        *,
        difficulty: Fraction | None = None,
        version_mask: int = VERSION_MASK,
        timing: Timing | None = None,
        random: Random | None = None,
        name: str = "",
    ) -> None:
        self._name = name or source.name
        self._failure = ""
        self._source, self._address, self._report, self._journal = source, address, report, journal
        self._difficulty, self._mask = difficulty or None, version_mask
        self._timing = timing or Timing()
        self._backoff = Backoff(self._timing, random or Random())
        self._book = JobBook()
        self._slot = JobSlot()
        self._extranonce1 = SystemRandom().randbytes(EXTRANONCE1_SIZE)  # others may mine for the same address
        self._session = next(SESSIONS)
        self._vardiff = Vardiff(_LEAST, _LEAST, most_difficulty(Fraction(1)))
        self._desk = BlockDesk(source, report, journal)
        self._handing_in: asyncio.Task[None] | None = None
        self._runner: asyncio.Task[None] | None = None
        self._job: Job | None = None
        self._connections = 0
        self._latency_s: float | None = None

    @property
    def name(self) -> str:
        return self._name

    def stats(self) -> PoolStats:
        return PoolStats(
            connected=self._job is not None,
            user=self._address,
            difficulty=None if self._job is None else difficulty_from_target(self._job.target),
            latency_s=self._latency_s,
            reconnects=max(0, self._connections - 1),
            failure=self._failure,
        )

    async def start(self, demand: Demand) -> None:
        rate_hps = demand.rate_hps or _UNKNOWN_HPS
        self._slot.open()
        self._failure = ""
        self._vardiff.interval_s = interval_of(demand)
        by_rate = Fraction(rate_hps * self._vardiff.interval_s) / expected_hashes(DIFFICULTY_1)
        shown = self._difficulty or by_rate
        self._vardiff.difficulty = Fraction(f"{float(shown):.3g}")
        self._desk = BlockDesk(self._source, self._report, self._journal)
        self._handing_in = asyncio.create_task(self._desk.run(), name=f"blocks to {self.name}")
        self._runner = asyncio.create_task(self._run(), name=f"templates of {self.name}")
        for task in (self._handing_in, self._runner):
            task.add_done_callback(self._ended)

    def jobs(self) -> AsyncIterator[Job | None]:
        return self._slot.read()

    async def submit(self, share: Verdict) -> Result:
        job = share.work.job
        if not isinstance(job, NodeJob) or job.session != self._session:
            return Result(Outcome.LOST, "its job is of another pool")
        origin = job.origin
        coinbase = origin.coinbase(job.extranonce1 + share.work.extranonce2)
        if origin.header(coinbase, share.found.version, share.found.ntime, share.found.nonce) != share.header:
            return Result(Outcome.LOST, "its header is not that of its job: a bug, please report it")
        if self._difficulty is None:
            self._vardiff.share(asyncio.get_running_loop().time(), difficulty_from_target(job.target))
        if share.quality is not Quality.BLOCK:
            return Result(Outcome.ACCEPTED)
        result = await asyncio.shield(self._desk.put(Hashed(origin, share.header, coinbase, share.hash)))
        self._latency_s = result.latency_s if result.latency_s is not None else self._latency_s
        return result

    async def stop(self) -> None:
        """Blocks that are on their way have a moment more."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.cancel()
            await asyncio.wait([runner])
        handing_in, self._handing_in = self._handing_in, None
        if handing_in is not None:
            self._desk.finish()
            await asyncio.wait([handing_in], timeout=_LAST_BLOCKS_S)
            handing_in.cancel()
            await asyncio.wait([handing_in])
        if runner is not None:
            await self._source.stop()
        self._job, self._book.current = None, None
        self._slot.end()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """By itself only with an error that the reader of jobs shall have: a wrong address, or a fault of ours."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._slot.end(error)

    async def _run(self) -> None:
        """Templates for ever. Raises InputError for an address that is not of the node's chain."""
        await self._start_source()
        self._desk.begin()
        self._report(Note("solo: shares are weighed here and show the work, only blocks go to the node"))
        while True:
            try:
                async for template in self._source.templates():
                    self._offer(template)
            except NodeError as error:
                self._job, self._book.current, self._failure = None, None, str(error)
                self._slot.lose()
                self._report(Disconnected(self.name, f"no work: {error}", None))
            await asyncio.sleep(_AGAIN_S)

    async def _start_source(self) -> None:
        while True:
            try:
                await self._source.start()
                return
            except NodeError as error:
                self._failure = str(error)
                wait_s = self._backoff.next_s(refused=False, asked_s=None)
                self._report(Disconnected(self.name, str(error), round(wait_s, 3)))
            await asyncio.sleep(wait_s)

    def _offer(self, template: Template) -> None:
        before = self._book.current
        origin, clean = self._book.add(template)
        network = difficulty_from_target(template.target)
        self._vardiff.most = most_difficulty(network)
        self._vardiff.keep_bounds()
        target = target_from_difficulty(self._vardiff.difficulty)
        if before is None:
            self._connections += 1
            self._report(Connected(self.name, self._extranonce1.hex(), EXTRANONCE2_SIZE, f"{self._mask:08x}"))
        self._failure = ""
        self._job = job = self._job_of(origin, target, clean=clean)
        self._slot.put(job)
        new_block = before is None or before.template.prev_hash != template.prev_hash
        shown = float(difficulty_from_target(target))
        self._report(JobReceived(self.name, origin.id, template.height, shown, float(network), clean, new_block))

    def _job_of(self, origin: PoolJob, target: int, *, clean: bool) -> NodeJob:
        template = origin.template
        return NodeJob(
            id=origin.id,
            session=self._session,
            prev_hash=template.prev_hash,
            coinb1=origin.coinb1,
            coinb2=origin.coinb2,
            branches=template.branches,
            version=template.version,
            nbits=template.nbits,
            ntime=template.curtime,
            clean=clean,
            extranonce1=self._extranonce1,
            extranonce2_size=EXTRANONCE2_SIZE,
            target=target,
            given_target=target,
            version_mask=self._mask,
            received_s=asyncio.get_running_loop().time(),
            origin=origin,
        )
