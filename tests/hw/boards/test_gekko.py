"""The plant of each stick, before pins and micros that are written here from GEK, and one on a fake USB bus."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError, InputError
from joulehash.hw.boards.gekko import STICKS, GekkoPlant
from joulehash.hw.limits import Reading
from joulehash.hw.plant import Plant
from joulehash.hw.ports.pipe import Cable
from joulehash.hw.ports.usb import UsbStick
from joulehash.hw.ports.usb_off import UsbOff, switch_off
from tests.support.usb_devices import FakeBus, FakeCp2105

V1, V20, V21, V3 = 0x10, 0x20, 0x21, 0x30
WARM = 137  # 60 °C


class Pins:
    """What was done, in order, with the time."""

    def __init__(self, levels: int = 0) -> None:
        self.levels = levels
        self.seen: list[tuple[float, int]] = []

    async def set_pins(self, mask: int, state: int) -> None:
        self.levels = self.levels & ~mask | state & mask
        self.seen.append((asyncio.get_running_loop().time(), self.levels))


class Micro:
    """The telemetry of an A1 or A2. `commands` is all that it was told, but for what asks for readings."""

    def __init__(self, pins: Pins, version: int = V20) -> None:
        self.pins, self.version = pins, version
        self.commands: list[bytes] = []
        self.steps, self.on, self.error = 0, False, 1.0
        self.temperature, self.tach = WARM, 100
        self.late_s = 0.01
        self.silent = b""  # letters that it does not answer
        self.latch_gates = True  # pins that hold the chips stop the regulator, too

    def hears(self, data: bytes) -> bytes:
        assert len(data) == 2
        letter, value = data[:1], data[1]
        if letter in self.silent:
            return b""
        match letter:
            case b"?":
                return bytes((self.version,))
            case b"M":
                return b"\xff"
            case b"G":
                volts = 2 * 0.005 * self.steps if self.powered else 0.0
                count = round(volts * self.error / 2.048 * 255)
                return bytes((53, 100, count, 50, self.temperature, 120, self.tach))
            case b"V":
                self.steps = value
            case b"B":
                self.on = value == ord("O")
            case _:
                pass
        self.commands.append(data)
        return b"+"

    @property
    def powered(self) -> bool:
        return self.on and not (self.latch_gates and self.pins.levels)


def in_stage(
    body: Callable[[Plant, Micro, Pins], Awaitable[None]], board: str = "compac-a1", version: int = V20
) -> None:
    async def main() -> None:
        pins = Pins()
        cable, micro = Cable("telemetry"), Micro(pins, version)

        async def serve() -> None:
            while True:
                data, baud = await cable.receive()
                asyncio.get_running_loop().call_later(micro.late_s, cable.send, micro.hears(data), baud)

        serving = asyncio.ensure_future(serve())
        await cable.host.open()
        plant: Plant = GekkoPlant(board, "a stick", pins, cable.host, rail_most_v=1.3)
        await body(plant, micro, pins)
        serving.cancel()

    run_virtual(main())


def test_preparing_an_a1_brings_it_to_off_before_anything_else() -> None:
    async def body(plant: Plant, micro: Micro, pins: Pins) -> None:
        pins.levels, micro.on = 0, True  # as somebody left it
        await plant.prepare()
        assert pins.seen[0] == (0.0, 0b111)
        assert (pins.levels, micro.on, micro.commands[-1]) == (0b111, False, b"V\x3c")  # 300 mV
        assert b"F\x64" in micro.commands

    in_stage(body)


def test_power_then_reset_and_the_voltage_is_read_back_when_the_pins_let_go() -> None:
    async def body(plant: Plant, micro: Micro, pins: Pins) -> None:
        await plant.prepare()
        await plant.hold_reset(True)
        await plant.set_rail(0.32)
        assert (micro.commands[-2:], micro.powered) == ([b"V\x40", b"BO"], False)
        await plant.hold_reset(False)
        assert (pins.levels, micro.powered) == (0, True)
        assert (await plant.read()).rail_v == pytest.approx(0.32, rel=0.02)
        await plant.set_rail(0.35)
        await plant.off()
        assert (pins.levels, micro.on) == (0b111, False)
        await plant.off()

    in_stage(body)


@pytest.mark.parametrize("gates", [False, True])
@pytest.mark.parametrize("error", [0.9, 1.1, 0.0])
def test_a_rail_that_is_not_what_was_set_holds_the_chips(error: float, gates: bool) -> None:
    async def body(plant: Plant, micro: Micro, pins: Pins) -> None:
        await plant.prepare()
        micro.error, micro.latch_gates = error, gates

        async def rise() -> None:
            await plant.set_rail(0.32)
            await plant.hold_reset(False)

        with pytest.raises(
            DeviceError, match=r"a stick: rail reads 0\.\d{3} V where 0\.320 V was set.*check the board"
        ):
            await rise()
        assert pins.levels == 0b111

    in_stage(body)


def test_an_a2_stacks_four_levels_in_a_chip() -> None:
    async def body(plant: Plant, micro: Micro, pins: Pins) -> None:
        await plant.prepare()
        assert micro.commands[-1] == b"V\x36"  # 270 mV
        await plant.set_rail(1.16)
        assert b"V\x3a" in micro.commands  # 290 mV
        await plant.hold_reset(False)
        assert (await plant.read()).rail_v == pytest.approx(1.16, rel=0.02)
        with pytest.raises(DeviceError, match=r"rail 1\.400 V: takes at most 1\.300 V"):
            await plant.set_rail(1.4)

    in_stage(body, "compac-a2")


def test_what_a_stick_does_not_take_is_refused() -> None:
    async def body(plant: Plant, micro: Micro, pins: Pins) -> None:
        await plant.prepare()
        with pytest.raises(DeviceError, match=r"core voltage 0\.600 V a level: takes 0–0\.5 V"):
            await plant.set_rail(0.6)

    in_stage(body)


# A reading of 53 100 127 50 137 120 100, which each version understands in its own way.
READINGS = {
    V1: Reading(chip_c=60.0, input_v=1.247, rail_v=0.51),
    V20: Reading(
        chip_c=60.0, input_v=5.108, input_a=16.06, input_w=82.0, rail_v=0.51, rail_a=8.03, rail_w=4.1, fan_rpm=3000.0
    ),
    V21: Reading(chip_c=60.0, board_c=46.3, input_v=5.108, input_a=2.51, input_w=12.8, rail_v=0.51, fan_rpm=3000.0),
    V3: Reading(
        chip_c=60.0, board_c=46.3, input_v=5.108, input_a=16.06, input_w=82.0, rail_v=0.51, rail_a=8.03, rail_w=4.1,
        fan_rpm=3000.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("version", READINGS)
def test_each_version_senses_what_it_does_and_in_its_units(version: int) -> None:
    async def body(plant: Plant, micro: Micro, pins: Pins) -> None:
        await plant.prepare()
        pins.levels, micro.on, micro.steps = 0, True, 102
        reading, expected = await plant.read(), READINGS[version]
        assert reading.faults == ()
        for name in Reading.__slots__:
            value, wanted = getattr(reading, name), getattr(expected, name)
            assert value == (wanted if wanted is None else pytest.approx(wanted, rel=0.01)), name

    in_stage(body, version=version)


def test_an_unknown_version_is_refused() -> None:
    async def body(plant: Plant, micro: Micro, pins: Pins) -> None:
        with pytest.raises(DeviceError, match="telemetry: telemetry of version 45; 10, 20, 21 and 3x are known"):
            await plant.prepare()
        assert pins.levels == 0b111

    in_stage(body, version=0x45)


def test_a_sensor_that_fails_is_named() -> None:
    async def body(plant: Plant, micro: Micro, pins: Pins) -> None:
        await plant.prepare()
        micro.temperature = 0
        reading = await plant.read()
        assert (reading.chip_c, reading.faults) == (None, ("temperature 1: no sensor answers",))
        micro.temperature = 255
        assert (await plant.read()).chip_c == 125.0

    in_stage(body)


def test_a_silent_micro_is_a_fault_of_the_reading_and_an_error_of_a_command() -> None:
    async def body(plant: Plant, micro: Micro, pins: Pins) -> None:
        await plant.prepare()
        micro.silent = b"G"
        assert await plant.read() == Reading(faults=("telemetry does not answer",))
        micro.silent = b"GV"
        with pytest.raises(DeviceError, match="does not answer"):
            await plant.set_rail(0.3)
        with pytest.raises(DeviceError, match="does not answer"):
            await plant.off()
        assert pins.levels == 0b111

    in_stage(body)


def test_a_micro_without_a_fan_is_no_fault() -> None:
    async def body(plant: Plant, micro: Micro, pins: Pins) -> None:
        micro.silent = b"F"
        await plant.prepare()
        await plant.set_fan(0.5)
        assert [command for command in micro.commands if command[:1] == b"F"] == []

    in_stage(body, version=V1)


def test_an_answer_that_comes_late_is_not_the_next_ones() -> None:
    async def body(plant: Plant, micro: Micro, pins: Pins) -> None:
        await plant.prepare()
        micro.late_s = 0.35
        assert (await plant.read()).faults == ("telemetry does not answer",)
        await asyncio.sleep(0.1)
        micro.late_s, micro.tach = 0.05, 50
        assert (await plant.read()).fan_rpm == 1500

    in_stage(body)


@pytest.mark.parametrize(("board", "low_s"), [("compac-f", 1.0), ("r909", 1.0), ("newpac", 0.03), ("r606", 0.03)])
def test_a_stick_with_nothing_but_a_reset(board: str, low_s: float) -> None:
    async def main() -> None:
        pins = Pins(0b10)
        plant = GekkoPlant(board, "a stick", pins)
        await plant.prepare()
        await plant.hold_reset(True)
        await plant.hold_reset(False)
        assert [levels for _, levels in pins.seen] == [0, 0, 0b10]
        assert pins.seen[2][0] - pins.seen[1][0] == pytest.approx(low_s)
        assert await plant.read() == Reading()
        await plant.set_rail(None)
        await plant.set_fan(1.0)
        with pytest.raises(DeviceError, match="a stick: has no voltage that can be set; leave volts out"):
            await plant.set_rail(1.4)
        await plant.off()
        assert pins.levels == 0

    run_virtual(main())


class Line:
    """The chips' line of a NewPac, with a micro or without."""

    def __init__(self, celsius: int | None) -> None:
        self.celsius = celsius
        self.heard: list[tuple[int, int, bytes]] = []

    async def aside(self, pin: int, baud: int, data: bytes, count: int, timeout_s: float) -> bytes:
        self.heard.append((pin, baud, data))
        return bytes((self.celsius,)) if self.celsius is not None and data == b"\x20" else b""


