"""No header is ever given out twice, whatever is drawn, and none is kept back."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from joulehash.engine.space import NONCES, NTIME_MOST, Drawn, HeaderSpace, Rolled, deposit

SIZES = (0, 1, 2, 8, 16)  # split; split; the least that is not; a common one; the most
MASKS = (0, 0x2000, 0x6000, 0x1FE000, 0x1FFFE000, 0x10004000, 0x00A0A000)  # 0, 1, 2, 8, 16 bits, and two with holes
VERSIONS = (0x20000000, 0x20002000, 0x20006000, 0x3FFFE000)  # they differ in bits of the masks


class Ledger:
    """Every header that was given out, as intervals of nonces."""

    def __init__(self) -> None:
        self._given: defaultdict[tuple[int, int, int], list[tuple[int, int]]] = defaultdict(list)

    def enter(self, drawn: Drawn, ntime: int) -> None:
        assert 0 <= drawn.first < drawn.first + drawn.count <= NONCES
        for version in drawn.versions:
            given = self._given[drawn.extranonce2, version, ntime]
            for first, end in given:
                assert drawn.first >= end or drawn.first + drawn.count <= first, f"given twice: {drawn}"
            given.append((drawn.first, drawn.first + drawn.count))

    @property
    def headers(self) -> int:
        return sum(end - first for given in self._given.values() for first, end in given)


class Draws(RuleBasedStateMachine):
    """Several devices draw from one space while the pool changes what it can."""

    @initialize(size=st.sampled_from(SIZES), mask=st.sampled_from(MASKS))
    def begin(self, size: int, mask: int) -> None:
        self.size, self.space, self.ledger = size, HeaderSpace(size), Ledger()
        self.ntime, self.version, self.mask = 1_700_000_000, VERSIONS[0], mask

    @rule(versions=st.integers(1, 16), split=st.booleans(), times=st.sampled_from((1, 1, 3, 70)))
    def draw(self, versions: int, split: bool, times: int) -> None:
        for _ in range(times):
            drawn = self.space.draw(self.ntime, self.version, self.mask, versions, split=split)
            if drawn is None:
                return
            assert 0 <= drawn.extranonce2 < 256**self.size
            assert 1 <= len(drawn.versions) <= versions
            assert all((version ^ self.version) & ~self.mask == 0 for version in drawn.versions)
            self.ledger.enter(drawn, self.ntime)

    @rule()
    def draw_all_versions(self) -> None:
        if self.mask.bit_count() > 8:  # too many to enter
            return
        drawn = self.space.draw(self.ntime, self.version, self.mask, None, split=False)
        if drawn is not None:
            assert len(set(drawn.versions)) == 1 << self.mask.bit_count()
            self.ledger.enter(drawn, self.ntime)

    @rule(mask=st.sampled_from(MASKS))
    def mask_changes(self, mask: int) -> None:
        self.mask = mask

    @rule(version=st.sampled_from(VERSIONS))
    def version_changes(self, version: int) -> None:
        self.version = version

    @rule(seconds=st.integers(1, 3))
    def time_goes_on(self, seconds: int) -> None:
        self.ntime += seconds

    @rule(seconds=st.integers(1, 5))
    def the_job_is_sent_again_with_its_first_ntime(self, seconds: int) -> None:
        self.ntime -= seconds


TestDraws = Draws.TestCase
TestDraws.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("bits", [0, 1, 2, 8])
@pytest.mark.parametrize("split", [False, True])
def test_gives_out_the_whole_space_of_size_0_before_it_is_exhausted(bits: int, split: bool) -> None:
    space, ledger, mask = HeaderSpace(0), Ledger(), (1 << bits) - 1 << 13
    while (drawn := space.draw(100, 0x20000000, mask, 3, split=split)) is not None:
        ledger.enter(drawn, 100)
    assert ledger.headers == NONCES << bits


@pytest.mark.parametrize("split", [False, True])
def test_gives_out_the_whole_space_of_size_1(split: bool) -> None:
    space, ledger = HeaderSpace(1), Ledger()
    while (drawn := space.draw(100, 0x20000000, 0x2000, 2, split=split)) is not None:
        ledger.enter(drawn, 100)
    assert ledger.headers == 256 * 2 * NONCES


@given(kinds=st.lists(st.tuples(st.booleans(), st.integers(1, 16)), min_size=1, max_size=12))
def test_devices_that_split_and_devices_that_do_not_leave_nothing_between_them(kinds: list[tuple[bool, int]]) -> None:
    """And none gets more versions than it rolls, whoever began the range."""
    space, ledger, exhausted, turn = HeaderSpace(0), Ledger(), set[bool](), 0
    while exhausted != {split for split, _ in kinds}:
        split, versions = kinds[turn % len(kinds)]
        drawn = space.draw(100, 0x20000000, 0xE000, versions, split=split)
        assert drawn is None or len(drawn.versions) <= versions
        exhausted = exhausted | {split} if drawn is None else exhausted
        if drawn is not None:
            ledger.enter(drawn, 100)
        turn += 1
    while (drawn := space.draw(100, 0x20000000, 0xE000, 1, split=True)) is not None:
        ledger.enter(drawn, 100)  # what is left of a split range waits for one who splits
    assert ledger.headers == NONCES << 3


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize(("size", "nonces"), [(0, NONCES // 64), (4, NONCES)])
def test_a_draw_has_as_many_versions_as_the_mask_allows_split_or_not(mask: int, size: int, nonces: int) -> None:
    allowed = 1 << mask.bit_count()
    drawn = HeaderSpace(size).draw(100, 0x20000000, mask, 16, split=True)
    assert drawn is not None
    assert (len(set(drawn.versions)), drawn.count) == (min(16, allowed), nonces)
    assert all((version ^ 0x20000000) & ~mask == 0 for version in drawn.versions)


def test_parts_of_a_range_have_the_same_versions_and_those_left_over_come_next() -> None:
    space = HeaderSpace(0)
    drawn = [space.draw(100, 0x20000000, 0x6000, versions, split=True) for versions in (4, 4, 3, 4, 4)]
    parts = [(one.first * 64 // NONCES, one.versions.first, one.versions.size) for one in drawn if one is not None]
    assert parts == [(0, 0, 4), (1, 0, 4), (2, 0, 3), (2, 3, 1), (3, 0, 4)]


def test_an_exhausted_space_waits_for_a_second_that_is_new() -> None:
    space = HeaderSpace(0)
    assert space.draw(100, 2, 0, 1, split=False) is not None
    assert space.draw(100, 2, 0, 1, split=False) is None
    assert space.draw(99, 2, 0, 1, split=False) is None
    assert space.draw(101, 2, 0, 1, split=False) is not None
    assert space.draw(100, 2, 0, 1, split=False) is None, "100 was used up in the walk before"


def test_a_walk_after_the_first_takes_no_second_of_the_walk_before() -> None:
    space = HeaderSpace(0)
    for ntime in (100, 102):
        assert space.draw(ntime, 2, 0x6000, 2, split=False) is not None
    assert space.draw(103, 2, 0x6000, 2, split=False) is not None
    assert space.draw(101, 2, 0x6000, 2, split=False) is None


def test_ntime_ends_with_its_four_bytes() -> None:
    space = HeaderSpace(4)
    assert space.draw(NTIME_MOST, 2, 0, 1, split=False) is not None
    assert space.draw(NTIME_MOST + 1, 2, 0, 1, split=False) is None


def test_a_draw_takes_at_least_one_version() -> None:
    with pytest.raises(ValueError, match="versions: 0; takes 1 or more"):
        HeaderSpace(4).draw(100, 2, 0, 0, split=False)


@pytest.mark.parametrize("size", [0, 1, 8])
def test_many_threads_draw_from_one_space(size: int) -> None:
    space, ledger = HeaderSpace(size), Ledger()

    def device(number: int) -> list[tuple[Drawn, int]]:
        mask, drawn = (0x6000, 0xE000)[number % 2], list[tuple[Drawn, int]]()
        for turn in range(400):
            ntime = 100 + turn // 50
            if (taken := space.draw(ntime, 0x20000000, mask, 1 + number, split=number % 3 > 0)) is not None:
                drawn.append((taken, ntime))
        return drawn

    with ThreadPoolExecutor(8) as threads:
        for drawn in threads.map(device, range(8)):
            for taken, ntime in drawn:
                ledger.enter(taken, ntime)
    assert ledger.headers > 0


@given(mask=st.integers(0, 2**32 - 1), value=st.integers(0, 2**16))
def test_deposit_fills_the_mask_from_below(mask: int, value: int) -> None:
    bits = [bit for bit in range(32) if mask >> bit & 1]
    assert deposit(value, mask) == sum(1 << bit for i, bit in enumerate(bits) if value >> i & 1)


def test_rolled_versions_are_a_sequence() -> None:
    rolled = Rolled(0x20000000, 0x6000, 1, 3)
    assert list(rolled) == [0x20002000, 0x20004000, 0x20006000]
    assert (rolled[-1], rolled[1:]) == (0x20006000, (0x20004000, 0x20006000))
    assert 0x20000000 not in rolled
    with pytest.raises(IndexError):
        rolled[3]
