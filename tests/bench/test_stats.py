from __future__ import annotations

from random import Random
from statistics import stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.bench.stats import median_error, median_ratio, quartiles, scatter

POSITIVE = st.floats(1e-3, 1e9)
SAMPLES = st.lists(POSITIVE, min_size=1, max_size=40)


@given(SAMPLES)
def test_a_quarter_of_the_samples_lies_outside_either_quartile(samples: list[float]) -> None:
    low, high = quartiles(samples)
    slack = 1e-9 * max(samples)  # interpolation rounds
    assert min(samples) - slack <= low <= high <= max(samples) + slack
    most = (len(samples) + 3) / 4
    assert sum(sample < low - slack for sample in samples) <= most
    assert sum(sample > high + slack for sample in samples) <= most


def test_quartiles_of_few() -> None:
    assert quartiles([3.0]) == (3.0, 3.0)
    assert quartiles([1.0, 2.0, 3.0, 4.0, 5.0]) == (2.0, 4.0)
    with pytest.raises(ValueError, match="no samples"):
        quartiles([])


@given(SAMPLES, st.floats(0.01, 100))
def test_ratios_are_taken_within_rounds(samples: list[float], factor: float) -> None:
    """However the machine's speed drifts from round to round, what is always twice as fast is twice as fast."""
    assert median_ratio([factor * sample for sample in samples], samples) == pytest.approx(factor)


def test_ratios_of_rounds_that_do_not_match() -> None:
    with pytest.raises(ValueError, match="zip"):
        median_ratio([1.0], [1.0, 2.0])


@given(SAMPLES, POSITIVE)
def test_an_error_scales_with_its_samples_and_is_repeatable(samples: list[float], factor: float) -> None:
    error = median_error(samples, draws=50)
    assert error == median_error(samples, draws=50)
    scaled = [factor * sample for sample in samples]
    assert median_error(scaled, draws=50) == pytest.approx(factor * error, rel=1e-6, abs=1e-9 * max(scaled))


def test_the_error_of_a_median_is_about_that_of_independent_samples() -> None:
    """1.253 sigma / sqrt(n) for normal ones: within a third, over many series."""
    random = Random(0)
    errors = [median_error([random.gauss(0, 1) for _ in range(64)], draws=200) for _ in range(40)]
    assert sum(errors) / 40 == pytest.approx(1.253 / 8, rel=1 / 3)


def test_a_disturbance_that_lasts_makes_the_median_less_sure() -> None:
    """The same samples, once in an order as if independent and once in long runs."""
    values = [0.0] * 32 + [1.0] * 32
    shuffled = Random(0).sample(values, 64)
    assert median_error(values) > 0
    levels = [random_level + 0.01 * i for i, random_level in enumerate(shuffled)]
    lasting = sorted(levels)
    assert median_error(lasting) > 1.3 * median_error(levels)


def test_what_lies_far_out_does_not_count_as_scatter() -> None:
    random = Random(0)
    samples = [random.gauss(10, 1) for _ in range(400)]
    assert scatter(samples) == pytest.approx(stdev(samples), rel=0.15)
    assert scatter([*samples, *[1e6] * 20]) == pytest.approx(scatter(samples), rel=0.15)
