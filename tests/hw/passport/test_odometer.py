from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.hw.passport.odometer import Look, Odometer
from joulehash.hw.passport.records import Energy, Hours
from tests.support.passports import START

FIRST = Look(0.0, True, 0, True, watts=20.0, place="board input", mhz=525.0, celsius=60.0)


def drive(*looks: Look) -> Hours | None:
    odometer = Odometer()
    for look in looks:
        odometer.see(look)
    return odometer.hours(START)


def test_hours_hashes_joules() -> None:
    found = drive(
        FIRST, replace(FIRST, at_s=10.0, hashes=10**13, watts=30.0, mhz=500.0, celsius=71.0, claims=9, errors=1)
    )
    energy = Energy(250.0, 10.0, 10**13, None, "board input", "board")
    assert found == Hours(START, 10.0, 10**13, True, energy, 9, 1, 500.0, 71.0)


def test_nothing_is_done_by_what_does_not_run() -> None:
    still = replace(FIRST, running=False)
    assert drive(still, replace(still, at_s=1e6)) is None
    assert drive(FIRST) is None


def test_energy_is_unknown_and_not_0_without_watts() -> None:
    blind = replace(FIRST, watts=None)
    found = drive(blind, replace(blind, at_s=10.0, hashes=5))
    assert found is not None
    assert (found.energy, found.hashes, found.seconds) == (None, 5, 10.0)


@pytest.mark.parametrize("watts", [float("nan"), float("inf"), -1.0, None])
def test_energy_is_of_the_time_in_which_it_was_told_with_the_hashes_of_that_time(watts: float | None) -> None:
    looks = [replace(FIRST, at_s=float(t), hashes=t, watts=watts if 10 <= t < 20 else 20.0) for t in range(31)]
    found = drive(*looks)
    assert found is not None
    assert (found.seconds, found.hashes) == (30.0, 30)
    assert found.energy == Energy(19 * 20.0, 19.0, 19, None, "board input", "board")


def test_watts_of_two_places_are_not_mixed() -> None:
    looks = [replace(FIRST, at_s=float(t), hashes=t, place="board input" if t < 15 else "VR output") for t in range(31)]
    found = drive(*looks)
    assert found is not None
    assert found.energy == Energy(14 * 20.0, 14.0, 14, None, "board input", "board")


def test_what_only_claims_tell_is_not_counted() -> None:
    looks = (replace(FIRST, hashes=None, counted=False), replace(FIRST, at_s=5.0, hashes=2**32, counted=False))
    found = drive(*looks)
    assert found is not None
    assert (found.hashes, found.counted) == (2**32, False)


def test_a_counter_that_comes_after_claims_begins_anew() -> None:
    claimed = replace(FIRST, at_s=1.0, hashes=10**12, counted=False)
    found = drive(FIRST, claimed, replace(FIRST, at_s=2.0, hashes=7))
    assert found is not None
    assert (found.hashes, found.counted) == (10**12 + 7, False)


def test_hashes_may_stay_unknown() -> None:
    blind = replace(FIRST, hashes=None, counted=False)
    found = drive(blind, replace(blind, at_s=3.0))
    assert found is not None
    assert (found.seconds, found.hashes) == (3.0, None)


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(0, 10**12), st.booleans()), max_size=30), st.data())
def test_turns_add_up_to_the_whole(steps: list[tuple[float, int, bool]], data: st.DataObject) -> None:
    looks = [FIRST]
    for seconds, hashes, running in steps:
        last = looks[-1]
        looks.append(replace(last, at_s=last.at_s + seconds, hashes=(last.hashes or 0) + hashes, running=running))
    whole, parts = drive(*looks), list[Hours]()
    odometer = Odometer()
    for look in looks:
        odometer.see(look)
        if data.draw(st.booleans()):
            parts += [found] if (found := odometer.hours(START)) is not None else []
            odometer.reset()
    parts += [found] if (found := odometer.hours(START)) is not None else []
    assert sum(part.hashes or 0 for part in parts) == ((whole.hashes or 0) if whole is not None else 0)
    seconds = sum(other.at_s - one.at_s for one, other in pairwise(looks) if one.running)
    assert sum(part.seconds for part in parts) == pytest.approx(seconds)
    joules = sum(part.energy.joules for part in parts if part.energy is not None)
    assert joules == pytest.approx(20.0 * seconds)
