"""What a sweep has measured, as plain cells for its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..decide.intervals import Interval


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


def short(j_per_th: float) -> str:
    return f"{j_per_th:.1f}" if j_per_th < 1000 else f"{j_per_th:.3g}"
