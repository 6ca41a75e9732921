"""The energy of a window of time, and J/TH: with what is not known of them.

A meter tells watts, a running counter of joules, or both. Of a window the counter gives the difference of two readings;
the watts give the area below them (trapezoids). Where there are both, the less uncertain is taken: a plug's counter of
1 Wh steps is no use for a minute, and the best there is for a day.

Uncertainty, as the fact sheet has it, each one standard deviation:

    u²(e)/e² = u²(E)/E² + u²(H)/H²
    u²(E) = (gain · E)² + (quantum · √(1/6))² + (P · δt)²                    a counter: two readings, each cut off; one
                                                                             that goes on by the minute only is cut
                                                                             off by time as well: (P · tick · √(1/6))²
    u²(E) = (gain · E)² + (quantum · T/√12)² + (ΔP · δt)² + (s · T/√n)²      watts: rounded alike as long as they stay
                                                                             alike; s: their scatter about their course,
                                                                             by the differences of neighbours,
                                                                             more where there are few (Student)

Shown is ± U = 2 u (k = 2), which covers some 95 %. What is not known is None, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from ..hw.meters.meter import Accuracy, Meter, Place, Sample, Source

COVERAGE = 2.0  # k
_GAP_PERIODS, _GAP_S = 5.0, 10.0  # readings of watts farther apart than both say nothing of the time between them
_FREEDOM_LEAST = 2.5
_FEW = 20**-0.5
TH = 1e12

By = Literal["counted", "claims"]


class Energy(msgspec.Struct, frozen=True):
    """`u_joules`: one standard deviation. `source`: measured, or declared by somebody."""

    joules: float
    u_joules: float
    seconds: float
    place: Place
    source: Source
    meter: str

    @property
    def watts(self) -> float:
        return self.joules / self.seconds


class Efficiency(msgspec.Struct, frozen=True):
    """J/TH ± expanded (U, k = 2), of a window. `by`: whether the device counted its hashes, or they were estimated from
    claims. The energy is all that ran through the meter: nothing is subtracted for idling."""

    j_per_th: float
    expanded: float
    seconds: float
    joules: float
    hashes: float
    u_hashes: float
    by: By
    place: Place
    source: Source
    meter: str


def efficiency(energy: Energy | None, hashes: float, u_hashes: float, by: By) -> Efficiency | None:
    """None: not known, as there is no energy or no hash."""
    if energy is None or hashes <= 0 or energy.joules <= 0:
        return None
    j_per_th = energy.joules / (hashes / TH)
    relative = math.hypot(energy.u_joules / energy.joules, _of_hashes(u_hashes / hashes, by))
    return Efficiency(
        j_per_th,
        COVERAGE * relative * j_per_th,
        energy.seconds,
        energy.joules,
        hashes,
        u_hashes,
        by,
        energy.place,
        energy.source,
        energy.meter,
    )


def _of_hashes(relative: float, by: By) -> float:
    """Of a few claims 1/√N is too little: there U reaches to the lower end of the exact Poisson interval, by Wilson and
    Hilferty, as it is there that J/TH is farthest from the figure."""
    if by == "counted" or relative <= _FEW:
        return relative
    low = (1 - relative**2 / 9 - 1.96 * relative / 3) ** 3  # of the expected count, as a part of the one that came
    return (1 / low - 1) / COVERAGE


def energy(samples: Sequence[Sample], begin_s: float, end_s: float, meter: Meter) -> Energy | None:
    """Of that window of the loop's clock; in order of time. None: they do not cover it, or say too little.

    The ends are best put where there is a reading; between two, both counter and watts are taken to run straight.
    """
    if not begin_s < end_s or not samples or samples[0].at_s > begin_s or samples[-1].at_s < end_s:
        return None
    inside = [sample for sample in samples if begin_s < sample.at_s < end_s]
    gap_s = longest_gap_s(meter.period_s)
    first = last = Mark(_at(samples, begin_s, gap_s))
    for sample in (*inside, _at(samples, end_s, gap_s)):
        last = follow(last, sample, meter.period_s)
    return between(first, last, meter)


@dataclass(frozen=True, slots=True)
class Mark:
    """All that readings came to, up to one of them: the energy of the window between two marks is their difference, so
    that nobody has to keep what lies between.

    area_j  below the watts; rough: the sum of squares of steps between neighbours, in W²; n: how many steps
    gaps    times that the watts were not told for too long; resets: times that the counter began anew
    """

    sample: Sample
    area_j: float = 0.0
    rough: float = 0.0
    n: int = 0
    gaps: int = 0
    resets: int = 0


def follow(mark: Mark, sample: Sample, period_s: float) -> Mark:
    """With the next reading."""
    before = mark.sample
    resets = mark.resets + (before.joules is not None and (sample.joules is None or sample.joules < before.joules))
    seconds = sample.at_s - before.at_s
    if before.watts is None or sample.watts is None or seconds > longest_gap_s(period_s):
        return Mark(sample, mark.area_j, mark.rough, mark.n, mark.gaps + 1, resets)
    area_j = mark.area_j + (before.watts + sample.watts) / 2 * seconds
    return Mark(sample, area_j, mark.rough + (sample.watts - before.watts) ** 2, mark.n + 1, mark.gaps, resets)


def longest_gap_s(period_s: float) -> float:
    """Between readings of watts."""
    return max(_GAP_S, _GAP_PERIODS * period_s)


def between(begin: Mark, end: Mark, meter: Meter) -> Energy | None:
    """None: not known."""
    seconds = end.sample.at_s - begin.sample.at_s
    if seconds <= 0:
        return None
    accuracy = meter.accuracy
    found = [
        figure for figure in (_by_counter(begin, end, accuracy), _by_watts(begin, end, accuracy)) if figure is not None
    ]
    if not found:
        return None
    joules, u_joules = min(found, key=lambda figure: figure[1])
    return Energy(joules, u_joules, seconds, meter.place, meter.source, meter.name)


def _by_counter(begin: Mark, end: Mark, accuracy: Accuracy) -> tuple[float, float] | None:
    """(J, one standard deviation of it)"""
    one, other = begin.sample.joules, end.sample.joules
    if one is None or other is None or begin.resets != end.resets:
        return None
    joules = other - one
    watts = joules / (end.sample.at_s - begin.sample.at_s)
    return joules, math.hypot(
        accuracy.gain * joules,
        accuracy.quantum_j / math.sqrt(6),
        watts * accuracy.tick_s / math.sqrt(6),
        watts * accuracy.delay_s,
    )


def _by_watts(begin: Mark, end: Mark, accuracy: Accuracy) -> tuple[float, float] | None:
    one, other, n = begin.sample.watts, end.sample.watts, end.n - begin.n
    if one is None or other is None or begin.gaps != end.gaps or not n:
        return None
    joules, seconds = end.area_j - begin.area_j, end.sample.at_s - begin.sample.at_s
    freedom = max(_FREEDOM_LEAST, 2 * n / 3)  # of a variance by differences; few of them are more uncertain themselves
    scatter_w = math.sqrt((end.rough - begin.rough) / (2 * n) * freedom / (freedom - 2))
    return joules, math.hypot(
        accuracy.gain * joules,
        accuracy.quantum_w * seconds / math.sqrt(12),
        (other - one) * accuracy.delay_s,
        scatter_w * seconds / math.sqrt(n),
    )


def _at(samples: Sequence[Sample], at_s: float, gap_s: float) -> Sample:
    """Between its neighbours, straight, if they are neighbours at all."""
    after = next(i for i, sample in enumerate(samples) if sample.at_s >= at_s)
    right = samples[after]
    if right.at_s == at_s or after == 0:
        return right
    left = samples[after - 1]
    part = (at_s - left.at_s) / (right.at_s - left.at_s)
    watts = None if right.at_s - left.at_s > gap_s else _on_the_way(left.watts, right.watts, part)
    return Sample(at_s, watts, _on_the_way(left.joules, right.joules, part))


def _on_the_way(one: float | None, other: float | None, part: float) -> float | None:
    return None if one is None or other is None else one + (other - one) * part
