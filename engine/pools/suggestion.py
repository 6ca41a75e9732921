"""The share difficulty to suggest to a pool: follows the hash rate, with a dead band, so that pools are not pestered.

A share every few seconds is often enough to see that all is well, and rare enough for the pool. Sources:
docs/stratum.md.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction

from ..chain.target import DIFFICULTY_1, expected_hashes

_SHARE_EVERY_S = 3
_LOOK_S = 60.0  # between two looks at the rate
_LOOKS = 5  # that a rate is measured over: longer than the turns of pools that share the work
_UP, _DOWN = Fraction(3, 2), Fraction(4, 5)  # changes of the rate that are worth a word


def suggested_at(rate_hps: float) -> Fraction:
    """The difficulty at which a share is found every few seconds; from 1 on a whole number, as some pools want."""
    difficulty = Fraction(rate_hps) * _SHARE_EVERY_S / expected_hashes(DIFFICULTY_1)
    return Fraction(round(difficulty)) if difficulty >= 1 else Fraction(f"{float(difficulty):.2g}")


class Suggestion:
    """Of one connection; `last` is what the pool was told, None: nothing yet."""

    def __init__(self, last: Fraction | None, now: float, hashes: int) -> None:
        self.last = last
        self._looks: deque[tuple[float, int]] = deque([(now, hashes)], _LOOKS + 1)

    def look(self, now: float, hashes: int) -> Fraction | None:
        """What to tell the pool now; None: nothing."""
        if now - self._looks[-1][0] < _LOOK_S:
            return None
        self._looks.append((now, hashes))
        began_s, before = self._looks[0]
        if hashes <= before or (self.last and len(self._looks) <= _LOOKS):
            return None
        wanted = suggested_at((hashes - before) / (now - began_s))
        if not wanted or (self.last and _DOWN < wanted / self.last < _UP):
            return None
        self.last = wanted
        return wanted
