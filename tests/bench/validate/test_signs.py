"""Every fault of every board of the study has its sign, in the check's own words, or a reason why it has none."""

from __future__ import annotations

import pytest

from joulehash.bench.check.hints import HINTS
from joulehash.bench.check.steps import STEPS
from joulehash.bench.validate.kinds import Cell, cells
from joulehash.bench.validate.signs import Sign, sign
from joulehash.hw.boards.table import board_row

FAULTY = [cell for cell in cells() if cell.kind is not None]


@pytest.mark.parametrize("cell", FAULTY, ids=lambda cell: f"{cell.row.name} {cell.label}")
def test_its_steps_and_codes_are_those_of_the_check(cell: Cell) -> None:
    for seed in range(1, 6):
        found = sign(cell.row, cell.fault(seed))
        if isinstance(found, str):
            assert found
            continue
        assert found.steps <= {kind.name for kind in STEPS}
        assert {found.code, *found.also} <= set(HINTS)


@pytest.mark.parametrize(
    ("board", "fault", "found"),
    [
        ("bitaxe-gt", "dead-core:1.17", Sign(frozenset({"patterns", "cores"}), "dead-core", "chip 1, core 17")),
        ("bitaxe-gamma", "weak-core:17+0.5", Sign(frozenset({"patterns", "cores"}), "weak-core", "chip 0, core 17")),
        ("newpac", "dead-core:1.17", "its nonces do not tell their core"),
        ("newpac", "address-stuck", Sign(frozenset({"repeats"}), "address-stuck")),
        ("bitaxe-gamma", "address-stuck", "a lone chip needs no address"),
        ("bitaxe-hex", "chain-cut:3", Sign(frozenset({"chips, slow line"}), "cut-chain", "between chip 2 and chip 3")),
        ("bitaxe-gamma", "chain-cut:0", Sign(frozenset({"chips, slow line"}), "no-answer")),
        ("bitaxe-gamma", "dead-chip:0", Sign(frozenset({"hash rate"}), "dead-chip", "chip 0")),
        ("compac-f", "overheat", "it has no sensors"),
        ("compac-a1", "fan-stall", Sign(frozenset({"temperature", "regulator temperature"}), "overheat")),
        ("compac-f", "lying-counter", "its chips have no counters whose unit is settled"),
    ],
)
def test_what_a_board_can_tell(board: str, fault: str, found: Sign | str) -> None:
    assert sign(board_row(board), fault) == found
