"""The figures of a sweep in the words of a report; every one of them the same in text and on the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..energy import TH
from ..sweep.result import Cell, SweepResult, point_text
from .figures import UNKNOWN, duration, interval
from .per_hash import energy_unit, with_uncertainty
from .spots import Spot

SAID = {"errors": "errors", "unsure": "unsure", "hot": "too hot", "watts": "watts", "failed": "failed"}


def unit_of(cells: Iterable[Cell]) -> tuple[str, float]:
    """The one in which the least cost has at most three digits before the point, and its factor from J/TH. Boards have
    J/TH; a simulator hashes less than silicon for the same watts."""
    costs = (cell.cost.j_per_th for cell in cells if cell.cost is not None)
    name, factor = energy_unit(min(costs, default=0.0))
    return f"J/{name}", factor


def cost_text(cell: Cell, unit: tuple[str, float]) -> str:
    """16.3 ± 0.4 J/TH; a dash where it is not known."""
    if cell.cost is None:
        return UNKNOWN
    return with_uncertainty(cell.cost.j_per_th, cell.cost.expanded, unit[0].removeprefix("J/"))


def where_measured(result: SweepResult) -> str:
    """measured at VR output by board; or unknown."""
    cost = next((cell.cost for cell in result.cells if cell.cost is not None), None)
    return "unknown: no meter" if cost is None else f"{cost.source} at {cost.place} by {cost.meter}"


def effort(result: SweepResult) -> str:
    """24 of 336 points in 8 min 44 s"""
    return f"{len(result.measured)} of {len(result.cells)} points measured in {duration(result.seconds)}"


def bests(result: SweepResult) -> Iterator[tuple[str, str]]:
    """(what, where and how much) of the best two."""
    unit = unit_of(result.cells)
    for name, point in (("best J/TH", result.best.j_per_th), ("best rate", result.best.rate)):
        cell = result.at(point)
        if cell is None:
            yield name, "unknown: no meter" if result.best.rate is not None else "none: no point is sound"
        else:
            cost = "" if cell.cost is None else f"{cost_text(cell, unit)} (k = 2), "
            yield name, f"{cell.text}: {cost}{interval(cell.rate, 'H/s')}"


def beside_usual(result: SweepResult) -> str:
    """What the best J/TH saves, against the usual point; empty where either was not measured."""
    best, usual = result.at(result.best.j_per_th), result.at(result.usual)
    if best is None or usual is None or best.cost is None or usual.cost is None or usual.cost.j_per_th <= 0:
        return ""
    saved = 1 - best.cost.j_per_th / usual.cost.j_per_th
    return f"{saved:.1%} less than at its usual {point_text(*result.usual)}"


def rules(result: SweepResult) -> list[tuple[str, str]]:
    told = result.rules
    shown = [("errors at most", f"{told['ceiling']:.2%}"), ("rate wanted within", f"{told['precision']:.2%}")]
    for name, key, letter in (("chip", "chip_c", "°C"), ("regulator", "vr_c", "°C"), ("power", "watts", "W")):
        limit = told.get(key)
        shown.append((f"{name} at most", UNKNOWN if limit is None else f"{limit:g} {letter}"))
    return shown


def spots(result: SweepResult) -> list[Spot]:
    """Costs are in J/TH."""
    return [_spot(result, cell) for cell in result.cells]


def _spot(result: SweepResult, cell: Cell) -> Spot:
    sound, point = cell.verdict == "sound", (cell.mhz, cell.volts)
    marks = [
        mark for mark, best in (("best J/TH", result.best.j_per_th), ("best rate", result.best.rate)) if best == point
    ]
    said = SAID.get(cell.verdict, "")
    if cell.like is not None:
        said = f"({SAID[cell.like]})"
    elif sound and cell.cost is None and cell.rate is not None:
        said = f"{cell.rate.value / TH:.3g} TH/s" if cell.rate.value > TH / 10 else "sound"
    return Spot(
        cell.mhz,
        cell.volts,
        cell.rate if sound else None,
        cell.cost.interval if sound and cell.cost is not None else None,
        said,
        " and ".join(marks),
        point in result.best.frontier,
    )
