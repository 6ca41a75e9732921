"""The answer of a step, before it has a name and a time."""

from __future__ import annotations

from typing import NamedTuple

from ..decide.intervals import Interval
from .result import Verdict

Figure = str | float | int | None


class Judged(NamedTuple):
    expected: Figure
    measured: Figure
    unit: str
    bound: str
    verdict: Verdict


def absent(why: str) -> Judged:
    """Not applicable: the board has nothing of the kind."""
    return Judged(None, None, "", why, "not applicable")


def passes(good: bool) -> Verdict:
    return "pass" if good else "fail"


def between(interval: Interval | None, digits: int = 1) -> str:
    """Of parts, in percent: 97.1 % (95.0 to 99.3)."""
    if interval is None:
        return "nothing came"
    value, low, high = (100 * each for each in (interval.value, interval.low, interval.high))
    return f"{value:.{digits}f} % ({low:.{digits}f} to {high:.{digits}f})"
