from __future__ import annotations

import pytest

from joulehash.bench.paper.spots import Spot, map_text
from tests.support.swept import SPOTS, spot


def test_the_map_in_text() -> None:
    assert map_text(SPOTS) == (
        "J/TH            1 V     1.1 V\n"
        "500 MHz      errors     *16.0\n"
        "400 MHz       *14.5      16.2\n"
        "\n"
        "* best J/TH: 400 MHz, 1 V\n"
        "* best rate: 500 MHz, 1.1 V\n"
    )


def test_many_voltages_are_told_in_parts_of_80_columns() -> None:
    spots = [spot(400, 1 + i / 100, 0.8, 14.5) for i in range(20)]
    said = map_text(spots)
    assert max(map(len, said.splitlines())) <= 80
    assert said.count("J/TH") == 3
    assert said.count("14.5") == 20


def test_a_board_with_one_voltage_and_a_spot_that_was_left_out() -> None:
    spots = [Spot(400, None, said="silent for too long"), Spot(450, None, said="skipped")]
    assert map_text(spots) == "J/TH\n450 MHz     skipped\n400 MHz   silent fo\n"
    assert "500 MHz            " not in map_text([*SPOTS[:3], Spot(525, 1.2, said="too hot")])


def test_a_board_that_is_scaled_down_is_told_in_a_unit_that_is_short() -> None:
    said = map_text([spot(400, 1.0, 1e-6, 14.5e6), spot(425, 1.0, 1e-6, 1450e6)])
    assert said == "J/MH            1 V\n425 MHz      1450.0\n400 MHz        14.5\n"


def test_no_spots() -> None:
    with pytest.raises(ValueError, match="no spots"):
        map_text([])
