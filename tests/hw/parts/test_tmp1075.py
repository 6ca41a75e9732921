"""TMP1075: its figures."""

from __future__ import annotations

import asyncio

from joulehash.hw.parts.tmp1075 import Tmp1075, celsius
from tests.support import i2c


def test_figures() -> None:
    assert [celsius(raw) for raw in (0x3210, 0x0010, 0xFFF0, 0x800F)] == [50.0625, 0.0625, -0.0625, -128.0]


def test_it_is_read() -> None:
    bus = i2c.FakeBus({0x4A: i2c.tmp1075(0x2D00), 0x4B: i2c.tmp1075(0x2E80)})
    assert [asyncio.run(Tmp1075(bus, address).board_c()) for address in (0x4A, 0x4B)] == [45.0, 46.5]
