"""What a passport shows of checks and sweeps: a few figures of a result, whatever else the version that wrote it put
there.

A result is what `joulehash check --json` and `sweep --json` end with. U is of k = 2.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import msgspec

from .records import Check, Sweep


class _Value(msgspec.Struct, frozen=True):
    value: float


class _Interval(msgspec.Struct, frozen=True):
    low: float
    value: float
    high: float


class _Cost(msgspec.Struct, frozen=True):
    j_per_th: float
    expanded: float | None = None
    place: str = ""


class _Finding(msgspec.Struct, frozen=True):
    code: str
    where: str = ""


class _Result(msgspec.Struct, frozen=True):
    verdict: str
    began: str = ""
    seconds: float | None = None
    findings: list[_Finding] = msgspec.field(default_factory=list[_Finding])
    rate: _Interval | None = None
    errors: _Value | None = None
    efficiency: _Cost | None = None


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
    rate, cost = result.rate, result.efficiency
    return CheckView(
        check.at,
        result.verdict,
        findings,
        rate_hps=rate.value if rate is not None else None,
        rate_low=rate.low if rate is not None else None,
        rate_high=rate.high if rate is not None else None,
        j_per_th=cost.j_per_th if cost is not None else None,
        u_j_per_th=cost.expanded if cost is not None else None,
        place=cost.place if cost is not None else "",
        error_rate=result.errors.value if result.errors is not None else None,
    )


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
