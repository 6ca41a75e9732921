"""How long the pool client waits for what."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from ..errors import PoolUnreachable


@dataclass(frozen=True, slots=True)
class Timing:
    """All in seconds."""

    connect: float = 15.0
    handshake: float = 30.0  # until authorized
    silence: float = 300.0  # without a line: the pool is dead
    answer: float = 60.0  # to a share
    resume: float = 60.0  # for a session to go on, in which what was unanswered is sent again
    resume_block: float = 600.0  # the same for a block
    stop: float = 0.8  # for outstanding answers, when we stop
    retry_first: float = 1.0
    retry_most: float = 60.0
    refused_first: float = 10.0  # after a refused user name: people must act, machines must not hammer
    stable: float = 60.0  # authorized for so long, a connection resets the backoff
    redirect_most: float = 600.0  # a pool may ask us to wait; not for a day
    tick: float = 1.0  # how often these are looked at


class Patience:
    """With one connection: what it must do, and by when. Times are the loop's clock."""

    def __init__(self, timing: Timing, now: float) -> None:
        self._timing = timing
        self._began_s = self._heard_s = now

    def heard(self, data: bytes, now: float) -> None:
        """A line without end is no word."""
        if b"\n" in data:
            self._heard_s = now

    def check(self, now: float, *, ready: bool, pending_s: float) -> None:
        """pending_s: the age of the oldest share that is not answered. Raises PoolUnreachable."""
        timing = self._timing
        if not ready and now - self._began_s >= timing.handshake:
            raise PoolUnreachable(f"not authorized after {timing.handshake:g} s")
        if now - self._heard_s >= timing.silence:
            raise PoolUnreachable(f"not a word in {timing.silence:g} s")
        if pending_s >= timing.answer:
            raise PoolUnreachable(f"no answer to a share in {timing.answer:g} s")


@dataclass(slots=True)
class Backoff:
    """Doubles from try to try, with jitter, so that a pool that comes back is not met by all its miners at once."""

    timing: Timing
    random: Random
    _failures: int = 0

    def reset(self) -> None:
        self._failures = 0

    def next_s(self, *, refused: bool, asked_s: float | None) -> float:
        """Until the next try. refused: by the pool, in words; asked_s: it asked us to come back after so long."""
        timing = self.timing
        least_s = timing.refused_first if refused else 0.0
        most_s: float = min(timing.retry_most, max(timing.retry_first, least_s) * 2.0**self._failures)
        wait_s = max(least_s, most_s * self.random.uniform(0.5, 1.0))
        if asked_s is not None:  # the first time as it asks; one that asks again and again is not to be trusted
            wait_s = max(min(asked_s, timing.redirect_most), wait_s if self._failures else 0.0)
        self._failures = min(self._failures + 1, 16)
        return wait_s
