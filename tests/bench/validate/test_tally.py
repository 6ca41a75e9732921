"""What a run counts as, and what counts let one say."""

from __future__ import annotations

import pytest

from joulehash.bench.check.result import Verdict
from joulehash.bench.validate.tally import Outcome, at_most, by_fault, misses, outcome, quantile, row_of, unseen
from joulehash.bench.validate.trial import Failure, Trial

CHAIN = "chain:bm1362x3?scale=22"


def trial(verdict: Verdict | None, *findings: tuple[str, str], step: str = "chips", label: str = "dead-chip") -> Trial:
    fault = {"dead-chip": "dead-chip:1", "overheat": "overheat"}.get(label, "")
    failed = [Failure(step, 30.0, 20.0)] if step else []
    return Trial(board=CHAIN, label=label, seed=1, fault=fault, verdict=verdict, failed=failed, findings=list(findings))


@pytest.mark.parametrize(
    ("made", "comes_to"),
    [
        (trial("fail", ("dead-chip", "chip 1")), "named"),
        (trial("fail", ("dead-chip", "chip 1"), ("bad-fan", "fan")), "more"),
        (trial("fail", ("dead-chip", "chip 1"), ("dead-chip", "chip 2")), "more"),
        (trial("fail", ("dead-chip", "chip 2")), "other"),
        (trial("fail", ("dead-chip", "chip 1"), step="cores"), "other"),
        (trial("fail", ("weak-chip", "chip 1")), "other"),
        (trial("fail"), "other"),
        (trial("inconclusive", step=""), "undecided"),
        (trial("pass", step=""), "missed"),
        (trial(None, step=""), "broke"),
    ],
)
def test_what_a_run_came_to(made: Trial, comes_to: Outcome) -> None:
    assert outcome(row_of(made), made) == comes_to


def test_a_fault_is_counted_over_the_boards_that_can_show_it() -> None:
    trials = [
        trial("fail", ("dead-chip", "chip 1")),
        trial("pass", step=""),
        trial("pass", step="", label="overheat"),
        trial("pass", step="", label="sound"),
    ]
    found = by_fault(trials)
    assert list(found) == ["dead-chip"]
    assert (found["dead-chip"].runs, found["dead-chip"].named, found["dead-chip"].missed) == (2, 1, 1)
    assert (found["dead-chip"].at_s, found["dead-chip"].after_s) == ([30.0], [20.0])
    assert unseen(trials) == [trials[2]]


def test_bounds_as_tables_have_them() -> None:
    assert at_most(0, 300) == pytest.approx(1 - 0.05 ** (1 / 300))
    assert at_most(0, 300) < 0.01 < at_most(0, 298)
    one = misses(1, 50)
    assert one.low == pytest.approx(0.000506, abs=1e-6)
    assert one.high == pytest.approx(0.106472, abs=1e-5)
    assert misses(0, 50).low == 0.0
    assert misses(50, 50).high == 1.0
    with pytest.raises(ValueError, match="3 of 2"):
        misses(3, 2)


@pytest.mark.parametrize(("part", "value"), [(0.5, 5.0), (0.95, 10.0), (0.1, 1.0), (1.0, 10.0), (0.0, 1.0)])
def test_quantiles_are_values_that_came(part: float, value: float) -> None:
    assert quantile([float(n) for n in range(10, 0, -1)], part) == value
