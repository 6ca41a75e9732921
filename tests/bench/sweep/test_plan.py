from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from joulehash.bench.decide.intervals import Interval
from joulehash.bench.sweep.frontier import best_of
from joulehash.bench.sweep.grid import Grid
from joulehash.bench.sweep.plan import At, ahead, known, next_of, next_of_all, said, whole
from joulehash.bench.sweep.result import Cell, Verdict
from tests.support.landscapes import Landscape, cell, sound, walk


@st.composite
def landscapes(draw: st.DrawFn) -> Landscape:
    """Where more volts bear more MHz, and cost more; with a limit of watts, or without."""
    mhz = tuple(100.0 + 25 * i for i in range(draw(st.integers(1, 25))))
    volts = tuple(round(1 + 0.02 * j, 2) for j in range(draw(st.integers(1, 14))))
    edges = sorted(draw(st.lists(st.floats(50, 750), min_size=len(volts), max_size=len(volts))))
    most_w = draw(st.sampled_from([1e9, 20.0, 10.0, 6.0]))
    usual = draw(st.sampled_from([None, (mhz[len(mhz) // 2], volts[len(volts) // 2])]))
    return Landscape(Grid(mhz, volts, usual), tuple(edges), 0.02, draw(st.floats(0.1, 5.0)), most_w)


@settings(max_examples=40)
@given(landscapes())
def test_it_finds_what_measuring_every_point_finds(land: Landscape) -> None:
    cells = walk(land.grid, land.cell)
    found, true = best_of(cells.values()), best_of(land.all())
    assert (found.j_per_th, found.rate) == (true.j_per_th, true.rate)
    missing = set(true.frontier) - set(found.frontier)
    assert not missing, "a point of the frontier was passed over"


@settings(max_examples=40)
@given(landscapes())
def test_it_measures_no_more_than_rows_and_columns_and_a_bisection(land: Landscape) -> None:
    rows, columns = len(land.grid.mhz), len(land.grid.volts)
    assert len(walk(land.grid, land.cell)) <= rows + columns + rows.bit_length() + 1


@settings(max_examples=40)
@given(landscapes())
def test_what_neighbours_say_of_a_point_is_true(land: Landscape) -> None:
    cells = walk(land.grid, land.cell)
    for i in range(len(land.grid.mhz)):
        for j in range(len(land.grid.volts)):
            if (i, j) not in cells and (verdict := said(cells, (i, j))) is not None:
                true = land.cell((i, j)).verdict
                assert true == verdict or {true, verdict} == {"errors", "hot"}  # a point may be both


@settings(max_examples=40)
@given(landscapes(), st.integers(0, 1000))
def test_cut_off_anywhere_it_goes_on_as_if_it_had_not_been(land: Landscape, seed: int) -> None:
    straight = walk(land.grid, land.cell)
    some = list(straight.items())[: Random(seed).randrange(len(straight) + 1)]
    assert list(walk(land.grid, land.cell, dict(some)).items()) == list(straight.items())


@settings(max_examples=40)
@given(landscapes())
def test_the_whole_map_leaves_out_only_what_neighbours_condemn(land: Landscape) -> None:
    cells: dict[At, Cell] = {}
    while (at := next_of_all(land.grid, cells)) is not None:
        cells[at] = land.cell(at)
    true = {(c.mhz, c.volts) for c in land.all() if c.verdict == "sound"}
    assert {(c.mhz, c.volts) for c in sound(cells).values()} == true
    shown = whole(land.grid, cells)
    assert len(shown) == len(land.grid)
    assert all(c.like is not None and c.why for c in shown if c.verdict == "skipped")


def test_every_point_that_is_skipped_says_why() -> None:
    land = Landscape(Grid((400.0, 425.0, 450.0), (1.0, 1.02, 1.04)), (410.0, 430.0, 500.0))
    cells = walk(land.grid, land.cell)
    shown = {(c.mhz, c.volts): c for c in whole(land.grid, cells)}
    assert shown[400.0, 1.04].why == "fewer volts are enough"
    assert (shown[450.0, 1.0].like, shown[450.0, 1.0].why) == ("errors", "as at 425 MHz, 1 V: was errors")


def test_the_usual_point_comes_first() -> None:
    grid = Grid((400.0, 425.0, 450.0), (1.0, 1.02, 1.04), (425.0, 1.04))
    assert next_of(grid, {}) == (1, 2)


def test_errors_that_more_volts_would_heal_are_worth_another_cell() -> None:
    grid = Grid((400.0,), (1.0, 1.02, 1.04))
    leaky = cell(400.0, 1.0, 8e11, 10.0)
    assert next_of(grid, {(0, 0): leaky}) is None
    assert next_of(grid, {(0, 0): replace(leaky, errors=Interval(0.015, 0.02, 0.025))}) == (0, 1)


def test_where_a_lower_frequency_is_surely_cheaper_its_neighbours_are_measured() -> None:
    """A board whose heat sink is too small: leakage eats what the frequency gains."""
    grid = Grid(tuple(100.0 + 25 * i for i in range(15)), (1.0,))

    def heated(at: At) -> Cell:
        mhz = grid.mhz[at[0]]
        return cell(mhz, 1.0, mhz * 2e9, 2 + 0.02 * mhz + 6e-10 * mhz**4)

    cells = walk(grid, heated)
    best = best_of(cells.values()).j_per_th
    true = min((heated((i, 0)) for i in range(15)), key=lambda c: c.cost.j_per_th if c.cost else 0.0)
    assert best == (true.mhz, true.volts)
    assert len(cells) < 15


def test_a_board_that_is_sound_nowhere_is_given_up_soon() -> None:
    land = Landscape(
        Grid(tuple(100.0 + 25 * i for i in range(20)), tuple(1 + 0.02 * j for j in range(10))), (0.0,) * 10
    )
    assert len(walk(land.grid, land.cell)) <= 5 + 10
    assert best_of(land.all()).rate is None


def test_what_is_ahead_shrinks_to_nothing() -> None:
    land = Landscape(Grid(tuple(100.0 + 25 * i for i in range(20)), (1.0, 1.1, 1.2)), (300.0, 400.0, 450.0))
    cells: dict[At, Cell] = {}
    left = [ahead(land.grid, cells, next_of)]
    while (at := next_of(land.grid, cells)) is not None:
        cells[at] = land.cell(at)
        left.append(ahead(land.grid, cells, next_of))
    assert left[0] > 3
    assert left[-1] == 0
    assert max(left) <= 2 * len(cells)


def test_cells_of_other_points_are_left_out() -> None:
    grid = Grid((400.0,), (1.0,))
    assert known(grid, [cell(425.0, 1.0, 8e11, 10.0)]) == {}


@pytest.mark.parametrize("verdict", ["errors", "unsure", "failed"])
def test_failing_by_too_few_volts_speaks_for_more_mhz_and_fewer_volts(verdict: Verdict) -> None:
    cells = {(1, 1): cell(425.0, 1.02, 8e11, 10.0, verdict)}
    assert said(cells, (2, 0)) == verdict
    assert said(cells, (1, 2)) is None
    assert said(cells, (0, 1)) is None
