"""The risks that the tests promise, by seeded simulation; whenever one looks."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from joulehash.bench.decide.intervals import anytime
from joulehash.bench.decide.sprt import ProportionTest, RateTest

SEED = 20261122


def decisions(rate: float, batch: float, runs: int, risk: float) -> list[str]:
    random = np.random.default_rng(SEED)
    found: list[str] = []
    for _ in range(runs):
        test, n, due = RateTest(alpha=risk, beta=risk), 0, 0.0
        while test.decision is None:
            n, due = n + int(random.poisson(rate * batch)), due + batch
            test.see(n, due)
        found.append(test.decision)
    return found


@pytest.mark.parametrize("batch", [2.0, 30.0, 500.0])
@pytest.mark.parametrize(("rate", "wrong"), [(0.90, "fail"), (0.80, "pass")])
def test_a_board_at_the_edge_is_misjudged_no_oftener_than_promised(rate: float, wrong: str, batch: float) -> None:
    """In batches less often: a board far over the bound is as good as one on it. 1500 runs at a risk of 1 %."""
    found = decisions(rate, batch, runs=1500, risk=0.01)
    assert found.count(wrong) <= 27  # 15 at most on average; 27 is passed once in a thousand
    if batch == 2.0:
        assert found.count(wrong) >= 5  # the risk is used, not only kept


@pytest.mark.parametrize(("rate", "right"), [(0.90, "pass"), (0.80, "fail")])
def test_the_usual_risk_is_a_thousandth(rate: float, right: str) -> None:
    found = decisions(rate, 60.0, runs=4000, risk=0.001)
    assert len(found) - found.count(right) <= 11  # 4 at most on average


def test_sound_and_bad_boards_are_told_soon() -> None:
    """A board as it should be needs 400 nonces; one in the middle of the zone ten times as many."""
    assert RateTest().needs(1.0) == pytest.approx(388, abs=1)
    assert RateTest().needs(0.5) == pytest.approx(168, abs=1)
    assert RateTest().needs(0.85) == pytest.approx(4050, rel=0.01)
    for rate in (1.0, 0.9, 0.85, 0.5):
        random = np.random.default_rng(SEED)
        windows: list[float] = []
        for _ in range(200):
            test, n, due = RateTest(), 0, 0.0
            while test.decision is None:
                n, due = n + int(random.poisson(rate * 4)), due + 4
                test.see(n, due)
            windows.append(due)
        assert np.mean(windows) == pytest.approx(RateTest().needs(rate), rel=0.2)


def test_nothing_fails_for_being_too_good() -> None:
    assert RateTest().see(1000, 500.0) == "pass"
    assert ProportionTest().see(0, 2000) == "pass"


def test_the_bounds_are_those_of_the_likelihood() -> None:
    """One count below and one above the line n ln(good / bad) = (good - bad) expected + ln 1000."""
    edge = (0.1 * 400 + log(1000)) / log(0.9 / 0.8)
    assert RateTest().see(int(edge), 400.0) is None
    assert RateTest().see(int(edge) + 1, 400.0) == "pass"
    assert RateTest().see(0, 69.0) is None
    assert RateTest().see(0, 69.1) == "fail"


def test_the_first_decision_stands() -> None:
    test = RateTest()
    assert test.see(0, 100.0) == "fail"
    assert test.see(1000, 1000.0) == "fail"
    assert (test.n, test.expected) == (0, 100.0)
    errors = ProportionTest()
    assert errors.see(50, 60) == "fail"
    assert errors.see(50, 60000) == "fail"


def test_counts_only_go_up() -> None:
    test = RateTest()
    test.see(10, 10.0)
    with pytest.raises(ValueError, match=r"9 of 11 after 10 of 10; counts only go up"):
        test.see(9, 11.0)
    errors = ProportionTest()
    errors.see(0, 10)
    with pytest.raises(ValueError, match=r"3 of 12 after 0 of 10"):
        errors.see(3, 12)


def test_the_interval_of_a_test_is_honest_at_any_time() -> None:
    test = RateTest()
    assert test.interval() is None
    test.see(95, 100.0)
    assert test.interval() == anytime(95, 100.0)


def test_zones_that_are_none() -> None:
    with pytest.raises(ValueError, match="takes 0 < bad < good"):
        RateTest(good=0.8, bad=0.9)
    with pytest.raises(ValueError, match="takes 0 < good < bad < 1"):
        ProportionTest(good=0.0)
    with pytest.raises(ValueError, match=r"alpha 0\.5"):
        RateTest(alpha=0.5)
    with pytest.raises(ValueError, match="beta 0;"):
        ProportionTest(beta=0)


def test_the_zone_is_named() -> None:
    assert RateTest().bound == "pass >= 90 %, fail <= 80 %"
    assert ProportionTest().bound == "pass <= 1 %, fail >= 3.5 %"


@pytest.mark.parametrize("batch", [1, 100])
@pytest.mark.parametrize(("proportion", "wrong"), [(0.010, "fail"), (0.035, "pass")])
def test_error_rates_at_the_edge_are_misjudged_no_oftener_than_promised(
    proportion: float, wrong: str, batch: int
) -> None:
    random = np.random.default_rng(SEED)
    found: list[str] = []
    lengths: list[int] = []
    for _ in range(1000):
        test, k, n = ProportionTest(alpha=0.01, beta=0.01), 0, 0
        while test.decision is None:
            k, n = k + int(random.binomial(batch, proportion)), n + batch
            test.see(k, n)
        found.append(test.decision)
        lengths.append(n)
    assert found.count(wrong) <= 20  # 10 at most on average
    needed = ProportionTest(alpha=0.01, beta=0.01).needs(proportion)
    assert batch > 1 or np.mean(lengths) == pytest.approx(needed, rel=0.2)


def test_a_board_without_errors_is_told_by_some_hundred_nonces() -> None:
    assert ProportionTest().needs(0.0) == pytest.approx(270, abs=1)
    assert ProportionTest().see(0, 270) is None
    assert ProportionTest().see(0, 271) == "pass"
