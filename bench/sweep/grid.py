"""The points of a sweep: frequencies that the chip's PLL gives exactly, and voltages, within what the row allows.

A user may narrow both, `425..600:12.5` or a single value, and never widen them. Where no step is asked for, the board's
usual point is among them, so that there is something to compare with. Frequencies lie on the grid of 6.25 MHz
on which PLLs are exact (facts of hw/chips/pll.py); where a chip's dividers are coarser, they are what it really does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil, floor

from ...engine.errors import InputError
from ...hw.boards.row import Row
from ...hw.chips.chip import Span
from ...hw.chips.pll import STEP_MHZ, pll

MHZ_STEP, VOLTS_STEP = 25.0, 0.025
_VOLTS_LEAST_STEP = 0.001
_SLACK = 1e-6
_NUMBER = r"\d+(?:\.\d+)?"
_RANGE = re.compile(rf"(?P<low>{_NUMBER})(?:\.\.(?P<high>{_NUMBER})(?::(?P<step>{_NUMBER}))?)?$")


@dataclass(frozen=True, slots=True)
class Grid:
    """Both upwards; volts [None]: the board has no regulator that could be set. `usual`: that of the board, as (MHz,
    volts), where it is one of the points."""

    mhz: tuple[float, ...]
    volts: tuple[float | None, ...]
    usual: tuple[float, float | None] | None = None

    def __len__(self) -> int:
        return len(self.mhz) * len(self.volts)


@dataclass(frozen=True, slots=True)
class Range:
    """As the user wrote it; None: as the row has it, and the step as this file has."""

    low: float | None = None
    high: float | None = None
    step: float | None = None


def parse_range(option: str, text: str | None) -> Range:
    """`LOW..HIGH:STEP`, `LOW..HIGH` or one value; None: all. Raises InputError."""
    if text is None:
        return Range()
    match = _RANGE.match(text)
    try:
        if match is None:
            raise ValueError
        low = float(match["low"])
        high = float(match["high"] or low)
        step = None if match["step"] is None else float(match["step"])
    except ValueError:
        raise InputError(f"{option} {text!r}: takes LOW..HIGH:STEP, LOW..HIGH or one value") from None
    if high < low or step == 0:
        raise InputError(f"{option} {text!r}: takes a range that goes up, by a step above 0")
    return Range(low, high, step)


def grid_of(row: Row, name: str, mhz: Range | None = None, volts: Range | None = None) -> Grid:
    """Raises InputError where nothing can be set, for a range outside of the row, and for one without a point."""
    mhz, volts = mhz or Range(), volts or Range()
    if row.chip is None:
        raise InputError(f"{name}: the frequency of {row.title} cannot be set: there is nothing to sweep")
    if not row.watched:
        raise InputError(
            f"{name}: {row.title} has no sensors that could be watched, so that it keeps to its lowest MHz, "
            "whatever feeds or measures it: nothing would tell its heat; joulehash bench energy tells its J/TH there"
        )
    within = _narrowed(name, "MHz", row.mhz, mhz)
    wanted = MHZ_STEP if mhz.step is None else mhz.step
    step = max(1, round(wanted / STEP_MHZ)) * STEP_MHZ
    if abs(step - wanted) > _SLACK:
        raise InputError(f"{name}: a step of {wanted:g} MHz; takes multiples of {STEP_MHZ:g} MHz, as PLLs have them")
    given = {pll(row.chip, value).mhz for value in _multiples(*within, step)}
    if mhz.step is None and within[0] <= row.mhz.usual <= within[1]:
        given.add(pll(row.chip, row.mhz.usual).mhz)
    if mhz.low is not None and mhz.low == mhz.high:
        given = {pll(row.chip, mhz.low).mhz}
    frequencies = tuple(sorted(value for value in given if within[0] - _SLACK <= value <= within[1] + _SLACK))
    if not frequencies:
        raise InputError(f"{name}: no frequency of the chip's PLL between {within[0]:g} and {within[1]:g} MHz")
    voltages, usual_v = _voltages(row, name, volts), None if row.volts is None else row.volts.usual
    is_there = row.mhz.usual in frequencies and usual_v in voltages
    return Grid(frequencies, voltages, (row.mhz.usual, usual_v) if is_there else None)


def _voltages(row: Row, name: str, volts: Range) -> tuple[float | None, ...]:
    if row.volts is None:
        if volts.low is not None:
            raise InputError(f"{name}: {row.title} has no regulator that could be set; leave out --volts")
        return (None,)
    low, high = _narrowed(name, "V", row.volts, volts)
    step = VOLTS_STEP if volts.step is None else volts.step
    if step < _VOLTS_LEAST_STEP:
        raise InputError(f"{name}: a step of {step:g} V; takes {_VOLTS_LEAST_STEP:g} V or more")
    steps = floor((high - low) / step + _SLACK)
    found = [round(low + i * step, 4) for i in range(steps + 1)]
    if high - found[-1] > step / 4:
        found.append(round(high, 4))
    if volts.step is None and low <= row.volts.usual <= high:
        found.append(row.volts.usual)
    return tuple(sorted({*found}))


def _multiples(low: float, high: float, step: float) -> list[float]:
    return [i * step for i in range(ceil(low / step - _SLACK), floor(high / step + _SLACK) + 1)]


def _narrowed(name: str, unit: str, span: Span, wanted: Range) -> tuple[float, float]:
    low = span.least if wanted.low is None else wanted.low
    high = span.most if wanted.high is None else wanted.high
    if not span.least <= low <= high <= span.most:
        raise InputError(f"{name}: {low:g} to {high:g} {unit}; takes {span.least:g} to {span.most:g} {unit}")
    return low, high
