"""A pool and a device for the miner, on virtual time: they do as the test tells them, and write down what is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass

from joulehash.engine.device import Capabilities, DeviceStats
from joulehash.engine.judge import Verdict
from joulehash.engine.pool import Demand, PoolStats
from joulehash.engine.tally import Outcome, Result
from joulehash.engine.work import Assignment, Found, Job, Work


@dataclass(frozen=True)
class Answer:
    """How a pool answers a share; without an outcome it never does."""

    outcome: Outcome | None = Outcome.ACCEPTED
    after_s: float = 0.1
    reason: str = ""


class FakePool:
    """A Pool. `jobs_` come at their times; shares are answered by `answers`, the last of them for ever."""

    def __init__(self, jobs: Iterable[tuple[float, Job | None]] = (), answers: Iterable[Answer] = ()) -> None:
        self.name = "fake pool"
        self.plan, self.answers = list(jobs), list(answers) or [Answer()]
        self.demand: Demand | None = None
        self.submitted: list[Verdict] = []
        self.most_waiting = self.stops = 0
        self.start_error: Exception | None = None
        self.jobs_error: Exception | None = None
        self.jobs_end = False
        self._waiting: set[asyncio.Future[Result]] = set()
        self._stopped = asyncio.Event()

    async def start(self, demand: Demand) -> None:
        self.demand = demand
        if self.start_error is not None:
            raise self.start_error

    async def jobs(self) -> AsyncIterator[Job | None]:
        for wait_s, job in self.plan:
            await asyncio.sleep(wait_s)
            yield job
        if self.jobs_error is not None:
            raise self.jobs_error
        if not self.jobs_end:
            await self._stopped.wait()

    async def submit(self, share: Verdict) -> Result:
        answer = self.answers[min(len(self.submitted), len(self.answers) - 1)]
        self.submitted.append(share)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.add(future)
        self.most_waiting = max(self.most_waiting, len(self._waiting))
        if answer.outcome is not None:
            result = Result(answer.outcome, answer.reason, answer.after_s)
            loop.call_later(answer.after_s, self._answer, future, result)
        try:
            return await future
        finally:
            self._waiting.discard(future)

    def stats(self) -> PoolStats:
        return PoolStats(connected=True)

    async def stop(self) -> None:
        self.stops += 1
        if self._waiting:
            await asyncio.wait(self._waiting, timeout=0.8)
        for future in self._waiting:
            self._answer(future, Result(Outcome.LOST, "stopped"))
        self._stopped.set()

    def _answer(self, future: asyncio.Future[Result], result: Result) -> None:
        if not future.done():
            future.set_result(result)


class FakeDevice:
    """A Device. `find` is a claim of what it works on; `fail` is its end. Starts take or raise what `starts` says."""

    def __init__(self, name: str = "fake", starts: Iterable[Exception | float | None] = ()) -> None:
        self.name = name
        self.capabilities = Capabilities(version_bits=2, nominal_hps=1000.0)
        self.given: list[tuple[Assignment | None, bool]] = []
        self.starts, self.started_at, self.stopped_at = list(starts), list[float](), list[float]()
        self.hashes, self.starved_s = 0, 0.0
        self.stop_error: Exception | None = None
        self.hangs_in_stop = self.is_open = False
        self.on_give: Callable[[], None] = lambda: None
        self.work: Work | None = None
        self._claims: asyncio.Queue[Found | Exception | None] = asyncio.Queue()
        self._nonce = 0
        self.alarm = ""
        self.figures: tuple[float | None, float | None, float | None] = (None, None, None)  # MHz, °C, W
        self.stands_for = 0.0  # each claim

    async def start(self) -> None:
        self.started_at.append(asyncio.get_running_loop().time())
        self._claims = asyncio.Queue()
        step = self.starts.pop(0) if self.starts else None
        if isinstance(step, Exception):
            raise step
        if step is not None:
            await asyncio.sleep(step)
        self.is_open = True

    def give(self, assignment: Assignment | None, *, clean: bool) -> None:
        assert self.is_open, "given work while it is closed"
        self.given.append((assignment, clean))
        self.work = assignment.draw() if assignment is not None else None
        self.on_give()

    async def found(self) -> AsyncIterator[Found]:
        claims = self._claims
        while (item := await claims.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item

    def find(self, work: Work | None = None, *, nonce: int | None = None) -> None:
        """Claim a new nonce of `work`, or of what it was given last."""
        work = work or self.work
        assert work is not None
        self._nonce += nonce is None
        self.hashes += 1
        now = asyncio.get_running_loop().time()
        nonce = self._nonce if nonce is None else nonce
        found = Found(self.name, (work,), nonce, work.versions[0], work.ntime, now, stands_for=self.stands_for)
        self._claims.put_nowait(found)

    def flood(self, n: int, work: Work | None = None) -> None:
        for _ in range(n):
            self.find(work)

    def fail(self, error: Exception) -> None:
        self._claims.put_nowait(error)

    def end(self) -> None:
        self._claims.put_nowait(None)

    def stats(self) -> DeviceStats:
        mhz, celsius, watts = self.figures
        return DeviceStats(self.hashes, self.starved_s, alarm=self.alarm, mhz=mhz, celsius=celsius, watts=watts)

    async def stop(self) -> None:
        self.stopped_at.append(asyncio.get_running_loop().time())
        if self.hangs_in_stop:
            await asyncio.sleep(1e6)
        self.is_open = False
        self.end()
        if self.stop_error is not None:
            raise self.stop_error
