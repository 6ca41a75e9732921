"""What is shipped: a nonce for every core of every board of the table, but a few of the longest chains."""

from __future__ import annotations

import pytest

from joulehash.hw.boards.table import BOARDS, board_row
from joulehash.hw.patterns.known import SHIPPED, known, shipped
from joulehash.hw.patterns.pattern import Pattern, load
from joulehash.hw.patterns.place import place
from joulehash.hw.patterns.search import spots
from tests.support.patterns import GAMMA_SHARE, GENESIS

LACKING = {"bitaxe-hex": 5, "r909": 7}  # cores without one


@pytest.mark.parametrize("name", BOARDS)
def test_every_board_has_what_is_said(name: str) -> None:
    row = BOARDS[name]
    found = known(row, row.mhz.most)
    assert len(spots(row)) - len(found) == LACKING.get(name, 0)
    order = [spot for spot in spots(row) if spot in {(each.place.chip, each.place.core) for each in found}]
    assert [(each.place.chip, each.place.core) for each in found] == order


def test_what_is_shipped_is_true() -> None:
    patterns = shipped()
    assert all(Pattern.of(each.header).zero_bits >= 32 for each in patterns)
    assert len({each.header for each in patterns}) == len(patterns)


def test_blocks_are_of_the_main_chain() -> None:
    """Each meets its own nBits, which are difficulty 1 at the least: nobody made 1753 of them up."""
    for each in load(SHIPPED / "blocks.json").patterns:
        assert each.header.nbits >> 24 <= 0x1D
        assert each.zero_bits >= 256 - 8 * (each.header.nbits >> 24)


def test_what_needs_no_narrow_mask_goes_first_then_what_is_found_first() -> None:
    row = board_row("bitaxe-gamma")
    share = place(row, 525.0, GAMMA_SHARE)  # version bits 05A2: only under a mask of four bits are they the first
    assert share is not None
    (mine,) = [each for each in known(row, 525.0, [GAMMA_SHARE]) if each.place.core == share.core]
    assert mine.pattern != GAMMA_SHARE
    by_core = {each.place.core: each for each in known(row, 525.0, [GENESIS])}
    late = place(row, 525.0, GENESIS)
    assert late is not None
    assert by_core[late.core].place.after_s < late.after_s


@pytest.mark.parametrize("name", ["bitaxe-gamma", "bitaxe-ultra", "bitaxe-supra", "bitaxe-max", "compac-a1"])
def test_a_core_has_several_of_different_small_cores(name: str) -> None:
    """For a chip may lack the small core of one of them. The last core of BM1362 has two small cores in all."""
    row = board_row(name)
    several = known(row, row.mhz.usual, each=3)
    spots_of = [(each.place.chip, each.place.core) for each in several]
    small = [(*spot, each.place.small_core) for spot, each in zip(spots_of, several, strict=True)]
    assert len(set(small)) == len(small) >= 3 * len(spots(row)) - 1
    assert spots_of == sorted(spots_of)
    firsts = [several[spots_of.index(spot)] for spot in dict.fromkeys(spots_of)]
    assert firsts == known(row, row.mhz.usual)


def test_a_simulators_are_searched() -> None:
    row = board_row("bitaxe-gamma").scaled(22)
    found = known(row, 525.0)
    assert len(found) == 128
    assert min(each.pattern.zero_bits for each in found) < 32


def test_between_silicon_and_a_simulator_there_are_few() -> None:
    """Too many hashes to search on the spot, and most blocks lie beside the nonces that such a chip tries."""
    row = board_row("bitaxe-gamma").scaled(8)
    assert 0 < len(known(row, 525.0)) < 64
