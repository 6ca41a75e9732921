"""INA260: its figures."""

from __future__ import annotations

import asyncio

import pytest

from joulehash.engine.errors import DeviceError
from joulehash.hw.parts.ina260 import Ina260, amperes, volts, watts
from tests.support import i2c


def test_figures() -> None:
    assert (amperes(2000), amperes(0xFFFF), volts(4080), watts(1275)) == (2.5, -0.00125, 5.1, 12.75)


def test_it_is_known_and_read() -> None:
    async def main() -> None:
        bus = i2c.FakeBus({0x40: i2c.ina260()})
        ina = Ina260(bus)
        await ina.identify()
        assert (await ina.input_v(), await ina.input_a(), await ina.input_w()) == (5.1, 2.5, 12.75)
        bus.parts[0x40].write(0xFE, b"\x00\x00")
        with pytest.raises(DeviceError, match="fake board: INA260 at 40: identity FE reads 0000, not 5449"):
            await ina.identify()

    asyncio.run(main())
