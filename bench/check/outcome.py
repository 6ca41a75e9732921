"""From evidence and steps to the result of a check."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

import msgspec

from ..decide.intervals import Interval, anytime, wilson
from ..energy import Efficiency, efficiency
from . import units
from .evidence import Evidence
from .result import CheckResult, Finding, Moment, Step, whole

if TYPE_CHECKING:
    from .procedure import Named

_MOST_MOMENTS = 600


def result_of(
    name: str,
    e: Evidence,
    began: str,
    seconds: float,
    steps: Sequence[Step],
    findings: Sequence[Finding],
    named: Named,
    began_s: float,
) -> CheckResult:
    """`began_s`: the loop's clock when it began."""
    rate = None
    if e.counts is not None and e.counts.expected > 0:
        nominal_hps = e.counts.expected * e.counts.hashes_each / e.counts.seconds
        rate = anytime(e.counts.valid, e.counts.expected).times(nominal_hps)
    return CheckResult(
        board=name,
        title=e.row.title,
        began=began,
        seconds=seconds,
        verdict=whole(steps),
        steps=list(steps),
        findings=list(findings),
        counted=units.counted(e.row, e.counts) if e.counts is not None else None,
        moments=_moments(e, began_s),
        rate=rate,
        errors=wilson(e.counts.errors, e.counts.nonces) if e.counts is not None and e.counts.nonces else None,
        energy=e.energy,
        efficiency=_efficiency(e, rate),
        limits=msgspec.structs.asdict(e.limits),
        identity=_identity(e),
        notes=e.notes,
        simulated=named.simulated,
        seed=named.seed,
    )


def _efficiency(e: Evidence, rate: Interval | None) -> Efficiency | None:
    """The window ended by its counts, so that its hashes are known as little as its rate is."""
    found = e.efficiency
    if found is None or rate is None or rate.value <= 0:
        return None
    one_sigma = (rate.high - rate.low) / 2 / NormalDist().inv_cdf((1 + rate.level) / 2) / rate.value
    return efficiency(e.energy, found.hashes, one_sigma * found.hashes, found.by)


def _moments(e: Evidence, began_s: float) -> list[Moment]:
    every = max(1, -(-len(e.felt) // _MOST_MOMENTS))
    return [
        Moment(
            at_s=round(one.at_s - began_s, 2),
            chip_c=one.reading.chip_c,
            vr_c=one.reading.vr_c,
            input_v=one.reading.input_v,
            watts=one.reading.watts,
            fan_rpm=one.reading.fan_rpm,
            rate_hps=one.rate_hps,
        )
        for one in e.felt[::every]
    ]


def _identity(e: Evidence) -> dict[str, str]:
    told = {"board": e.row.name, "point": e.point.text if e.row.chip is not None else ""}
    if e.firmware:
        told["firmware"] = e.firmware
    if e.ids:
        told["chips"] = ", ".join(f"BM{id:04X} x {e.ids.count(id)}" for id in sorted(set(e.ids)))
    if e.mhz is not None:
        told["frequency"] = f"{e.mhz:g} MHz"
    return {name: text for name, text in told.items() if text}
