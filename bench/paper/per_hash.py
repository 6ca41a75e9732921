"""J/TH as people read it: with its uncertainty, to the digits that this makes sense of, in a unit of its size."""

from __future__ import annotations

from math import floor, isfinite, log10

_UNITS = (("TH", 1.0), ("GH", 1e-3), ("MH", 1e-6), ("kH", 1e-9), ("H", 1e-12))  # CPUs; and boards that are simulated


def energy_unit(j_per_th: float) -> tuple[str, float]:
    """The greatest unit in which the figure has three digits before the point at most, and its factor: ("TH", 1.0)."""
    return next((one for one in _UNITS if j_per_th * one[1] < 1000), _UNITS[-1])


def with_uncertainty(j_per_th: float, expanded: float, unit: str | None = None) -> str:
    """16.3 ± 0.4 J/TH: two digits of the uncertainty; in the unit of `energy_unit`, or in this one."""
    name, factor = energy_unit(j_per_th) if unit is None else (unit, dict(_UNITS)[unit])
    value, around = j_per_th * factor, expanded * factor
    digits = 1 - floor(log10(around)) if around > 0 and isfinite(around) else 3
    return f"{value:.{max(0, min(9, digits))}f} ± {around:.{max(0, min(9, digits))}f} J/{name}"
