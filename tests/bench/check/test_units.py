"""Chips, domains and cores out of a window's counts; and how much must be due before silence counts."""

from __future__ import annotations

import pytest

from joulehash.bench.check import units
from joulehash.bench.check.units import Unit
from joulehash.bench.window import Counts, Place, core_shares
from joulehash.hw.boards.row import Row
from joulehash.hw.boards.table import board_row
from tests.support.counts import even


def without(row: Row, expected: float, gone: set[Place], part: float = 0.0) -> Counts:
    """Each core gives what is due, but for those, which give a part of it."""
    return even(row, expected, dict.fromkeys(gone, part))


HEX = board_row("bitaxe-hex")
GAMMA = board_row("bitaxe-gamma")


def test_an_even_board_has_nothing_dead_or_weak() -> None:
    counts = even(HEX, 60_000.0)
    for of in (units.chips, units.domains, units.cores):
        found = of(HEX, counts)
        assert units.is_due(found)
        assert units.dead(found) == []
        assert units.weak(found, 0.8) == []
    assert len(units.chips(HEX, counts)) == 6
    assert len(units.domains(HEX, counts)) == 3 + 6 * 4
    assert len(units.cores(HEX, counts)) == 6 * 112


def test_a_dead_core_is_named() -> None:
    counts = without(HEX, 60_000.0, {(2, 17)})
    assert [u.where for u in units.dead(units.cores(HEX, counts))] == ["chip 2, core 17"]
    assert units.dead(units.chips(HEX, counts)) == []


def test_a_dead_domain_is_both_of_its_chips() -> None:
    counts = without(HEX, 60_000.0, {(chip, core) for chip in (2, 3) for core in range(112)})
    assert [u.where for u in units.dead(units.chips(HEX, counts))] == ["chip 2", "chip 3"]
    assert "domain 1 (chips 2 to 3)" in [u.where for u in units.dead(units.domains(HEX, counts))]


def test_a_core_at_half_is_weak_and_not_dead() -> None:
    counts = without(GAMMA, 40_000.0, {(0, 5)}, 0.5)
    found = units.cores(GAMMA, counts)
    assert units.dead(found) == []
    assert [u.where for u in units.weak(found, 0.8)] == ["chip 0, core 5"]


def test_silence_counts_only_once_enough_was_due() -> None:
    few = [Unit(f"core {i}", 0 if i == 3 else 5, 5.0, range(1), range(i, i + 1)) for i in range(128)]
    assert units.dead(few) == []
    assert not units.is_due(few)


def test_the_runt_of_a_bm1362_need_not_be_due() -> None:
    row = board_row("compac-a1")
    due = units.needed(row)
    assert row.chip is not None
    assert due * core_shares(row.chip)[0] == pytest.approx(1.2 * 11.08, abs=0.05)
    found = units.cores(row, even(row, 1.01 * due))
    assert units.is_due(found)
    assert [u.where for u in found if u.runt] == ["chip 0, core 64"]


def test_where_a_nonce_does_not_tell_its_chip_nothing_is_said() -> None:
    counts = even(HEX, 1000.0, unknown=True)
    assert units.counted(HEX, counts) is None
    assert units.chips(HEX, counts) == []


def test_chips_whose_cores_are_not_told_have_one_figure_each() -> None:
    row = board_row("newpac")
    counts = even(row, 100.0)
    table = units.counted(row, counts)
    assert table is not None
    assert [len(chip) for chip in table.valid] == [1, 1]
    assert units.cores(row, counts) == []
