"""What is best of the cells: the least J/TH, the highest rate, and the frontier between them. Only sound cells count.

By their single figures, as an interval cannot be had less or more of; whether the best differs from the next by more
than chance is told by their scatters, and `beaten` asks it before a cell is measured longer than it is worth.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..decide.intervals import Interval
from .result import Best, Cell


def best_of(cells: Iterable[Cell]) -> Best:
    sound = [cell for cell in cells if cell.verdict == "sound" and cell.rate is not None]
    if not sound:
        return Best()
    fastest = max(sound, key=lambda cell: (_rate(cell), -(cell.volts or 0.0)))
    priced = [cell for cell in sound if cell.cost is not None]
    cheapest = min(priced, key=_cost, default=None)
    return Best(
        None if cheapest is None else (cheapest.mhz, cheapest.volts),
        (fastest.mhz, fastest.volts),
        [(cell.mhz, cell.volts) for cell in frontier(priced)],
    )


def frontier(cells: Iterable[Cell]) -> list[Cell]:
    """Of cells with rate and cost: those that no other is better than in one figure and as good in the other; by rate
    downwards, and so by J/TH."""
    kept: list[Cell] = []
    for cell in sorted(cells, key=lambda cell: (-_rate(cell), _cost(cell))):
        if not kept or _cost(cell) < _cost(kept[-1]):
            kept.append(cell)
    return kept


def beaten(rate: Interval, j_per_th: Interval | None, others: Iterable[Cell]) -> bool:
    """Whether one of the others is surely better in both figures; without a meter, in its rate."""
    for other in others:
        if other.verdict != "sound" or other.rate is None or other.rate.low <= rate.high:
            continue
        if j_per_th is None or (other.cost is not None and other.cost.j_per_th + other.cost.scatter < j_per_th.low):
            return True
    return False


def _rate(cell: Cell) -> float:
    return cell.rate.value if cell.rate is not None else 0.0


def _cost(cell: Cell) -> float:
    return cell.cost.j_per_th if cell.cost is not None else float("inf")
