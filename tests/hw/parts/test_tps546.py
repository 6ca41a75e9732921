"""TPS546: armed with limits, set, switched and read."""

from __future__ import annotations

import asyncio

import pytest

from joulehash.engine.errors import DeviceError, InputError
from joulehash.hw.boards.equipment import EQUIPMENT
from joulehash.hw.parts.pmbus import slinear11
from joulehash.hw.parts.tps546 import Settings, Tps546, words
from tests.support import i2c

GAMMA = EQUIPMENT["bitaxe-gamma"][0].regulator
GT = EQUIPMENT["bitaxe-gt"][0].regulator
HEX = EQUIPMENT["bitaxe-hex"][0].regulator


def test_the_other_lot_is_known() -> None:
    async def main() -> None:
        bus = i2c.FakeBus({0x24: i2c.Tps546()})
        bus.parts[0x24].write(0xAD, bytes.fromhex("06 54 49 54 6D 24 62"))
        await Tps546(bus).identify()

    asyncio.run(main())


def configured(settings: Settings | None, vout_mode: int = 0x97) -> i2c.Tps546:
    tps = i2c.Tps546(vout_mode)
    assert settings is not None
    asyncio.run(Tps546(i2c.FakeBus({0x24: tps})).configure(settings))
    return tps


def linear(tps: i2c.Tps546, register: int) -> float:
    return slinear11(int.from_bytes(tps.registers[register], "little"))


@pytest.mark.parametrize(
    ("settings", "vin", "oc", "vout", "scale"),
    [
        (GAMMA, (4.8, 4.5, 6.5), (25, 30), (1.0, 2.0), 0.25),
        (GT, (11.0, 10.5, 14.8), (50, 55), (1.0, 3.0), 0.25),
        (HEX, (11.5, 11.0, 14.8), (25, 30), (2.5, 4.5), 0.125),
    ],
)
def test_it_is_armed_with_the_limits_of_its_board(
    settings: Settings, vin: tuple[float, ...], oc: tuple[float, ...], vout: tuple[float, float], scale: float
) -> None:
    tps = configured(settings)
    assert tps.log[0] == (0x01, b"\x00")  # off before anything else
    assert all(abs(linear(tps, code) - value) <= 0.125 for code, value in zip((0x35, 0x36, 0x55), vin, strict=True))
    assert (linear(tps, 0x4A), linear(tps, 0x46)) == oc
    assert (linear(tps, 0x51), linear(tps, 0x4F), linear(tps, 0x29)) == (105, 145, scale)
    held = [int.from_bytes(tps.registers[code], "little") / 512 for code in (0x2B, 0x24, 0x21)]
    assert held == [vout[0], vout[1], vout[0]]
    assert [int.from_bytes(tps.registers[code], "little") for code in (0x40, 0x42, 0x43, 0x44)] == [640, 593, 460, 384]
    assert [tps.registers[code].hex() for code in (0x02, 0x47, 0x50, 0x56, 0xEE)] == ["1b", "c0", "ff", "b7", "ffff"]
    assert tps.log[-1] == (0x03, b"")  # faults cleared last
    assert not any(code in (0x11, 0x15) for code, _ in tps.log)  # never stored


def test_it_stacks_on_the_gt_only() -> None:
    tps = configured(GT)
    assert [tps.registers[code].hex() for code in (0x04, 0xEC, 0xE4, 0xB1)] == ["ff", "0100", "d0", "051234422104"]
    single = configured(GAMMA)
    assert [single.registers[code].hex() for code in (0x04, 0xEC, 0xE4)] == ["00", "0000", "10"]
    assert 0xB1 not in single.registers


@pytest.mark.parametrize(("vout_mode", "step"), [(0x97, 512), (0x17, 512), (0x94, 4096)])
def test_it_takes_the_exponent_that_it_reads(vout_mode: int, step: int) -> None:
    tps = configured(GAMMA, vout_mode)
    assert int.from_bytes(tps.registers[0x24], "little") == 2 * step
    assert (0x40 in tps.registers) == bool(vout_mode & 0x80)  # relative limits only where they are relative

    async def main() -> None:
        part = Tps546(i2c.FakeBus({0x24: tps}))
        await part.set_voltage(1.15)
        await part.on()
        assert int.from_bytes(tps.registers[0x21], "little") == int(1.15 * step)
        assert abs(await part.rail_v() - 1.15) < 1 / step

    asyncio.run(main())


@pytest.mark.parametrize("register", [0x01, 0x02, 0x46, 0x24, 0x4F, 0x55, 0x29, 0xE4])
def test_a_limit_that_is_not_taken_is_told(register: int) -> None:
    tps = i2c.Tps546()
    tps.registers |= {0x46: b"\x34\x00", 0x24: b"\x00\x05", 0x4F: b"\x96\x00", 0x55: b"\x15\x00", 0x29: b"\x00\xb2"}
    tps.stuck.add(register)
    assert GAMMA is not None
    with pytest.raises(DeviceError, match=f"TPS546 at 24: .*{register:02X} reads .* do not use the board"):
        asyncio.run(Tps546(i2c.FakeBus({0x24: tps})).configure(GAMMA))


def test_it_reads_and_complains() -> None:
    async def main() -> None:
        bus = i2c.FakeBus({0x24: i2c.Tps546()})
        part = Tps546(bus)
        assert (await part.input_v(), await part.rail_a(), await part.temperature_c()) == (5.25, 9.5625, 45.0)
        assert await part.troubles(on=False) == ()
        assert await part.troubles(on=True) == ("output is off",)
        bus.parts[0x24].write(0x79, b"\x14\x40")
        assert await part.troubles(on=False) == ("output overcurrent", "temperature fault or warning")
        bus.parts[0x24].write(0x20, b"\x40")
        with pytest.raises(DeviceError, match="VOUT_MODE reads 40, and is not linear; power-cycle the board"):
            await part.rail_v()
        bus.parts[0x24].write(0x20, b"\x10")
        with pytest.raises(InputError, match=r"fake board: 2\.0 V: ULINEAR16 takes 0–"):
            await part.set_voltage(2.0)

    asyncio.run(main())


def test_status_in_words() -> None:
    assert words(0x0000) == ()
    assert words(0x0840) == ("power not good", "output is off")
    assert words(0x4010) == ("output current fault or warning", "output overcurrent")
