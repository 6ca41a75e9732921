"""Points are checked against the row, and lowered within it."""

from __future__ import annotations

import pytest

from joulehash.engine.errors import InputError
from joulehash.hw.boards.table import board_row
from joulehash.hw.point import Point, lower, point_of

GAMMA, STICK, ICARUS = board_row("bitaxe-gamma"), board_row("compac-f"), board_row("icarus")


def test_what_is_usual_and_of_a_board_that_nobody_watches_the_least() -> None:
    assert point_of(GAMMA, "g") == Point(525.0, 1.15)
    assert point_of(STICK, "s") == Point(200.0)
    assert point_of(ICARUS, "i") == Point(0.0)
    assert point_of(GAMMA, "g", 400.0) == Point(400.0, 1.15)
    assert point_of(GAMMA, "g", volts=1.0) == Point(525.0, 1.0)


@pytest.mark.parametrize(
    ("name", "mhz", "volts", "says"),
    [
        ("bitaxe-gamma", 626.0, None, "b: 626 MHz; Bitaxe Gamma takes 50 to 625 MHz"),
        ("bitaxe-gamma", 49.0, None, "takes 50 to 625 MHz"),
        ("bitaxe-gamma", None, 1.26, "b: 1.26 V for a chip; Bitaxe Gamma takes 1 to 1.25 V"),
        ("bitaxe-gamma", None, 0.99, "takes 1 to 1.25 V"),
        ("bitaxe-hex", None, 3.6, "takes 1.1 to 1.3 V"),  # of a chip, not of the rail
        ("compac-f", 400.0, None, "b: 400 MHz; takes 200 MHz as long as it is not watched"),
        ("compac-f", None, 1.4, "has no regulator that could be set"),
        ("icarus", 100.0, None, "b: 100 MHz; the frequency of Icarus cannot be set"),
        ("icarus", None, 1.2, "b: 1.2 V; Icarus has no regulator that could be set"),
    ],
)
def test_what_the_row_has_not(name: str, mhz: float | None, volts: float | None, says: str) -> None:
    with pytest.raises(InputError) as raised:
        point_of(board_row(name), "b", mhz, volts)
    assert says in str(raised.value)


def test_lower_and_no_lower_than_the_row() -> None:
    assert lower(GAMMA, Point(525.0, 1.25), 25.0, 0.25) == Point(500.0, 1.0)
    assert lower(GAMMA, Point(60.0, 1.01), 25.0, 0.02) == Point(50.0, 1.0)
    assert lower(STICK, Point(400.0), 25.0, 0.02) == Point(375.0)


def test_a_point_says_what_it_is() -> None:
    assert Point(412.5, 1.1).text == "412.5 MHz and 1.1 V"
    assert Point(200.0).text == "200 MHz"
