"""Whether a kernel became faster between two runs of the benchmark: ratios with intervals, and "no difference" if none.

Two runs on one machine differ though nothing was changed: another clock, other neighbours. Three things keep that from
looking like a change:

* What is compared are cycles per hash in units of the machine's own yardstick: the time of an operation in the floor
  beside it, in the same round, which no change of a kernel touches. (Where a kernel has no counted floor, and between
  two machines, it is cycles per hash as they are.)
* An interval holds what the rounds within each run say of their medians (stats.py), and what runs differ by: a part of
  the scatter within them, BETWEEN, or more where the yardsticks themselves moved by more from run to run.
* Intervals are for all rows together: nineteen of twenty comparisons in which nothing changed show no difference in
  any row.

The sum of these errors is taken to be distributed as Student's t, the wider the fewer the rounds. What it takes for
granted: that both runs were long enough to see the machine's usual disturbances.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log, sqrt
from statistics import fmean, median
from typing import Literal

from .results import KernelRate, Machine, Results
from .stats import blocks, median_error, scatter, t_quantile

CONFIDENCE = 0.95  # of all rows together
BETWEEN = 0.25  # of the scatter within runs: how far two runs are taken to differ at least, whatever yardsticks tell

Verdict = Literal["faster", "slower", "no difference"]
_Key = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """One row of both runs. Speed is hashes a cycle, in units of the yardstick where there is one."""

    name: str
    midstates: int
    threads: int
    ratio: float  # speed now / then
    low: float
    high: float
    verdict: Verdict
    yardstick: str | None  # the kernel whose floor both were measured against; None: cycles as they are


@dataclass(frozen=True, slots=True)
class _Series:
    """Logarithms, one a round, of the same thing in two runs."""

    now: list[float]
    then: list[float]

    @property
    def shift(self) -> float:
        return median(self.now) - median(self.then)

    @property
    def variance(self) -> float:
        """Of the shift, as far as the rounds within each run tell."""
        return median_error(self.now) ** 2 + median_error(self.then) ** 2

    @property
    def freedom(self) -> float:
        return max(1.0, blocks(self.now) + blocks(self.then) - 2)

    @property
    def scatter(self) -> float:
        return sqrt((scatter(self.now) ** 2 + scatter(self.then) ** 2) / 2)


def other_machine(now: Machine, then: Machine) -> str | None:
    """What is different about the machines, in words; None: they are the same as far as the files tell."""
    if (now.cpu, now.cores) == (then.cpu, then.cores):
        return None
    return f"{then.cores} cores of {then.cpu}; now it is {now.cores} of {now.cpu}"


def compare(now: Results, then: Results, confidence: float = CONFIDENCE) -> list[Change]:
    """Every row that both runs have, in the order of `now`."""
    earlier = {_key(row): row for row in then.kernels}
    pairs = [(row, earlier[_key(row)]) for row in now.kernels if _key(row) in earlier]
    if not pairs:
        return []
    same = other_machine(now.machine, then.machine) is None
    above = 1 - (1 - confidence) / 2 / len(pairs)
    yardsticks = list(_yardsticks(pairs)) if same else []
    apart = {False: _between(yardsticks), True: _between(list(_differences(yardsticks)))}
    return [_change(a, b, same and _measured(a, b), above, apart) for a, b in pairs]


def _key(row: KernelRate) -> _Key:
    return row.name, row.midstates, row.threads


def _measured(now: KernelRate, then: KernelRate) -> bool:
    """Whether both were measured against the floor of one kernel."""
    return now.floor_of is not None and now.floor_of == then.floor_of


def _change(now: KernelRate, then: KernelRate, measured: bool, above: float, apart: dict[bool, float]) -> Change:
    series = _Series(_speed(now, measured), _speed(then, measured))
    error = sqrt(series.variance + (apart[measured] * series.scatter) ** 2)
    reach = error * t_quantile(above, series.freedom)
    low, high = series.shift - reach, series.shift + reach
    verdict: Verdict = "faster" if low > 0 else "slower" if high < 0 else "no difference"
    yardstick = now.floor_of if measured else None
    return Change(*_key(now), exp(series.shift), exp(low), exp(high), verdict, yardstick)


def _speed(row: KernelRate, measured: bool) -> list[float]:
    own = row.rounds.cycles_per_hash
    if not measured:
        return [-log(cycles) for cycles in own]
    return [yard - log(cycles) for yard, cycles in zip(_yard(row), own, strict=True)]


def _yard(row: KernelRate) -> list[float]:
    """Cycles of one operation of the floor: in this unit a better count of the operations changes no speed."""
    operations = row.floor_operations or 1.0
    return [log(cycles / operations) for cycles in row.rounds.floor_cycles_per_hash or ()]


def _yardsticks(pairs: Sequence[tuple[KernelRate, KernelRate]]) -> Iterator[tuple[int, _Series]]:
    """(threads, the yardstick of one row in both runs)."""
    for now, then in pairs:
        if _measured(now, then):
            yield now.threads, _Series(_yard(now), _yard(then))


def _differences(yardsticks: Sequence[tuple[int, _Series]]) -> Iterator[tuple[int, _Series]]:
    """One yardstick measured by another, as a kernel is by its own: what is left when the common shift is gone."""
    for crew in {crew for crew, _ in yardsticks}:
        for one, other in pairwise(series for threads, series in yardsticks if threads == crew):
            now = [a - b for a, b in zip(one.now, other.now, strict=True)]
            yield crew, _Series(now, [a - b for a, b in zip(one.then, other.then, strict=True)])


def _between(controls: Sequence[tuple[int, _Series]]) -> float:
    """How far runs are apart, as part of the scatter within them: what these, which must not change, tell of it."""
    excess = [(s.shift**2 - s.variance) / s.scatter**2 for _, s in controls if s.scatter > 0]
    return max(BETWEEN, sqrt(max(0.0, fmean(excess)))) if excess else BETWEEN
