"""Made-up work for a powered board, and every nonce that comes of it hashed again: what check, sweep and energy count.

    async with board.powered(point) as powered, Workload(powered, seed=1) as load:
        window = load.window()
        await asyncio.sleep(30)
        counts = window.counts()

The board's own feeder sends the work and turns answers into claims; hashlib is the judge of each. Jobs are invented
from a seed and replaced now and then, as at a new block. The ticket is the feeder's choice: as many nonces as a quarter
of the line carries. It leaves out pools, shares, and what a nonce is worth.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType

from ..engine.chain.header import double_sha256, hash_number
from ..engine.errors import cause
from ..engine.judge import Fate, Judge, Quality
from ..engine.space import HeaderSpace
from ..engine.work import Assignment, Found, Job, Work
from ..hw.chain_feeder import ChainFeeder
from ..hw.feeder import Account, FeederFor, Orders
from ..hw.icarus_feeder import IcarusFeeder
from ..hw.powered import Powered
from .invented import made_up
from .metering import Counts
from .window import Seen, Tally, Window

_NEW_JOB_S = 30.0
NO_SHARE = 0  # a share target that nothing meets, so that the ticket is chosen by the line alone
_WORKS = 64  # the latest, among which a nonce is looked for that fits not its own


class Workload:
    """Feeds until its block ends. A board that fails raises its DeviceError out of the block."""

    def __init__(self, powered: Powered, *, seed: int = 1, new_job_s: float = _NEW_JOB_S) -> None:
        self.account = Account()
        self._powered, self._seed, self._new_job_s = powered, seed, new_job_s
        self._orders, self._judge = Orders(), Judge()
        self._tally = Tally()
        self._works: deque[Work] = deque(maxlen=_WORKS)
        self._jobs = 0
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Workload:
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        feeder_for: FeederFor = ChainFeeder if self._powered.chain is not None else IcarusFeeder
        feeder = feeder_for(self._powered, self._orders, self._found, self.account, self._powered.name)
        tasks = [group.create_task(feeder.run()), group.create_task(self._give())]
        for task in tasks:
            self._stack.callback(task.cancel)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            return await self._stack.__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            raise cause(group) from group
        finally:
            if (chain := self._powered.chain) is not None and chain.hashing:
                chain.quiet()

    async def settle(self, seconds: float = 1.0) -> None:
        """Until it is fed, and then so long."""
        while not self.account.note:  # noqa: ASYNC110  # which the feeder tells as soon as it feeds
            await asyncio.sleep(0.05)
        await asyncio.sleep(seconds)

    @property
    def runs(self) -> dict[int | None, int]:
        """Of each chip, how often in succession it told one nonce, at most; since the workload began."""
        return self._tally.runs

    def done(self) -> Counts:
        """So far, by verified nonces: for a meter that is read beside it."""
        return Counts(claimed=self._tally.hashes, squares=self._tally.squares)

    def window(self) -> Window:
        """One that begins now."""
        return Window(self._powered, self._tally, self.account)

    async def _give(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            job = self._invent(loop.time())
            self._judge.accept(job)
            space = HeaderSpace(job.extranonce2_size)
            self._orders.put(_Noted(job, space, loop.time, job.target, self._works.append))
            await asyncio.sleep(self._new_job_s)

    def _invent(self, now_s: float) -> Job:
        self._jobs += 1
        name = f"{self._seed} {self._powered.name} {self._jobs}"
        return made_up(name, self._jobs, NO_SHARE, now_s, self._seed % 2**24)

    def _found(self, found: Found) -> None:
        verdict = self._judge.judge(found, asyncio.get_running_loop().time())
        where, nonce = found.origin, found.nonce
        if verdict.quality is not Quality.FALSE:
            if verdict.fate is Fate.DUPLICATE:
                self._tally.note(Seen.DUPLICATE, where, nonce)
            else:
                seen = Seen.STALE if verdict.fate is Fate.STALE else Seen.VALID
                self._tally.note(seen, where, nonce, found.stands_for)
        else:
            seen = Seen.WRONG_JOB if self._fits_another(found, verdict.work) else Seen.FALSE
            self._tally.note(seen, where, nonce)

    def _fits_another(self, found: Found, own: Work) -> bool:
        """Whether it is the true nonce of other work than it was told for."""
        return any(
            hash_number(double_sha256(work.header(found.version, work.ntime, found.nonce))) <= work.claim_target
            for work in self._works
            if work is not own
        )


@dataclass(frozen=True, eq=False, slots=True)
class _Noted(Assignment):
    """Tells each work that is drawn from it."""

    note: Callable[[Work], None]

    def draw(self, versions: int | None = 1, *, split: bool = False) -> Work | None:
        work = Assignment.draw(self, versions, split=split)
        if work is not None:
            self.note(work)
        return work
