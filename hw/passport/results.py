"""What a passport shows of a check: a few figures of its result, whatever else the version that wrote it put there.

The result is what `joulehash check --json` ends with. Efficiency is the energy of its window over the hashes of the
same window, which are rate times seconds; U is of k = 2, of both together.
"""

from __future__ import annotations

import math
from datetime import datetime

import msgspec

from .records import Check


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


def _error_rate(steps: list[_Step]) -> float | None:
    """Of the step that measured it."""
    for step in steps:
        if step.name.startswith("error") and isinstance(step.measured, float | int):
            return step.measured / 100 if step.unit == "%" else float(step.measured)
    return None
