"""What a sweep comes to: values only, which are printed, stored as a board's power curve, and drawn elsewhere.

Every point of the grid has its cell, measured or not. As JSON each measured cell is a line of `sweep --json`, and the
whole result the last.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from ...hw.meters.meter import Place, Source
from ..decide.intervals import Interval

SCHEMA = "joulehash.sweep/1"

Verdict: TypeAlias = Literal[
    "sound",
    "errors",  # more false nonces than the ceiling allows
    "unsure",  # the time of a cell did not decide whether it does
    "hot",  # a temperature came to its limit
    "watts",  # the power did
    "failed",  # it was reset, fell silent, or had to be switched off
    "skipped",  # by what its neighbours showed: it cannot win, or would fail as they did
]
WORSE_BELOW: frozenset[Verdict] = frozenset(("errors", "unsure", "failed"))  # fewer volts, or more MHz, are no cure
WORSE_ABOVE: frozenset[Verdict] = frozenset(("hot", "watts"))  # neither are more volts, or more MHz
End: TypeAlias = Literal["done", "interrupted", "unplugged", "gave up"]


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """J/TH ± expanded (U, k = 2). `scatter` is that part of U which is not the meter's gain: the gain is the same in
    every cell of a sweep, so that cells are compared by their scatter."""

    j_per_th: float
    expanded: float
    scatter: float
    joules: float
    place: Place
    source: Source
    meter: str

    @property
    def interval(self) -> Interval:
        return Interval(self.j_per_th - self.expanded, self.j_per_th, self.j_per_th + self.expanded)


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One point. None: not measured, or the board does not sense it.

    seconds  all that it took, settling included; window_s: of those, what was measured in
    rate     hashes a second, by verified nonces; errors: the part of all nonces that were false
    why      of a verdict other than sound, in a few words
    like     of a skipped one: the verdict of the neighbour that speaks for it; None: it cannot win
    """

    event: Literal["cell"] = "cell"
    mhz: float
    volts: float | None  # of a chip; None: the board has one voltage
    verdict: Verdict
    why: str = ""
    like: Verdict | None = None
    seconds: float = 0.0
    window_s: float = 0.0
    nonces: int = 0  # valid ones, in the window
    rate: Interval | None = None
    errors: Interval | None = None
    watts: float | None = None  # by the meter, on average; the place stands with the cost
    cost: Cost | None = None
    chip_c: float | None = None
    vr_c: float | None = None

    @property
    def text(self) -> str:
        return point_text(self.mhz, self.volts)


class Best(msgspec.Struct, frozen=True):
    """Where, as (MHz, volts): the least J/TH, the highest rate, and all points that none is better than in both."""

    j_per_th: tuple[float, float | None] | None = None
    rate: tuple[float, float | None] | None = None
    frontier: list[tuple[float, float | None]] = msgspec.field(default_factory=list[tuple[float, float | None]])


class SweepResult(msgspec.Struct, frozen=True, kw_only=True):
    schema: str = SCHEMA
    event: Literal["sweep"] = "sweep"
    board: str  # as it was named on the command line, without options
    title: str
    key: str | None = None  # of its passport
    began: str  # UTC, ISO 8601; of a sweep that was resumed, its first start
    seconds: float  # at all starts together
    ended: End
    why: str = ""  # where it did not end by itself
    mhz: list[float]  # of the grid, upwards
    volts: list[float | None]
    cells: list[Cell]  # all of the grid, by MHz, then by volts
    best: Best
    usual: tuple[float, float | None]
    rules: dict[str, float | None]  # ceiling of errors, precision, limits
    simulated: bool = False
    seed: int = 1

    def at(self, point: tuple[float, float | None] | None) -> Cell | None:
        return next((cell for cell in self.cells if (cell.mhz, cell.volts) == point), None)

    @property
    def measured(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.verdict != "skipped"]


def point_text(mhz: float, volts: float | None) -> str:
    return f"{mhz:g} MHz" + ("" if volts is None else f", {volts:g} V")
