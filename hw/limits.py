"""What a board may not exceed, and what its sensors say. Plain values; who watches them is watch.py."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """All that a board senses at one moment; None: it has no such sensor, or it failed and stands in `faults`."""

    chip_c: float | None = None  # the hottest chip
    vr_c: float | None = None  # the regulator
    board_c: float | None = None
    input_v: float | None = None
    input_a: float | None = None
    input_w: float | None = None
    rail_v: float | None = None  # the chips' supply, all domains in series
    rail_a: float | None = None
    rail_w: float | None = None
    other_w: float = 0.0  # besides the rail, by estimate; 0 where the input is measured
    fan_rpm: float | None = None
    by_supply: bool = False  # what is told of the input is told by the supply that feeds it, at its own terminals
    faults: tuple[str, ...] = ()  # sensors that are open, short, silent or out of range, each in a few words

    @property
    def watts(self) -> float | None:
        """Of the board: of its input where that is measured, else of the rail and what is estimated besides."""
        if self.input_w is not None:
            return self.input_w
        return None if self.rail_w is None else self.rail_w + self.other_w


@dataclass(frozen=True, slots=True)
class Limits:
    """Of a board; None: nothing on it measures that, so nothing can be enforced."""

    chip_c: float | None = None
    vr_c: float | None = None
    watts: float | None = None  # as Reading.watts
    input_v: tuple[float, float] | None = None
    fan_rpm_least: float | None = None  # at full speed


NO_LIMITS = Limits()
