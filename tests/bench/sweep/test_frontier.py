from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from joulehash.bench.decide.intervals import Interval
from joulehash.bench.sweep.frontier import beaten, best_of, frontier
from joulehash.bench.sweep.result import Best, Cell, Verdict
from tests.support.landscapes import cell

SHOWN: list[Verdict] = ["sound", "sound", "errors", "hot"]


@st.composite
def some_cells(draw: st.DrawFn) -> list[Cell]:
    return [
        cell(400.0 + i, 1.0, draw(st.floats(1e11, 1e13)), draw(st.floats(1.0, 100.0)), draw(st.sampled_from(SHOWN)))
        for i in range(draw(st.integers(0, 20)))
    ]


def figures(c: Cell) -> tuple[float, float]:
    assert c.rate is not None
    assert c.cost is not None
    return c.rate.value, c.cost.j_per_th


@given(some_cells())
def test_none_of_the_frontier_is_beaten_and_all_others_are(given_cells: list[Cell]) -> None:
    sound = [c for c in given_cells if c.verdict == "sound"]
    kept = frontier(sound)

    def dominates(one: Cell, other: Cell) -> bool:
        (a, b), (c, d) = figures(one), figures(other)
        return a >= c and b <= d and (a, b) != (c, d)

    for c in kept:
        assert not any(dominates(other, c) for other in sound)
    for c in sound:
        assert c in kept or any(dominates(k, c) or figures(k) == figures(c) for k in kept)
    rates = [figures(c)[0] for c in kept]
    assert rates == sorted(rates, reverse=True)


@given(some_cells())
def test_the_best_are_the_ends_of_the_frontier(given_cells: list[Cell]) -> None:
    best = best_of(given_cells)
    if any(c.verdict == "sound" for c in given_cells):
        at = {(c.mhz, c.volts): figures(c) for c in given_cells if c.verdict == "sound"}
        assert best.rate is not None
        assert best.j_per_th is not None
        assert at[best.rate][0] == max(rate for rate, _ in at.values())
        assert at[best.j_per_th][1] == min(cost for _, cost in at.values())
        assert at[best.frontier[0]][0] == at[best.rate][0]
        assert at[best.frontier[-1]][1] == at[best.j_per_th][1]
    else:
        assert best == Best()


def test_without_a_meter_there_is_a_best_rate_and_no_more() -> None:
    plain = [replace(cell(mhz, 1.0, mhz * 2e9, 10.0), cost=None, watts=None) for mhz in (400.0, 425.0)]
    assert best_of(plain) == Best(None, (425.0, 1.0), [])


def test_beaten_is_only_what_surely_is() -> None:
    other = cell(425.0, 1.0, 8e11, 8.0)  # 10 J/TH, scatter 0.2; 0.97 to 1.03 of 8e11
    slow = Interval(5e11, 5.5e11, 6e11)
    assert beaten(slow, Interval(11.0, 12.0, 13.0), [other])
    assert beaten(slow, None, [other])
    assert not beaten(slow, Interval(10.1, 12.0, 13.0), [other])  # its J/TH may be as good
    assert not beaten(Interval(5e11, 7e11, 8e11), Interval(11.0, 12.0, 13.0), [other])  # its rate may be
    assert not beaten(slow, Interval(11.0, 12.0, 13.0), [replace(other, verdict="errors")])
    assert not beaten(slow, Interval(11.0, 12.0, 13.0), [replace(other, cost=None)])
