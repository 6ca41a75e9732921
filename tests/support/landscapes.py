"""Boards as a sweep takes them to be, without any board: what a point comes to, from a few numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from joulehash.bench.decide.intervals import Interval
from joulehash.bench.sweep.grid import Grid
from joulehash.bench.sweep.plan import At, Known, next_of
from joulehash.bench.sweep.result import Cell, Cost, Verdict


@dataclass(frozen=True)
class Landscape:
    """edge[j]: MHz up to which a voltage is sound; watts = dynamic · MHz · V² + still · V; hot above `most_w`."""

    grid: Grid
    edge: tuple[float, ...]
    dynamic: float = 0.02
    still: float = 2.0
    most_w: float = 1e9

    def watts(self, at: At) -> float:
        volts = self.grid.volts[at[1]] or 1.0
        return self.dynamic * self.grid.mhz[at[0]] * volts**2 + self.still * volts

    def cell(self, at: At) -> Cell:
        mhz, volts = self.grid.mhz[at[0]], self.grid.volts[at[1]]
        verdict: Verdict = "sound"
        if self.watts(at) > self.most_w:
            verdict = "hot"
        elif mhz > self.edge[at[1]]:
            verdict = "errors"
        return cell(mhz, volts, mhz * 2e9, self.watts(at), verdict)

    def all(self) -> list[Cell]:
        return [self.cell((i, j)) for i in range(len(self.grid.mhz)) for j in range(len(self.grid.volts))]


def cell(mhz: float, volts: float | None, hps: float, watts: float, verdict: Verdict = "sound") -> Cell:
    j_per_th = watts / hps * 1e12
    sound = verdict == "sound"
    return Cell(
        mhz=mhz,
        volts=volts,
        verdict=verdict,
        why="" if sound else f"was {verdict}",
        seconds=30.0,
        window_s=20.0,
        nonces=4000,
        rate=Interval(0.97 * hps, hps, 1.03 * hps) if sound else None,
        errors=Interval(0.0, 0.0, 0.001) if sound else Interval(0.1, 0.2, 0.3),
        watts=watts if sound else None,
        cost=_cost(j_per_th, watts) if sound else None,
        chip_c=60.0,
    )


def walk(grid: Grid, cell_at: Callable[[At], Cell], known: dict[At, Cell] | None = None) -> dict[At, Cell]:
    """A sweep to its end, without any waiting."""
    cells: dict[At, Cell] = known if known is not None else {}
    while (at := next_of(grid, cells)) is not None:
        assert at not in cells, "a point was asked for twice"
        cells[at] = cell_at(at)
    return cells


def sound(cells: Known) -> dict[At, Cell]:
    return {at: cell for at, cell in cells.items() if cell.verdict == "sound"}


def _cost(j_per_th: float, watts: float) -> Cost:
    return Cost(
        j_per_th=j_per_th,
        expanded=0.1 * j_per_th,
        scatter=0.02 * j_per_th,
        joules=20 * watts,
        place="VR output",
        source="measured",
        meter="board",
    )
