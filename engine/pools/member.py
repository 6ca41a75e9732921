"""A pool as one of several: open or closed, with work or without, trusted or at rest.

    closed ──open──► tried ──first job──► usable ──None, or its end──► tried again, by itself, for as long as it is open

A pool that only rejects, leaves shares unanswered or refuses the user rests: it is closed, and used meanwhile only
where no other works.
Which of the members gives the work is the group's to choose (group.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ..crash import crash, in_words
from ..errors import InputError, NodeError
from ..events import Report
from ..judge import Quality, Verdict
from ..pool import Demand, Pool
from ..tally import Outcome, Result
from ..work import Job


@dataclass(frozen=True, slots=True)
class Policy:
    """When to leave a pool, and when to come back. All in seconds but `rejects`."""

    failback: float | None = 60.0  # a better pool must have had work for so long; None: stay where it works
    patience: float = 10.0  # for the first job of a pool that has not failed, before the next one is opened
    linger: float = 30.0  # a pool that is not needed is kept for late shares
    rejects: int = 10  # more than so many in a row, stale ones aside …
    rejects_for: float = 60.0  # … over so long, are too many
    unanswered: float = 30.0  # a share that had so long when the connection ended was left unanswered
    rest_first: float = 300.0  # of such a pool, and of one that refuses the user; doubles each time
    rest_most: float = 3600.0
    again: float = 10.0  # a pool that could not even begin, or has ended by itself
    slice: float = 10.0  # of one pool's work, where several share it
    tick: float = 0.25  # how often these are looked at


class Member:
    """`told` is called whenever its work has changed."""

    def __init__(
        self,
        pool: Pool,
        policy: Policy,
        told: Callable[[Member], None],
        report: Report,
        quota: int = 0,
    ) -> None:
        self.pool, self.name, self.quota = pool, pool.name, quota
        self.job: Job | None = None  # the newest of the connection of now
        self.since_s = 0.0  # since when there has been one without a break
        self.needed_s = 0.0  # when it was needed last
        self.worked = 0.0  # for it: hashes, or seconds where nobody counts them
        self.policy, self._told, self._report = policy, told, report
        self._life: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._opened_s = 0.0
        self._not_before_s = 0.0  # it may be opened
        self._started = False
        self._tried = False  # it has had its chance to give a first job
        self._error = ""  # with which it could not even begin
        self._rejects = 0
        self._unanswered: dict[Verdict, float] = {}  # of the connection of now, and since when
        self._accepted_s = -1.0  # when it has accepted a share last
        self._rejects_s = 0.0  # when the first of them in a row came
        self._rests, self._rests_until_s = 0, 0.0
        self.rest_reason = ""

    # What it is

    @property
    def is_open(self) -> bool:
        return self._life is not None

    @property
    def usable(self) -> bool:
        return self.job is not None

    def resting(self, now: float) -> bool:
        return now < self._rests_until_s

    def tried(self, now: float) -> bool:
        """Whether it has no work although it has had its chance."""
        if self.usable:
            return False
        if not self.is_open:
            return now < self._not_before_s
        late = now - self._opened_s >= self.policy.patience
        return self._tried or late or bool(self.failure)

    def stable(self, now: float, seconds: float) -> bool:
        return self.usable and now - self.since_s >= seconds

    @property
    def failure(self) -> str:
        """Why it has no work; empty: it has, or is not known to have failed."""
        return "" if self.usable else self._error or self.pool.stats().failure

    # What happens to it

    def open(self, demand: Demand) -> None:
        """Begin to connect, unless it is still closing, or has just ended by itself."""
        now = asyncio.get_running_loop().time()
        if self._life is None and self._closing is None and now >= self._not_before_s:
            self._opened_s, self._started, self._tried, self._error = now, False, False, ""
            self._life = asyncio.create_task(self._live(demand), name=f"member {self.name}")

    def close(self) -> asyncio.Task[None] | None:
        """Let go of it, with all that is on its way. The task is done when it is closed."""
        if self._life is not None and self._closing is None:
            self._closing = asyncio.create_task(self._close(self._life), name=f"close {self.name}")
        return self._closing

    def sent(self, share: Verdict, now: float) -> None:
        """It has a share to answer."""
        self._unanswered[share] = now

    def settled(self, share: Verdict, result: Result, now: float) -> None:
        """Look at what became of a share: a pool that rejects one after the other is to rest."""
        policy = self.policy
        sent_s = self._unanswered.pop(share, now)
        match result.outcome:
            case Outcome.ACCEPTED:
                self._rejects = self._rests = 0
                self._accepted_s = now
            case Outcome.LOST if now - sent_s >= policy.unanswered and self._accepted_s < sent_s:
                self.rest(now, result.reason)
            case Outcome.REJECTED | Outcome.DUPLICATE if share.quality is not Quality.BLOCK:
                self._rejects_s = self._rejects_s if self._rejects else now
                self._rejects += 1
                if self._rejects > policy.rejects and now - self._rejects_s > policy.rejects_for:
                    self.rest(now, f"{self._rejects} shares rejected one after the other: {result.reason}")
            case _:
                pass

    def rest(self, now: float, reason: str) -> None:
        if self.resting(now):
            return
        policy = self.policy
        self._rests_until_s = now + min(policy.rest_most, policy.rest_first * 2.0**self._rests)
        self._rests, self._rejects, self.rest_reason = min(self._rests + 1, 16), 0, reason
        self._told(self)

    def relieve(self) -> None:
        """Somebody wants it, whatever it did."""
        self._rests, self._rests_until_s = 0, 0.0

    async def _live(self, demand: Demand) -> None:
        """From start to stop. One that ends by itself is closed, and opened again after a while if it is needed."""
        loop = asyncio.get_running_loop()
        try:
            await self.pool.start(demand)
            self._started = True
            async for job in self.pool.jobs():
                self._take(job)
        except (InputError, NodeError) as error:
            self._error = str(error)
            self.rest(loop.time(), self._error)
        except Exception as error:  # it ends this pool, and not the others
            self._error = in_words(error)
            self._report(crash(self.name, error, self.policy.again))
        if self._closing is None:
            self._not_before_s = loop.time() + self.policy.again
            self.close()

    def _take(self, job: Job | None) -> None:
        now = asyncio.get_running_loop().time()
        if job is not None and self.job is None:
            self.since_s = now
        if job is None:
            oldest_s = min(self._unanswered.values(), default=now)
            self._unanswered.clear()
            if now - oldest_s >= self.policy.unanswered and self._accepted_s < oldest_s:
                self.job = None
                self.rest(now, self.failure or "shares are left unanswered")
        self.job, self._tried = job, True
        self._told(self)

    async def _close(self, life: asyncio.Task[None]) -> None:
        if not self._started:
            life.cancel()
            await asyncio.wait([life])
        await self.pool.stop()
        await asyncio.wait([life])
        self._life = self._closing = None
        self._take(None)
