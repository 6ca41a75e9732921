from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulehash.hw.sim.faults import NO_FAULTS, Faults, parse_faults
from joulehash.hw.sim.world import AMBIENT_C, Figures, World

GAMMA = Figures("gamma", 1, 525.0, 1.15, 19.0)
HEX = Figures("hex", 6, 485.0, 1.2, 40.0, input_v=12.0, domains=3)
GAMMA_THS = 525e6 * 2040 / 1e12


def hashing(figures: Figures = GAMMA, faults: Faults = NO_FAULTS, fan: float = 0.6) -> World:
    world = World(figures, faults)
    world.advance(0.0)
    world.rail_set_v, world.reset_held, world.fan = figures.rail_v, False, fan
    world.mhz, world.busy = [figures.mhz] * figures.chips, [1.0] * figures.chips
    return world


def settled(world: World, seconds: float = 600.0) -> World:
    world.advance((world.now_s or 0.0) + seconds)
    return world


@pytest.mark.parametrize("figures", [GAMMA, HEX], ids=["gamma", "hex"])
def test_at_the_nominal_point_it_is_as_published(figures: Figures) -> None:
    world = settled(hashing(figures))
    assert world.input_w == pytest.approx(figures.watts, rel=0.03)
    assert all(55 < world.chip_c(chip) < 65 for chip in range(figures.chips))
    assert all(world.false_rate(chip) < 1e-3 for chip in range(figures.chips))
    assert world.rail_v == pytest.approx(figures.volts * figures.domains)
    assert world.board_c < world.vr_c < 80
    assert world.fan_rpm == pytest.approx(0.6 * figures.fan_rpm, rel=0.01)


def test_a_gamma_takes_about_18_joules_a_terahash() -> None:
    assert settled(hashing()).input_w / GAMMA_THS == pytest.approx(17.7, rel=0.05)


def test_power_is_in_balance() -> None:
    world = settled(hashing())
    assert world.rail_v * world.rail_a == pytest.approx(world.rail_w)
    assert world.input_v * world.input_a == pytest.approx(world.input_w)
    assert world.rail_w < world.input_w
    before, watts = world.energy_j, world.input_w
    settled(world, 10.0)
    assert world.energy_j - before == pytest.approx(10 * watts, rel=1e-3)


def test_everything_off_is_cool_and_takes_little() -> None:
    world = settled(hashing())
    world.rail_set_v = 0.0
    settled(world, 1200.0)
    assert (world.rail_v, world.rail_w, world.rail_a) == (0.0, 0.0, 0.0)
    assert world.input_w == pytest.approx(GAMMA.other_w, rel=0.01)
    assert world.chip_c(0) == pytest.approx(AMBIENT_C, abs=0.5)
    assert not world.powered


@pytest.mark.parametrize(
    ("lever", "value", "more"),
    [
        ("rail_set_v", 1.25, "rail_w"),
        ("mhz", [600.0], "rail_w"),
        ("fan", 0.3, "hottest_c"),
        ("ambient_c", 35.0, "rail_w"),  # leakage
        ("fan", 1.0, "fan_rpm"),
    ],
)
def test_each_lever_moves_the_right_way(lever: str, value: float | list[float], more: str) -> None:
    world = settled(hashing())
    before: float = getattr(world, more)
    setattr(world, lever, value)
    assert getattr(world, more) == before  # nothing moves before time does
    assert getattr(settled(world), more) > before * 1.005


def test_idle_chips_take_less_and_unclocked_ones_leak() -> None:
    world = settled(hashing())
    hashing_w = world.rail_w
    world.busy = [0.0]
    settled(world)
    idle_w = world.rail_w
    world.reset_held = True
    settled(world)
    assert hashing_w > 2 * idle_w > 4 * world.rail_w > 0


