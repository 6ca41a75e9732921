"""The order in which headers are tried, by itself: what is tried at all, how often, and by whom."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.hw.chips.table import CHIPS
from joulehash.hw.sim.header import WholeHeader
from joulehash.hw.sim.search import Progress, Search, Segment, Task
from joulehash.hw.sim.silicon import SILICON
from joulehash.hw.wire.bm13xx import HeaderJob
from tests.support.silicon_host import PREVIOUS, ROOT

HEADER = WholeHeader(HeaderJob(0x68, 0x1D00FFFF, 1_700_000_000, ROOT, PREVIOUS, 0x20000000))
EVERY = 0  # no ticket: all that has the zero bits


def task(window_s: float = 0.01, mask: int = 0x00FF, rolling: bool = True, mhz: float = 500.0) -> Task:
    return Task(HEADER, mhz, window_s, rolling, mask, EVERY)


@given(st.lists(st.floats(1e-6, 0.05), min_size=1, max_size=20))
def test_cutting_the_time_changes_nothing(cuts: list[float]) -> None:
    of, at, whole = Search(CHIPS["BM1366"].scaled(21), SILICON["BM1366"]), Progress(), task(0.004)
    pieces: list[Segment] = []
    for cut in cuts:
        segments, at = of.go_on(whole, at, cut)
        pieces += segments
    at_once, end = of.go_on(whole, Progress(), sum(cuts))
    assert abs(sum(s.last - s.first for s in pieces) - sum(s.last - s.first for s in at_once)) <= 1
    assert at.group == end.group or abs(at.in_group_s - end.in_group_s) > 0.003  # a hair before and after its end
    for one, next_one in pairwise(pieces):
        assert next_one.first == one.last or next_one.first == 0


@given(st.lists(st.floats(1e-6, 0.02), min_size=1, max_size=12))
def test_the_last_core_has_its_turn_however_time_is_cut(cuts: list[float]) -> None:
    """A sweep of just one nonce to a core: rounding must not cost the last of them, 64."""
    row = CHIPS["BM1362"].scaled(22)
    of, at, one = Search(row, SILICON["BM1362"]), Progress(), task(2097152 / 25e6, mhz=50.0)
    first: list[Segment] = []
    while at.group == 0:
        for cut in cuts:
            segments, at = of.go_on(one, at, cut)
            first += [segment for segment in segments if segment.group == 0]
            if at.group:
                break
    assert (first[0].first, first[-1].last) == (0, row.cores)


def test_the_rate_is_exact_where_a_sweep_is_shorter_than_a_step() -> None:
    """Of a chain of 126 chips, a sweep holds a quarter of a word of each core's."""
    row = CHIPS["BM1362"].scaled(25)
    of, at = Search(row, SILICON["BM1362"]), Progress()
    short = task(6241 / 25e6, 0xFFFF, mhz=525.0)
    segments, at = of.go_on(short, at, 2.0)
    tried = of.hashes(short, segments, range(row.cores))
    assert tried == pytest.approx(2.0 * row.rate_hps(525.0), rel=0.002)


def test_no_header_of_an_epoch_is_tried_twice_and_chips_do_not_meet() -> None:
    row = CHIPS["BM1370"].scaled(20)
    of = Search(row, SILICON["BM1370"])
    starts = [of.start_of(0, 0x80000000 | i << 14) for i in range(4)]
    part_s = 2**23 / 500e6
    whole = task(part_s, 0x001F)  # two groups of sixteen versions
    segments, at = of.go_on(whole, Progress(), 2 * part_s * 0.9999)
    assert (at.group, {segment.group for segment in segments}) == (1, {0, 1})
    hits = [hit for segment in segments for hit in of.hits(whole, segment, starts)]
    assert len({(hit.word, hit.rolled) for hit in hits}) == len(hits)
    tried = 4 * of.hashes(whole, segments, range(128))
    assert tried == pytest.approx(4 * 2 * 8 * 2040, rel=0.001)  # eight steps of a part, on each small core
    assert abs(len(hits) - tried / 2**row.zero_bits) < 5 * (tried / 2**row.zero_bits) ** 0.5 + 1


def test_cores_and_domains_add_up() -> None:
    row = CHIPS["BM1366"].scaled(20)
    of = Search(row, SILICON["BM1366"])
    for rolling in (True, False):
        whole = task(0.004, 0xFFFF, rolling)
        segments, _ = of.go_on(whole, Progress(), 0.5)
        by_core = [of.hashes(whole, segments, range(core, core + 1)) for core in range(row.cores)]
        assert sum(by_core) == of.hashes(whole, segments, range(row.cores))
        assert sum(by_core) == sum(of.hashes(whole, segments, range(d * 28, d * 28 + 28)) for d in range(4))
        assert by_core[-1] == pytest.approx(by_core[-2] * 6 / 8, rel=0.05)  # 894 of 896: the last lacks two


@pytest.mark.parametrize("name", ["BM1362", "BM1366", "BM1368", "BM1370"])
def test_hits_are_of_cores_that_are_there(name: str) -> None:
    row = CHIPS[name].scaled(24)
    of, whole = Search(row, SILICON[name]), task(0.03)
    (segment, *_), _ = of.go_on(whole, Progress(), 0.02)
    hits = of.hits(whole, segment, [0])
    assert all(hit.core * row.small_per_core + hit.small_core < row.small_cores for hit in hits)
    assert all(hit.core == hit.word >> 25 for hit in hits)
    assert all(hit.rolled & row.small_per_core - 1 == hit.small_core for hit in hits)
    assert hits


def test_chips_that_begin_alike_find_alike() -> None:
    row = CHIPS["BM1366"].scaled(22)
    of, whole = Search(row, SILICON["BM1366"]), task(0.03)
    (segment, *_), _ = of.go_on(whole, Progress(), 0.03)
    lone = of.hits(whole, segment, [0])
    # two chips half a step apart never try the same; a whole number of steps apart they do
    apart = of.hits(whole, segment, [0, 1 << 21])
    assert [hit for hit in apart if hit.start == 0] == lone
    overlapping = of.hits(whole, segment, [0, 1 << 22])
    words = [hit.word for hit in overlapping]
    assert len(words) > len(set(words))