def test_a_newpac_with_a_micro_has_a_temperature_and_a_voltage() -> None:
    async def main() -> None:
        line = Line(41)
        plant = GekkoPlant("newpac", "a stick", Pins(), line=line)
        await plant.prepare()
        assert line.heard == [(1, 500_000, b"\x20"), (1, 500_000, b"\xe0\x00")]
        await plant.set_rail(0.4)
        assert line.heard[-1] == (1, 500_000, b"\xe0\x32")
        assert await plant.read() == Reading(chip_c=41.0)
        line.celsius = None
        assert await plant.read() == Reading(faults=("the micro does not answer",))
        with pytest.raises(DeviceError, match=r"core voltage 0\.900 V: takes 0\.300–0\.810 V"):
            await plant.set_rail(0.9)

    run_virtual(main())


def test_a_newpac_whose_micro_is_silent_has_none() -> None:
    async def main() -> None:
        plant = GekkoPlant("newpac", "a stick", Pins(), line=Line(None))
        await plant.prepare()
        assert await plant.read() == Reading()
        with pytest.raises(DeviceError, match="has no voltage"):
            await plant.set_rail(0.4)

    run_virtual(main())


@pytest.mark.parametrize("board", STICKS)
def test_the_telemetry_port_is_given_where_there_is_one(board: str) -> None:
    has = board in ("compac-a1", "compac-a2")
    with pytest.raises(InputError, match=f"{board} has {'a' if has else 'no'} telemetry port"):
        GekkoPlant(board, "a stick", Pins(), None if has else Cable("telemetry").host)


