"""The fan's controller on the model of a board, and trials of sensors that do not move."""

from __future__ import annotations

import pytest

from joulehash.hw.fan import FAN_LEAST, Still, Thermostat
from joulehash.hw.sim.table import SIMULATORS
from joulehash.hw.sim.world import World

TARGET_C = 60.0


def curve(name: str, ambient_c: float, seconds: float, mhz_at: dict[float, float] | None = None) -> list[float]:
    """°C of the hottest chip each half second: full fan for 10 s, then the thermostat. `mhz_at`: parts of the nominal
    frequency from these seconds on."""
    world = World(SIMULATORS[name].figures)
    figures, thermostat = world.figures, Thermostat()
    world.ambient_c = ambient_c
    world.fan, world.rail_set_v, world.reset_held = 1.0, figures.rail_v, False
    world.busy[:] = [1.0] * figures.chips
    part, found = 1.0, list[float]()
    world.advance(0.0)
    for step in range(1, int(seconds * 2) + 1):
        part = (mhz_at or {}).get(step / 2, part)
        world.mhz[:] = [part * figures.mhz] * figures.chips
        world.advance(step / 2)
        found.append(world.hottest_c)
        if step / 2 >= 10.0:
            world.fan = thermostat.next(world.hottest_c - TARGET_C, 0.5)
    return found


@pytest.mark.parametrize("ambient_c", [15.0, 25.0, 32.0])
@pytest.mark.parametrize("name", [name for name in SIMULATORS if name.startswith("bitaxe-")])
def test_every_board_settles_at_the_target(name: str, ambient_c: float) -> None:
    found = curve(name, ambient_c, 300.0)
    assert max(found) < 65.0  # it does not overshoot by much
    assert all(abs(c - TARGET_C) < 3.0 for c in found[240:])  # two minutes
    assert max(found[360:]) - min(found[360:]) < 0.5  # and does not swing


def test_the_curve_by_numbers() -> None:
    """A Gamma at 25 °C: cold, up past the target by 2.8 °C, and there to stay."""
    found = curve("bitaxe-gamma", 25.0, 300.0)
    assert [round(found[2 * second - 1]) for second in (1, 10, 30, 60, 90, 120, 180, 300)] == CURVE


CURVE = [29, 41, 52, 62, 62, 61, 60, 60]


def test_it_does_not_wind_up_where_the_fan_ends() -> None:
    """Ten minutes at a twentieth of the power, too cold for the slowest fan; then all of it."""
    found = curve("bitaxe-gamma", 15.0, 900.0, {10.0: 0.05, 600.0: 1.0})
    assert max(found[:1190]) < TARGET_C
    assert max(found) < 66.0
    assert all(abs(c - TARGET_C) < 3.0 for c in found[-300:])


def test_the_fan_stays_within_its_ends() -> None:
    thermostat = Thermostat()
    assert {thermostat.next(-500.0, 0.5) for _ in range(100)} == {FAN_LEAST}
    assert thermostat.next(500.0, 0.5) == 1.0
    assert thermostat.next(0.0, 0.5) < 1.0  # one hot reading has not filled its memory


def test_a_sensor_that_moves_is_not_tried() -> None:
    still = Still()
    for second in range(200):
        still.see(50.0 + second % 2, float(second))
        assert still.trial(0.5, float(second)) is None


@pytest.mark.parametrize(("wanted", "speed"), [(0.3, 1.0), (0.9, 0.6)])
def test_one_that_stands_still_is_tried_with_another_speed_and_found_frozen(wanted: float, speed: float) -> None:
    still = Still()
    still.see(50.0, 0.0)
    assert still.trial(wanted, 29.0) is None
    assert still.trial(wanted, 30.0) == speed
    assert still.trial(speed, 90.0) == speed  # the trial's own speed is no reason for another
    assert not still.is_frozen(90.0, 0.0, 10.0, has_fan=True)
    assert still.is_frozen(90.5, 0.0, 10.0, has_fan=True)


def test_one_that_answers_to_the_trial_is_left_alone_for_long() -> None:
    """A sensor with coarse steps stands still in a steady state, and is sound."""
    still = Still()
    still.see(50.0, 0.0)
    assert still.trial(0.5, 31.0) == 1.0
    still.see(49.0, 40.0)
    assert not still.is_frozen(200.0, 0.0, 10.0, has_fan=True)
    assert still.trial(0.5, 639.0) is None
    assert still.trial(0.5, 641.0) == 1.0


def test_without_a_fan_it_must_have_moved_since_the_board_was_cold() -> None:
    still = Still()
    still.see(25.0, 0.0)
    assert not still.is_frozen(70.0, 1.0, 11.0, has_fan=False)
    assert still.is_frozen(72.0, 1.0, 11.0, has_fan=False)
    still.see(30.0, 73.0)
    assert not still.is_frozen(1000.0, 1.0, 11.0, has_fan=False)
