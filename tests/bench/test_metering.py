"""A meter read in time, hashes beside it, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from joulehash.bench.metering import Counts, metering
from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError
from joulehash.hw.meters.meter import Accuracy, Place, Sample, Source

WATTS, HPS = 20.0, 1e12


class Scripted:
    """20 W by its counter; `fails` says when it does not answer."""

    name = "scripted"
    place: Place = "wall"
    source: Source = "measured"
    accuracy = Accuracy(0.01)
    period_s = 1.0

    def __init__(self, fails: Callable[[float], bool] = lambda _: False) -> None:
        self.opened = self.closed = 0
        self._fails = fails

    async def open(self) -> None:
        self.opened += 1

    async def read(self) -> Sample:
        begin_s = asyncio.get_running_loop().time()
        await asyncio.sleep(0.2)
        if self._fails(begin_s):
            raise DeviceError("scripted: does not answer; look at it")
        return Sample(begin_s + 0.1, WATTS)

    async def close(self) -> None:
        self.closed += 1


def hashed() -> Counts:
    return Counts(counted=HPS * asyncio.get_running_loop().time())


def test_energy_and_hashes_are_of_one_window() -> None:
    async def run() -> None:
        meter = Scripted()
        async with metering(meter, hashed) as metered:
            await asyncio.sleep(7.3)
            begin = await metered.look()
            await asyncio.sleep(10.0)
            end = await metered.look()
            found = metered.since(begin)
            assert found is not None
            assert found.j_per_th == pytest.approx(20.0)
            assert found.seconds == pytest.approx(end.at_s - begin.at_s)
            assert found.expanded == pytest.approx(2 * 0.01 * 20.0)
            by_clock = metered.energy(begin.at_s, end.at_s)
            assert by_clock is not None
            assert by_clock.joules == pytest.approx(20.0 * (end.at_s - begin.at_s))
            assert metered.energy(begin.at_s, end.at_s + 5) is None
        assert (meter.opened, meter.closed) == (1, 1)

    run_virtual(run())


def test_the_last_minute_and_all_of_it() -> None:
    async def run() -> None:
        async with metering(Scripted(), hashed) as metered:
            await asyncio.sleep(300.0)
            minute, all_of_it = metered.over(60.0), metered.over(None)
            assert minute is not None
            assert all_of_it is not None
            assert minute.seconds == pytest.approx(60.0, abs=1.3)
            assert all_of_it.seconds == pytest.approx(300.0, abs=2.5)

    run_virtual(run())


def test_it_begins_with_the_first_hash() -> None:
    async def run() -> None:
        def late() -> Counts:
            return Counts(counted=HPS * max(0.0, asyncio.get_running_loop().time() - 50.0))

        async with metering(Scripted(), late) as metered:
            assert metered.over(None) is None
            await asyncio.sleep(100.0)
            found = metered.over(None)
            assert found is not None
            assert found.seconds == pytest.approx(50.0, abs=2.5)

    run_virtual(run())


def test_a_meter_that_fails_is_told_once_and_its_gap_is_unknown() -> None:
    told: list[str] = []

    async def run() -> None:
        meter = Scripted(lambda at_s: 20 <= at_s < 60)
        async with metering(meter, hashed, told.append) as metered:
            await asyncio.sleep(30.0)
            assert metered.failure.startswith("scripted: does not answer")
            begin = metered.energy(10.0, 15.0)
            assert begin is not None
            await asyncio.sleep(170.0)
            assert metered.failure == ""
            assert metered.energy(10.0, 100.0) is None
            found = metered.over(None)
            assert found is not None
            assert 100 < found.seconds < 140
            assert found.j_per_th == pytest.approx(20.0)
        assert meter.opened > 2

    run_virtual(run())
    assert told == [
        "J/TH is unknown for now: scripted: does not answer; look at it",
        "scripted: is read again",
    ]


def test_a_meter_that_never_answers_is_an_error_at_once() -> None:
    async def run() -> None:
        meter = Scripted(lambda _: True)
        with pytest.raises(DeviceError, match="does not answer"):
            async with metering(meter):
                raise AssertionError
        assert meter.closed == 1

    run_virtual(run())


def test_hashes_by_claims_carry_their_own_uncertainty() -> None:
    async def run() -> None:
        def claims() -> Counts:
            n = asyncio.get_running_loop().time() // 1.0
            return Counts(claimed=n * HPS, squares=n * HPS**2)

        async with metering(Scripted(), claims) as metered:
            await asyncio.sleep(0.9)
            begin = await metered.look()
            await asyncio.sleep(98.9)
            end = await metered.look()
            found = metered.since(begin)
            assert found is not None
            n = round((end.counts.claimed - begin.counts.claimed) / HPS)
            assert found.by == "claims"
            assert found.u_hashes == pytest.approx(HPS * n**0.5, rel=0.01)

    run_virtual(run())


def test_a_device_that_begins_to_count_begins_a_window() -> None:
    """What its claims stood for before is not taken from what it counts."""

    async def run() -> None:
        def both() -> Counts:
            now_s = asyncio.get_running_loop().time()
            return Counts(claimed=HPS * now_s) if now_s < 20 else Counts(counted=HPS * now_s)

        async with metering(Scripted(), both) as metered:
            await asyncio.sleep(60.0)
            found = metered.over(None)
            assert found is not None
            assert found.by == "counted"
            assert found.seconds == pytest.approx(40.0, abs=2.5)
            assert found.j_per_th == pytest.approx(20.0)

    run_virtual(run())
