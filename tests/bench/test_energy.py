"""Energy of a window, its uncertainty, and J/TH: by hand, at the edges, and whether the intervals cover the truth."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.bench.energy import Energy, efficiency, energy
from joulehash.hw.meters.meter import Accuracy, Place, Sample, Source


@dataclass(frozen=True)
class Known:
    """A meter of which all is known."""

    accuracy: Accuracy
    period_s: float = 1.0
    name: str = "known"
    place: Place = "wall"
    source: Source = "measured"

    async def open(self) -> None: ...

    async def read(self) -> Sample:
        raise NotImplementedError

    async def close(self) -> None: ...


PERFECT = Known(Accuracy(0.0))


def test_a_counter_is_the_difference_of_two_readings() -> None:
    found = energy([Sample(0.0, joules=100.0), Sample(10.0, joules=290.0)], 0.0, 10.0, PERFECT)
    assert found is not None
    assert found == Energy(190.0, 0.0, 10.0, "wall", "measured", "known")
    assert found.watts == 19.0


def test_watts_are_the_area_below_them() -> None:
    samples = [Sample(0.0, 10.0), Sample(1.0, 20.0), Sample(2.0, 20.0), Sample(3.0, 0.0)]
    found = energy(samples, 0.5, 2.5, PERFECT)
    assert found is not None
    assert found.joules == pytest.approx((15 + 20) / 2 * 0.5 + 20 + (20 + 10) / 2 * 0.5)


def test_uncertainty_of_a_counter_by_hand() -> None:
    meter = Known(Accuracy(gain=0.01, quantum_j=60.0, delay_s=0.5))
    found = energy([Sample(0.0, joules=0.0), Sample(100.0, joules=2000.0)], 0.0, 100.0, meter)
    assert found is not None
    assert found.u_joules == pytest.approx(math.sqrt(20.0**2 + 60.0**2 / 6 + (20.0 * 0.5) ** 2))


def test_uncertainty_of_watts_by_hand() -> None:
    meter = Known(Accuracy(gain=0.01, quantum_w=1.0, delay_s=0.5))
    samples = [Sample(float(at), watts) for at, watts in enumerate((18.0, 20.0, 18.0, 20.0, 22.0))]
    found = energy(samples, 0.0, 4.0, meter)
    freedom = 2 * 4 / 3
    scatter_w = math.sqrt(4 * 2.0**2 / (2 * 4) * freedom / (freedom - 2))
    assert found is not None
    assert found.joules == 78.0
    assert found.u_joules == pytest.approx(
        math.sqrt(0.78**2 + 4.0**2 / 12 + (4.0 * 0.5) ** 2 + (scatter_w * 4.0 / math.sqrt(4)) ** 2)
    )


def test_the_less_uncertain_is_taken() -> None:
    """A counter of 1 Wh steps says nothing of a minute, and is the best there is for a day."""
    meter = Known(Accuracy(gain=0.01, quantum_j=3600.0, quantum_w=1.0), period_s=60.0)
    minute = [Sample(0.0, 20.2, 0.0), Sample(60.0, 20.2, 0.0)]
    day = [Sample(60.0 * i, 20.2, 3600.0 * (60 * i * 20 // 3600)) for i in range(1441)]
    short, long = energy(minute, 0.0, 60.0, meter), energy(day, 0.0, 86400.0, meter)
    assert short is not None
    assert long is not None
    assert short.joules == pytest.approx(60 * 20.2)
    assert long.joules == 1_728_000.0


@pytest.mark.parametrize(
    "samples",
    [
        [],
        [Sample(0.0, 5.0)],
        [Sample(1.0, 5.0), Sample(9.0, 5.0), Sample(20.0, 5.0)],  # begins too late
        [Sample(0.0), Sample(5.0), Sample(10.0)],  # tells nothing
        [Sample(-5.0, 5.0), Sample(9.5, 5.0), Sample(10.0, 5.0)],  # silent for far too long
        [Sample(0.0, 5.0), Sample(5.0), Sample(10.0, 5.0)],
        [Sample(0.0, None, 50.0), Sample(5.0, None, 3.0), Sample(10.0, None, 60.0)],  # began anew
        [Sample(0.0, None, 5.0), Sample(5.0), Sample(10.0, None, 60.0)],
    ],
)
def test_what_is_not_covered_is_unknown(samples: list[Sample]) -> None:
    assert energy(samples, 0.0, 10.0, PERFECT) is None


def test_a_counter_bears_what_watts_do_not() -> None:
    found = energy([Sample(0.0, 5.0, 0.0), Sample(500.0, 5.0, 2400.0)], 0.0, 500.0, PERFECT)
    assert found is not None
    assert found.joules == 2400.0


def test_joules_per_terahash() -> None:
    spent = Energy(1900.0, 19.0, 100.0, "board input", "measured", "m")
    found = efficiency(spent, 1e14, 1e12, "claims")
    assert found is not None
    assert found.j_per_th == pytest.approx(19.0)
    assert found.expanded == pytest.approx(2 * 19.0 * math.hypot(0.01, 0.01))
    assert (found.place, found.seconds, found.by) == ("board input", 100.0, "claims")


def test_nothing_is_known_without_a_meter_or_a_hash() -> None:
    assert efficiency(None, 1e12, 0.0, "counted") is None
    assert efficiency(Energy(1.0, 0.1, 1.0, "wall", "measured", "m"), 0.0, 0.0, "counted") is None
    assert efficiency(Energy(0.0, 0.1, 1.0, "wall", "measured", "m"), 1e9, 0.0, "counted") is None


@given(st.lists(st.tuples(st.floats(0.01, 5.0), st.floats(0.0, 1e5)), min_size=2, max_size=30), st.data())
def test_windows_add_up(steps: list[tuple[float, float]], data: st.DataObject) -> None:
    """Of watts: cut anywhere, the parts are the whole."""
    at_s, samples = 0.0, list[Sample]()
    for step_s, watts in steps:
        samples.append(Sample(at_s, watts))
        at_s += step_s
    end_s = samples[-1].at_s
    cut_s = data.draw(st.floats(0.001, 0.999)) * end_s
    whole, left, right = (energy(samples, *ends, PERFECT) for ends in ((0.0, end_s), (0.0, cut_s), (cut_s, end_s)))
    assert whole is not None
    assert left is not None
    assert right is not None
    assert left.joules + right.joules == pytest.approx(whole.joules, rel=1e-9, abs=1e-6)


# Whether the intervals cover the truth

WINDOWS, STEPS = 1000, 12
J_PER_TH = 17.0
CLAIM_HASHES = 2.0**40


@dataclass(frozen=True)
class Case:
    """A meter, a load and a window. `claims` expected in it; None: the hashes are counted."""

    accuracy: Accuracy
    seconds: float
    noise_w: float = 0.0  # of each reading, beside what is rounded
    claims: float | None = None
    tells: str = "both"
    most: float = 0.97


CASES = {
    "gain alone": Case(Accuracy(gain=0.02), 60.0),
    "a counter of 60 J": Case(Accuracy(0.005, quantum_j=60.0, delay_s=0.2), 60.0, tells="joules"),
    "a counter late by a second": Case(Accuracy(0.01, quantum_j=1.0, delay_s=1.0), 60.0, tells="joules"),
    "a counter by the minute": Case(Accuracy(0.01, quantum_j=60.0, delay_s=0.5, tick_s=60.0), 600.0, tells="joules"),
    "watts that flicker": Case(Accuracy(0.002), 30.0, noise_w=2.0, tells="watts"),
    "hashes by 5 claims": Case(Accuracy(0.01, quantum_w=0.1), 60.0, claims=5.0, tells="watts", most=1.0),
    "hashes by 20 claims": Case(Accuracy(0.01, quantum_w=0.1), 60.0, claims=20.0, tells="watts"),
    "hashes by 100 claims": Case(Accuracy(0.02, quantum_w=0.1), 60.0, claims=100.0),
    "hashes by 2000 claims": Case(Accuracy(0.02, quantum_j=60.0, delay_s=0.5), 600.0, claims=2000.0),
}


@pytest.mark.parametrize("name", CASES)
def test_the_interval_covers_the_truth_as_often_as_it_says(name: str) -> None:
    """e ± U at k = 2, of windows of a fixed length, under a load that is another each time."""
    case, rng = CASES[name], random.Random(name)
    covered = sum(_covers(case, rng) for _ in range(WINDOWS))
    assert 0.93 <= covered / WINDOWS <= case.most, f"{covered} of {WINDOWS}"


def _covers(case: Case, rng: random.Random) -> bool:
    """One window: a meter with a gain of its own, late, that cuts and rounds; and a chip that finds by chance."""
    a, load_w, seconds = case.accuracy, 19.0 * rng.uniform(0.5, 1.5), case.seconds * rng.uniform(0.9, 1.1)
    gain, phase_j = 1 + rng.gauss(0, a.gain), rng.uniform(0, a.quantum_j)
    late_s, tick_s = rng.gauss(0, a.delay_s), rng.uniform(0, a.tick_s)
    true_hashes = load_w * seconds / J_PER_TH * 1e12
    samples: list[Sample] = []
    for at_s in (*(i * seconds / STEPS for i in range(STEPS)), seconds):
        seen_s = at_s + (late_s if at_s == seconds else 0.0)
        if a.tick_s:
            seen_s = (seen_s + tick_s) // a.tick_s * a.tick_s
        joules, watts = phase_j + gain * load_w * seen_s, gain * load_w + rng.gauss(0, case.noise_w)
        if a.quantum_j:
            joules = joules // a.quantum_j * a.quantum_j
        if a.quantum_w:
            watts = round(watts / a.quantum_w) * a.quantum_w
        samples.append(
            Sample(at_s, watts if case.tells != "joules" else None, joules if case.tells != "watts" else None)
        )
    hashes, u_hashes = true_hashes, 0.0
    if case.claims is not None:
        n = _poisson(case.claims, rng)
        hashes, u_hashes = true_hashes * n / case.claims, true_hashes / case.claims * math.sqrt(n)
    found = efficiency(
        energy(samples, 0.0, seconds, Known(a, seconds / STEPS)),
        hashes,
        u_hashes,
        "counted" if case.claims is None else "claims",
    )
    return found is not None and abs(found.j_per_th - J_PER_TH) <= found.expanded


def _poisson(mean: float, rng: random.Random) -> int:
    """By the times between them."""
    count, at = 0, rng.expovariate(mean)
    while at < 1:
        count, at = count + 1, at + rng.expovariate(mean)
    return count
