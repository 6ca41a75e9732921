"""The figures of a result in the words of a report. What is not known is a dash, never 0."""

from __future__ import annotations

from datetime import UTC, datetime
from math import floor, log10

from ..check.result import CheckResult, Step
from ..decide.intervals import Interval
from ..sweep.result import SweepResult
from .per_hash import with_uncertainty

UNKNOWN = "–"
_PREFIXES = ("", "k", "M", "G", "T", "P", "E")
_SCALED = ("H/s", "H", "Hz", "Bd")  # units that are said with a prefix


def number(value: float) -> str:
    """Four digits, without an exponent where one can do without: 0.8734, 1.15, 525, 115200."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.4g}" if 1e-4 <= abs(value) < 10_000 else f"{value:.0f}" if abs(value) >= 1 else f"{value:.2e}"


def prefix(value: float) -> tuple[float, str]:
    """What to divide by, and its letter: (1e12, "T") for 1.07e12."""
    power = 0
    while abs(value) >= 999.5 * 1000**power and power < len(_PREFIXES) - 1:
        power += 1
    return float(1000**power), _PREFIXES[power]


def amount(value: str | float | None, unit: str) -> str:
    """A measured or expected value of a step, with its unit: "127 cores: not chip 0, core 17"."""
    if value is None:
        return UNKNOWN
    if isinstance(value, str) or not unit:
        figure, colon, more = value.partition(": ") if isinstance(value, str) else (number(value), "", "")
        return f"{figure} {unit}".strip() + colon + more
    if unit in _SCALED and abs(value) >= 1000:
        by, letter = prefix(value)
        return f"{value / by:.3g} {letter}{unit}"
    return f"{number(value)} {unit}"


def interval(found: Interval | None, unit: str) -> str:
    """1.07 TH/s (1.02 to 1.12, 95 %)"""
    if found is None:
        return UNKNOWN
    by, letter = prefix(found.value or found.high)
    width = (found.high - found.low) / by
    low, value, high = (_digits(end / by, width) for end in (found.low, found.value, found.high))
    return f"{value} {letter}{unit} ({low} to {high}, {100 * found.level:g} %)"


def _digits(value: float, width: float) -> str:
    """As many as the interval's width makes sense of: 1.060 where it is 0.075, 78500000 where it is 6e6."""
    if not width > 0:
        return number(value)
    decimals = min(6, 1 - floor(log10(width / 2)))
    return f"{round(value, decimals):.{max(decimals, 0)}f}"


def duration(seconds: float) -> str:
    """0.4 s, 58 s, 10 min 3 s, 1 h 2 min"""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, s = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {s} s" if s else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def began(result: CheckResult | SweepResult, form: str = "%Y-%m-%d %H:%M:%S UTC") -> str:
    """When it began, in UTC; as it stands there if it is no time."""
    try:
        return datetime.fromisoformat(result.began).astimezone(UTC).strftime(form)
    except ValueError:
        return result.began


def expected_hps(result: CheckResult) -> float | None:
    """Hashes a second that were due: the rate by the nonces that were due over those that came."""
    if result.rate is None or result.counted is None:
        return None
    valid = sum(map(sum, result.counted.valid))
    return result.rate.value * sum(map(sum, result.counted.expected)) / valid if valid else None


def efficiency_text(result: CheckResult) -> str:
    """17.6 ± 0.4 J/TH (k = 2) …, with where and how long it was measured; or unknown, and why."""
    found = result.efficiency
    if found is None:
        why = next((note.partition(": ")[2] for note in result.notes if note.startswith("J/TH is unknown")), "")
        return f"unknown: {why or ('no meter' if result.energy is None else 'nothing hashed')}"
    return (
        f"{with_uncertainty(found.j_per_th, found.expanded)} (k = 2) over {duration(found.seconds)}, "
        f"{found.source} at {found.place} by {found.meter}"
    )


def step_line(step: Step) -> str:
    """Measured, of expected: 127 cores of 128; the same once where both are equal words."""
    measured, expected = amount(step.measured, step.unit), amount(step.expected, step.unit)
    if step.expected is None or measured == expected:
        return measured
    return f"{measured}, expected {expected}"
