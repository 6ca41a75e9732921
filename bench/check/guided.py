"""A board of which no chip answers: its test points in order, each with what a multimeter shows on a sound one.

Pure: `points` gives what to measure, `judge` takes one reading, `conclude` what all of them come to. The order is that
in which a signal needs the ones before it: rails, clock, reset, command in, response out. A multimeter shows the mean
of what swings: a square wave of 1.8 V reads half of it. Voltages of signals are those of 1.8 V logic, as on the boards
of the table; those of a board's rails come from its row. Unproven on hardware. It leaves out the oscilloscope, which
sees more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...engine.errors import InputError
from ...hw.boards.row import Row
from ...hw.point import Point
from .hints import HINTS
from .result import Finding

_IO_V = 1.8
_MOST_V = 100.0

State = Literal["good", "low", "high", "skipped"]


@dataclass(frozen=True, slots=True)
class TestPoint:
    """What to measure, against ground unless it is said otherwise; `low` and `high` are the codes of what it means."""

    __test__ = False  # none of pytest's

    name: str
    where: str
    least: float
    most: float
    low: str
    high: str
    why: str

    @property
    def asked(self) -> str:
        return f"{self.name}: {self.where}; {self.least:g} to {self.most:g} V"


@dataclass(frozen=True, slots=True)
class Measured:
    point: TestPoint
    volts: float | None  # None: it could not be measured

    @property
    def state(self) -> State:
        if self.volts is None:
            return "skipped"
        if self.volts < self.point.least:
            return "low"
        return "high" if self.volts > self.point.most else "good"


def points(row: Row, point: Point) -> list[TestPoint]:
    """In the order to measure them, while the board is powered and asked for its chips over and over."""
    volts = point.volts if point.volts is not None else (row.chip.volts.usual if row.chip is not None else None)
    found: list[TestPoint] = []
    if row.limits.input_v is not None:
        low, high = row.limits.input_v
        why = "everything else hangs on it"
        found.append(TestPoint("input", "the power connector, under load", low, high, "bad-supply", "bad-supply", why))
    if volts is not None:
        for domain in range(row.domains):
            where = (
                "across the first chip" if row.domains == 1 else f"across domain {domain}, from its ground to its VDD"
            )
            why = "without it the chips of this domain are dead, and the chain ends before them"
            name = "VDD core" if row.domains == 1 else f"VDD of domain {domain}"
            found.append(TestPoint(name, where, 0.9 * volts, 1.1 * volts, "no-rail", "bad-regulator", why))
    return [
        *found,
        TestPoint(
            "1.8 V",
            "the I/O rail at the first chip",
            0.92 * _IO_V,
            1.08 * _IO_V,
            "no-rail",
            "bad-regulator",
            "clock, reset and line live on it",
        ),
        TestPoint(
            "CLKI",
            "clock in of the first chip; 25 MHz reads as half of its swing",
            0.3,
            1.3,
            "no-clock",
            "no-clock",
            "a chip without a clock answers nothing",
        ),
        TestPoint(
            "NRST",
            "reset of the first chip, released",
            0.85 * _IO_V,
            1.1 * _IO_V,
            "reset-held",
            "bad-regulator",
            "a chip in reset answers nothing",
        ),
        TestPoint(
            "CI",
            "commands in of the first chip; idle high, a little lower while it is asked",
            0.6 * _IO_V,
            1.1 * _IO_V,
            "no-command",
            "no-command",
            "what does not arrive is not answered",
        ),
        TestPoint(
            "RO",
            "answers out of the first chip; idle high",
            0.6 * _IO_V,
            1.1 * _IO_V,
            "no-response",
            "no-response",
            "a chip or a resistor that holds it down silences all",
        ),
    ]


def judge(point: TestPoint, text: str) -> Measured:
    """A typed reading: 1.18, 1,18 V, 620 mV; empty: skipped. Raises InputError."""
    said = text.strip().lower().replace(",", ".")
    if not said:
        return Measured(point, None)
    factor = 0.001 if said.endswith("mv") else 1.0
    try:
        volts = float(said.removesuffix("mv").removesuffix("v")) * factor
    except ValueError:
        volts = float("nan")
    if not -_MOST_V <= volts <= _MOST_V:
        raise InputError(f"reading {text.strip()!r}: takes volts, as in 1.18 or 620 mV, or nothing to skip")
    return Measured(point, volts)


def conclude(found: Sequence[Measured]) -> Finding:
    """By the first point that is not as it should be: what comes after it may follow from it."""
    told = ", ".join(f"{one.point.name} {one.volts:.3g} V" for one in found if one.volts is not None)
    for one in found:
        if one.state in ("low", "high"):
            code = one.point.low if one.state == "low" else one.point.high
            evidence = f"{one.volts:.3g} V; takes {one.point.least:.3g} to {one.point.most:.3g} V; {one.point.why}"
            return Finding(code, one.point.name, evidence, HINTS[code])
    if skipped := [one.point.name for one in found if one.state == "skipped"]:
        rest = f"not measured: {', '.join(skipped)}"
        return Finding("no-answer", "", f"{told} as it should be; {rest}" if told else rest, _REST)
    return Finding("no-answer", "chip 0", f"{told}: all as it should be", _FIRST_CHIP)


_REST = "measure the points that were skipped; then look at CI and RO with an oscilloscope while the board is asked"
_FIRST_CHIP = (
    "supply, clock, reset and line are there: the first chip does not answer. Reflow it, then replace it; on a chain "
    "try the next chip by feeding CI and CLKI there"
)
