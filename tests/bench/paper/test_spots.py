from __future__ import annotations

import pytest

from joulehash.bench.paper.spots import Spot, rows_and_columns
from tests.support.swept import SPOTS


def test_frequencies_fall_and_voltages_rise() -> None:
    assert rows_and_columns(SPOTS) == ([500, 400], [1.0, 1.1])


def test_a_board_with_one_voltage() -> None:
    assert rows_and_columns([Spot(400, None), Spot(450, None, said="skipped")]) == ([450, 400], [None])


def test_no_spots() -> None:
    with pytest.raises(ValueError, match="no spots"):
        rows_and_columns([])
