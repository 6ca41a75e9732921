from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.bench.sweep.grid import Grid, Range, grid_of, parse_range
from joulehash.engine.errors import InputError
from joulehash.hw.boards.row import Row
from joulehash.hw.boards.table import BOARDS
from joulehash.hw.chips.pll import pll
from joulehash.hw.point import point_of

SWEPT = [row for row in BOARDS.values() if row.watched and row.chip is not None]
GAMMA = BOARDS["bitaxe-gamma"]


@pytest.mark.parametrize("row", SWEPT, ids=[row.name for row in SWEPT])
def test_every_point_is_one_that_the_board_takes_and_its_pll_gives(row: Row) -> None:
    grid = grid_of(row, row.name)
    assert len(grid) > 1
    assert list(grid.mhz) == sorted(set(grid.mhz))
    assert row.chip is not None
    for mhz in grid.mhz:
        assert pll(row.chip, mhz).mhz == pytest.approx(mhz, abs=1e-9)
        for volts in grid.volts:
            point_of(row, row.name, mhz, volts)  # raises where it does not


@given(st.sampled_from(SWEPT), st.data())
def test_a_narrower_range_is_kept_to_and_a_wider_one_refused(row: Row, data: st.DataObject) -> None:
    low = data.draw(st.floats(row.mhz.least, row.mhz.most))
    high = data.draw(st.floats(low, row.mhz.most))
    step = data.draw(st.sampled_from([None, 6.25, 12.5, 50.0]))
    if high - low >= 50.0:  # else nothing of the PLL's may lie in there
        grid = grid_of(row, row.name, Range(low, high, step))
        assert all(low - 1e-6 <= mhz <= high + 1e-6 for mhz in grid.mhz)
    with pytest.raises(InputError, match="takes"):
        grid_of(row, row.name, Range(low, row.mhz.most + 1.0))
    with pytest.raises(InputError, match="takes"):
        grid_of(row, row.name, Range(row.mhz.least - 1.0, high))


@given(st.floats(1.0, 1.25), st.floats(0.0, 0.25), st.sampled_from([0.005, 0.01, 0.02, 0.03]))
def test_voltages_go_from_end_to_end_by_steps(low: float, width: float, step: float) -> None:
    high = min(1.25, low + width)
    volts = [volt for volt in grid_of(GAMMA, "gamma", None, Range(low, high, step)).volts if volt is not None]
    assert volts[0] == pytest.approx(low, abs=1e-4)
    assert high - volts[-1] <= step / 4 + 1e-4  # the upper end is there, or nearly
    assert all(0 < b - a <= step + 2e-4 for a, b in pairwise(volts))


def test_the_usual_point_is_there_unless_a_step_is_asked_for() -> None:
    assert grid_of(GAMMA, "gamma").usual == (525.0, 1.15)
    supra = BOARDS["bitaxe-supra"]
    assert grid_of(supra, "supra", Range(400.0, 575.0)).volts.count(1.166) == 1
    assert grid_of(supra, "supra", None, Range(1.1, 1.3, 0.05)).usual is None
    assert grid_of(GAMMA, "gamma", Range(400.0, 500.0)).usual is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, Range()),
        ("425..600:12.5", Range(425.0, 600.0, 12.5)),
        ("1.0..1.25", Range(1.0, 1.25)),
        ("525", Range(525.0, 525.0)),
    ],
)
def test_ranges_as_they_are_written(text: str | None, found: Range) -> None:
    assert parse_range("--mhz", text) == found


@pytest.mark.parametrize("text", ["", "a", "600..400", "400..", "400..600:0", "1e3", "400..500..600", "-5..5", "4:5"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--mhz"):
        parse_range("--mhz", text)


def test_a_single_point_and_a_step_off_the_grid() -> None:
    assert grid_of(GAMMA, "gamma", Range(437.5, 437.5), Range(1.1, 1.1)) == Grid((437.5,), (1.1,))
    with pytest.raises(InputError, match=r"multiples of 6\.25"):
        grid_of(GAMMA, "gamma", Range(400.0, 500.0, 5.0))


@pytest.mark.parametrize("name", ["icarus", "compac-f", "block-erupter"])
def test_boards_on_which_nothing_can_be_set(name: str) -> None:
    with pytest.raises(InputError, match=f"{name}: .*{BOARDS[name].title}"):
        grid_of(BOARDS[name], name)


def test_a_board_without_a_regulator_has_one_column() -> None:
    row = BOARDS["compac-a2"]
    assert grid_of(row, "a2").volts == (None,)
    with pytest.raises(InputError, match="leave out --volts"):
        grid_of(row, "a2", None, Range(1.0, 1.1))
