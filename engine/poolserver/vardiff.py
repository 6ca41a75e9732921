"""Variable difficulty: each session is asked for about one share a second, whatever its rate. Pure arithmetic.

A window is judged at each share and each tick: far too many shares close it after a few, far too few after a while,
anything else only when it has seen enough. A share counts for the difficulty that it was asked for, so that shares of
older, easier jobs, still on their way when the difficulty rises, do not raise it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

_FAST_SHARES, _FAST = 16, 2.0  # so many shares, at more than this multiple of the wanted rate
_SLOW_WAITED, _SLOW = 10.0, 0.25  # so many shares were wanted, and less than this part of them came
_FULL = 64  # shares that came or were wanted: by chance one in ten such windows is off by 1/5
_DEAD_BAND = (0.75, 1.33)  # a full window within these changes nothing
_BURST_S = 1.0  # shares that come in one read, late, tell no more than that
_QUIET_S = 2.0  # without shares say nothing before: the loop may have been held up
_STEP_DOWN = 16.0


@dataclass(slots=True)
class Vardiff:
    difficulty: Fraction
    least: Fraction
    most: Fraction
    interval_s: float = 1.0  # wanted between shares
    _opened_s: float | None = None
    _shares: int = 0
    _work: float = 0.0  # sum of their difficulties
    _number: tuple[Fraction, float] = (Fraction(1), 1.0)  # a difficulty as a float: most shares have the same

    def share(self, now: float, difficulty: Fraction) -> bool:
        """Count an accepted share that was asked for `difficulty`. True when the difficulty has changed."""
        self._shares += 1
        self._work += self._float(difficulty)
        return self.tick(now)

    def tick(self, now: float) -> bool:
        """To be called now and then. True when the difficulty has changed."""
        if self._opened_s is None:
            self._opened_s = now
        took_s = now - self._opened_s
        wanted = took_s / self.interval_s
        waited = wanted if took_s >= _QUIET_S else 0.0
        if self._shares < _FAST_SHARES and waited < _SLOW_WAITED:
            return False
        wanted_work = max(wanted, _BURST_S / self.interval_s) * self._float(self.difficulty)
        ratio = self._work / wanted_work
        fast = self._shares >= _FAST_SHARES and ratio > _FAST
        slow = waited >= _SLOW_WAITED and ratio < _SLOW
        full = (self._shares >= _FULL and took_s >= _BURST_S) or waited >= _FULL
        if not (fast or slow or full):
            return False
        self._open(now)
        if _DEAD_BAND[0] <= ratio <= _DEAD_BAND[1] or (ratio < 1 and self.difficulty is self.least):
            return False
        return self._set(self.difficulty * Fraction(max(ratio, 1 / _STEP_DOWN)))

    def suggest(self, difficulty: Fraction, now: float) -> bool:
        """What the miner asks for. True when the difficulty has changed."""
        self._open(now)
        return self._set(difficulty)

    def keep_bounds(self) -> bool:
        """To be called when a bound was moved. True when the difficulty has changed."""
        return not self.least <= self.difficulty <= self.most and self._set(self.difficulty)

    def _float(self, difficulty: Fraction) -> float:
        if self._number[0] is not difficulty:
            self._number = difficulty, float(difficulty)
        return self._number[1]

    def _open(self, now: float) -> None:
        self._opened_s, self._shares, self._work = now, 0, 0.0

    def _set(self, difficulty: Fraction) -> bool:
        before = self.difficulty
        self.difficulty = min(max(_round(difficulty), self.least), self.most)
        return self.difficulty != before


def _round(difficulty: Fraction) -> Fraction:
    """To three significant digits, so that both sides read the same number."""
    return Fraction(f"{float(difficulty):.3g}")
