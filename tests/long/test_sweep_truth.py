"""A sweep of a simulated Gamma against the truth of the model that it stands in, and against measuring every point.

The truth is World's: what the rail takes at rest, over the hashes that come out right. It is brought to rest as the
board is, with a fan that holds 60 °C, so that nothing of the sweep is in it.
"""

from __future__ import annotations

import pytest

from joulehash.bench.sweep.frontier import best_of
from joulehash.bench.sweep.grid import Range
from joulehash.bench.sweep.result import Cell
from joulehash.bench.sweep.rules import Rules
from joulehash.hw.chips.table import CHIPS
from joulehash.hw.fan import Thermostat
from joulehash.hw.sim.table import SIMULATORS, simulate, simulator
from joulehash.hw.sim.world import World
from joulehash.hw.watch import PERIOD_S, TARGET_C
from tests.support.sweeping import Swept, sweep

pytestmark = pytest.mark.long

NAME = "sim:bitaxe-gamma"
MHZ, VOLTS = Range(375.0, 600.0, 25.0), Range(1.0, 1.2, 0.025)
CEILING = Rules().ceiling
REST_S = 300.0


def truth(mhz: float, volts: float) -> tuple[float, float]:
    """J/TH at the regulator's output, scaled as the simulator is, and the part of false nonces."""
    world, fan, now_s = World(SIMULATORS["bitaxe-gamma"].figures), Thermostat(), 0.0
    world.reset_held, world.rail_set_v, world.mhz, world.busy = False, volts, [mhz], [1.0]
    world.advance(now_s)
    while now_s < REST_S:
        now_s += PERIOD_S
        world.advance(now_s)
        world.fan = fan.next(world.hottest_c - TARGET_C, PERIOD_S)
    false = world.false_rate(0)
    scale = simulate(simulator("bitaxe-gamma"), {}).scale
    hps = CHIPS["BM1370"].scaled(scale).rate_hps(mhz) * (1 - false)
    return (world.rail_w / hps * 1e12 if hps else float("inf")), false


@pytest.fixture(scope="module")
def swept() -> Swept:
    return sweep(NAME, MHZ, VOLTS, Rules())


def cell_at(swept: Swept, at: tuple[float, float | None] | None) -> Cell:
    return next(cell for cell in swept.cells if (cell.mhz, cell.volts) == at)


def test_its_best_point_has_the_best_of_brute_force_within_its_interval(swept: Swept) -> None:
    true = {(mhz, volts): truth(mhz, volts) for mhz in swept.grid.mhz for volts in swept.grid.volts if volts}
    least = min(cost for cost, false in true.values() if false <= CEILING)
    found = cell_at(swept, best_of(swept.cells).j_per_th)
    assert found.cost is not None
    assert least in found.cost.interval
    assert found.cost.j_per_th - found.cost.scatter * 1.5 <= least <= found.cost.j_per_th + found.cost.scatter * 1.5
    assert found.volts is not None
    assert true[found.mhz, found.volts][0] <= 1.02 * least, "another point is better by more than 2 %"


def test_its_best_rate_is_at_the_highest_frequency_that_is_sound(swept: Swept) -> None:
    """By the truth: of many cells that are known within 3 %, the one with the highest figure is the luckiest."""
    points = [(mhz, volts) for mhz in swept.grid.mhz for volts in swept.grid.volts if volts]
    highest = max(mhz for mhz, volts in points if truth(mhz, volts)[1] <= CEILING)
    found = best_of(swept.cells).rate
    assert found is not None
    assert found[0] == highest


def test_cells_have_the_truth_within_their_intervals(swept: Swept) -> None:
    sound = [cell for cell in swept.cells if cell.cost is not None and cell.verdict == "sound"]
    inside = [
        cell for cell in sound if cell.cost and cell.volts and truth(cell.mhz, cell.volts)[0] in cell.cost.interval
    ]
    assert len(sound) >= 5
    assert inside == sound


def test_verdicts_are_those_of_the_truth(swept: Swept) -> None:
    """But for what a degree or two make, which a cell may be short of rest: at the edge half as many errors again."""
    for cell in swept.cells:
        assert cell.volts is not None
        false = truth(cell.mhz, cell.volts)[1]
        if cell.verdict == "errors":
            assert false > 0.4 * CEILING, cell
        else:
            assert false < 2 * CEILING, cell


def test_it_takes_a_third_of_the_time_of_brute_force(swept: Swept) -> None:
    """Which leaves out what neighbours condemn, and so is quicker than measuring all."""
    brute = sweep(NAME, MHZ, VOLTS, Rules(), every=True)
    took, would = (sum(cell.seconds for cell in each.cells) for each in (swept, brute))
    print(f"{len(swept.cells)} of {len(swept.grid)} cells in {took:.0f} s; all {len(brute.cells)} in {would:.0f} s")
    assert took <= would / 3
    best, brutes = (cell_at(each, best_of(each.cells).j_per_th) for each in (swept, brute))
    assert best.cost is not None
    assert brutes.cost is not None
    assert brutes.cost.j_per_th in best.cost.interval
