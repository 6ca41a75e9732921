"""Searching: every core of a simulator in a moment; silicon in numbered units, and what is shipped is found again in
its own."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from joulehash.engine.errors import InputError
from joulehash.ext.kernels import KERNELS, Kernel, ScanFn, choose
from joulehash.hw.boards.table import board_row
from joulehash.hw.patterns.known import SHIPPED
from joulehash.hw.patterns.pattern import Library, Pattern, load
from joulehash.hw.patterns.place import place
from joulehash.hw.patterns.search import UNIT_HASHES, search, search_scaled, spots, try_unit

FOUND = load(SHIPPED)


@pytest.mark.parametrize(
    ("board", "scale", "cores"),
    [
        ("bitaxe-gamma", 22, 128),
        ("bitaxe-max", 22, 168),
        ("bitaxe-ultra", 22, 112),
        ("bitaxe-supra", 22, 80),
        ("compac-a1", 22, 65),
        ("bitaxe-hex", 22, 672),
        ("newpac", 20, 2),
        ("icarus", 16, 2),
        ("fpga", 16, 1),
        ("chain:bm1370x4", 22, 512),
    ],
)
def test_a_simulators_space_holds_one_for_each_core(board: str, scale: int, cores: int) -> None:
    row = board_row(board).scaled(scale)
    found = search_scaled(row, 100.0)
    places = [place(row, 100.0, pattern) for pattern in found]
    assert [(where.chip, where.core) for where in places if where is not None] == spots(row)
    assert len(found) == cores
    assert all(pattern == Pattern.of(pattern.header) for pattern in found)


def test_it_finds_the_same_again() -> None:
    row = board_row("bitaxe-gamma").scaled(24)
    assert search_scaled(row, 525.0) == search_scaled(row, 525.0)


def test_a_unit_holds_as_many_as_chance_has_it_and_all_early_in_a_sweep() -> None:
    """Of a thirty-second of it; hashed a second time by Pattern.of."""
    found: list[Pattern] = []
    for pattern in try_unit(5, choose(), zero_bits=16):
        found.append(pattern)
        if len(found) == 16:
            break
    assert all(pattern.zero_bits >= 16 and pattern.h & 0xFFFFFF < 1 << 22 for pattern in found)
    assert {pattern.rolled for pattern in found} <= set(range(8))
    assert len({pattern.h >> 24 for pattern in found}) > 8
    assert len({pattern.header.merkle_root for pattern in found}) == 1


def _sparing(wanted: Pattern) -> Kernel:
    """A kernel that hashes only where that one lies, and says of the rest that nothing is there."""
    real = KERNELS["portable"].load()

    def scan(
        midstates: array[int],
        tail: array[int],
        first: int,
        count: int,
        top_word: int,
        hits: array[int],
        stop: array[int],
    ) -> tuple[int, int]:
        nonce = wanted.header.nonce
        if not first <= nonce < first + count:
            return 0, count
        begin = max(first, nonce - 50)
        return real(midstates, tail, begin, min(100, first + count - begin), top_word, hits, stop)[0], count

    def load_it() -> ScanFn:
        return scan

    return replace(KERNELS["portable"], load=load_it)


def _unit_of(pattern: Pattern) -> int:
    """In which unit of the first header it lies: 256 units of 256 runs of 2^16."""
    return pattern.header.nonce >> 24


def test_what_is_shipped_is_found_again_in_its_unit() -> None:
    first = FOUND.patterns[0]
    unit = _unit_of(first)
    before = Library(searched=unit)
    after = next(search(before, _sparing(first)))
    assert after == Library((first,), 32, unit + 1)
    assert unit < FOUND.searched


def test_it_goes_on_where_it_was_and_takes_only_what_a_core_lacks() -> None:
    first = FOUND.patterns[0]
    unit = _unit_of(first)
    again = next(search(Library((first,), 32, unit), _sparing(first)))
    assert again == Library((first,), 32, unit + 1)
    assert UNIT_HASHES == 1 << 25


def test_a_scale_that_leaves_nothing_to_a_core_is_refused() -> None:
    with pytest.raises(InputError, match="takes 2"):
        board_row("bitaxe-gamma").scaled(26)
