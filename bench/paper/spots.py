"""What a sweep has measured, as plain cells for its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..decide.intervals import Interval
from .per_hash import energy_unit


@dataclass(frozen=True, slots=True)
class Spot:
    """One cell. `said`: why there is no figure, in a word or two: "too hot", "errors", "skipped"."""

    mhz: float
    volts: float | None  # None: the board has one voltage
    rate: Interval | None = None  # H/s
    j_per_th: Interval | None = None
    said: str = ""
    mark: str = ""  # "best J/TH", "best rate"
    frontier: bool = False  # no other spot is better in both


def rows_and_columns(spots: Sequence[Spot]) -> tuple[list[float], list[float | None]]:
    """MHz from the highest down, volts from the lowest up. Raises ValueError for none."""
    if not spots:
        raise ValueError("map: no spots")
    volts = {spot.volts for spot in spots}
    columns: list[float | None] = [*([None] if None in volts else []), *sorted(v for v in volts if v is not None)]
    return sorted({spot.mhz for spot in spots}, reverse=True), columns


def where(spot: Spot) -> str:
    return f"{spot.mhz:g} MHz" + ("" if spot.volts is None else f", {spot.volts:g} V")


def in_unit(spots: Sequence[Spot]) -> tuple[str, list[Spot]]:
    """J/TH, or J/GH and so on where the best would be long (a simulated board is scaled down); the spots in it."""
    name, factor = energy_unit(min((spot.j_per_th.value for spot in spots if spot.j_per_th is not None), default=0.0))
    scaled = [spot if spot.j_per_th is None else replace(spot, j_per_th=spot.j_per_th.times(factor)) for spot in spots]
    return f"J/{name}", scaled
