"""Made-up work for any device: the CPU and a simulated board, and devices that fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from joulehash.bench.driven import CLAIMS_PER_S, driven, target_for
from joulehash.bench.invented import made_up
from joulehash.engine.clock import run_virtual
from joulehash.engine.cpu import CpuDevice
from joulehash.engine.device import Capabilities, DeviceStats
from joulehash.engine.errors import DeviceError
from joulehash.engine.work import Assignment, Found
from tests.support.rigs import simulated_device, spec_of


def test_a_board_is_kept_busy_and_every_claim_is_true() -> None:
    async def run() -> None:
        async with simulated_device(spec_of("bitaxe-gamma")) as device, driven(device, seed=1) as load:
            await load.begun()
            await asyncio.sleep(6.0)
            assert load.tally.claims > 100
            assert load.tally.hardware_errors == 0
            assert load.tally.claimed == pytest.approx(device.stats().hashes, rel=0.25)
            assert load.tally.claimed_squares == pytest.approx(load.tally.claimed**2 / load.tally.claims)

    run_virtual(run())


def test_a_cpu_claims_about_twice_a_second() -> None:
    async def run() -> None:
        async with driven(CpuDevice("portable", 1, affinity=False), seed=1) as load:
            await load.begun()
            async with asyncio.timeout(60.0):
                while not load.tally.claims:  # noqa: ASYNC110  # on a busy machine it takes its time
                    await asyncio.sleep(0.1)
            assert load.tally.hardware_errors == 0
            assert load.tally.claimed == pytest.approx(load.tally.claims * 2**256 / load.target, rel=1e-3)

    asyncio.run(run())


class Broken:
    """A Device that fails, at a moment of its choice."""

    name = "broken"
    capabilities = Capabilities(nominal_hps=1000.0, ticket_bits=(32, 40))

    def __init__(self, when: str) -> None:
        self.when, self.stopped = when, 0

    async def start(self) -> None:
        if self.when == "start":
            raise DeviceError("broken: does not start")

    def give(self, assignment: Assignment | None, *, clean: bool) -> None: ...

    async def found(self) -> AsyncIterator[Found]:
        await asyncio.sleep(5.0)
        if self.when == "found":
            raise DeviceError("broken: gone")
        if self.when == "silent":
            await asyncio.sleep(1e6)
        return
        yield

    def stats(self) -> DeviceStats:
        return DeviceStats(0)

    async def stop(self) -> None:
        self.stopped += 1


@pytest.mark.parametrize(
    ("when", "said"),
    [("start", "does not start"), ("found", "gone"), ("end", "ended by itself"), ("silent", "no hash in 120 s")],
)
def test_a_device_that_fails_is_stopped_and_told(when: str, said: str) -> None:
    device = Broken(when)

    async def run() -> None:
        async with driven(device, seed=1) as load:
            await load.begun()

    with pytest.raises(DeviceError, match=said):
        run_virtual(run())
    assert device.stopped == 1


def test_targets_and_jobs() -> None:
    assert target_for(Broken("never")) == 0  # by its line alone
    cpu = CpuDevice("portable", 1)
    assert target_for(cpu) == 0  # its rate is not known before it was started
    assert CLAIMS_PER_S > 0
    one, other = made_up("1 0", 0, 0, 0.0), made_up("2 0", 0, 0, 0.0)
    assert one.content != other.content
    assert one.header(bytes(8), one.version, one.ntime, 0) != other.header(bytes(8), other.version, other.ntime, 0)
