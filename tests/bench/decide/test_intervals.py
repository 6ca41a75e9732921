"""Against published tables and scipy.stats, another implementation; and the truth is covered as often as said."""

from __future__ import annotations

from importlib import import_module
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.bench.decide.intervals import Interval, anytime, garwood, over_counter, ratio, wilson
from joulehash.bench.decide.sprt import RateTest

stats: Any = import_module("scipy.stats")  # it has no types to check
WINDOWS = 1000
EVENTS = st.integers(0, 3000)


@pytest.mark.parametrize(
    ("n", "low", "high"),
    # Garwood's table, as in Pearson and Hartley, Biometrika Tables for Statisticians, vol. 1, table 40
    [(0, 0.0, 3.69), (1, 0.0253, 5.57), (5, 1.62, 11.67), (10, 4.80, 18.39), (20, 12.22, 30.89), (50, 37.11, 65.92)],
)
def test_garwood_gives_the_printed_table(n: int, low: float, high: float) -> None:
    interval = garwood(n)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.005)
    assert interval.value == n


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_printed_table(k: int, n: int, low: float, high: float) -> None:
    interval = wilson(k, n)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@given(EVENTS, st.sampled_from((0.68, 0.9, 0.95, 0.999)))
def test_garwood_ends_where_so_few_or_so_many_are_improbable(n: int, level: float) -> None:
    interval = garwood(n, level)
    assert stats.poisson.cdf(n, interval.high) == pytest.approx((1 - level) / 2, rel=1e-6)
    if n:
        assert stats.poisson.sf(n - 1, interval.low) == pytest.approx((1 - level) / 2, rel=1e-6)


@given(EVENTS, EVENTS, st.sampled_from((0.68, 0.95, 0.999)))
def test_proportions_are_those_of_scipy(k: int, more: int, level: float) -> None:
    n = k + more
    interval = wilson(k, n, level)
    if interval is None:
        assert n == 0
        return
    theirs = stats.binomtest(k, n).proportion_ci(level, method="wilson")
    assert (interval.low, interval.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@given(EVENTS, st.integers(1, 3000))
def test_a_ratio_is_that_of_the_binomial_between_both(n: int, m: int) -> None:
    interval = ratio(n, m)
    assert interval is not None
    theirs = stats.binomtest(n, n + m).proportion_ci(0.95, method="exact")
    assert interval.low == pytest.approx(theirs.low / (1 - theirs.low), rel=1e-6)
    assert interval.high == pytest.approx(theirs.high / (1 - theirs.high), rel=1e-6)
    assert n / m in interval


def test_nothing_is_known_of_nothing() -> None:
    assert wilson(0, 0) is None
    assert ratio(5, 0) is None
    assert over_counter(5, 1.0, 0.0) is None
    assert over_counter(5, 1.0, 8.0, quantum=8.0) is None
    assert garwood(0).half == inf


def test_a_counter_that_moves_in_steps_is_off_by_one_step_at_most() -> None:
    exact = over_counter(100, 16.0, 1600.0)
    coarse = over_counter(100, 16.0, 1600.0, quantum=160.0)
    assert exact is not None
    assert coarse is not None
    assert exact == garwood(100).times(0.01)
    assert coarse.low == pytest.approx(exact.low / 1.1)
    assert coarse.high == pytest.approx(exact.high / 0.9)


def test_an_interval_in_another_unit() -> None:
    assert Interval(1.0, 2.0, 4.0, 0.9).times(3) == Interval(3.0, 6.0, 12.0, 0.9)
    assert 1.0 in Interval(1.0, 2.0, 4.0)
    assert 4.1 not in Interval(1.0, 2.0, 4.0)
    assert Interval(90.0, 100.0, 112.0).half == pytest.approx(0.11)
    with pytest.raises(ValueError, match="factor -1"):
        Interval(1.0, 2.0, 4.0).times(-1)


def test_counts_and_levels_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="-1 events"):
        garwood(-1)
    with pytest.raises(ValueError, match="level 1;"):
        garwood(1, 1.0)
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(3, 2)
    with pytest.raises(ValueError, match="0 events expected"):
        anytime(1, 0.0)


