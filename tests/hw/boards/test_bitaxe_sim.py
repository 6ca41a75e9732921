"""The plants against the simulators, which know the parts by the fact sheet alone: both must have read it alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError
from joulehash.hw.boards.bitaxe import BitaxePlant
from joulehash.hw.boards.control import Control
from joulehash.hw.boards.equipment import EQUIPMENT
from joulehash.hw.boards.table import board_row
from joulehash.hw.sim.run import Simulated
from joulehash.hw.sim.table import simulated

Test = Callable[[BitaxePlant, Simulated], Awaitable[None]]
boards = pytest.mark.parametrize("name", list(EQUIPMENT))


def on_simulator(text: str, test: Test) -> None:
    async def main() -> None:
        sim = simulated(f"sim:{text}")
        async with sim.running():
            await sim.ports["control"].open()
            row = board_row(text.partition("?")[0])
            assert row.rail_most_v is not None
            await test(BitaxePlant(Control(sim.ports["control"]), EQUIPMENT[row.name], row.rail_most_v), sim)
            await sim.ports["control"].close()

    run_virtual(main())


@boards
@pytest.mark.parametrize("answers_in", ["v0", "v1"])
def test_up_measured_and_down(name: str, answers_in: str) -> None:
    row = board_row(name)
    assert row.volts is not None
    rail_v = row.volts.usual * row.domains

    async def test(plant: BitaxePlant, sim: Simulated) -> None:
        await plant.prepare()
        assert (sim.board.rails.reset, sim.board.rails.fan) == (True, 1.0)
        await plant.set_rail(rail_v)
        assert rail_v * 0.995 < sim.board.rails.core_v <= rail_v
        await plant.hold_reset(False)
        assert not sim.board.rails.reset
        await asyncio.sleep(5.0)
        full = await plant.read()
        assert full.faults == ()
        assert full.chip_c is not None
        assert 5900 < (full.fan_rpm or 0) < 6100
        await plant.set_fan(0.5)
        await asyncio.sleep(5.0)
        half = await plant.read()
        assert 0.4 < (half.fan_rpm or 0) / (full.fan_rpm or 1) < 0.6
        least, most = row.limits.input_v or (0.0, 0.0)
        assert least < (half.input_v or 0) < most
        sim.ports["control"].write(plant.off_bytes())
        await asyncio.sleep(0.1)
        rails = sim.board.rails
        assert (rails.reset, rails.fan) == (True, 1.0)
        assert rails.core_v < (1.0 if plant.equipment.regulator is None else 0.1)
        await plant.off()

    on_simulator(f"{name}?format={answers_in}", test)


def test_what_breaks_is_named() -> None:
    async def opened(plant: BitaxePlant, sim: Simulated) -> None:
        await plant.prepare()
        await asyncio.sleep(1.0)
        reading = await plant.read()
        assert (reading.chip_c, reading.faults) == (None, ("chip diode: open",))

    async def stalled(plant: BitaxePlant, sim: Simulated) -> None:
        await plant.prepare()
        await asyncio.sleep(10.0)
        assert (await plant.read()).fan_rpm == 0.0

    async def dead(plant: BitaxePlant, sim: Simulated) -> None:
        with pytest.raises(DeviceError, match="no part answers at I2C address 24"):
            await plant.prepare()
        assert sim.board.rails.reset

    on_simulator("bitaxe-gamma?fault=sensor-open", opened)
    on_simulator("bitaxe-gamma?fault=fan-stall", stalled)
    on_simulator("bitaxe-gamma?fault=i2c-dead", dead)
