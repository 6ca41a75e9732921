"""EMC2101: its figures, and what it is told."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.hw.parts.bus import Fault
from joulehash.hw.parts.emc2101 import Emc2101, external, internal, rpm
from tests.support import i2c

byte = st.integers(0, 255)


@pytest.mark.parametrize(
    ("high", "low", "celsius"),
    [
        (42, 0xA0, 42.625),
        (0, 0x20, 0.125),
        (0xFF, 0xE0, -0.125),
        (0x80, 0x00, -128.0),
        (126, 0xE0, 126.875),
        (0x7F, 0x00, Fault.OPEN),
        (0x7F, 0xE0, Fault.SHORT),
    ],
)
def test_emc2101_diode(high: int, low: int, celsius: float | Fault) -> None:
    assert external(high, low) == celsius


@given(byte, byte)
def test_a_faulty_diode_is_never_a_temperature(high: int, low: int) -> None:
    value = external(high, low)
    assert isinstance(value, Fault) == ((high, low >> 5) in ((0x7F, 0), (0x7F, 7)))
    assert isinstance(value, Fault) or value == (high ^ 0x80) - 0x80 + (low >> 5) / 8


def test_the_controllers_own_temperature_has_a_sign() -> None:
    assert [internal(raw) for raw in (0, 31, 127, 128, 255)] == [0.0, 31.0, 127.0, -128.0, -1.0]


def test_its_tachometer() -> None:
    assert [rpm(count) for count in (1200, 0xFFFF, 0)] == [4500.0, 0.0, None]  # ESP: 82 rpm means none


def test_it_is_set_up_driven_and_read() -> None:
    async def main() -> None:
        bus = i2c.FakeBus({0x4C: i2c.emc2101()})
        emc = Emc2101(bus)
        await emc.identify()
        await emc.configure(ideality=0x24, beta=0x00)
        await emc.set_fan(1.0)
        await emc.set_fan(0.5)
        expected = "03 04, 4A 23, 17 24, 18 00, 4C 3F, 4C 20"
        assert bus.written == [(0x4C, bytes.fromhex(write)) for write in expected.split(",")]
        assert (await emc.internal_c(), await emc.external_c(), await emc.fan_rpm()) == (31.0, 42.625, 4500.0)
        registers = bus.parts[0x4C]
        registers.write(0x01, b"\x7f")
        registers.write(0x10, b"\x00")
        assert await emc.external_c() is Fault.OPEN

    asyncio.run(main())
