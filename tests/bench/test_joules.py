"""`bench energy`: what it measures of a simulated board whose truth is known, on virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from joulehash.bench.joules import Measured, measure_energy
from joulehash.engine.clock import run_virtual
from joulehash.engine.cpu import CpuDevice
from joulehash.hw.make import board_device
from joulehash.hw.meters.meter import Accuracy, Meter, Place, Sample, Source
from joulehash.hw.meters.sensors import BoardSensors
from joulehash.hw.sim.world import World
from tests.support.rigs import simulation, spec_of

GAIN = 0.005
ACCURACY = Accuracy(GAIN, quantum_j=0.01)


@dataclass
class WorldMeter:
    """At the board's input: its counter, a little off, or nothing at all."""

    world: World
    tells: bool = True
    name: str = "world"
    place: Place = "board input"
    source: Source = "measured"
    accuracy: Accuracy = ACCURACY
    period_s: float = 1.0

    async def open(self) -> None: ...

    async def read(self) -> Sample:
        self.world.advance(now_s := asyncio.get_running_loop().time())
        return Sample(now_s, joules=(1 + GAIN) * self.world.energy_j if self.tells else None)

    async def close(self) -> None: ...


def measured(board: str, seconds: float, meter: str = "world", fault: str = "") -> tuple[Measured, float]:
    """And the truth in hashes a second."""

    async def run() -> tuple[Measured, float]:
        spec = spec_of(board + (f"?fault={fault}" if fault else ""))
        simulated, row, connection = simulation(spec)
        device = board_device(row, connection, spec, unguarded=True)
        world = simulated.board.world
        chosen: dict[str, Meter | None] = {
            "world": WorldMeter(world),
            "nothing": WorldMeter(world, tells=False),
            "board": BoardSensors(lambda: [device]),
            "none": None,
        }
        async with simulated.running():
            result = await measure_energy(device, chosen[meter], seconds, idle_s=0.0, settle_s=5.0, seed=1)
            return result, row.rate_hps(spec.mhz or row.mhz.usual)

    return run_virtual(run())


def test_its_figure_is_the_truth_within_its_uncertainty() -> None:
    result, rate_hps = measured("bitaxe-gamma", 30.0)
    assert result.energy is not None
    assert result.counted is not None
    assert result.by_claims is not None
    truth_j = result.energy.joules / (1 + GAIN)
    truth = truth_j / (rate_hps * result.seconds) * 1e12
    for told in (result.counted, result.by_claims):
        assert abs(told.j_per_th - truth) <= told.expanded
        assert told.expanded < 0.2 * told.j_per_th
    assert result.best is result.counted
    assert result.ratio is not None
    assert 1.0 in result.ratio
    assert not result.disagrees
    assert result.seconds == pytest.approx(30.0)
    assert result.mhz == 100.0


def test_a_board_that_cannot_count_is_measured_by_its_claims() -> None:
    result, rate_hps = measured("bitaxe-max", 30.0, "board")
    assert result.counted is None
    assert result.counted_hps is None
    assert result.energy is not None
    assert result.best is result.by_claims
    assert result.best is not None
    assert result.best.place == "board input"
    truth = result.energy.joules / (rate_hps * result.seconds) * 1e12
    assert abs(result.best.j_per_th - truth) <= result.best.expanded


def test_a_counter_that_lies_is_told() -> None:
    result, _ = measured("bitaxe-gamma", 30.0, "board", fault="lying-counter")
    assert result.disagrees
    assert result.best is not None
    assert result.best.place == "VR output"


@pytest.mark.parametrize("meter", ["none", "nothing"])
def test_without_energy_there_is_no_figure(meter: str) -> None:
    result, _ = measured("bitaxe-gamma", 4.0, meter)
    assert result.best is None
    assert result.energy is None
    assert result.counted_hps is not None


def test_a_cpu_tells_what_it_takes_while_idle() -> None:
    @dataclass
    class Cpu(WorldMeter):
        async def read(self) -> Sample:
            busy = bool(device.stats().hashes)
            return Sample(asyncio.get_running_loop().time(), 50.0 if busy else 12.0)

    device = CpuDevice("portable", 1, affinity=False)

    async def run() -> Measured:
        meter = Cpu(World.__new__(World))
        return await measure_energy(device, meter, 1.0, idle_s=0.3, settle_s=1.5, seed=1)

    result = asyncio.run(run())
    assert result.idle_w == 12.0
    assert result.energy is not None
    assert result.energy.watts == pytest.approx(50.0)
    assert result.counted is not None
    assert result.counted.j_per_th == pytest.approx(50.0 / (result.counted_hps or 0) * 1e12)
