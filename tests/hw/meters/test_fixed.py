"""Watts that are declared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import InputError
from joulehash.hw.meters.meter import Sample
from joulehash.hw.meters.url import parse_meter


@pytest.mark.parametrize(
    ("text", "watts"),
    [("fixed:19W", 19.0), ("fixed:3.25kW", 3250.0), ("fixed:500mW", 0.5), ("fixed:7", 7.0)],
)
def test_watts(text: str, watts: float) -> None:
    async def read() -> Sample:
        meter = parse_meter(text)
        await meter.open()
        return await meter.read()

    sample = run_virtual(read())
    assert sample.watts == pytest.approx(watts)
    assert sample.joules is None


def test_its_place_can_be_told() -> None:
    assert parse_meter("fixed:19W").place == "wall"
    assert parse_meter("fixed:19W?place=board-input").place == "board input"


@given(st.text(max_size=20))
def test_what_is_no_power_is_an_input_error(text: str) -> None:
    try:
        parse_meter(f"fixed:{text}")
    except InputError:
        pass
    else:
        assert any(char.isdigit() for char in text)


@pytest.mark.parametrize("text", ["fixed:", "fixed:0W", "fixed:-5W", "fixed:1e3W", "fixed:infW", "fixed:19V"])
def test_nothing_but_watts(text: str) -> None:
    with pytest.raises(InputError, match=r"takes watts above 0, as fixed:19W|takes USER"):
        parse_meter(text)
