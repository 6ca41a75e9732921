"""What two runs may be said to differ by: against simulated machines, of which it is known whether they do."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import msgspec
import pytest

from joulehash.bench.compare import compare, other_machine
from joulehash.bench.results import Results
from tests.support.rates import MACHINE, noisy_run, rate

TRIALS = 60  # comparisons, of eight rows each


def test_nothing_changed_no_difference() -> None:
    """In nineteen of twenty comparisons no row at all may differ."""
    random = Random(1)
    runs = [noisy_run(random, {}) for _ in range(TRIALS + 1)]
    wrong = [[c.name for c in compare(now, then) if c.verdict != "no difference"] for now, then in pairwise(runs)]
    assert len([found for found in wrong if found]) <= 0.05 * TRIALS


@pytest.mark.parametrize(("speed", "verdict"), [(1.1, "faster"), (1 / 1.1, "slower")])
def test_a_tenth_is_found(speed: float, verdict: str) -> None:
    random = Random(2)
    found = missed = false = 0
    for _ in range(TRIALS // 2):
        for change in compare(noisy_run(random, {"avx512": speed}), noisy_run(random, {})):
            if change.name == "avx512":
                found += change.verdict == verdict
                missed += change.verdict != verdict
                assert change.low < change.ratio < change.high
            else:
                false += change.verdict != "no difference"
    assert found >= 0.95 * (found + missed)
    assert false <= 0.05 * TRIALS


def test_a_slow_machine_is_no_slow_kernel() -> None:
    """All that the machine does takes a third longer: seen by the floors, and by the one kernel that has none."""
    slower = [4 / 3 * c for c in (100.0, 101.0, 102.0, 101.0)]
    now = Results(MACHINE, [rate("wide", 1, 1, slower, [0.9 * c for c in slower]), rate("bare", 1, 1, slower)])
    cycles = [100.0, 101.0, 102.0, 101.0]
    then = Results(MACHINE, [rate("wide", 1, 1, cycles, [0.9 * c for c in cycles]), rate("bare", 1, 1, cycles)])
    wide, bare = compare(now, then)
    assert wide.ratio == pytest.approx(1)
    assert (wide.verdict, wide.yardstick) == ("no difference", "wide")
    assert bare.ratio == pytest.approx(3 / 4)
    assert bare.yardstick is None
    assert bare.verdict == "no difference"  # the yardstick moved by as much between the runs


def test_operations_counted_anew_change_no_speed() -> None:
    """The floor was thought to be 178 operations a hash and is found to be 160: its time falls with the count."""
    cycles = [100.0, 101.0, 100.0, 102.0]
    now = Results(MACHINE, [rate("wide", 1, 1, cycles, [c * 160 / 178 for c in cycles], operations=160.0)])
    then = Results(MACHINE, [rate("wide", 1, 1, cycles, cycles, operations=178.0)])
    (change,) = compare(now, then)
    assert change.ratio == pytest.approx(1)


def test_only_rows_of_both_runs_in_the_order_of_now() -> None:
    now = Results(MACHINE, [rate("b"), rate("a", 8), rate("a", 1, 2), rate("a")])
    then = Results(MACHINE, [rate("a"), rate("a", 8), rate("b"), rate("c")])
    assert [(c.name, c.midstates, c.threads) for c in compare(now, then)] == [("b", 1, 1), ("a", 8, 1), ("a", 1, 1)]
    assert compare(now, Results(MACHINE, [])) == []


def test_between_machines_cycles_are_compared_as_they_are() -> None:
    elsewhere = msgspec.structs.replace(MACHINE, cpu="Another CPU")
    now = Results(MACHINE, [rate("wide", 1, 1, [100.0] * 9, [90.0] * 9)])
    then = Results(elsewhere, [rate("wide", 1, 1, [200.0] * 9, [180.0] * 9)])
    (change,) = compare(now, then)
    assert change.ratio == pytest.approx(2)
    assert (change.verdict, change.yardstick) == ("faster", None)
    assert other_machine(MACHINE, elsewhere) == "2 cores of Another CPU; now it is 2 of Test CPU"
    assert other_machine(MACHINE, msgspec.structs.replace(MACHINE, compiler="clang")) is None
