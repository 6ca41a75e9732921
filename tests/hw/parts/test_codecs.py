"""Values of the parts: figures of the fact sheet, and both ways where there are two."""

from __future__ import annotations

from math import isclose, ldexp

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from joulehash.engine.errors import InputError
from joulehash.hw.parts import ds4432u, emc2101, emc2103, emc2302, ina260, tmp1075, tps546
from joulehash.hw.parts.bus import Fault, duty, signed
from joulehash.hw.parts.pmbus import exponent_of, slinear11, to_slinear11, to_ulinear16, ulinear16

byte = st.integers(0, 255)
word = st.integers(0, 0xFFFF)


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


@given(word, st.integers(-16, 15))
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
    assert emc2101.external(high, low) == celsius


@given(byte, byte)
def test_a_faulty_diode_is_never_a_temperature(high: int, low: int) -> None:
    value = emc2101.external(high, low)
    assert isinstance(value, Fault) == ((high, low >> 5) in ((0x7F, 0), (0x7F, 7)))
    assert isinstance(value, Fault) or value == signed(high, 8) + (low >> 5) / 8
    other = emc2103.external(high, low)
    assert isinstance(other, Fault) == ((high, low) == (0x80, 0))
    assert isinstance(other, Fault) or other == signed(high, 8) + (low >> 5) / 8


def test_the_controllers_own_temperature_has_a_sign() -> None:
    assert [emc2101.internal(raw) for raw in (0, 31, 127, 128, 255)] == [0.0, 31.0, 127.0, -128.0, -1.0]


def test_tachometers() -> None:
    assert emc2101.rpm(1200) == 4500.0
    assert emc2101.rpm(0xFFFF) == 0.0  # ESP: 82 rpm means none
    assert emc2101.rpm(0) is None
    assert emc2103.rpm(2621 >> 5, (2621 & 0x1F) << 3) == pytest.approx(3000, rel=1e-3)  # pyright: ignore[reportUnknownMemberType]
    assert emc2103.rpm(0xFF, 0xF8) == 0.0  # ESP would say 960
    assert emc2103.rpm(0, 7) is None
    assert emc2302.rpm(655 >> 5, (655 & 0x1F) << 3) == 3_932_160 / 655
    assert emc2302.rpm(0xFF, 0x00) == 0.0
    assert emc2302.rpm(0, 0) is None


def test_ina260_and_tmp1075() -> None:
    assert (ina260.amperes(2000), ina260.amperes(0xFFFF), ina260.volts(4080)) == (2.5, -0.00125, 5.1)
    assert ina260.watts(1275) == 12.75
    assert [tmp1075.celsius(raw) for raw in (0x3210, 0x0010, 0xFFF0, 0x800F)] == [50.0625, 0.0625, -0.0625, -128.0]


# By the fact sheet, computed apart: code = ceil(|0.6/3320 - (V-0.6)/4750| / 98.921e-6 * 127), and the sign below.
@pytest.mark.parametrize(("volts", "code"), [(1.2, 0xC6), (1.1, 0xE1), (1.3, 0xAB), (1.4, 0x90), (1.0, 0xFC)])
def test_ds4432u_codes(volts: float, code: int) -> None:
    assert ds4432u.code(volts) == code


@given(st.floats(ds4432u.LEAST_V, ds4432u.MOST_V))
def test_ds4432u_never_gives_more_than_asked_nor_much_less(volts: float) -> None:
    assert volts - 0.00371 < ds4432u.volts(ds4432u.code(volts)) <= volts + 1e-6


@given(byte)
def test_ds4432u_codes_both_ways(raw: int) -> None:
    assume(raw != 0x80)  # minus nothing is nothing
    assert ds4432u.code(ds4432u.volts(raw)) == raw


@pytest.mark.parametrize("volts", [0.9, 0.046, 2.39, float("nan")])  # ESP's sum runs over: 0.9 V would be 1.37 V
def test_ds4432u_refuses_what_its_7_bits_cannot(volts: float) -> None:
    with pytest.raises(InputError, match=r"0\.99–1\.93 V"):
        ds4432u.code(volts)


@given(st.floats(0, 1), st.sampled_from([63, 255]))
def test_a_fan_is_never_slower_than_asked(part: float, full: int) -> None:
    assert part <= duty(part, full) / full <= part + 1 / full
    assert (duty(0.0, full), duty(1.0, full)) == (0, full)


@pytest.mark.parametrize("part", [-0.01, 1.01, float("nan")])
def test_a_fan_has_0_to_1(part: float) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        duty(part, 63)


def test_status_in_words() -> None:
    assert tps546.words(0x0000) == ()
    assert tps546.words(0x0840) == ("power not good", "output is off")
    assert tps546.words(0x4010) == ("output current fault or warning", "output overcurrent")
