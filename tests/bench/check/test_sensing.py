"""Where a temperature comes to rest, by its course."""

from __future__ import annotations

from math import exp

import pytest

from joulehash.bench.check.sensing import heads_for


def course(
    rest_c: float, time_s: float, seconds: int = 30, begin_c: float = 30.0, steps: float = 0.125
) -> list[tuple[float, float]]:
    """As a sensor tells it that knows such steps of a degree."""
    return [(float(s), round((rest_c + (begin_c - rest_c) * exp(-s / time_s)) / steps) * steps) for s in range(seconds)]


@pytest.mark.parametrize(("rest_c", "time_s"), [(50.0, 10.0), (50.0, 20.0), (90.0, 25.0), (30.0, 20.0)])
def test_it_is_found_before_it_is_reached(rest_c: float, time_s: float) -> None:
    found = heads_for(course(rest_c, time_s))
    assert found is not None
    assert found == pytest.approx(rest_c, rel=0.15)


@pytest.mark.parametrize(("rest_c", "time_s"), [(120.0, 45.0), (90.0, 60.0), (60.0, 100.0)])
def test_it_is_unknown_in_a_course_much_shorter_than_its_time_constant(rest_c: float, time_s: float) -> None:
    assert heads_for(course(rest_c, time_s)) is None
    assert heads_for(course(rest_c, time_s, seconds=2 * int(time_s))) == pytest.approx(rest_c, rel=0.1)


@pytest.mark.parametrize("begin_c", [33.0, 33.2, 33.4, 33.6, 33.8, 34.0])
@pytest.mark.parametrize("time_s", [60.0, 100.0, 150.0])
@pytest.mark.parametrize("seconds", range(13, 45))
def test_a_sensor_of_whole_degrees_says_less(begin_c: float, time_s: float, seconds: int) -> None:
    """What rises fast for long and is read in steps seems to come to rest at a few degrees more."""
    found = heads_for(course(100.0, time_s, seconds, begin_c, steps=1.0))
    assert found is None or found > 60


def test_cooling_down_is_found_too() -> None:
    found = heads_for(course(45.0, 20.0, begin_c=70.0))
    assert found == pytest.approx(45.0, rel=0.1)


@pytest.mark.parametrize(
    "bare", [[], course(50.0, 20.0, seconds=8), [(float(s), 30.0 + s) for s in range(30)], course(50.0, 20.0)[::-1]]
)
def test_what_is_too_short_or_does_not_come_to_rest_is_unknown(bare: list[tuple[float, float]]) -> None:
    assert heads_for(bare) is None
