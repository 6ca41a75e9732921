"""Rates over windows, from a counter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.rates import WINDOWS_S, RateMeter


def meter(*samples: tuple[float, int]) -> RateMeter:
    made = RateMeter()
    for now, count in samples:
        made.sample(now, count)
    return made


def test_nothing_is_known_before_two_samples() -> None:
    for empty in (meter(), meter((5.0, 100)), meter((5.0, 100), (5.0, 200))):
        assert empty.rate(5.0) is None
        assert empty.average() is None


def test_a_window_looks_back_so_far_and_no_further() -> None:
    speeds = [100] * 20 + [10] * 5  # fast, then slow for five seconds
    counts = [sum(speeds[:i]) for i in range(26)]
    made = meter(*((float(i), count) for i, count in enumerate(counts)))
    assert made.rate(5.0) == 10
    assert made.rate(10.0) == 55
    assert made.rate(60.0) == made.average() == pytest.approx(2050 / 25)


def test_a_loop_that_was_late_spans_the_gap() -> None:
    made = meter((0.0, 0), (1.0, 10), (31.0, 310))
    assert made.rate(5.0) == 10


def test_a_clock_that_stands_still_divides_by_nothing() -> None:
    made = meter((0.0, 0), (1.0, 10), (1.0, 12), (1.0, 20))
    assert made.rate(5.0) == 20
    assert made.average() == 20


def test_it_counts_from_the_first_sample() -> None:
    assert meter((100.0, 5000), (110.0, 5100)).average() == 10


def test_memory_ends_with_the_longest_window() -> None:
    made = meter(*((float(i), 7 * i) for i in range(5000)))
    assert len(made._samples) <= WINDOWS_S[-1] + 2  # pyright: ignore[reportPrivateUsage]
    assert made.rate(WINDOWS_S[-1]) == made.average() == 7


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 2**64)), max_size=50), st.floats(0.1, 1000))
def test_no_samples_break_it(steps: list[tuple[float, int]], window_s: float) -> None:
    made, now, count = RateMeter(), 0.0, 0
    for elapsed, counted in steps:
        now, count = now + elapsed, count + counted
        made.sample(now, count)
    for rate in (made.rate(window_s), made.average()):
        assert rate is None or rate >= 0
