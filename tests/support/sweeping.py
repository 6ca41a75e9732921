"""Sweeps of simulated boards on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from joulehash.bench.metering import metering
from joulehash.bench.sweep.grid import Grid, Range, grid_of
from joulehash.bench.sweep.result import Cell
from joulehash.bench.sweep.rules import Rules, limits_of
from joulehash.bench.sweep.sweep import Ended, Sweep
from joulehash.engine.clock import run_virtual
from joulehash.hw.limits import Limits
from joulehash.hw.make import make_board
from joulehash.hw.meters.sensors import BoardSensors
from joulehash.hw.sim.board import Rails
from joulehash.hw.sim.run import Simulated
from joulehash.hw.spec import parse_spec

from .rigs import assert_off, simulation

# Few nonces and short waits: for tests that are not about figures.
HASTY = Rules(ceiling=0.2, precision=0.2, settle_s=1.0, settle_most_s=4.0, window_s=2.0, window_most_s=20.0)


@dataclass
class Swept:
    """`rails`: as they changed, with the time; empty: it was never touched."""

    ended: Ended
    cells: list[Cell]
    grid: Grid
    seconds: float
    notes: list[str]
    rails: list[tuple[float, Rails]]

    def verdicts(self) -> dict[tuple[float, float | None], str]:
        return {(cell.mhz, cell.volts): cell.verdict for cell in self.cells}


@dataclass
class Told:
    """A Report. `at`: what is to be done when a cell is told."""

    at: Callable[[Cell], None] = lambda _: None
    notes: list[str] = field(default_factory=list[str])
    left: list[float] = field(default_factory=list[float])

    def began(self, mhz: float, volts: float | None, left_s: float) -> None:
        del mhz, volts
        self.left.append(left_s)

    def cell(self, cell: Cell) -> None:
        self.at(cell)

    def note(self, text: str) -> None:
        self.notes.append(text)


def sweep(
    name: str,
    mhz: Range,
    volts: Range | None = None,
    rules: Rules = HASTY,
    *,
    limits: Callable[[Limits], Limits] = limits_of,
    cells: Iterable[Cell] = (),
    every: bool = False,
    meter: bool = True,
    beside: Callable[[Sweep, Simulated, Cell], None] | None = None,
) -> Swept:
    """To its end, after which the board has to be off. `beside` is told each cell."""

    async def main() -> Swept:
        spec = parse_spec(name)
        simulated, row, connection = simulation(spec)
        loop, told = asyncio.get_running_loop(), Told()
        rails: list[tuple[float, Rails]] = []
        grid = grid_of(row, name, mhz, volts)
        board = make_board(row, connection, name, unguarded=True)
        made = Sweep(board, grid, replace(rules, limits=limits(row.limits)), told, cells=cells, every=every)
        if (beside_it := beside) is not None:
            told.at = lambda cell: beside_it(made, simulated, cell)
        async with simulated.running():
            await asyncio.sleep(0.1)
            simulated.report = lambda now: rails.append((loop.time(), now))
            if meter:
                async with metering(BoardSensors(lambda: [made.sensed]), tell=told.note) as metered:
                    ended = await made.run(metered)
            else:
                ended = await made.run()
            seconds = loop.time()
            await asyncio.sleep(0.1)
            if rails and ended.how != "unplugged":
                assert_off(simulated, row)
        return Swept(ended, made.cells, grid, seconds, told.notes, rails)

    return run_virtual(main())
