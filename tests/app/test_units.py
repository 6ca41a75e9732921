from __future__ import annotations

import pytest

from joulehash.app.units import difficulty_text, duration_text, rate_text, span_text


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (None, "-"),
        (0.0, "0.00 H/s"),
        (9.994, "9.99 H/s"),
        (9.996, "10.0 H/s"),
        (999.4, "999 H/s"),
        (999.6, "1.00 kH/s"),
        (2_456_789.0, "2.46 MH/s"),
        (1.2e12, "1.20 TH/s"),
        (1e27, "1000 YH/s"),
    ],
)
def test_rates_have_three_digits_and_a_prefix(rate: float | None, text: str) -> None:
    assert rate_text(rate) == text


@pytest.mark.parametrize(
    ("difficulty", "text"),
    [(None, "-"), (0.00698, "0.00698"), (512.0, "512"), (29588.01, "29.6k"), (35_987_218_905.0, "36.0G")],
)
def test_difficulties_are_short(difficulty: float | None, text: str) -> None:
    assert difficulty_text(difficulty) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00:00"), (83.9, "0:01:23"), (4 * 86400 + 3661, "4d 01:01:01")])
def test_durations_read_like_a_clock(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0.0008, "0.8 ms"),
        (12.0, "12 s"),
        (119.0, "119 s"),
        (120.0, "2 min"),
        (7200.0, "2 h"),
        (172_800.0, "2 d"),
        (3.2e9, "101 y"),
    ],
)
def test_spans_take_the_unit_that_fits(seconds: float | None, text: str) -> None:
    assert span_text(seconds) == text
