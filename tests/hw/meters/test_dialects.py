"""What instruments answer, as values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.hw.meters.dialects import DIALECTS, RIGOL, SCPI, SIGLENT, dialect_of, is_on, number
from tests.support.scpi_server import RIGOL_IDN, SCPI_IDN, SIGLENT_IDN


@pytest.mark.parametrize(("idn", "dialect"), [(SCPI_IDN, SCPI), (RIGOL_IDN, RIGOL), (SIGLENT_IDN, SIGLENT), ("", SCPI)])
def test_who_speaks_which(idn: str, dialect: object) -> None:
    assert dialect_of(idn) is dialect


@given(st.floats(-1e6, 1e6))
def test_numbers_in_every_spelling(value: float) -> None:
    assert number(f"{value:.6E}") == pytest.approx(value, rel=1e-6, abs=1e-12)
    assert number(f" {value:+.3f} W") == pytest.approx(value, abs=5.1e-4)


@given(st.text(max_size=40))
def test_whatever_comes_is_a_number_or_none(text: str) -> None:
    value = number(text)
    assert value is None or math.isfinite(value)
    assert is_on(text, None, 1) in (True, False, None)
    assert is_on(text, 3, 1) in (True, False, None)


@pytest.mark.parametrize("text", ["", "nan", "inf", "9.91E37", "1e7", "1,2", "0x10", "ERROR", "1" * 40])
def test_what_is_no_number(text: str) -> None:
    assert number(text) is None


def test_states() -> None:
    assert [is_on(text, None, 1) for text in ("ON", '"on"', "1", "OFF", "0", "2")] == [
        True,
        True,
        True,
        False,
        False,
        None,
    ]
    assert [is_on("0x10", 3, channel) for channel in (1, 2)] == [True, False]
    assert is_on("0x24", 3, 2) is True


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
def test_a_row_says_the_channel_or_selects_it(dialect: object) -> None:
    from joulehash.hw.meters.dialects import Dialect

    assert isinstance(dialect, Dialect)
    lines = (dialect.volts, dialect.amps, dialect.set_volts, dialect.on, dialect.off)
    named = ["{ch}" in line for line in lines]
    assert all(named) if dialect.select is None else not any(named)
