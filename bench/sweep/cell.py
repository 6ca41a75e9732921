"""One cell: set the point, let it settle, measure until it is decided. A cell that fails ends at once.

Settled is what no longer gets warmer. The window ends when the false nonces are known to be below the ceiling or above
it, and the rate is known as well as wanted; sooner where another cell is surely better in both figures; and in any case
when its time is over. An interval of a window that ended by its figures holds for every way to end (`anytime`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from math import hypot, sqrt
from typing import NamedTuple

from ...engine.errors import DeviceError
from ...hw.limits import Reading
from ...hw.powered import Powered
from ...hw.watch import exceeded, too_hot
from ..decide.intervals import Interval, anytime, garwood, wilson
from ..decide.sprt import ProportionTest
from ..energy import COVERAGE, TH, Energy, between, efficiency
from ..metering import Entry, Metered
from ..window import Counts
from ..workload import Workload
from .frontier import beaten
from .result import Cell, Cost, Verdict
from .rules import Rules

_LOOK_S = 1.0
_STEADY_S, _STEADY_C = 10.0, 0.3  # so long it has not moved by more: a heat sink has less than 2 °C to go then
_GOOD = 0.8  # of the ceiling: what passes for certain
_ROUGH = 0.1  # half the width of an interval by which a cell may be given up as beaten
_SILENT = 20.0  # expected nonces of which none came: e^-20


class Outcome(NamedTuple):
    verdict: Verdict
    why: str = ""


@dataclass(slots=True)
class Station:
    """A board that is up and hashes, with what measures it."""

    powered: Powered
    load: Workload
    metered: Metered | None

    async def look(self) -> Entry | None:
        """At the meter. None: it cannot be read now."""
        try:
            return None if self.metered is None else await self.metered.look()
        except DeviceError:
            return None


@dataclass(slots=True)
class Measurement:
    """Of one cell, while it is made. `others`: the cells so far."""

    station: Station
    mhz: float
    volts: float | None
    rules: Rules
    others: list[Cell]
    errors: ProportionTest = field(init=False)
    began_s: float = 0.0

    def __post_init__(self) -> None:
        self.errors = self._test()

    async def run(self) -> Cell:
        """Raises DeviceError when the board fails."""
        self.began_s = asyncio.get_running_loop().time()
        await self.station.powered.set_point(self.mhz, self.volts)
        outcome = await self._settle()
        return await self._window() if outcome.verdict == "sound" else self._cell(outcome)

    async def _settle(self) -> Outcome:
        loop, seen = asyncio.get_running_loop(), deque[float](maxlen=round(_STEADY_S / _LOOK_S) + 1)
        await asyncio.sleep(_LOOK_S)  # what was on its way belongs to the point before
        window = self.station.load.window()
        while True:
            await asyncio.sleep(_LOOK_S)
            counts, reading = window.counts(), self.station.powered.reading
            if (outcome := self._failing(counts, reading)) is not None:
                return outcome
            seen.append(_warmest(reading))
            steady = len(seen) == seen.maxlen and max(seen) - min(seen) <= _STEADY_C
            passed_s = loop.time() - self.began_s
            if passed_s >= self.rules.settle_s and (steady or passed_s >= self.rules.settle_most_s):
                return Outcome("sound")

    async def _window(self) -> Cell:
        loop = asyncio.get_running_loop()
        begin, window, begin_s = await self.station.look(), self.station.load.window(), loop.time()
        self.errors = self._test()
        while True:
            await asyncio.sleep(_LOOK_S)
            counts, seconds = window.counts(), loop.time() - begin_s
            outcome = self._failing(counts, self.station.powered.reading)
            over = seconds >= self.rules.window_most_s
            if outcome is None and seconds < self.rules.window_s and not over:
                continue
            lost = counts.valid > 0 and self._is_beaten(counts, seconds, begin)
            if outcome is None and self.errors.decision == "pass" and (lost or self._is_sharp(counts)):
                outcome = Outcome("sound")
            if outcome is None and over:
                outcome = self._undecided()
            if outcome is None:
                continue
            end = await self.station.look()
            counts, seconds = window.counts(), loop.time() - begin_s
            fixed = outcome.verdict == "sound" and not lost
            return self._cell(outcome, counts, seconds, _used(begin, end, self.station.metered), fixed=fixed)

    def _undecided(self) -> Outcome:
        """Time is up. What has shown too few errors to fail and too few nonces to pass may still exceed the ceiling."""
        if self.errors.decision == "pass":
            return Outcome("sound")
        return Outcome("unsure", f"may exceed {self.rules.ceiling:.3g} of false nonces: its time is over")

    def _failing(self, counts: Counts, reading: Reading) -> Outcome | None:
        if (hot := too_hot(reading, self.rules.limits)) is not None:
            return Outcome("hot", hot.text)
        if (passed := exceeded(reading, self.rules.limits, fan_full=False)) is not None:
            return Outcome("watts", passed.text)
        if counts.nonces and self.errors.see(counts.errors, counts.nonces) == "fail":
            return Outcome("errors", f"{counts.errors / counts.nonces:.2%} of its nonces are false")
        if not counts.nonces and counts.expected > _SILENT:
            return Outcome("failed", f"no nonce came where {counts.expected:.0f} were due")
        return None

    def _is_sharp(self, counts: Counts) -> bool:
        return garwood(counts.valid).half <= self.rules.precision

    def _is_beaten(self, counts: Counts, seconds: float, begin: Entry | None) -> bool:
        """By the watts with which the window began: what its energy was is known at its end."""
        rate = _rate(counts, seconds, fixed=False)
        if rate.half > _ROUGH:
            return False
        if self.station.metered is None:
            return beaten(rate, None, self.others)
        watts = begin.mark.sample.watts if begin is not None else None
        if watts is None:
            return False
        cost = Interval(watts / rate.high * TH, watts / rate.value * TH, watts / rate.low * TH)
        return beaten(rate, cost, self.others)

    def _cell(
        self,
        outcome: Outcome,
        counts: Counts | None = None,
        seconds: float = 0.0,
        used: Energy | None = None,
        *,
        fixed: bool = False,
    ) -> Cell:
        reading = self.station.powered.reading
        return Cell(
            mhz=self.mhz,
            volts=self.volts,
            verdict=outcome.verdict,
            why=outcome.why,
            seconds=asyncio.get_running_loop().time() - self.began_s,
            window_s=seconds,
            nonces=counts.valid if counts is not None else 0,
            rate=_rate(counts, seconds, fixed=fixed) if counts is not None and counts.expected > 0 else None,
            errors=wilson(self.errors.k, self.errors.n),
            watts=used.watts if used is not None else None,
            cost=_cost(counts, used, self.station.metered),
            chip_c=reading.chip_c,
            vr_c=reading.vr_c,
        )

    def _test(self) -> ProportionTest:
        return ProportionTest(good=_GOOD * self.rules.ceiling, bad=self.rules.ceiling)


def _rate(counts: Counts, seconds: float, *, fixed: bool) -> Interval:
    """H/s. `fixed`: the window ended at a number of nonces that was fixed beforehand."""
    if fixed:
        return garwood(counts.valid).times(counts.hashes_each / seconds)
    return anytime(counts.valid, counts.expected).times(counts.expected * counts.hashes_each / seconds)


def _used(begin: Entry | None, end: Entry | None, metered: Metered | None) -> Energy | None:
    if begin is None or end is None or metered is None:
        return None
    return between(begin.mark, end.mark, metered.meter)


def _cost(counts: Counts | None, used: Energy | None, metered: Metered | None) -> Cost | None:
    if counts is None or metered is None or used is None or not counts.valid:
        return None
    found = efficiency(used, counts.hashes, counts.hashes / sqrt(counts.valid), "claims")
    if found is None:
        return None
    gain = metered.meter.accuracy.gain
    scattered = sqrt(max(0.0, (used.u_joules / used.joules) ** 2 - gain**2))
    return Cost(
        j_per_th=found.j_per_th,
        expanded=found.expanded,
        scatter=COVERAGE * found.j_per_th * hypot(scattered, 1 / sqrt(counts.valid)),
        joules=used.joules,
        place=used.place,
        source=used.source,
        meter=used.meter,
    )


def _warmest(reading: Reading) -> float:
    """Of what it senses; a board that senses none is steady."""
    return max((value for value in (reading.chip_c, reading.vr_c, reading.board_c) if value is not None), default=0.0)
