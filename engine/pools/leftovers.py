"""Shares that a lost connection left unanswered: sent again where the pool goes on with the session, else lost.

A pool goes on with a session when it gives the same extranonce1, and extranonce2 of the same size: then the share is
the same share. It is sent again when its block is still being looked for; a block is, whatever is looked for. A pool
that says "duplicate" to it has it, but not whether it counted (some say so of rejected ones too): it is not counted as
accepted. Source: bfgminer, which resubmits where nonce1 is unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..judge import Quality, Verdict
from ..tally import Outcome, Result
from ..work import Job

Settle = Callable[[Verdict, Result], None]


@dataclass(frozen=True, slots=True)
class _Left:
    share: Verdict
    reason: str  # why its connection is gone
    until_s: float


class Leftovers:
    """Of one pool. `settle` is called for those that are lost. Times are the loop's clock."""

    def __init__(self, settle: Settle, wait_s: float, block_wait_s: float) -> None:
        self._settle, self._wait_s, self._block_wait_s = settle, wait_s, block_wait_s
        self._left: list[_Left] = []
        self._again: set[Verdict] = set()  # sent a second time, and not settled

    def keep(self, share: Verdict, reason: str, now: float) -> float:
        """The time in which a new session may still have it; one that was sent twice is lost at once."""
        if share in self._again:
            self._settle(share, Result(Outcome.LOST, reason))
            return 0.0
        wait_s = self._block_wait_s if share.quality is Quality.BLOCK else self._wait_s
        self._left.append(_Left(share, reason, now + wait_s))
        return wait_s

    def expire(self, now: float) -> None:
        """Those for which there was no new session in time are lost."""
        self._lose(lambda left: left.until_s <= now, "")

    def begin(self, extranonce1: bytes, extranonce2_size: int) -> None:
        """A new session: what does not fit it is lost."""
        ours = extranonce1, extranonce2_size
        self._lose(lambda left: (left.share.work.job.extranonce1, left.share.work.job.extranonce2_size) != ours, "")

    def take(self, job: Job) -> list[Verdict]:
        """Those to be sent again, now that the new session has this job; the others are lost."""
        self._lose(
            lambda left: left.share.quality is not Quality.BLOCK and left.share.work.job.prev_hash != job.prev_hash,
            "; a new block came before the session went on",
        )
        left, self._left = self._left, []
        self._again.update(one.share for one in left)
        return [one.share for one in left]

    def settled(self, share: Verdict) -> None:
        self._again.discard(share)

    def give_up(self) -> None:
        self._lose(lambda left: True, "")

    def _lose(self, which: Callable[[_Left], bool], why: str) -> None:
        lost = [left for left in self._left if which(left)]
        self._left = [left for left in self._left if left not in lost]
        for left in lost:
            self._settle(left.share, Result(Outcome.LOST, left.reason + why))
