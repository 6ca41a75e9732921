"""What a sweep has measured, as plain cells for the pictures and the map in text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..decide.intervals import Interval
from .figures import energy_unit

_WIDTH = 80  # of the map in text
_CELL = 10


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


def map_text(spots: Sequence[Spot]) -> str:
    """The map on 80 columns: J/TH, or why there is none; a star at the best. Of many voltages in several parts."""
    mhz, volts = rows_and_columns(spots)
    unit, spots = in_unit(spots)
    at = {(spot.mhz, spot.volts): spot for spot in spots}
    part = (_WIDTH - 9) // _CELL
    blocks = [_block(at, mhz, volts[i : i + part], unit) for i in range(0, len(volts), part)]
    marks = [f"* {spot.mark}: {where(spot)}" for spot in spots if spot.mark]
    return "\n\n".join("\n".join(block) for block in (*blocks, marks) if block) + "\n"


def where(spot: Spot) -> str:
    return f"{spot.mhz:g} MHz" + ("" if spot.volts is None else f", {spot.volts:g} V")


def in_unit(spots: Sequence[Spot]) -> tuple[str, list[Spot]]:
    """J/TH, or J/GH and so on where the best would be long (a simulated board is scaled down); the spots in it."""
    name, factor = energy_unit(min((spot.j_per_th.value for spot in spots if spot.j_per_th is not None), default=0.0))
    scaled = [spot if spot.j_per_th is None else replace(spot, j_per_th=spot.j_per_th.times(factor)) for spot in spots]
    return f"J/{name}", scaled


_At = dict[tuple[float, float | None], Spot]


def _block(at: _At, mhz: Sequence[float], volts: Sequence[float | None], unit: str) -> list[str]:
    head = "".join(f"{'' if v is None else f'{v:g} V':>{_CELL}}" for v in volts)
    return [f"{unit:<9}{head}".rstrip(), *(_row(at, f, volts) for f in mhz)]


def _row(at: _At, f: float, volts: Sequence[float | None]) -> str:
    return f"{f'{f:g} MHz':<9}{''.join(_cell(at.get((f, v))) for v in volts)}".rstrip()


def _cell(spot: Spot | None) -> str:
    if spot is None:
        said = ""
    elif spot.j_per_th is None:
        said = spot.said
    else:
        said = f"{'*' if spot.mark else ''}{spot.j_per_th.value:.1f}"
    return f"{said[: _CELL - 1]:>{_CELL}}"
