"""Shares of cores, and what a tally makes of runs of one nonce."""

from __future__ import annotations

import pytest

from joulehash.bench.window import Seen, Tally, core_shares
from joulehash.engine.work import Origin
from joulehash.hw.chips.chip import Chip
from joulehash.hw.chips.table import CHIPS


@pytest.mark.parametrize("chip", CHIPS.values(), ids=lambda chip: chip.name)
def test_shares_are_of_one(chip: Chip) -> None:
    shares = core_shares(chip)
    assert len(shares) == chip.cores
    assert sum(shares) == pytest.approx(1.0)
    assert shares[0] == pytest.approx(chip.small_per_core / chip.small_cores)


def test_the_last_core_of_a_bm1362_is_a_runt() -> None:
    shares = core_shares(CHIPS["BM1362"])
    assert shares[64] / shares[0] == pytest.approx(2 / 8)


def test_one_nonce_over_and_over_is_a_run() -> None:
    tally, chip = Tally(), Origin(3, 1, 0)
    for nonce in (5, 5, 5, 7, 5):
        tally.note(Seen.FALSE, chip, nonce)
    tally.note(Seen.VALID, Origin(4, 1, 0), 9, 256.0)
    assert tally.runs == {3: 3, 4: 1}
    assert tally.hashes == 256.0
    assert tally.small == {(4, 1, 0): 1}


def test_what_comes_again_in_its_own_work_is_no_run() -> None:
    """Twelve chips that search the same tell each nonce twelve times."""
    tally, chip = Tally(), Origin(0)
    for nonce in (5, 6):
        tally.note(Seen.VALID, chip, nonce, 256.0)
        for _ in range(11):
            tally.note(Seen.DUPLICATE, chip, nonce)
    assert tally.runs == {0: 1}
