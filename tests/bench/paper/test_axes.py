from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.bench.paper.axes import Scale, around, ticks


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 12))
def test_ticks_are_round_and_within(low: float, width: float, about: int) -> None:
    found = ticks(low, low + width, about)
    assert 1 <= len(found) <= about + 1 or width < 1e-6 * abs(low)
    assert all(low - 1e-6 * (abs(low) + width) <= one <= low + width + 1e-6 * (abs(low) + width) for one in found)


def test_scales() -> None:
    assert Scale(0.0, 10.0, 100.0, 0.0)(2.5) == 75.0
    assert Scale(5.0, 5.0, 0.0, 10.0)(5.0) == 5.0
    assert around([3.0, 3.0]) == pytest.approx((2.76, 3.24))
    assert around([0.0]) == (-1.0, 1.0)
