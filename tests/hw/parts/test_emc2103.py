"""EMC2103: its figures, and what it is told."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from joulehash.hw.parts.bus import Fault
from joulehash.hw.parts.emc2103 import Emc2103, external, rpm
from tests.support import i2c

byte = st.integers(0, 255)


@given(byte, byte)
def test_a_faulty_diode_is_never_a_temperature(high: int, low: int) -> None:
    value = external(high, low)
    assert isinstance(value, Fault) == ((high, low) == (0x80, 0))
    assert isinstance(value, Fault) or value == (high ^ 0x80) - 0x80 + (low >> 5) / 8


def test_its_tachometer() -> None:
    assert rpm(2621 >> 5, (2621 & 0x1F) << 3) == 7_864_320 / 2621
    assert rpm(0xFF, 0xF8) == 0.0  # ESP would say 960
    assert rpm(0, 7) is None


def test_it_is_set_up_driven_and_read() -> None:
    async def main() -> None:
        bus = i2c.FakeBus({0x2E: i2c.emc2103()})
        emc = Emc2103(bus)
        await emc.identify()
        await emc.configure(ideality=0x12, beta=0x07)
        await emc.set_fan(1.0)
        expected = "20 00, 2A 00, 11 12, 12 12, 14 07, 15 07, 40 FF"
        assert bus.written == [(0x2E, bytes.fromhex(write)) for write in expected.split(",")]
        assert (await emc.external_c(0), await emc.external_c(1), await emc.internal_c()) == (51.5, 53.25, 30.0)
        assert round(await emc.fan_rpm() or 0, -1) == 3000

    asyncio.run(main())
