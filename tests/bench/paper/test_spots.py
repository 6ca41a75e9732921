from __future__ import annotations

import pytest

from joulehash.bench.paper.spots import Spot, in_unit, rows_and_columns
from tests.support.swept import SPOTS, spot


def test_frequencies_fall_and_voltages_rise() -> None:
    assert rows_and_columns(SPOTS) == ([500, 400], [1.0, 1.1])


def test_a_board_with_one_voltage() -> None:
    assert rows_and_columns([Spot(400, None), Spot(450, None, said="skipped")]) == ([450, 400], [None])


def test_what_would_be_long_has_another_unit() -> None:
    unit, spots = in_unit([spot(400, 1.0, 1e-6, 14.5e6), spot(425, 1.0, 1e-6, 1450e6)])
    assert unit == "J/MH"
    assert [round(one.j_per_th.value, 3) for one in spots if one.j_per_th is not None] == [14.5, 1450.0]


def test_no_spots() -> None:
    with pytest.raises(ValueError, match="no spots"):
        rows_and_columns([])
