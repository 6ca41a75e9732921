"""DS4432U: codes and volts, both ways."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from joulehash.engine.errors import InputError
from joulehash.hw.parts.ds4432u import LEAST_V, MOST_V, Ds4432u, code, volts
from tests.support import i2c


# By the fact sheet, computed apart: code = ceil(|0.6/3320 - (V-0.6)/4750| / 98.921e-6 * 127), and the sign below.
@pytest.mark.parametrize(("rail_v", "wanted"), [(1.2, 0xC6), (1.1, 0xE1), (1.3, 0xAB), (1.4, 0x90), (1.0, 0xFC)])
def test_codes(rail_v: float, wanted: int) -> None:
    assert code(rail_v) == wanted


@given(st.floats(LEAST_V, MOST_V))
def test_never_gives_more_than_asked_nor_much_less(rail_v: float) -> None:
    assert rail_v - 0.00371 < volts(code(rail_v)) <= rail_v + 1e-6


@given(st.integers(0, 255))
def test_codes_both_ways(raw: int) -> None:
    assume(raw != 0x80)  # minus nothing is nothing
    assert code(volts(raw)) == raw


@pytest.mark.parametrize("rail_v", [0.9, 0.046, 2.39, float("nan")])  # ESP's sum runs over: 0.9 V would be 1.37 V
def test_refuses_what_its_7_bits_cannot(rail_v: float) -> None:
    with pytest.raises(InputError, match=r"0\.99–1\.93 V"):
        code(rail_v)


def test_it_is_set() -> None:
    async def main() -> None:
        bus = i2c.FakeBus({0x48: i2c.ds4432u()})
        dac = Ds4432u(bus)
        await dac.set_voltage(1.2)
        assert 1.196 < await dac.set_v() <= 1.2
        await dac.set_lowest()
        assert bus.written == [(0x48, b"\xf8\xc6"), (0x48, b"\xf8\xff")]

    asyncio.run(main())
