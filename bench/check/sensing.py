"""Steps that are judged by what the board senses while it hashes, its fan at full speed: heat, power, voltage; and
whether its sensors move at all, and its chips stay up.

Where a heat sink comes to rest is extrapolated from three equal pieces of its course, as of something that does so
exponentially. A window goes on until that lies well below the limit, or the limit is reached.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import copysign
from statistics import fmean

from ...hw.errors import ChipReset, Mute
from ...hw.limits import Reading
from .evidence import Evidence, Felt
from .judged import Judged, absent, passes
from .result import Verdict

_SKIP_S, _LEAST_S = 8.0, 12.0  # of a window: the chips' own warming, and what a course must last to be extrapolated
_ERRS_C = 5.0  # what extrapolation may err
_STEADY = (
    0.78  # of one piece to the next, in a course of three quarters of its time constant: before, its end is a guess
)
_STILL_S = 15.0  # of hashing, after which a temperature must have moved
_FLAT_C = 0.5


def temperature(e: Evidence) -> Judged | None:
    """Of the chips, and where it leads."""
    return _heat(e, "chip", e.limits.chip_c, lambda reading: reading.chip_c)


def regulator(e: Evidence) -> Judged | None:
    return _heat(e, "regulator", e.limits.vr_c, lambda reading: reading.vr_c)


def moving(e: Evidence) -> Judged | None:
    """A sensor that tells the same to the bit from before there was power is frozen."""
    if not e.row.watched:
        return absent("it has no sensors")
    if e.window_s is None or e.cold is None:
        return None
    under = _within(e)
    bound = f"each temperature moves within {_STILL_S:g} s of hashing"
    if not under or under[-1].at_s - under[0].at_s < _STILL_S:
        return Judged("all", None, "", bound, "inconclusive")
    frozen = [name for name, of in _TEMPERATURES if _is_frozen([e.cold, *(one.reading for one in e.felt)], of)]
    lost = sorted({fault for one in under for fault in one.reading.faults})
    if frozen or lost:
        return Judged("all", "; ".join([*(f"{name} stands still" for name in frozen), *lost]), "", bound, "fail")
    return Judged("all", "all", "", bound, "pass")


def power(e: Evidence) -> Judged | None:
    if e.limits.watts is None:
        return absent("it does not measure its power")
    if e.window_s is None:
        return None
    watts = [one.reading.watts for one in _within(e) if one.reading.watts is not None]
    if not watts:
        return absent("it does not measure its power")
    bound = f"{e.limits.watts:g} W at most"
    return Judged(e.limits.watts, round(fmean(watts), 2), "W", bound, passes(max(watts) <= e.limits.watts))


def core_voltage(e: Evidence) -> Judged | None:
    """Under load."""
    if e.point.volts is None:
        return absent("it has no regulator that can be set")
    if e.window_s is None:
        return None
    volts = [one.reading.rail_v for one in _within(e) if one.reading.rail_v is not None]
    if not volts:
        return absent("it does not measure its core voltage")
    wanted, within = e.point.volts * e.row.domains, e.limits.rail_within
    worst = max(volts, key=lambda v: abs(v - wanted))
    bound = f"within {100 * within:g} % of what was set, all the time"
    return Judged(round(wanted, 3), round(worst, 3), "V", bound, passes(abs(worst - wanted) <= within * wanted))


def resets(e: Evidence) -> Judged | None:
    """No chip forgets what it was told."""
    if e.row.chip is None:
        return absent("it would not show")
    error = e.failure
    bound = "no chip forgets its frequency, or answers as after a reset"
    if isinstance(error, ChipReset) or (isinstance(error, Mute) and error.because == "reset"):
        return Judged(0, 1, "resets", bound, "fail")
    return Judged(0, 0, "resets", bound, "pass") if e.window_s is not None and error is None else None


def heads_for(course: Sequence[tuple[float, float]]) -> float | None:
    """(s, °C): where it comes to rest, at the furthest that the sensor's steps leave open. None: it is too short to be
    told, or does not come to rest.
    """
    if len(course) < 6 or course[-1][0] - course[0][0] < _LEAST_S:
        return None
    third = len(course) // 3
    a, b, c = (fmean(value for _, value in course[i * third : (i + 1) * third]) for i in range(3))
    first, second = b - a, c - b
    if abs(second) < _FLAT_C:
        return course[-1][1]
    errs_c = _least_step([value for _, value in course]) / 2  # of a piece's mean, at most
    before, after = abs(first) - errs_c, abs(second) + errs_c
    if first * second < 0 or abs(second) >= _STEADY * abs(first) or after >= before:
        return None
    return c + copysign(after * after / (before - after), second)


def _least_step(values: Sequence[float]) -> float:
    """That they were seen to take: what the sensor tells apart, or less."""
    return min((high - low for low, high in pairwise(sorted(set(values)))), default=0.0)


def is_settled(e: Evidence) -> bool:
    """Whether heat has shown where it leads: well below the limits, or there is nothing to wait for."""
    if not e.row.watched:
        return True
    for _, of, most in _hot(e):
        course = _course(e, of)
        rest_c = heads_for(course[1])
        if course[0] and most is not None and (rest_c is None or rest_c > most - _ERRS_C):
            return False
    return True


def _hot(e: Evidence) -> list[tuple[str, Callable[[Reading], float | None], float | None]]:
    return [
        ("chip", lambda reading: reading.chip_c, e.limits.chip_c),
        ("regulator", lambda reading: reading.vr_c, e.limits.vr_c),
    ]


def _course(
    e: Evidence, of: Callable[[Reading], float | None]
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Of the window; and of what comes after the chips' own warming."""
    course = [(one.at_s, value) for one in _within(e) if (value := of(one.reading)) is not None]
    return course, [(at_s, value) for at_s, value in course if at_s >= course[0][0] + _SKIP_S]


def _heat(e: Evidence, what: str, most: float | None, of: Callable[[Reading], float | None]) -> Judged | None:
    if most is None:
        return absent(f"it has no thermometer at its {what}" if e.row.watched else "it has no sensors")
    if e.window_s is None:
        return None
    course, later = _course(e, of)
    if not course:
        return absent(f"it has no thermometer at its {what}")
    rest_c, hottest = heads_for(later), max(value for _, value in course)
    told = f"{hottest:.1f}" if rest_c is None else f"{hottest:.1f}, comes to rest at {rest_c:.0f}"
    verdict: Verdict = "fail" if hottest > most else "pass"
    if verdict == "pass" and (rest_c is None or rest_c > most):
        verdict = "inconclusive"
    return Judged(most, told, "°C", f"{most:g} °C at most", verdict)


def _within(e: Evidence) -> list[Felt]:
    begin_s, end_s = e.window_s or (0.0, 0.0)
    return [one for one in e.felt if begin_s <= one.at_s <= end_s]


def _is_frozen(readings: Sequence[Reading], of: Callable[[Reading], float | None]) -> bool:
    values = [value for reading in readings if (value := of(reading)) is not None]
    return len(values) > 2 and len(set(values)) == 1


_TEMPERATURES: tuple[tuple[str, Callable[[Reading], float | None]], ...] = (
    ("chip", lambda reading: reading.chip_c),
    ("regulator", lambda reading: reading.vr_c),
    ("board", lambda reading: reading.board_c),
)
