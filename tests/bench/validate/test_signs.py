"""Every fault of every board of the study has its sign, in the check's own words, or a reason why it has none."""

from __future__ import annotations

import pytest

from joulehash.bench.check.hints import HINTS
from joulehash.bench.check.steps import STEPS
from joulehash.bench.validate.kinds import BOARDS, cells
from joulehash.bench.validate.signs import Sign, sign
from joulehash.hw.boards.table import board_row


@pytest.mark.parametrize("board", BOARDS)
def test_its_steps_and_codes_are_those_of_the_check(board: str) -> None:
    row, steps = board_row(board.partition("?")[0]), {kind.name for kind in STEPS}
    for cell in cells([board]):
        if not (fault := cell.fault(1)):
            continue
        found = sign(row, fault)
        if isinstance(found, str):
            assert found
            continue
        assert found.steps <= steps
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
