"""Whole boards by hand-made bytes, on virtual time: what a driver would do, without one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError
from joulehash.hw.ports.port import Port
from joulehash.hw.sim.run import Simulated
from joulehash.hw.sim.table import simulated

READ_ID = "55AA520500000A"  # GPT, command.rs
GAMMA_ID_9, GAMMA_ID_11 = "aa5513700000000006", "aa55137000000000000010"  # MUJ, crc.rs and protocol.rs


class Bench:
    """A simulated board and its ports, open."""

    def __init__(self, made: Simulated) -> None:
        self.made, self.ports = made, made.ports

    async def i2c(self, address: int, text: str, read: int = 0) -> str:
        """Written as V0 has it; the data of the answer."""
        data = bytes.fromhex(text)
        command, tail = (0x40, bytes((read,))) if read else (0x20, b"")
        body = bytes((7, 0, 5, command, address)) + data + tail
        return await self.control((len(body) + 2).to_bytes(2, "little") + body)

    async def control(self, request: bytes) -> str:
        answer = await talk(self.ports["control"], request)
        assert answer[2] == request[2]
        assert answer[0] == len(answer) - 3, answer.hex()
        return answer[3:].hex()

    async def gpio(self, pin: int, level: int) -> None:
        assert await self.control(bytes((7, 0, 9, 0, 6, pin, level))) == f"{level:02x}"

    async def power(self) -> None:
        """VOUT_MAX 2 V, by OPERATION, 1.15 V, on; then reset let go."""
        for text in ("24 00 04", "02 1A", "21 4D 02", "01 80"):
            await self.i2c(0x24, text)
        await asyncio.sleep(0.1)
        await self.gpio(0, 1)
        await asyncio.sleep(0.2)

    async def chips(self, text: str) -> str:
        return (await talk(self.ports["chips"], bytes.fromhex(text))).hex()


async def talk(port: Port, data: bytes) -> bytes:
    """What comes until 50 ms of silence."""
    port.write(data)
    heard = b""
    while True:
        try:
            async with asyncio.timeout(0.05):
                heard += await port.read()
        except TimeoutError:
            return heard


def on(text: str, course: Callable[[Bench], Awaitable[None]]) -> None:
    async def run() -> None:
        made = simulated(text)
        async with made.running():
            for port in made.ports.values():
                await port.open()
            await course(Bench(made))

    run_virtual(run())


def test_a_gamma_from_power_up_to_off() -> None:
    async def course(bench: Bench) -> None:
        assert await bench.i2c(0x24, "AD", 7) == "065449546d2441"
        assert await bench.i2c(0x24, "20", 1) == "97"
        assert await bench.i2c(0x24, "8B", 2) == "0000"
        assert await bench.i2c(0x4C, "FE", 1) == "5d"
        assert await bench.chips(READ_ID) == ""  # in reset, without power
        await bench.i2c(0x4C, "4A 23")
        await bench.i2c(0x4C, "4C 3F")
        await bench.i2c(0x4C, "03 04")
        await bench.power()
        assert await bench.i2c(0x24, "8B", 2) == "4d02"
        assert await bench.chips(READ_ID) == GAMMA_ID_9
        bench.ports["chips"].write(bytes.fromhex("55AA510900A49000FFFF1C"))
        assert await bench.chips(READ_ID) == GAMMA_ID_11
        whole, eighths = await bench.i2c(0x4C, "01", 1), await bench.i2c(0x4C, "10", 1)
        assert 24 < int(whole, 16) + int(eighths, 16) / 256 < 60
        await asyncio.sleep(5)
        low, high = await bench.i2c(0x4C, "46", 1), await bench.i2c(0x4C, "47", 1)
        assert 5400000 / int(high + low, 16) == pytest.approx(bench.made.board.world.fan_rpm, rel=0.01)
        await bench.i2c(0x24, "01 00")
        await asyncio.sleep(0.02)
        assert bench.made.board.rails.core_v == 0.0
        assert await bench.i2c(0x24, "8B", 2) == "0000"
        assert await bench.chips(READ_ID) == ""

    on("bitaxe-gamma", course)


def test_reset_silences_the_chip_and_the_rail_stays() -> None:
    async def course(bench: Bench) -> None:
        await bench.power()
        assert await bench.chips(READ_ID) != ""
        await bench.gpio(0, 0)
        assert await bench.chips(READ_ID) == ""
        assert bench.made.board.rails.core_v == pytest.approx(1.15, abs=0.002)

    on("bitaxe-gamma", course)


@pytest.mark.parametrize(
    ("fault", "register", "expected"),
    [("sensor-open", "01", "7f"), ("fan-stall", "46", "ff")],
)
def test_faults_show_in_the_parts(fault: str, register: str, expected: str) -> None:
    async def course(bench: Bench) -> None:
        await bench.i2c(0x4C, "4C 3F")
        await bench.i2c(0x4C, "03 04")
        await asyncio.sleep(5)
        assert await bench.i2c(0x4C, register, 1) == expected

    on(f"bitaxe-gamma?fault={fault}", course)


def test_a_dead_bus_times_out() -> None:
    async def course(bench: Bench) -> None:
        request = bytes.fromhex("09 00 02 00 05 40 4C FE 01")
        assert (await talk(bench.ports["control"], request)).hex() == "04000210"

    on("bitaxe-gamma?fault=i2c-dead", course)


def test_a_frozen_sensor_does_not_move_and_a_live_one_does() -> None:
    async def course(bench: Bench) -> None:
        await bench.power()
        seen: set[str] = set()
        for _ in range(10):
            await asyncio.sleep(1)
            seen.add(await bench.i2c(0x4C, "01", 1) + await bench.i2c(0x4C, "10", 1))
        assert (len(seen) == 1) == (bench.made.board.world.faults.sensor_frozen)

    on("bitaxe-gamma?fault=sensor-frozen", course)
    on("bitaxe-gamma", course)


def test_a_slow_rail_is_read_as_it_is() -> None:
    async def course(bench: Bench) -> None:
        await bench.power()
        assert 0 < int.from_bytes(bytes.fromhex(await bench.i2c(0x24, "8B", 2)), "little") / 512 < 0.5
        await asyncio.sleep(3)
        assert await bench.i2c(0x24, "8B", 2) == "4d02"
        assert await bench.i2c(0x24, "7A", 1) == "00"  # no undervoltage: it had not come up

    on("bitaxe-gamma?fault=slow-start:2", course)


def test_an_old_bitaxe_has_its_voltage_at_once_and_its_input_is_metered() -> None:
    async def course(bench: Bench) -> None:
        await asyncio.sleep(0.1)
        assert bench.made.board.rails.core_v == pytest.approx(1.458, abs=0.001)
        await bench.i2c(0x48, "F8 FF")
        await asyncio.sleep(0.1)
        assert bench.made.board.rails.core_v == pytest.approx(0.989, abs=0.001)
        volts = int(await bench.i2c(0x40, "02", 2), 16) * 1.25e-3
        assert volts == pytest.approx(5.0, abs=0.1)

    on("bitaxe-ultra", course)


def test_a_hex_has_three_domains_in_series() -> None:
    async def course(bench: Bench) -> None:
        for text in ("24 00 09", "02 1A", "21 33 07", "01 80"):  # at most 4.5 V, 3.6 V
            await bench.i2c(0x24, text)
        await asyncio.sleep(0.1)
        board = bench.made.board
        assert board.rails.core_v == pytest.approx(3.6, abs=0.002)
        assert board.world.volts == pytest.approx(1.2, abs=0.001)
        assert int(await bench.i2c(0x4A, "00", 2), 16) / 256 == pytest.approx(25, abs=2)
        await bench.gpio(0, 1)
        await asyncio.sleep(0.1)
        assert (await bench.chips(READ_ID)).count("aa551366") == 6

    on("bitaxe-hex", course)


@pytest.mark.parametrize("answers_in", ["bonanza", "v0"])
def test_closing_a_bonanza_makes_it_safe_and_others_go_on(answers_in: str) -> None:
    async def course(bench: Bench) -> None:
        port = bench.ports["control"]
        for pin in (1, 4):
            await talk(port, bytes((7, 0, 1, 0, 6, pin, 1)))
        for text in ("24 00 04", "02 1A", "21 4D 02", "01 80"):
            data = bytes.fromhex(text)
            await talk(port, bytes((7 + len(data), 0, 2, 0, 5, 0x20, 0x24)) + data)
        await talk(port, bytes((7, 0, 1, 0, 6, 0, 1)))
        before = bench.made.board.rails
        assert before.core_v == pytest.approx(1.15, abs=0.002)
        assert not before.reset
        await port.close()
        await asyncio.sleep(0.05)
        after = bench.made.board.rails
        safe = (after.core_v, after.reset, after.fan) == (0.0, True, 1.0)
        assert safe == (answers_in == "bonanza")

    on(f"bitaxe-gamma?format={answers_in}", course)


def test_unplugged_sticks_lose_their_power_and_bitaxes_go_on() -> None:
    async def course(bench: Bench) -> None:
        board = bench.made.board
        if "control" in bench.ports:
            await bench.power()
        await asyncio.sleep(2)
        assert (board.rails.core_v > 0) == ("control" in bench.ports)
        for port in bench.ports.values():
            with pytest.raises(DeviceError, match="unplugged"):
                await port.read()
        await asyncio.sleep(2)
        assert board.rails.core_v > 0
        await bench.ports["chips"].open()
        assert await bench.chips(READ_ID) != ""

    on("bitaxe-gamma?fault=unplug:1+2", course)
    on("compac-f?fault=unplug:1+2", course)


def test_pins_reset_a_stick() -> None:
    async def course(bench: Bench) -> None:
        await asyncio.sleep(0.1)
        assert await bench.chips(READ_ID) == "aa5513971800000006"
        await bench.made.set_pins(0b10, 0)
        assert await bench.chips(READ_ID) == ""
        await bench.made.set_pins(0b10, 0b10)
        await asyncio.sleep(0.1)
        assert await bench.chips(READ_ID) != ""

    on("compac-f", course)


def test_a_bitaxe_has_no_pins_of_usb() -> None:
    async def course(bench: Bench) -> None:
        with pytest.raises(DeviceError, match="no pins"):
            await bench.made.set_pins(1, 1)

    on("bitaxe-gamma", course)