def test_false_nonces_come_with_speed_with_heat_and_with_too_little_voltage() -> None:
    world = settled(hashing())
    sound = world.false_rate(0)
    world.mhz = [560.0]
    assert sound < world.false_rate(0) < 0.01
    world.mhz = [625.0]
    assert world.false_rate(0) > 0.5
    world.mhz, world.rail_set_v = [525.0], 1.05
    world.advance((world.now_s or 0.0) + 0.1)
    assert world.false_rate(0) > 0.2
    world.mhz = [430.0]  # falling: frequency helps
    assert world.false_rate(0) < 1e-3
    world.rail_set_v, world.mhz, world.fan = 1.15, [545.0], 0.6
    settled(world)
    cool = world.false_rate(0)
    world.fan = 0.1
    settled(world)
    assert world.false_rate(0) > 5 * cool


def test_a_rail_that_falls_makes_chips_forget() -> None:
    world = settled(hashing(), 1.0)
    resets = world.resets
    world.rail_set_v = 0.8  # 70 %
    settled(world, 1.0)
    assert (world.powered, world.resets) == (True, resets)
    world.rail_set_v = 0.7
    settled(world, 1.0)
    assert (world.powered, world.resets) == (False, resets + 1)


def test_a_short_reset_is_not_missed() -> None:
    world = settled(hashing(), 1.0)
    before = world.resets
    world.reset_held = True
    world.reset_held = False
    assert world.resets == before + 1
    assert world.running


def test_chips_differ_and_a_seed_gives_the_same_ones() -> None:
    worlds = [settled(World(HEX, seed=seed), 1.0) for seed in (1, 1, 2)]
    for world in worlds:
        world.rail_set_v, world.reset_held = HEX.rail_v, False
        world.mhz, world.busy = [540.0] * 6, [1.0] * 6
        settled(world, 60.0)
    rates = [[world.false_rate(chip) for chip in range(6)] for world in worlds]
    assert rates[0] == rates[1] != rates[2]
    assert len(set(rates[0])) == 6


@settings(max_examples=10)
@given(step_s=st.floats(0.005, 3.0))
def test_the_length_of_a_step_matters_little(step_s: float) -> None:
    world, fine = hashing(), hashing()
    at_s = 0.0
    while at_s < 20.0:
        at_s = min(20.0, at_s + step_s)
        world.advance(at_s)
    for step in range(1, 201):
        fine.advance(step / 10)
    assert world.chip_c(0) == pytest.approx(fine.chip_c(0), abs=0.2)
    assert world.energy_j == pytest.approx(fine.energy_j, rel=0.01)


def test_time_that_has_passed_does_not_pass_again() -> None:
    world = settled(hashing(), 5.0)
    before = (world.energy_j, world.chip_c(0))
    world.advance(3.0)
    world.advance(5.0)
    assert (world.energy_j, world.chip_c(0)) == before


# Faults


def test_without_air_it_overheats() -> None:
    world = hashing(faults=parse_faults("overheat"), fan=1.0)
    settled(world, 30.0)
    assert world.fan_rpm == pytest.approx(GAMMA.fan_rpm, rel=0.01)  # it turns all the same
    assert world.chip_c(0) < 75
    settled(world, 170.0)
    assert world.chip_c(0) > 75
    world.rail_set_v = 0.0
    settled(world, 200.0)
    assert world.chip_c(0) < 50  # it cools by itself


def test_a_stalled_fan() -> None:
    world = settled(hashing(faults=parse_faults("fan-stall"), fan=1.0))
    assert world.fan_rpm == 0.0
    assert world.chip_c(0) > 100


def test_a_slow_start() -> None:
    world = hashing(faults=parse_faults("slow-start:2"))
    world.advance(1.0)
    assert world.rail_v == pytest.approx(GAMMA.rail_v / 2)
    assert not world.powered
    world.advance(2.1)
    assert world.rail_v == GAMMA.rail_v


def test_the_rail_sags_when_chips_have_hashed_a_while() -> None:
    world = hashing(faults=parse_faults("brown-out:3"))
    volts: list[float] = []
    for step in range(1, 1001):
        world.advance(step / 100)
        volts.append(world.rail_v)
    assert world.resets == 3  # at 3, 6 and 9 seconds
    assert min(volts[100:]) < 0.5
    assert volts[-1] == GAMMA.rail_v
    world.busy = [0.0]
    before = world.resets
    settled(world, 20.0)
    assert world.resets == before
