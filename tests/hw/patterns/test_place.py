"""Where patterns lie, against the simulator's own account of who tries which nonce when, on silicon rows too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.hw.boards.row import Row
from joulehash.hw.boards.table import BOARDS, board_row
from joulehash.hw.chips.partition import addresses, hcn, offsets
from joulehash.hw.patterns.job import job, mask_for
from joulehash.hw.patterns.known import Known, known, shipped
from joulehash.hw.patterns.pattern import Pattern
from joulehash.hw.patterns.place import place, sweep_ticks
from joulehash.hw.patterns.search import spots
from joulehash.hw.sim.header import Midstates, WholeHeader
from joulehash.hw.sim.search import Hit, Search, Segment, Task
from joulehash.hw.sim.silicon import SILICON
from joulehash.hw.wire.bm13xx import HeaderJob
from tests.support.patterns import BLOCKS, GAMMA_SHARE, GENESIS

STAMPED = [row for row in BOARDS.values() if row.chip is not None and row.chip.core_bits]
_EASY = 10  # zero bits, of made-up headers: a thousand hashes each
_DRAWS = 100_000  # of nonces, for all cores of a board


def test_the_share_of_a_gamma_lies_where_its_frame_says() -> None:
    found = place(board_row("bitaxe-gamma"), 525.0, GAMMA_SHARE)
    assert found is not None
    assert (found.chip, found.core, found.small_core) == (0, 0x26, 2)
    assert found.after_s == pytest.approx((0x35275 + 1) / 525e6)
    assert found.alone_s == float("inf")


@pytest.mark.parametrize(
    ("board", "spot"),
    [
        ("bitaxe-gamma", (0, 0x0E)),
        ("bitaxe-max", (0, 0x1D)),  # one bit more of it is the core's
        ("icarus", (0, None)),
        ("newpac", (0, None)),
        ("chain:bm1368x2", None),  # in the second half of the second chip's part
        ("chain:bm1397x2", (1, 0x1D)),  # a sweep of BM1397 has no end
        ("chain:bm1370x3", None),  # at 28 of 32 parts: the third chip begins at two thirds, and has a quarter
    ],
)
def test_the_first_block_of_all(board: str, spot: tuple[int, int | None] | None) -> None:
    found = place(board_row(board), 100.0, GENESIS)
    assert (None if found is None else (found.chip, found.core)) == spot


def test_what_a_chip_does_not_tell_or_try_has_no_place() -> None:
    row = board_row("bitaxe-supra")  # 80 cores
    easy = replace(GENESIS, zero_bits=31)
    assert place(row, 490.0, easy) is None
    beyond = Pattern(replace(GENESIS.header, nonce=int.from_bytes((80 << 25).to_bytes(4, "big"), "little")), 43)
    assert place(row, 490.0, beyond) is None
    assert place(board_row("bitaxe-gamma"), 525.0, beyond) is not None
    last = Pattern(replace(GENESIS.header, nonce=int.from_bytes((79 << 25).to_bytes(4, "big"), "little")), 43)
    assert place(row, 490.0, last) is not None
    small_12 = Pattern(replace(last.header, version=12 << 13), 43)  # of 1276 small cores the last core has 12
    assert place(row, 490.0, small_12) is None
    assert place(row.scaled(20), 490.0, GENESIS) is None  # of 2^20 nonces it tries the first only


def _hits(row: Row, of: Known, mhz: float, zero_bits: int = 32) -> list[Hit]:
    """What the simulator's silicon finds of all that its cores try at the moment when it comes to that nonce. It tries
    every nonce; with fewer zero bits it only tells more."""
    chip = row.chip
    assert chip is not None
    search = Search(chip, SILICON[chip.name])
    search.chip = replace(chip, zero_bits=zero_bits)
    sent = job(chip, of.pattern, 0)
    header = WholeHeader(sent) if isinstance(sent, HeaderJob) else Midstates(sent)
    task = Task(header, mhz, None, True, mask_for(chip, of.pattern) >> 13, 0)
    where = of.place.chip
    offset = 0x80000000 | offsets(row.chips)[where] if row.chips > 1 else 0
    start = search.start_of(addresses(row.chips)[where], offset)
    words_s = mhz * 1e6 * chip.cores
    last = round(of.place.after_s * words_s)
    return search.hits(task, Segment(0, last - chip.cores, last, 0), [start])


def _made_up(row: Row, mhz: float) -> Iterator[Known]:
    """For every tenth core one, anywhere in its part, of any version: its header is easy, but its place is true."""
    random = Random(5)
    lacking = set(spots(row)[::10])
    assert row.chip is not None
    for _ in range(_DRAWS):
        bits = random.choice((random.randrange(row.chip.small_per_core), random.getrandbits(16)))
        header = replace(GENESIS.header, version=0x20000000 | bits << 13, nonce=random.getrandbits(32))
        where = place(row, mhz, Pattern(header, 32))
        if where is not None and (where.chip, where.core) in lacking:
            lacking.remove((where.chip, where.core))
            tried = (Pattern.of(replace(header, ntime=ntime)) for ntime in count())
            yield Known(next(each for each in tried if each.zero_bits >= _EASY), where)
        if not lacking:
            return
    pytest.fail(f"{row.name}: no nonce has a place on {sorted(lacking)}")


@pytest.mark.parametrize("row", STAMPED, ids=lambda row: row.name)
def test_the_simulated_silicon_comes_to_every_tenth_core_in_its_moment(row: Row) -> None:
    """On the right core and small core, at the right version."""
    assert row.chip is not None
    mhz = row.mhz.usual
    for of in _made_up(row, mhz):
        mask = mask_for(row.chip, of.pattern) >> 13
        here = [hit for hit in _hits(row, of, mhz, _EASY) if hit.word == of.pattern.h]
        found = [hit for hit in here if hit.zeros == of.pattern.zero_bits]
        assert (of.place.core, of.place.small_core) in [(hit.core, hit.small_core) for hit in found], of
        if row.chip.job == "header":
            assert of.pattern.rolled & mask in [hit.rolled for hit in found]


@pytest.mark.parametrize("row", STAMPED, ids=lambda row: row.name)
def test_the_simulated_silicon_comes_to_real_ones_in_their_moment(row: Row) -> None:
    """All that are shipped and all blocks at hand that have a place on that board: hashes of 32 zero bits and more."""
    assert row.chip is not None
    some = [
        Known(pattern, where)
        for pattern in (*shipped(), *BLOCKS)
        if (where := place(row, row.mhz.usual, pattern)) is not None
    ]
    assert len(some) >= 4
    assert set(known(row, row.mhz.usual)) <= set(some)
    for of in some:
        hits = _hits(row, of, row.mhz.usual)
        here = [hit for hit in hits if hit.word == of.pattern.h]
        assert len(here) == 1, of
        assert (here[0].core, here[0].small_core) == (of.place.core, of.place.small_core)
        assert here[0].zeros == of.pattern.zero_bits
        if row.chip.job == "header":
            version = of.pattern.header.version >> 13 & 0xFFFF & mask_for(row.chip, of.pattern) >> 13
            assert here[0].rolled == version


@pytest.mark.parametrize("name", ["bitaxe-gamma", "bitaxe-gt", "bitaxe-hex", "chain:bm1362x126"])
def test_on_silicon_a_sweep_is_made_longer_for_a_lone_chip_only(name: str) -> None:
    """In a chain a longer one might lead into the next chip's part."""
    row = board_row(name)
    assert row.chip is not None
    usual = hcn(row.chip, row.chips, 500.0)
    end = Pattern(replace(GENESIS.header, nonce=0xFFFFFF01), 43)  # the last of core 0
    reached = place(row, 500.0, end)
    assert (reached is not None) is (row.chips == 1)
    if reached is not None:
        assert sweep_ticks(row.chip, 1, 500.0, [reached]) == pytest.approx(2 * usual, rel=0.001)
    start = place(row, 500.0, Pattern(replace(GENESIS.header, nonce=0), 43))
    assert start is not None
    assert sweep_ticks(row.chip, row.chips, 500.0, [start]) == usual


@given(st.sampled_from(STAMPED), st.integers(0, 2**32 - 1), st.integers(0, 0xFFFF))
def test_whatever_has_a_place_is_on_the_board_and_soon(row: Row, nonce: int, rolled: int) -> None:
    header = replace(GENESIS.header, nonce=nonce, version=rolled << 13)
    found = place(row, 400.0, Pattern(header, 32))
    assert row.chip is not None
    if found is not None:
        assert 0 <= found.chip < row.chips
        assert found.core is not None
        assert 0 <= found.core < row.chip.cores
        assert 0 < found.after_s <= 2**25 / 400e6
        assert found.alone_s > 0
