"""Modbus registers as figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.errors import InputError
from joulehash.hw.meters.address import Address
from joulehash.hw.meters.registers import KINDS, MODELS, Map, Value, map_of


def test_an_eastron_by_hand() -> None:
    """231.5 in IEEE 754 is 43678000."""
    watts = MODELS["sdm120"].watts
    assert watts is not None
    assert watts == Value(12, "f32", 1.0)
    assert watts.decode([0x4367, 0x8000], little=False) == 231.5
    assert watts.decode([0x8000, 0x4367], little=True) == 231.5


@given(st.sampled_from(sorted(KINDS)), st.integers(0, 32767), st.booleans())
def test_both_directions_agree(kind: str, number: int, little: bool) -> None:
    value = Value(0, kind, 3600.0)
    assert value.decode(value.encode(number * 3600.0, little=little), little=little) == number * 3600.0


@given(st.sampled_from(sorted(KINDS)), st.lists(st.integers(-1, 70000), max_size=5), st.booleans())
def test_any_words_are_a_finite_figure_or_none(kind: str, words: list[int], little: bool) -> None:
    figure = Value(0, kind, 1.0).decode(words, little=little)
    assert figure is None or abs(figure) < 1e309


def test_maps_of_ones_own() -> None:
    values = {"watts": "100:s32:mW", "energy": "102:u64:Wh", "table": "holding", "words": "little"}
    assert map_of(Address("modbus", "h", values)) == Map(
        "holding", True, Value(100, "s32", 1e-3), Value(102, "u64", 3600.0), 3600.0, 1e-3
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "takes model="),
        ({"model": "sdm999"}, "choose from sdm120, sdm630"),
        ({"model": "sdm120", "watts": "1:f32:W"}, "leave out watts"),
        ({"watts": "12"}, "takes ADDRESS:TYPE:UNIT"),
        ({"watts": "70000:f32:W"}, "0 to 65532"),
        ({"watts": "12:f32:kWh"}, "units W, kW, mW"),
        ({"watts": "12:f8:W"}, "types s16"),
        ({"energy": "12:f32:kWh", "table": "coils"}, "choose from input, holding"),
    ],
)
def test_maps_that_are_none(values: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        map_of(Address("modbus", "h", values))
