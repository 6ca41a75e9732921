"""J/TH of a check: of the window, by whichever meter; and one that cannot be read, or fails meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from joulehash.bench.check.measuring import Plan
from joulehash.engine.errors import DeviceError
from joulehash.hw.meters.fixed import ACCURACY
from joulehash.hw.meters.meter import Accuracy, Place, Sample, Source
from joulehash.hw.meters.url import parse_meter
from tests.support.checks import checked

BOARD = "sim:bitaxe-gamma?scale=24&mhz=525"
PLAN = Plan(least_s=16.0, most_s=20.0)
TRUE_HPS = 525e6 * 2040 / 2**24


@dataclass
class Failing:
    """A meter of 19 W that is read so often and no more. -1: it cannot be opened."""

    times: int
    name: str = "plug"
    place: Place = "wall"
    source: Source = "measured"
    accuracy: Accuracy = ACCURACY
    period_s: float = 1.0

    async def open(self) -> None:
        if self.times < 0:
            raise DeviceError("plug: nobody answers; is it on?")

    async def read(self) -> Sample:
        self.times -= 1
        if self.times < 0:
            raise DeviceError("plug: does not answer any more; is it on?")
        return Sample(asyncio.get_running_loop().time(), 19.0)

    async def close(self) -> None: ...


def test_its_own_sensors_are_the_meter_where_none_is_named() -> None:
    found = checked(BOARD, PLAN, patterns=False).result
    assert found.efficiency is not None
    assert found.energy is not None
    assert (found.efficiency.place, found.efficiency.source, found.efficiency.by) == ("VR output", "measured", "claims")
    assert (found.efficiency.joules, found.efficiency.seconds) == (found.energy.joules, found.energy.seconds)
    true = found.energy.watts / TRUE_HPS * 1e12
    assert abs(found.efficiency.j_per_th - true) < found.efficiency.expanded
    assert found.notes == []


def test_declared_watts_are_told_as_such_and_are_exact() -> None:
    found = checked(BOARD, PLAN, patterns=False, meter=parse_meter("fixed:19W")).result
    assert found.energy is not None
    assert found.efficiency is not None
    assert found.energy.watts == pytest.approx(19.0)
    assert (found.efficiency.place, found.efficiency.source, found.efficiency.meter) == (
        "wall",
        "declared",
        "fixed:19W",
    )
    assert abs(found.efficiency.j_per_th - 19.0 / TRUE_HPS * 1e12) < found.efficiency.expanded
    assert found.rate is not None
    assert found.efficiency.u_hashes / found.efficiency.hashes == pytest.approx(found.rate.half / 1.96, rel=0.01)


@pytest.mark.parametrize(
    ("times", "note"),
    [
        (-1, "J/TH is unknown: plug: nobody answers; is it on?"),
        (0, "J/TH is unknown: plug: does not answer any more; is it on?"),
        (5, "J/TH is unknown for now: plug: does not answer any more; is it on?"),
    ],
    ids=["not there", "never read", "fails meanwhile"],
)
def test_a_meter_that_fails_leaves_j_th_unknown_says_why_and_is_no_fault_of_the_board(times: int, note: str) -> None:
    found = checked(BOARD, PLAN, patterns=False, meter=Failing(times)).result
    assert (found.energy, found.efficiency, found.notes) == (None, None, [note])
    assert found.findings == []
    assert found.rate is not None
