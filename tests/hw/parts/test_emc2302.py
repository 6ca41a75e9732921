"""EMC2302: its figures, and what it is told."""

from __future__ import annotations

import asyncio

from joulehash.hw.parts.emc2302 import Emc2302, rpm
from tests.support import i2c


def test_its_tachometers() -> None:
    assert rpm(655 >> 5, (655 & 0x1F) << 3) == 3_932_160 / 655
    assert rpm(0xFF, 0x00) == 0.0
    assert rpm(0, 0) is None


def test_it_is_set_up_driven_and_read() -> None:
    async def main() -> None:
        bus = i2c.FakeBus({0x2F: i2c.emc2302()})
        emc = Emc2302(bus)
        await emc.identify()
        await emc.configure()
        await emc.set_fan(0.5)
        expected = "32 0B, 42 0B, 30 80, 40 80"  # range and closed loop cleared, pulses a turn kept
        assert bus.written == [(0x2F, bytes.fromhex(write)) for write in expected.split(",")]
        assert (round(await emc.fan_rpm(0) or 0, -1), await emc.fan_rpm(1)) == (6000.0, 0.0)

    asyncio.run(main())
