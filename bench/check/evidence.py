"""All that a check has found out of a board, as it comes in: what the steps judge and the findings are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...hw.boards.row import Row
from ...hw.limits import Reading
from ...hw.point import Point
from ...hw.stages import Stage
from ..decide.sprt import ProportionTest, RateTest
from ..energy import Efficiency, Energy
from ..window import Counts
from .limits import CheckLimits
from .patterns import Outcome


@dataclass(frozen=True, slots=True)
class Failed:
    """What ended an attempt, and what was going on."""

    error: Exception
    step: str


@dataclass(frozen=True, slots=True)
class Felt:
    """A reading, and when."""

    at_s: float
    reading: Reading
    fan: float | None  # 0 to 1; None: nobody drives it
    rate_hps: float | None = None  # over the last seconds, by verified nonces


@dataclass(slots=True)
class Evidence:
    """Of one board. Times are the loop's."""

    name: str
    row: Row
    limits: CheckLimits
    point: Point
    stages: dict[Stage, float] = field(default_factory=dict[Stage, float])  # of the last attempt
    powered: bool = False  # it was given voltage, in any attempt
    tries: list[Failed] = field(default_factory=list[Failed])  # bringing it up, that failed
    error: Failed | None = None  # what ended the check before its time
    cold: Reading | None = None  # before there was power
    felt: list[Felt] = field(default_factory=list[Felt])  # once a second from then on
    mhz: float | None = None  # as the PLL has it
    ids: tuple[int, ...] = ()  # at the line's first speed
    fast_ids: tuple[int, ...] | None = None  # at its second; None: not asked
    registers: dict[int, tuple[int | None, float | None]] = field(
        default_factory=dict[int, tuple[int | None, float | None]]
    )  # by address: id and MHz
    patterns: Sequence[Outcome] | None = None
    no_patterns: str = ""  # why there are none
    counts: Counts | None = None
    runs: dict[int | None, int] = field(default_factory=dict[int | None, int])
    rate: RateTest | None = None
    errors: ProportionTest | None = None
    repeats: ProportionTest | None = None
    broken: ProportionTest | None = None
    frames: tuple[int, int] = (0, 0)  # broken ones of the window, and all
    window_s: tuple[float, float] | None = None
    rate_hps: float | None = None  # over the last seconds
    energy: Energy | None = None  # of the window
    efficiency: Efficiency | None = None  # the same over the hashes of the same time, as if its end had been fixed
    firmware: str = ""  # as far as the board tells
    notes: list[str] = field(default_factory=list[str])  # each once
    soak: Counts | None = None
    soak_s: float = 0.0  # asked for
    soak_for_s: float = 0.0  # it lasted
    off: Reading | None = None  # after it was switched off
    off_error: str = ""

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    @property
    def chips(self) -> int:
        return self.row.chips

    @property
    def failure(self) -> Exception | None:
        return self.error.error if self.error is not None else None