@pytest.mark.parametrize("expected", [0.5, 3.0, 8.0, 20.0, 60.0, 500.0, 5000.0])
def test_a_window_of_fixed_length_covers_its_true_rate(expected: float) -> None:
    """In 93 to 97 % of the windows from 20 expected events on, in at least 93 % below; ten thousand of them."""
    counts, times = np.unique(np.random.default_rng(20261122).poisson(expected, 10 * WINDOWS), return_counts=True)
    inside = [expected in garwood(int(n)) for n in counts]
    covered = float(times[inside].sum()) / (10 * WINDOWS)
    assert covered >= 0.93
    assert expected < 20 or covered <= 0.97


def test_a_window_of_fixed_length_covers_its_true_rate_by_exact_sums() -> None:
    """The same for any number of windows: every count with its probability, at a thousand true rates."""
    counts = np.arange(450)
    ends = [garwood(int(n)) for n in counts]
    low, high = np.array([end.low for end in ends]), np.array([end.high for end in ends])
    for expected in np.geomspace(0.1, 250, 1000):
        inside = (low <= expected) & (expected <= high)
        covered = float(stats.poisson.pmf(counts, expected)[inside].sum())
        assert covered >= 0.95 - 1e-9
        assert expected < 20 or covered <= 0.97


def test_a_window_that_ends_at_a_number_of_events_covers_its_true_rate() -> None:
    """Garwood's is honest there too: the window's length is what varies."""
    random = np.random.default_rng(20261122)
    for events in (5, 50, 384):
        lengths = random.gamma(events, size=WINDOWS)  # at one event a second
        assert sum(length in garwood(events) for length in lengths) / WINDOWS >= 0.93


def stopped_early(rate: float, most: float, batch: float = 8.0) -> list[tuple[int, float]]:
    """Windows that a sequential test ended, or the clock: events and expected events of each."""
    random = np.random.default_rng(int(rate * 1000))
    windows: list[tuple[int, float]] = []
    for _ in range(WINDOWS):
        test, n, due = RateTest(), 0, 0.0
        while test.decision is None and due < most:
            n, due = n + int(random.poisson(rate * batch)), due + batch
            test.see(n, due)
        windows.append((n, due))
    return windows


@pytest.mark.parametrize("rate", [0.3, 0.7, 0.8, 0.85, 0.9, 1.0, 1.3])
def test_a_window_stopped_early_covers_its_true_rate(rate: float) -> None:
    windows = stopped_early(rate, most=2000.0)
    assert sum(rate in anytime(n, due) for n, due in windows) / WINDOWS >= 0.93


def test_the_interval_of_a_fixed_window_is_not_honest_for_one_stopped_early() -> None:
    windows = stopped_early(0.85, most=4000.0)
    assert sum(0.85 * due in garwood(n) for n, due in windows) / WINDOWS < 0.93


def test_looking_after_every_event_and_stopping_at_the_worst_moment_does_not_deceive_it() -> None:
    """Whoever waits for the moment at which the truth seems excluded, waits in vain in 95 % of all windows."""
    random = np.random.default_rng(20261122)
    deceived = 0
    for _ in range(100):
        due = np.cumsum(random.exponential(size=400))  # at the rate that is expected
        deceived += any(1.0 not in anytime(n + 1, float(due[n])) for n in range(0, 400, 4))
    assert deceived / 100 <= 0.05


@given(EVENTS, st.floats(10, 3000))
def test_what_holds_at_any_time_is_wider_than_what_holds_at_one(n: int, expected: float) -> None:
    at_one = garwood(n).times(1 / expected)
    at_any = anytime(n, expected)
    assert at_any.low <= at_one.low <= at_one.value <= at_one.high <= at_any.high
    assert at_any.value == pytest.approx(at_one.value)


def test_what_it_costs_to_stop_when_one_likes() -> None:
    """About half as wide again."""
    for n in (50, 400, 1500):
        assert anytime(n, float(n)).half / garwood(n).half == pytest.approx(1.5, abs=0.2)
