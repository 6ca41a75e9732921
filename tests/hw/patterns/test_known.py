"""What is known for a board: what it is given and what is shipped, the best of it first, or what a search finds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from joulehash.hw.boards.table import BOARDS, board_row
from joulehash.hw.patterns.known import known, shipped
from joulehash.hw.patterns.pattern import Pattern
from joulehash.hw.patterns.place import place
from joulehash.hw.patterns.search import spots
from tests.support.patterns import GAMMA_SHARE, GENESIS


def _at(core: int, counter: int, version: int, core_bits: int) -> Pattern:
    """Nothing here hashes it: its zero bits are said, not true."""
    nonce = (core << 32 - core_bits | counter).to_bytes(4, "big")
    return Pattern(replace(GENESIS.header, version=version, nonce=int.from_bytes(nonce, "little")), 32)


@pytest.mark.parametrize("name", BOARDS)
def test_every_board_has_one_for_each_core_that_what_is_shipped_lies_on(name: str) -> None:
    row = BOARDS[name]
    found = known(row, row.mhz.most)
    places = [place(row, row.mhz.most, each) for each in shipped()]
    on = {(each.chip, each.core) for each in places if each is not None}
    assert on
    assert [(each.place.chip, each.place.core) for each in found] == [spot for spot in spots(row) if spot in on]


def test_what_is_shipped_is_true() -> None:
    patterns = shipped()
    assert all(Pattern.of(each.header).zero_bits >= 32 for each in patterns)
    assert len({each.header for each in patterns}) == len(patterns)


def test_what_needs_no_narrow_mask_goes_first_then_what_is_found_first() -> None:
    row = board_row("bitaxe-gamma")
    share = place(row, 525.0, GAMMA_SHARE)  # version bits 05A2: only under a mask of four bits are they the first
    assert share is not None
    assert share.core is not None
    late, early = (_at(share.core, counter, 0x20000000, 7) for counter in (0x155555, 0x100000))
    for given in ([GAMMA_SHARE, late, early], [early, late, GAMMA_SHARE]):
        (mine,) = [each for each in known(row, 525.0, given) if each.place.core == share.core]
        assert mine.pattern == early
        assert mine.place.after_s > share.after_s
    (mine,) = [each for each in known(row, 525.0, [GAMMA_SHARE]) if each.place.core == share.core]
    assert mine.pattern == GAMMA_SHARE


@pytest.mark.parametrize("name", ["bitaxe-gamma", "bitaxe-ultra", "bitaxe-supra", "bitaxe-max", "compac-a1"])
def test_a_core_has_several_of_different_small_cores(name: str) -> None:
    """For a chip may lack the small core of one of them. The last core of BM1362 has two small cores in all."""
    row = board_row(name)
    assert row.chip is not None
    given = [
        _at(core, 0x1000 * (8 - small) + again, 0x20000000 | small << 13, row.chip.core_bits)
        for core in range(row.chip.cores)
        for small in range(min(4, row.chip.small_per_core))
        for again in (0, 1)
    ]
    several = known(row, row.mhz.usual, given, each=3)
    spots_of = [(each.place.chip, each.place.core) for each in several]
    small = [(*spot, each.place.small_core) for spot, each in zip(spots_of, several, strict=True)]
    assert 3 * len(spots(row)) >= len(set(small)) == len(small) >= 3 * len(spots(row)) - 1
    assert spots_of == sorted(spots_of)
    firsts = [several[spots_of.index(spot)] for spot in dict.fromkeys(spots_of)]
    assert firsts == known(row, row.mhz.usual, given)


def test_a_simulators_are_searched() -> None:
    row = board_row("bitaxe-gamma").scaled(22)
    found = known(row, 525.0)
    assert len(found) == 128
    assert min(each.pattern.zero_bits for each in found) < 32


def test_between_silicon_and_a_simulator_there_are_few() -> None:
    """Too many hashes to search on the spot, and most nonces lie beside those that such a chip tries."""
    row = board_row("bitaxe-gamma").scaled(8)
    tried = _at(3, 0x1200, 0x20000000, 7)
    assert [
        each.pattern for each in known(row, 525.0, [_at(3, 0x1201, 0x20000000, 7), tried]) if each.place.core == 3
    ] == [tried]
    assert len(known(row, 525.0, [tried])) < 64
