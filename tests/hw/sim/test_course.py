"""Time, forgetting and silence of simulated chips."""

from __future__ import annotations

from joulehash.hw.sim.course import Course
from joulehash.hw.sim.faults import parse_faults
from joulehash.hw.sim.world import Figures, World

FIGURES = Figures("test", 1, 500.0, 1.2, 15.0)


def course(fault: str = "") -> tuple[World, Course]:
    faults = parse_faults(fault)
    world = World(FIGURES, faults)
    return world, Course(world, faults)


def test_time_counts_from_the_first_moment() -> None:
    world, chips = course()
    world.rail_set_v, world.reset_held = FIGURES.rail_v, False
    assert chips.advance(1000.0)[0] == 0.0
    assert chips.advance(1000.5)[0] == 0.5
    assert world.now_s == 1000.5


def test_they_forget_when_they_are_reset_or_have_no_power() -> None:
    world, chips = course()
    world.rail_set_v, world.reset_held = FIGURES.rail_v, False
    chips.advance(0.0)
    assert chips.advance(1.0) == (1.0, False)
    world.reset_held = True
    world.reset_held = False  # between two looks
    assert chips.advance(2.0) == (1.0, True)
    assert chips.advance(3.0) == (1.0, False)
    world.rail_set_v = 0.0
    assert chips.advance(4.0) == (1.0, True)


def test_mute_counts_from_the_first_job() -> None:
    _, chips = course("mute:5")
    chips.advance(10.0)
    assert not chips.is_mute
    chips.job_came()
    chips.advance(14.0)
    chips.job_came()
    assert not chips.is_mute
    chips.advance(15.0)
    assert chips.is_mute
    _, sound = course()
    sound.job_came()
    sound.advance(100.0)
    assert not sound.is_mute
