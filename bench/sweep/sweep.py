"""A sweep from its first cell to its last: which order is plan.py's, what a cell is cell.py's, and this is the rest.

One board, brought up at its usual voltage, goes from cell to cell with its clock and voltage changed while it hashes. A
cell at which it fails twice has that as its verdict: the board is off each time, cools down where it was hot, is
brought up anew, and the sweep goes on, lower. It ends when nothing more is worth measuring, when it is told to stop,
when the board is unplugged, or when it fails again and again: then with what it has. At the end, and when it was told
to stop, the board is given its usual voltage, which a regulator may keep, and then off: whatever it was at, that takes
no second. Where it must be off, it is so at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from ...engine.errors import DeviceAbsent, DeviceError, cause
from ...hw.board import Board
from ...hw.errors import Unplugged
from ...hw.limits import Reading
from ...hw.point import Point
from ...hw.powered import Powered
from ...hw.watch import Overheated, Unfit, Violation
from ..metering import Metered
from ..workload import Workload
from .cell import Measurement, Station
from .grid import Grid
from .plan import At, Next, ahead, known, next_of, next_of_all
from .result import Cell, End, Verdict
from .rules import Rules

_MOST_FAILURES = 5  # of cells, or of bringing it up, one after the other
_LOOK_S = 1.0
_COOL_C, _COOL_MOST_S = 5.0, 120.0  # below the limits, before the cell after a hot one


class Report(Protocol):
    """Is told of cells: `began` before each, with how long all may take yet; `cell` of each that was measured."""

    def began(self, mhz: float, volts: float | None, left_s: float) -> None: ...
    def cell(self, cell: Cell) -> None: ...
    def note(self, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Ended:
    how: End
    why: str = ""


class Sensed:
    """Of the board while it has power, for a meter that is older than that."""

    def __init__(self) -> None:
        self.powered: Powered | None = None

    @property
    def reading(self) -> Reading:
        return self.powered.reading if self.powered is not None else Reading()


class Sweep:
    """`cells` grows; those that a progress file holds may be there before. Raises InputError for a board that has no
    usual point."""

    def __init__(
        self,
        board: Board,
        grid: Grid,
        rules: Rules,
        report: Report,
        sensed: Sensed | None = None,
        cells: Iterable[Cell] = (),
        *,
        every: bool = False,
        seed: int = 1,
    ) -> None:
        self.cells = [*cells]
        self.sensed = sensed if sensed is not None else Sensed()
        self.usual = board.point()
        self.next_at: Next = next_of_all if every else next_of
        self._board, self.grid, self._rules, self._report, self._seed = board, grid, rules, report, seed
        self._stopped = False
        self._working: asyncio.Task[None] | None = None  # that a stop may cut off
        self._current: Point | None = None  # of the cell that is measured
        self._began_s = 0.0
        self._failures = 0
        self._doubtful: Point | None = None  # that has failed once
        self._whole = False  # a session ended in good order

    def stop(self) -> None:
        """Without the cell that is measured just now."""
        self._stopped = True
        if self._working is not None:
            self._working.cancel()

    @property
    def next(self) -> At | None:
        return self.next_at(self.grid, known(self.grid, self.cells))

    @property
    def left_s(self) -> float:
        """About, by what cells took so far."""
        usual_s = self._rules.settle_s + self._rules.window_s
        each_s = sum(cell.seconds for cell in self.cells) / len(self.cells) if self.cells else usual_s
        return ahead(self.grid, known(self.grid, self.cells), self.next_at) * each_s

    async def run(self, metered: Metered | None = None) -> Ended:
        """Raises DeviceError when the board cannot be brought to off in the end, and when it fails before anything was
        measured."""
        if self.next is None:  # all was measured before, by a sweep that may have died with the board on
            await self._until_stopped(self._make_safe())
        while self.next is not None and not self._stopped:
            try:
                await self._until_stopped(self._session(metered))
            except DeviceError as error:
                if self._whole or self._stopped:
                    raise
                if (ended := self._failed(error)) is not None:
                    if not self.cells:
                        raise
                    return ended
                if isinstance(error, Overheated):
                    await self._until_stopped(self._board.cool_down())
        return Ended("interrupted" if self._stopped else "done")

    async def _make_safe(self) -> None:
        try:
            await self._board.confirm_off()
        except DeviceError as error:
            self._report.note(str(error))

    async def _until_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Within other work that may be stopped, this alone is."""
        outer, self._working = self._working, asyncio.create_task(work)
        working = self._working
        try:
            await asyncio.wait([working])
        finally:
            self._working = outer
            working.cancel()
            await asyncio.wait([working])
        if not working.cancelled():
            working.result()

    async def _session(self, metered: Metered | None) -> None:
        """From power-up to off: cell after cell."""
        self._whole, self._current = False, None
        try:
            async with self._board.powered(self._start()) as powered:
                self.sensed.powered = powered
                async with Workload(powered, seed=self._seed) as load:
                    await self._until_stopped(self._measure(Station(powered, load, metered)))
                    self._current, self._working = None, None
                    await powered.set_point(volts=self.usual.volts)
                self._whole = True
        except BaseExceptionGroup as group:
            raise cause(group) from group
        finally:
            self.sensed.powered = None

    def _start(self) -> Point:
        """At its usual voltage, and not faster than usual or than the next cell."""
        at = self.next
        mhz = self.usual.mhz if at is None else min(self.usual.mhz, self.grid.mhz[at[0]])
        return Point(mhz, self.usual.volts)

    async def _measure(self, station: Station) -> None:
        loop = asyncio.get_running_loop()
        while (at := self.next) is not None and not self._stopped:
            mhz, volts = self.grid.mhz[at[0]], self.grid.volts[at[1]]
            self._current, self._began_s = Point(mhz, volts), loop.time()
            self._report.began(mhz, volts, self.left_s)
            cell = await Measurement(station, mhz, volts, self._rules, self.cells).run()
            self._end(cell)
            if cell.verdict in ("hot", "watts"):
                self._current = None
                await self._cool(station)

    async def _cool(self, station: Station) -> None:
        """At its lowest point, so that the next cell does not begin in the heat of this one."""
        loop, limits = asyncio.get_running_loop(), self._rules.limits
        await station.powered.set_point(self.grid.mhz[0], self.grid.volts[0])
        until_s = loop.time() + _COOL_MOST_S
        while loop.time() < until_s:
            await asyncio.sleep(_LOOK_S)
            reading = station.powered.reading
            pairs = ((reading.chip_c, limits.chip_c), (reading.vr_c, limits.vr_c))
            if all(value is None or most is None or value <= most - _COOL_C for value, most in pairs):
                return

    def _end(self, cell: Cell) -> None:
        """One that fails speaks for all that is above it, so that it is believed at the second time only."""
        self._failures = self._failures + 1 if cell.verdict == "failed" else 0
        point = Point(cell.mhz, cell.volts)
        if cell.verdict == "failed" and self._doubtful != point and self._failures < _MOST_FAILURES:
            self._doubtful = point
            self._report.note(f"{cell.text}: {cell.why}; it is tried once more")
            return
        self.cells.append(cell)
        self._report.cell(cell)

    def _failed(self, error: DeviceError) -> Ended | None:
        """None: go on. The board is off."""
        if isinstance(error, Unplugged | DeviceAbsent):
            return Ended("unplugged", str(error))
        verdict = _verdict(error)
        if verdict is None:  # a sensor or a fan: no cell is to blame
            return Ended("gave up", str(error))
        if self._current is not None:
            seconds = asyncio.get_running_loop().time() - self._began_s
            self._end(
                Cell(mhz=self._current.mhz, volts=self._current.volts, verdict=verdict, why=str(error), seconds=seconds)
            )
        else:
            self._failures += 1
            self._report.note(f"{error}; it is brought up again")
        if self._failures >= _MOST_FAILURES:
            return Ended("gave up", f"it failed {self._failures} times, one after the other: {error}")
        return None


def _verdict(error: DeviceError) -> Verdict | None:
    if isinstance(error, Violation):
        about: dict[str, Verdict] = {"chip": "hot", "regulator": "hot", "watts": "watts", "input": "watts"}
        return about.get(error.about)
    return None if isinstance(error, Unfit) else "failed"
