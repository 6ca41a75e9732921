"""What a passport shows of checks and sweeps: a few figures of a result, whatever else the version that wrote it put
there.

A result is what `joulehash check --json` and `sweep --json` end with. Efficiency of a check is the energy of its window
over the hashes of the same window, which are rate times seconds; U is of k = 2, of both together.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import TypeAlias

import msgspec

from .records import Check, Sweep


class _Interval(msgspec.Struct, frozen=True):
    low: float
    value: float
    high: float


class _Energy(msgspec.Struct, frozen=True):
    joules: float
    seconds: float
    u_joules: float | None = None
    place: str = ""
    meter: str = ""


class _Step(msgspec.Struct, frozen=True):
    name: str
    measured: str | float | int | None = None
    unit: str = ""


class _Finding(msgspec.Struct, frozen=True):
    code: str
    where: str = ""


class _Result(msgspec.Struct, frozen=True):
    verdict: str
    began: str = ""
    seconds: float | None = None
    steps: list[_Step] = msgspec.field(default_factory=list[_Step])
    findings: list[_Finding] = msgspec.field(default_factory=list[_Finding])
    rate: _Interval | None = None
    energy: _Energy | None = None


class CheckView(msgspec.Struct, frozen=True):
    """None: not measured."""

    at: datetime
    verdict: str
    findings: list[str]
    rate_hps: float | None = None
    rate_low: float | None = None
    rate_high: float | None = None
    j_per_th: float | None = None
    u_j_per_th: float | None = None  # k = 2
    place: str = ""
    error_rate: float | None = None


def view_of(check: Check) -> CheckView:
    """Never fails: what it cannot read is a verdict of its own."""
    try:
        result = msgspec.json.decode(check.result, type=_Result)
    except (msgspec.MsgspecError, RecursionError):
        return CheckView(check.at, "unreadable", [])
    findings = [f"{each.code} {each.where}".strip() for each in result.findings]
    rate, energy = result.rate, result.energy
    j_per_th = u = None
    if rate is not None and energy is not None and rate.value > 0 and energy.seconds > 0:
        j_per_th = energy.joules / (rate.value * energy.seconds) * 1e12
        if energy.u_joules is not None and energy.joules > 0:
            u = j_per_th * math.hypot(2 * energy.u_joules / energy.joules, (rate.high - rate.low) / 2 / rate.value)
    return CheckView(
        check.at,
        result.verdict,
        findings,
        rate_hps=rate.value if rate is not None else None,
        rate_low=rate.low if rate is not None else None,
        rate_high=rate.high if rate is not None else None,
        j_per_th=j_per_th,
        u_j_per_th=u,
        place=energy.place if energy is not None else "",
        error_rate=_error_rate(result.steps),
    )


_PERCENT = re.compile(r"(\d+(?:\.\d+)?) %")


def _error_rate(steps: list[_Step]) -> float | None:
    """Of the step that measured it, as a number or in words: "1.20 % (0.98 to 1.46): 3 false, …"."""
    for step in steps:
        if step.name.startswith("error"):
            if isinstance(step.measured, float | int):
                return step.measured / 100 if step.unit == "%" else float(step.measured)
            found = _PERCENT.match(step.measured or "")
            return float(found[1]) / 100 if found is not None else None
    return None


class _Value(msgspec.Struct, frozen=True):
    value: float


class _Cost(msgspec.Struct, frozen=True):
    j_per_th: float
    expanded: float | None = None
    place: str = ""


class _Cell(msgspec.Struct, frozen=True):
    mhz: float
    volts: float | None = None
    rate: _Value | None = None
    errors: _Value | None = None
    watts: float | None = None
    cost: _Cost | None = None


_Point: TypeAlias = tuple[float, float | None]


class _Best(msgspec.Struct, frozen=True):
    j_per_th: _Point | None = None
    rate: _Point | None = None
    frontier: list[_Point] = msgspec.field(default_factory=list[_Point])


class _Swept(msgspec.Struct, frozen=True):
    cells: list[_Cell]
    best: _Best
    usual: _Point | None = None


class CurvePoint(msgspec.Struct, frozen=True):
    """None: not measured. `marks`: "best J/TH", "best rate", "usual"."""

    mhz: float
    volts: float | None
    rate_hps: float | None
    watts: float | None
    j_per_th: float | None
    u_j_per_th: float | None
    place: str
    error_rate: float | None
    marks: list[str]


class SweepView(msgspec.Struct, frozen=True):
    """The frontier of a sweep, and its usual point, by MHz; empty where it cannot be read."""

    at: datetime
    curve: list[CurvePoint]


def view_of_sweep(sweep: Sweep) -> SweepView:
    """Never fails."""
    try:
        swept = msgspec.json.decode(sweep.result, type=_Swept)
    except (msgspec.MsgspecError, RecursionError):
        return SweepView(sweep.at, [])
    best = swept.best
    named = {"best J/TH": best.j_per_th, "best rate": best.rate, "usual": swept.usual}
    wanted = {*best.frontier, *named.values()}
    curve = [
        _curve_point(cell, [name for name, point in named.items() if point == (cell.mhz, cell.volts)])
        for cell in swept.cells
        if (cell.mhz, cell.volts) in wanted and cell.rate is not None
    ]
    return SweepView(sweep.at, sorted(curve, key=lambda point: (point.mhz, point.volts or 0.0)))


def _curve_point(cell: _Cell, marks: list[str]) -> CurvePoint:
    return CurvePoint(
        cell.mhz,
        cell.volts,
        None if cell.rate is None else cell.rate.value,
        cell.watts,
        None if cell.cost is None else cell.cost.j_per_th,
        None if cell.cost is None else cell.cost.expanded,
        "" if cell.cost is None else cell.cost.place,
        None if cell.errors is None else cell.errors.value,
        marks,
    )
