"""The study of the validator in small: of each family of chips 20 sound boards pass, and 3 boards with each fault are
failed by its own step and under its own name. docs/bench.md has the whole of it, with how often.

What lies between good and bad may pass or fail, but not under another name.
"""

from __future__ import annotations

import pytest

from joulehash.bench.validate.kinds import KINDS, SOUND, Cell, can_have
from joulehash.bench.validate.signs import sign
from joulehash.bench.validate.tally import outcome
from joulehash.bench.validate.trial import Trial, run_trial

pytestmark = pytest.mark.long

# Of each family the board that is checked quickest; and one of several chips, for what only those can have.
LONE = (
    "newpac?scale=21",
    "bitaxe-max?scale=21&mhz=300",
    "bitaxe-ultra?scale=23&mhz=200",
    "bitaxe-supra?scale=23&mhz=200",
    "bitaxe-gamma?scale=23&mhz=200",
    "compac-a1?scale=23",
)
SEVERAL = (
    "newpac?scale=21",
    "chain:bm1397x2?scale=21",
    "chain:bm1366x2?scale=22",
    "chain:bm1368x2?scale=22",
    "bitaxe-gt?scale=22&mhz=200",
    "chain:bm1362x3?scale=22",
)
OF_SEVERAL = ("dead-chip", "address-stuck", "chain-cut")
BETWEEN = ("weak-core, half of it", "slow, to 85 %")
DAILY = 20  # sound runs of a family, four to a test, so that they are spread over processes
FAULTY = [
    Cell(board, kind)
    for boards, of_several in ((LONE, False), (SEVERAL, True))
    for board in boards
    for kind in KINDS
    if (kind.label in OF_SEVERAL) == of_several and can_have(board, kind)
]


@pytest.mark.parametrize("first", range(1, DAILY + 1, 4))
@pytest.mark.parametrize("board", LONE)
def test_sound_boards_pass(board: str, first: int) -> None:
    for seed in range(first, first + 4):
        trial = run_trial(board, SOUND, seed)
        assert (trial.verdict, trial.findings) == ("pass", []), said(trial)


@pytest.mark.parametrize("cell", FAULTY, ids=lambda cell: f"{cell.family} {cell.label}")
def test_a_fault_has_its_own_name(cell: Cell) -> None:
    for seed in (1, 2, 3):
        trial = run_trial(cell.board, cell.label, seed)
        if isinstance(sign(cell.row, trial.fault), str):
            assert (trial.verdict, trial.findings) == ("pass", []), said(trial)
            return  # what it cannot show, one run shows
        fine = ("named", "missed", "undecided") if cell.label in BETWEEN else ("named",)
        assert outcome(cell.row, trial) in fine, said(trial)


def said(trial: Trial) -> str:
    """How to have it again, and what came."""
    return (
        f"--once '{trial.board}' --fault '{trial.label}' --seed {trial.seed} ({trial.fault}): "
        f"{trial.verdict}, {trial.findings}, {[one.step for one in trial.failed]}, {trial.undecided} {trial.error}"
    )
