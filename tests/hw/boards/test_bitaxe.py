"""The plant of each Bitaxe on fakes: prepared, powered, read, and made safe, whatever fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError, InputError
from joulehash.hw.boards.bitaxe import BitaxePlant
from joulehash.hw.boards.control import Control
from joulehash.hw.boards.equipment import EQUIPMENT
from joulehash.hw.parts.bus import NoAnswer
from joulehash.hw.plant import Plant
from joulehash.hw.wire.bitaxe_answers import Format
from joulehash.hw.wire.bitaxe_raw import Gpio, I2CWrite, Operation, Request, RequestDecoder
from tests.support import i2c
from tests.support.bitaxe_firmware import FakeFirmware

Parts = dict[int, i2c.Bytes | i2c.Blocks]
Test = Callable[[BitaxePlant, FakeFirmware], Awaitable[None]]

# Fact sheet, section 3: what is on which board. Ultra and Supra came with both kinds of supply.
WITH_DAC: Callable[[], Parts] = lambda: {0x4C: i2c.emc2101(), 0x48: i2c.ds4432u(), 0x40: i2c.ina260()}  # noqa: E731
WITH_TPS: Callable[[], Parts] = lambda: {0x4C: i2c.emc2101(), 0x24: i2c.Tps546()}  # noqa: E731
ON_BOARD: dict[str, Callable[[], Parts]] = {
    "bitaxe-max": WITH_DAC,
    "bitaxe-ultra": WITH_TPS,
    "bitaxe-supra": WITH_TPS,
    "bitaxe-gamma": WITH_TPS,
    "bitaxe-gt": lambda: {0x2E: i2c.emc2103(), 0x24: i2c.Tps546()},
    "bitaxe-hex": lambda: {
        0x2F: i2c.emc2302(),
        0x24: i2c.Tps546(),
        0x4A: i2c.tmp1075(0x2D00),
        0x4B: i2c.tmp1075(0x2E80),
    },
}
OTHER_W = {"bitaxe-gt": 10.0, "bitaxe-hex": 12.0}  # ESP-Miner's estimates
RAIL_V = {"bitaxe-max": 1.4, "bitaxe-supra": 1.166, "bitaxe-gamma": 1.15, "bitaxe-gt": 1.15, "bitaxe-hex": 3.6}
switched = pytest.mark.parametrize("name", [name for name in ON_BOARD if name != "bitaxe-max"])


def on_board(name: str, test: Test, parts: Parts | None = None, answers_in: Format = Format.V0) -> None:
    async def main() -> None:
        firmware = FakeFirmware(i2c.FakeBus(ON_BOARD[name]() if parts is None else parts), answers_in)
        serving = asyncio.create_task(firmware.serve())
        await firmware.cable.host.open()
        await test(BitaxePlant(Control(firmware.cable.host), EQUIPMENT[name], 3.9), firmware)
        await firmware.cable.host.close()
        serving.cancel()

    run_virtual(main())


def regulator(firmware: FakeFirmware) -> i2c.Tps546:
    part = firmware.bus.parts[0x24]
    assert isinstance(part, i2c.Tps546)
    return part


def fans(firmware: FakeFirmware) -> list[int]:
    """Of full speed, by the registers of whichever controller there is."""
    for address, registers, full in ((0x4C, (0x4C,), 63), (0x2E, (0x40,), 255), (0x2F, (0x30, 0x40), 255)):
        if address in firmware.bus.parts:
            return [100 * firmware.bus.at(address).read(register, 1)[0] // full for register in registers]
    raise AssertionError("no fan")


def is_safe(firmware: FakeFirmware) -> bool:
    off = regulator(firmware).registers[0x01] == b"\x00" if 0x24 in firmware.bus.parts else True
    lowest = firmware.bus.at(0x48).read(0xF8, 1) == b"\xff" if 0x48 in firmware.bus.parts else True
    return firmware.pins == {0: False} and off and lowest and set(fans(firmware)) == {100}


@pytest.mark.parametrize("name", list(ON_BOARD))
@pytest.mark.parametrize("answers_in", list(Format))
def test_a_board_is_brought_to_off_before_anything_is_asked(name: str, answers_in: Format) -> None:
    async def test(plant: Plant, firmware: FakeFirmware) -> None:
        await plant.prepare()
        assert is_safe(firmware)
        first = [operation for operation in firmware.served if operation != Gpio(0)][:2]
        assert first[0] == Gpio(0, level=False)
        assert first[1] in (I2CWrite(0x24, b"\x01\x00"), I2CWrite(0x48, b"\xf8\xff"))
        await plant.prepare()  # as often as wanted
        assert is_safe(firmware)

    on_board(name, test, answers_in=answers_in)


@switched
def test_the_rail_rises_is_read_back_and_falls(name: str) -> None:
    volts = RAIL_V.get(name, 1.2)

    async def test(plant: Plant, firmware: FakeFirmware) -> None:
        await plant.prepare()
        regulator(firmware).slow = 5
        await plant.set_rail(volts)
        reading = await plant.read()
        assert volts - 0.002 < (reading.rail_v or 0) <= volts
        assert reading.rail_w == (reading.rail_v or 0) * 9.5625
        assert (reading.input_v, reading.vr_c, reading.input_w) == (5.25, 45.0, None)
        assert reading.other_w == OTHER_W.get(name, 5.0)
        await plant.set_rail(volts * 1.02)
        assert firmware.pins == {0: False}  # power does not release the reset
        await plant.hold_reset(False)
        assert firmware.pins == {0: True}
        await plant.set_rail(None)
        assert (await plant.read()).rail_v == 0.0
        await plant.off()
        assert is_safe(firmware)

    on_board(name, test)


def test_what_each_board_feels() -> None:
    felt: dict[str, tuple[float | None, ...]] = {}

    def ask(name: str) -> Test:
        async def test(plant: BitaxePlant, firmware: FakeFirmware) -> None:
            await plant.prepare()
            reading = await plant.read()
            faults = tuple(fault for fault in reading.faults if fault != "regulator: output is off")
            assert faults == ()
            felt[name] = reading.chip_c, reading.board_c, round(reading.fan_rpm or 0, -1)
            felt[name] += reading.input_v, reading.input_a, reading.input_w

        return test

    for name in ON_BOARD:
        on_board(name, ask(name))
    one = (42.625, 31.0, 4500, 5.25, None, None)
    assert felt == {
        "bitaxe-max": (42.625, 31.0, 4500, 5.1, 2.5, 12.75),
        "bitaxe-ultra": one,
        "bitaxe-supra": one,
        "bitaxe-gamma": one,
        "bitaxe-gt": (53.25, 30.0, 3000, 5.25, None, None),
        "bitaxe-hex": (56.5, 46.5, 6000, 5.25, None, None),  # 10 degrees more than the board; one fan of two fitted
    }


@pytest.mark.parametrize(
    ("name", "title"), [("bitaxe-ultra", "Ultra 0.11, 201–205"), ("bitaxe-supra", "Supra 400, 401")]
)
def test_an_early_board_is_told_from_a_late_one(name: str, title: str) -> None:
    async def test(plant: BitaxePlant, firmware: FakeFirmware) -> None:
        await plant.prepare()
        assert plant.equipment.title == title
        assert is_safe(firmware)
        await plant.set_rail(1.2)
        assert firmware.bus.at(0x48).read(0xF8, 1) == b"\xc6"
        reading = await plant.read()
        assert (reading.chip_c, reading.board_c) == (36.0, 31.0)  # no diode; ESP adds 5 degrees
        assert (reading.rail_v, reading.rail_w, reading.vr_c) == (None, None, None)  # nothing measures them
        assert (reading.watts, reading.other_w) == (12.75, 0.0)
        with pytest.raises(InputError, match=r"0\.99–1\.93 V"):
            await plant.set_rail(0.9)
        await plant.set_rail(None)
        assert is_safe(firmware)

    on_board(name, test, WITH_DAC())


def test_gamma_has_its_own_diode() -> None:
    async def test(plant: BitaxePlant, firmware: FakeFirmware) -> None:
        await plant.prepare()
        assert firmware.bus.at(0x4C).read(0x17, 2) == b"\x24\x00"

    on_board("bitaxe-gamma", test)


def test_no_voltage_above_a_ceiling() -> None:
    async def test(plant: BitaxePlant, firmware: FakeFirmware) -> None:
        await plant.prepare()
        written = len(firmware.bus.written)
        with pytest.raises(InputError, match=r"rail 4 V: fake board takes at most 3\.9 V"):
            await plant.set_rail(4.0)
        for volts in (2.1, 0.9, 0.0, -1.0, float("nan")):
            with pytest.raises(InputError, match="the regulator of fake board is set to 1–2 V"):
                await plant.set_rail(volts)
        assert len(firmware.bus.written) == written

    on_board("bitaxe-gamma", test)


@pytest.mark.parametrize("gain", [0.9, 1.1])
def test_a_rail_that_is_off_by_10_percent_is_turned_off(gain: float) -> None:
    async def test(plant: BitaxePlant, firmware: FakeFirmware) -> None:
        await plant.prepare()
        regulator(firmware).gain = gain
        regulator(firmware).registers[0x79] = b"\x10\x40"
        with pytest.raises(DeviceError, match=r"rail \d\.\d+ V after 1\.150 V was asked for \(output overcurrent\)"):
            await plant.set_rail(1.15)
        assert is_safe(firmware)
        regulator(firmware).gain = 1.04
        await plant.set_rail(1.15)

    on_board("bitaxe-gamma", test)


@pytest.mark.parametrize("name", list(ON_BOARD))
def test_every_part_must_answer(name: str) -> None:
    for address in ON_BOARD[name]():

        async def test(plant: BitaxePlant, firmware: FakeFirmware, address: int = address) -> None:
            firmware.bus.silent.add(address)
            with pytest.raises(NoAnswer, match="no part answers at I2C address"):
                await plant.prepare()
            assert firmware.pins == {0: False}

        on_board(name, test)


def test_another_board_than_the_one_named_is_refused() -> None:
    async def test(plant: BitaxePlant, firmware: FakeFirmware) -> None:
        with pytest.raises(DeviceError, match="is it the board that was named"):
            await plant.prepare()

    on_board("bitaxe-gamma", test, ON_BOARD["bitaxe-hex"]())
    on_board("bitaxe-hex", test, ON_BOARD["bitaxe-gamma"]())


def test_a_reset_pin_that_does_not_move_is_told() -> None:
    async def test(plant: BitaxePlant, firmware: FakeFirmware) -> None:
        firmware.stuck.add(0)
        with pytest.raises(DeviceError, match="the reset pin stays high"):
            await plant.prepare()

    on_board("bitaxe-gamma", test)


def test_sensors_that_fail_are_named_and_give_nothing() -> None:
    async def test(plant: BitaxePlant, firmware: FakeFirmware) -> None:
        await plant.prepare()
        await plant.set_rail(1.15)
        regulator(firmware).registers[0x79] = b"\x00\x00"
        assert (await plant.read()).faults == ()
        emc = firmware.bus.at(0x4C)
        emc.write(0x01, b"\x7f")
        emc.write(0x10, b"\xe0")
        emc.write(0x00, b"\x80")
        emc.write(0x46, b"\x00\x00")
        regulator(firmware).registers[0x79] = b"\x48\x00"
        reading = await plant.read()
        assert reading.faults == (
            "board sensor: -128 °C is out of range",
            "chip diode: short",
            "fan tachometer: reads nothing",
            "regulator: output is off",
            "regulator: input undervoltage",
        )
        assert (reading.chip_c, reading.board_c, reading.fan_rpm) == (None, None, None)
        firmware.bus.silent.add(0x24)
        reading = await plant.read()
        assert (reading.rail_v, reading.rail_w, reading.vr_c) == (None, None, None)
        assert "regulator status: does not answer" in reading.faults
        firmware.bus.silent.add(0x4C)
        with pytest.raises(DeviceError, match="no part answers on I2C") as caught:
            await plant.read()
        assert not isinstance(caught.value, NoAnswer)

    on_board("bitaxe-gamma", test)


def test_a_fan_that_turned_and_stands_is_seen() -> None:
    async def test(plant: BitaxePlant, firmware: FakeFirmware) -> None:
        await plant.prepare()
        assert round((await plant.read()).fan_rpm or 0, -1) == 6000
        firmware.bus.at(0x2F).write(0x4E, b"\x0a\x00")  # the other one, faster
        assert round((await plant.read()).fan_rpm or 0, -1) == 6000
        firmware.bus.at(0x2F).write(0x3E, b"\xff\xf8")
        assert (await plant.read()).fan_rpm == 0.0

    on_board("bitaxe-hex", test)


@pytest.mark.parametrize("silent", [0x4C, 0x24])
def test_off_does_what_it_can(silent: int) -> None:
    async def test(plant: BitaxePlant, firmware: FakeFirmware) -> None:
        await plant.prepare()
        await plant.set_rail(1.15)
        await plant.hold_reset(False)
        await plant.set_fan(0.3)
        firmware.bus.silent.add(silent)
        with pytest.raises(NoAnswer, match=f"I2C address {silent:02X}"):
            await plant.off()
        assert firmware.pins == {0: False}
        firmware.bus.silent.clear()
        assert (fans(firmware) == [100]) == (silent == 0x24)
        assert (regulator(firmware).registers[0x01] == b"\x00") == (silent == 0x4C)
        await plant.off()
        assert is_safe(firmware)

    on_board("bitaxe-gamma", test)


@pytest.mark.parametrize("name", list(ON_BOARD))
def test_off_works_before_anything_is_known(name: str) -> None:
    async def test(plant: BitaxePlant, firmware: FakeFirmware) -> None:
        await plant.off()
        assert is_safe(firmware)

    on_board(name, test)


@pytest.mark.parametrize("name", list(ON_BOARD))
@pytest.mark.parametrize("prepared", [False, True])
def test_the_guards_bytes_make_it_safe_in_one_write(name: str, prepared: bool) -> None:
    async def test(plant: BitaxePlant, firmware: FakeFirmware) -> None:
        if prepared:
            await plant.prepare()
            await plant.set_rail(RAIL_V.get(name, 1.2))
        await plant.hold_reset(False)
        assert not is_safe(firmware)
        firmware.cable.host.write(plant.off_bytes())
        await asyncio.sleep(0.001)
        assert is_safe(firmware)
        begun = asyncio.get_running_loop().time()
        await plant.off()  # as Board does, at once: what was not taken of the bytes is in nobody's way
        assert asyncio.get_running_loop().time() - begun < 0.1

    on_board(name, test)


def test_the_guards_bytes_of_a_gamma() -> None:
    plant = BitaxePlant(Control(FakeFirmware(i2c.FakeBus({})).cable.host), EQUIPMENT["bitaxe-gamma"], 1.25)
    once = bytes.fromhex("0700FE00060000 0900FE000520240100 0900FE0005204C4A23 0900FE0005204C4C3F")
    raw = plant.off_bytes()
    assert raw == once * (len(raw) // len(once))
    wanted: list[Operation] = [
        Gpio(0, level=False),
        I2CWrite(0x24, b"\x01\x00"),
        I2CWrite(0x4C, b"\x4a\x23"),
        I2CWrite(0x4C, b"\x4c\x3f"),
    ]
    heard = RequestDecoder().feed(raw)  # which takes one request from a USB packet, as the firmware does
    assert heard[:4] == [Request(0xFE, operation) for operation in wanted]
    apart = RequestDecoder()
    assert [apart.feed(raw[a:b]) for a, b in ((0, 7), (7, 16), (16, 25), (25, 34))] == [[one] for one in heard[:4]]


def test_off_of_an_unplugged_board_fails_at_once() -> None:
    async def test(plant: BitaxePlant, firmware: FakeFirmware) -> None:
        await plant.prepare()
        firmware.cable.unplug()
        with pytest.raises(DeviceError, match="was unplugged"):
            await plant.off()
        with pytest.raises(DeviceError, match="was unplugged"):
            await plant.read()

    on_board("bitaxe-gamma", test)
