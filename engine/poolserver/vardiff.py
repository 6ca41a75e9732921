"""Variable difficulty: each session is asked for about one share a second, whatever its rate. Pure arithmetic.

A window closes after some shares or some time; the new difficulty is what the window's rate asks for. Upward it may go
far at once (a board that starts at a CPU's difficulty), downward at most by a factor for each silent window.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

WINDOW_SHARES = 16
WINDOW_S = 10.0
_DEAD_BAND = (0.7, 1.5)  # no change for a rate within these of the wanted one
_STEP_DOWN = 16


@dataclass(slots=True)
class Vardiff:
    difficulty: Fraction
    least: Fraction
    most: Fraction
    interval_s: float = 1.0  # wanted between shares
    _opened_s: float | None = None
    _shares: int = 0

    def share(self, now: float) -> bool:
        """Count an accepted share. True when the difficulty has changed."""
        if self._opened_s is None:
            self._opened_s = now
        self._shares += 1
        return self._shares >= WINDOW_SHARES and self._close(now)

    def tick(self, now: float) -> bool:
        """To be called now and then. True when the difficulty has changed."""
        if self._opened_s is None:
            self._opened_s = now
        return now - self._opened_s >= WINDOW_S * self.interval_s and self._close(now)

    def suggest(self, difficulty: Fraction, now: float) -> bool:
        """What the miner asks for. True when the difficulty has changed."""
        self._opened_s, self._shares = now, 0
        return self._set(difficulty)

    def _close(self, now: float) -> bool:
        assert self._opened_s is not None
        took_s = max(now - self._opened_s, 1e-3)
        ratio = self._shares * self.interval_s / took_s
        self._opened_s, self._shares = now, 0
        if _DEAD_BAND[0] <= ratio <= _DEAD_BAND[1]:
            return False
        return self._set(self.difficulty * max(Fraction(1, _STEP_DOWN), Fraction(ratio).limit_denominator(1000)))

    def _set(self, difficulty: Fraction) -> bool:
        before = self.difficulty
        self.difficulty = min(max(_round(difficulty), self.least), self.most)
        return self.difficulty != before


def _round(difficulty: Fraction) -> Fraction:
    """To three significant digits, so that both sides read the same number."""
    return Fraction(f"{float(difficulty):.3g}")
