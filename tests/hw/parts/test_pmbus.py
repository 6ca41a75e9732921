"""Numbers of PMBus: their definition, and both ways."""

from __future__ import annotations

from math import isclose, ldexp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.hw.parts.pmbus import exponent_of, slinear11, to_slinear11, to_ulinear16, ulinear16


@given(st.integers(-1024, 1023), st.integers(-16, 15))
def test_slinear11_is_its_definition(mantissa: int, exponent: int) -> None:
    raw = (exponent & 0x1F) << 11 | mantissa & 0x7FF
    assert slinear11(raw) == mantissa * 2.0**exponent
    assert to_slinear11(slinear11(raw), exponent) == raw
    assert slinear11(to_slinear11(slinear11(raw))) == slinear11(raw)


@given(st.floats(0.02, 1e6))
def test_slinear11_is_finer_than_a_thousandth(value: float) -> None:
    assert isclose(slinear11(to_slinear11(value)), value, rel_tol=1 / 1022)
    assert isclose(slinear11(to_slinear11(-value)), -value, rel_tol=1 / 1022)


@pytest.mark.parametrize(
    ("raw", "value"),
    [(0xF81F, 15.5), (0x07FF, -1.0), (0xD264, 9.5625), (0x002D, 45.0), (0x7BFF, 1023 * 2.0**15)],
)
def test_slinear11_by_hand(raw: int, value: float) -> None:
    assert slinear11(raw) == value


def test_slinear11_refuses_what_does_not_fit() -> None:
    for value, exponent in ((1e9, None), (1024.0, 0), (-1025.0, 0)):
        with pytest.raises(ValueError, match="11 bits"):
            to_slinear11(value, exponent)


@given(st.integers(0, 0xFFFF), st.integers(-16, 15))
def test_ulinear16_both_ways(raw: int, exponent: int) -> None:
    assert ulinear16(raw, exponent) == ldexp(raw, exponent)
    assert to_ulinear16(ulinear16(raw, exponent), exponent) == raw


@given(st.floats(0, 5), st.integers(-13, -8))
def test_ulinear16_is_never_more_than_asked(volts: float, exponent: int) -> None:
    got = ulinear16(to_ulinear16(volts, exponent), exponent)
    assert volts - 2.0**exponent < got <= volts + 1e-9


@pytest.mark.parametrize("bad", [-0.1, 128.1])
def test_ulinear16_refuses_what_does_not_fit(bad: float) -> None:
    with pytest.raises(ValueError, match=r"0–127\.998 V at exponent -9"):
        to_ulinear16(bad, -9)


@pytest.mark.parametrize(
    ("mode", "exponent"), [(0x17, -9), (0x97, -9), (0x16, -10), (0x14, -12), (0x00, 0), (0x1F, -1)]
)
def test_the_exponent_is_read_from_vout_mode(mode: int, exponent: int) -> None:
    assert exponent_of(mode) == exponent


@pytest.mark.parametrize("mode", [0x20, 0x40, 0x77])
def test_another_mode_than_linear_is_refused(mode: int) -> None:
    with pytest.raises(ValueError, match="not linear"):
        exponent_of(mode)