def test_an_a1_on_usb_and_what_the_guard_process_does_to_it() -> None:
    stick = FakeCp2105()
    micro = Micro(Pins())
    stick.on_pins = lambda pins: setattr(micro.pins, "levels", pins)
    stick.interfaces[1].hears = lambda data, baud: micro.hears(data)

    async def main() -> UsbOff:
        usb = UsbStick(stick.place, FakeBus(stick))
        chips, telemetry = usb.port(0), usb.port(1)
        await chips.open()
        await telemetry.open()
        plant = GekkoPlant("compac-a1", str(stick.place), usb, telemetry)
        await plant.prepare()
        await plant.set_rail(0.3)
        await plant.hold_reset(False)
        assert micro.powered
        assert (await plant.read()).rail_v == pytest.approx(0.3, rel=0.02)
        off = UsbOff.decode(plant.off_bytes())
        assert off == plant.off_action()
        micro.commands.clear()
        with pytest.raises(DeviceError, match="another program holds it"):  # the fan has to wait for the line,
            switch_off(stick.place, off, FakeBus(stick))
        assert not micro.powered  # the chips have not
        await chips.close()
        await telemetry.close()
        return off

    off = asyncio.run(main())
    stick.drive(0)
    switch_off(stick.place, off, FakeBus(stick))
    assert (micro.powered, micro.commands) == (False, [b"F\x64"])
    assert [side.driver for side in stick.interfaces] == ["cp210x", "cp210x"]
    assert (stick.opened, stick.wrongs) == (0, [])
    stick.unplug()
    with pytest.raises(DeviceError, match="is not there"):
        switch_off(stick.place, off, FakeBus(stick))
