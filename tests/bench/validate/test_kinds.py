"""What the study tries: every fault that there is, of parts that are there, drawn anew by each seed."""

from __future__ import annotations

import pytest

from joulehash.bench.check.units import is_runt
from joulehash.bench.validate.kinds import BOARDS, KINDS, SOUND, Cell, can_have, cell_of, cells
from joulehash.hw.chips.table import CHIPS
from joulehash.hw.sim.faults import FAULTS, check_faults, parse_faults
from joulehash.hw.sim.table import simulated, simulator

EVERY = cells()


def test_every_fault_of_the_simulators_is_among_them() -> None:
    assert {kind.name for kind in KINDS} == set(FAULTS)
    assert len({kind.label for kind in KINDS} | {SOUND}) == len(KINDS) + 1


def test_every_family_has_a_board_of_its_own_and_one_of_several_chips() -> None:
    rows = [Cell(board, None).row for board in BOARDS]
    assert {row.chip.name for row in rows if row.chip is not None} == set(CHIPS)
    assert {row.chip.name for row in rows if row.chip is not None and row.chips > 1} == set(CHIPS)


@pytest.mark.parametrize("board", BOARDS)
def test_what_is_drawn_is_there(board: str) -> None:
    row = Cell(board, None).row
    assert row.chip is not None
    for cell in (cell for cell in EVERY if cell.board == board and cell.kind is not None):
        for seed in range(1, 9):
            faults = parse_faults(cell.fault(seed))
            check_faults(faults, row.chips, row.chip.cores)
            assert not any(is_runt(row, core) for _, core in faults.dead_cores)
            assert faults.wrong_chip != row.chip.id


@pytest.mark.parametrize("cell", [cell for cell in EVERY if cell.board.startswith("bitaxe-gt")], ids=lambda c: c.label)
def test_a_cell_is_what_the_command_line_takes(cell: Cell) -> None:
    assert simulated(cell.spec(3).replace("&mhz=200", "")).name == "bitaxe-gt"
    assert cell_of(cell.board, cell.label) == cell


def test_a_seed_draws_the_same_again_and_another_seed_another() -> None:
    cell = cell_of("bitaxe-gt?scale=22", "dead-core")
    drawn = [cell.fault(seed) for seed in range(20)]
    assert drawn == [cell.fault(seed) for seed in range(20)]
    assert len(set(drawn)) > 15


def test_what_shows_hot_runs_at_the_full_clock_and_a_slow_clock_has_more_to_hash() -> None:
    board = "bitaxe-gamma?scale=23&mhz=200"
    assert cell_of(board, "overheat").spec(1) == "sim:bitaxe-gamma?scale=23&seed=1&fault=overheat"
    assert cell_of(board, "slow, to 70 %").spec(1) == "sim:bitaxe-gamma?scale=21&mhz=200&seed=1&fault=slow:0.7"


def test_a_fault_of_what_a_board_lacks_is_left_out() -> None:
    assert {kind.name for kind in KINDS if not can_have("newpac", kind)} == simulator("newpac").absent
