"""The step of patterns, where only some cores have one."""

from __future__ import annotations

import pytest

from joulehash.bench.check.counting import patterns
from joulehash.bench.check.evidence import Evidence
from joulehash.bench.check.limits import limits_of
from joulehash.bench.check.patterns import Outcome, State
from joulehash.hw.boards.table import board_row
from joulehash.hw.patterns.known import Known, known
from joulehash.hw.patterns.place import Place
from joulehash.hw.patterns.search import spots
from joulehash.hw.point import point_of
from tests.support.patterns import GENESIS


def _evidence(board: str, found: dict[tuple[int, int | None], State]) -> Evidence:
    row = board_row(board)
    e = Evidence(board, row, limits_of(row), point_of(row, board))
    e.patterns = [Outcome(Known(GENESIS, Place(*spot, 0, 0.01)), state, 1, 0, 0) for spot, state in found.items()]
    return e


@pytest.mark.parametrize(
    ("board", "spot", "bound"),
    [
        ("bitaxe-gamma", (0, 5), "1 of 128 cores have a pattern"),
        ("bitaxe-hex", (3, 5), "1 of 672 cores have a pattern"),
        ("compac-a1", (0, 5), "1 of 64 cores have a pattern"),  # its 65th is judged in a soak only
        ("r606", (5, None), "1 of 12 chips have a pattern"),
        ("icarus", (1, None), "1 of 2 units have a pattern"),
    ],
)
def test_it_says_how_many_cores_have_one(board: str, spot: tuple[int, int | None], bound: str) -> None:
    judged = patterns(_evidence(board, {spot: "found"}))
    assert judged is not None
    assert judged == (1, 1, "patterns", bound, "pass")


def test_one_that_is_missing_fails_the_few() -> None:
    judged = patterns(_evidence("bitaxe-gamma", {(0, 5): "found", (0, 6): "missing", (0, 7): "found"}))
    assert judged == (3, 2, "patterns", "3 of 128 cores have a pattern", "fail")


def test_where_each_core_has_one_nothing_is_said_of_their_number() -> None:
    judged = patterns(_evidence("bitaxe-gamma", dict.fromkeys(spots(board_row("bitaxe-gamma")), "found")))
    assert judged == (128, 128, "patterns", "each core finds its own", "pass")


def test_none_decides_nothing_nor_does_one_of_a_core_that_is_too_small() -> None:
    judged = patterns(_evidence("bitaxe-gamma", {}))
    assert judged == (None, "no patterns", "", "each core finds its own", "inconclusive")
    judged = patterns(_evidence("compac-a1", {(0, 64): "missing"}))
    assert judged is not None
    assert judged.verdict == "inconclusive"


def test_what_is_shipped_serves_some_cores_of_silicon() -> None:
    """And the step says of how many: nobody takes it for all of them."""
    row = board_row("bitaxe-gamma")
    found = known(row, row.mhz.usual, each=3)
    judged = patterns(_evidence("bitaxe-gamma", {(each.place.chip, each.place.core): "found" for each in found}))
    assert judged is not None
    assert judged.bound == f"{len({each.place.core for each in found})} of 128 cores have a pattern"
