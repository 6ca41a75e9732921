"""J/TH as people read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.bench.paper.per_hash import with_uncertainty


@pytest.mark.parametrize(
    ("value", "expanded", "text"),
    [
        (16.3, 0.42, "16.30 ± 0.42 J/TH"),
        (16.3, 3.0, "16.3 ± 3.0 J/TH"),
        (2.47e6, 1.5e5, "2.47 ± 0.15 J/MH"),
        (2500.0, 500.0, "2.50 ± 0.50 J/GH"),
        (999.9, 120.0, "1000 ± 120 J/TH"),
        (16.3, 0.0, "16.300 ± 0.000 J/TH"),
    ],
)
def test_two_digits_of_the_uncertainty(value: float, expanded: float, text: str) -> None:
    assert with_uncertainty(value, expanded) == text


def test_a_unit_can_be_asked_for() -> None:
    assert with_uncertainty(2.5e6, 1e5, "TH") == "2500000 ± 100000 J/TH"


@given(st.floats(1e-3, 1e15), st.floats(1e-6, 10))
def test_no_figure_is_long(value: float, part: float) -> None:
    assert len(with_uncertainty(value, part * value)) < 40
