"""Dead and weak units, and equal shares: against scipy.stats, printed examples, and by simulation of sound boards."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.bench.decide.units import dead, due, holm, silent, unequal, weak, weaker

stats: Any = import_module("scipy.stats")  # it has no types to check
SEED = 20261122
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_silence_counts_once_enough_is_due() -> None:
    """For one core of 128 to be called dead, 11.8 nonces must have been due: 1505 of the chip."""
    assert due(128) == pytest.approx(11.76, abs=0.005)
    assert due(128) * 128 == pytest.approx(1505, abs=1)
    assert not silent(due(128) - 0.01, 128)
    assert silent(due(128) + 0.01, 128)
    assert silent(6.91, 1)
    with pytest.raises(ValueError, match="units: 0"):
        due(0)


def test_only_the_silent_are_dead() -> None:
    assert dead([0, 1, 9, 0], [20.0, 20.0, 9.0, 5.0]) == [0]
    with pytest.raises(ValueError, match="zip"):
        dead([0, 1], [20.0])


def test_sound_units_are_seldom_called_dead_however_often_one_looks() -> None:
    """A hundred looks at each of 128 cores, from where silence begins to count: at most once in a thousand boards."""
    random = np.random.default_rng(SEED)
    first = random.exponential(size=(4000, 128))  # when each core's first nonce comes, in expected nonces
    named = np.zeros(4000, dtype=bool)
    for expected in np.geomspace(1, 100, 100):
        if silent(float(expected), 128):
            named |= (first > expected).any(axis=1)
    assert named.sum() <= 11  # 4 at most on average


def test_holm_by_hand() -> None:
    """0.005 <= 0.05 / 4 and 0.01 <= 0.05 / 3, but 0.03 > 0.05 / 2: what comes after it does not count either."""
    assert holm([0.01, 0.04, 0.03, 0.005], alpha=0.05) == [True, False, False, True]
    assert holm([]) == []


@given(P_VALUES, st.floats(0.0001, 0.2))
def test_holm_finds_what_bonferroni_finds_and_no_more_than_none_would(p_values: list[float], alpha: float) -> None:
    found = holm(p_values, alpha)
    n = len(p_values)
    assert all(found[i] for i in range(n) if p_values[i] <= alpha / n)
    assert not any(found[i] for i in range(n) if p_values[i] > alpha)
    adjusted, worst = [0.0] * n, 0.0
    for rank, i in enumerate(sorted(range(n), key=p_values.__getitem__)):
        worst = max(worst, (n - rank) * p_values[i])
        adjusted[i] = worst
    assert found == [p <= alpha for p in adjusted] or any(p == pytest.approx(alpha) for p in adjusted)


def test_weak_units_by_the_poisson_tail() -> None:
    expected = [100.0] * 8
    assert weak([100, 100, 40, 100, 100, 100, 0, 100], expected) == [2, 6]
    edge = int(stats.poisson.ppf(0.001 / 8, 80.0))
    assert weak([edge - 1, *[100] * 7], expected) == [0]
    assert weak([edge, *[100] * 7], expected) == []


def test_a_board_that_is_slow_as_a_whole_has_weak_units_but_none_weaker_than_the_others() -> None:
    counts = [40] * 8
    assert weak(counts, [100.0] * 8) == list(range(8))
    assert weaker(counts, [1.0] * 8) == []
    assert weaker([5, *counts[1:]], [1.0] * 8) == [0]


def test_a_unit_with_half_the_work_is_not_weaker() -> None:
    assert weaker([50, 100, 100, 100], [1.0, 2.0, 2.0, 2.0]) == []
    assert weaker([50, 200, 200, 200], [1.0, 1.0, 1.0, 1.0]) == [0]
    total, share = 650, 0.8 / 3.8
    assert stats.binom.cdf(50, total, share) < 0.001 / 4


def test_units_exactly_at_the_floor_are_seldom_named() -> None:
    """One of 16 at 80 %, the others sound: it is named in one board of 16 thousand, any in one of a thousand."""
    random = np.random.default_rng(SEED)
    rates = np.array([0.8, *[1.0] * 15]) * 60
    boards = random.poisson(rates, size=(1500, 16))
    named = sum(bool(weak(board.tolist(), [60.0] * 16)) for board in boards)
    also = sum(bool(weaker(board.tolist(), [1.0] * 16)) for board in boards)
    assert named <= 6
    assert also <= 6


def test_mendels_peas() -> None:
    """Round and wrinkled, yellow and green, 9:3:3:1: chi-square 0.470 (Pearson's own, with 3 degrees of freedom)."""
    assert unequal([315, 108, 101, 32], [9, 3, 3, 1]) == pytest.approx(0.9254, abs=5e-5)


@given(st.lists(st.integers(10, 300), min_size=2, max_size=40))
def test_shares_are_compared_as_scipy_does(counts: list[int]) -> None:
    p_value = unequal(counts, [1.0] * len(counts))
    assert p_value == pytest.approx(float(stats.chisquare(counts).pvalue), rel=1e-9, abs=1e-300)


def test_few_counts_say_nothing_about_shares() -> None:
    assert unequal([4, 5], [1, 1]) is None
    assert unequal([400], [1]) is None
    assert unequal([0, 0], [1, 1]) is None
    assert unequal([5, 5], [1, 1]) == pytest.approx(1.0)


def test_equal_shares_are_called_unequal_as_often_as_they_should_be() -> None:
    random = np.random.default_rng(SEED)
    p_values = [unequal(list(map(int, random.poisson(15, 32))), [1.0] * 32) for _ in range(1000)]
    assert sum(p is not None and p < 0.05 for p in p_values) / 1000 == pytest.approx(0.05, abs=0.02)
