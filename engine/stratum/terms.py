"""What a pool has granted in a session, and its newest job as it stands under that.

A job keeps the target that it was given with. Where the pool lowers the difficulty, the current job is given out anew
with the easier target; a pool that punishes that, or raises the difficulty of running jobs, is remembered in Quirks.
No messages, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from ..chain.target import target_from_difficulty
from ..work import Job
from .messages import Notify, SetExtranonce
from .results import SubscribeResult
from .settings import Quirks


@dataclass(slots=True)
class Terms:
    session: int  # number of the connection; its jobs carry it
    quirks: Quirks
    difficulty: Fraction = Fraction(1)
    mask: int = 0
    subscribed: SubscribeResult | None = None  # the extranonce; None: not yet
    job: Job | None = None  # the newest
    _next_extranonce: SetExtranonce | None = None

    @property
    def target(self) -> int:
        return target_from_difficulty(self.difficulty)

    def change_extranonce(self, change: SetExtranonce) -> None:
        """From the next job on."""
        before = self._next_extranonce or change
        self._next_extranonce = SetExtranonce(
            before.extranonce1 if change.extranonce1 is None else change.extranonce1,
            before.extranonce2_size if change.extranonce2_size is None else change.extranonce2_size,
        )

    def goes_on_with(self, job: Job) -> bool:
        """Whether a job of an earlier connection is of the session that goes on in this one."""
        ours = self.subscribed
        return ours is not None and (ours.extranonce1, ours.extranonce2_size) == (
            job.extranonce1,
            job.extranonce2_size,
        )

    def replaces(self, job: Job) -> bool:
        """Whether this one is over, as another has come."""
        return self.job is None or (job is not self.job and job.id != self.job.id)

    def give(self, notify: Notify, now: float) -> bool:
        """A job, once there is an extranonce: whether it is of a new block."""
        subscribed = self._take_extranonce()
        previous, target = self.job, self.target
        self.job = Job(
            id=notify.job,
            session=self.session,
            prev_hash=notify.prev_hash,
            coinb1=notify.coinb1,
            coinb2=notify.coinb2,
            branches=notify.branches,
            version=notify.version,
            nbits=notify.nbits,
            ntime=notify.ntime,
            clean=notify.clean,
            extranonce1=subscribed.extranonce1,
            extranonce2_size=subscribed.extranonce2_size,
            target=target,
            given_target=target,
            version_mask=self.mask,
            received_s=now,
        )
        return previous is None or previous.prev_hash != notify.prev_hash

    def renew(self, *, seen: bool) -> bool:
        """Whether mask or target of the job have changed for the work that runs. seen: the miner has had it."""
        job = self.job
        if job is None:
            return False
        target = self.target
        counts_now = not self.quirks.no_easier if target > job.given_target else self.quirks.raises_at_once
        if not counts_now:
            target = job.given_target
        if (target, self.mask) == (job.target, job.version_mask):
            return False
        tighter = self.mask != job.version_mask or target < job.target
        self.job = replace(job, target=target, version_mask=self.mask, clean=tighter if seen else job.clean)
        return True

    def _take_extranonce(self) -> SubscribeResult:
        assert self.subscribed is not None
        if (change := self._next_extranonce) is not None:
            self._next_extranonce = None
            old = self.subscribed
            self.subscribed = SubscribeResult(
                old.extranonce1 if change.extranonce1 is None else change.extranonce1,
                old.extranonce2_size if change.extranonce2_size is None else change.extranonce2_size,
                old.session,
            )
        return self.subscribed
