"""Whole sweeps of simulated boards: what becomes of cells that fail, of the board, and of what was measured."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import pytest

from joulehash.bench.sweep.frontier import best_of
from joulehash.bench.sweep.grid import Range
from joulehash.bench.sweep.result import Cell
from joulehash.bench.sweep.rules import limits_of
from joulehash.bench.sweep.sweep import Sweep
from joulehash.engine.errors import DeviceError
from joulehash.hw.limits import Limits
from joulehash.hw.sim.run import Simulated
from tests.support.sweeping import HASTY, sweep

SLOW = Range(100.0, 125.0, 25.0)  # little to hash, and no errors
ONE = Range(100.0, 100.0)


def test_a_sweep_goes_by_its_plan_and_leaves_the_board_off() -> None:
    swept = sweep("sim:bitaxe-gamma?scale=25", SLOW, Range(1.0, 1.1, 0.05))
    assert swept.ended.how == "done"
    assert swept.verdicts() == {(100.0, 1.0): "sound", (125.0, 1.0): "sound"}
    for cell in swept.cells:
        assert cell.rate is not None
        assert cell.cost is not None
        assert cell.rate.half <= HASTY.precision
        assert (cell.cost.place, cell.cost.source, cell.cost.meter) == ("VR output", "measured", "board")
        assert cell.cost.scatter < cell.cost.expanded
        assert cell.watts == pytest.approx(cell.cost.joules / cell.window_s)
    assert best_of(swept.cells).rate == (125.0, 1.0)


def test_it_is_brought_back_to_its_usual_voltage_before_it_is_off() -> None:
    swept = sweep("sim:bitaxe-gamma?scale=25", ONE, Range(1.0, 1.0))
    volts = [key for key, _ in groupby(round(rails.core_v, 2) for _, rails in swept.rails)]
    assert volts == [0.0, 1.15, 1.0, 1.15, 0.0]


def test_too_few_volts_make_errors_and_more_volts_heal_them() -> None:
    swept = sweep("sim:bitaxe-gamma?scale=25", Range(475.0, 475.0), Range(1.0, 1.1, 0.05))
    assert list(swept.verdicts().items()) == [((475.0, 1.0), "errors"), ((475.0, 1.05), "sound")]
    failed = swept.cells[0]
    assert failed.errors is not None
    assert failed.errors.low > 0.035
    assert failed.seconds < 10, "it was not ended at once"


def test_without_a_meter_the_best_rate_is_found_and_j_th_is_unknown() -> None:
    swept = sweep("sim:bitaxe-gamma?scale=25", SLOW, Range(1.0, 1.0), meter=False)
    assert all(cell.cost is None and cell.watts is None for cell in swept.cells)
    best = best_of(swept.cells)
    assert (best.j_per_th, best.rate) == (None, (125.0, 1.0))


def test_a_board_without_a_regulator_that_measures_its_input() -> None:
    swept = sweep("sim:compac-a2", Range(200.0, 200.0))
    assert swept.verdicts() == {(200.0, None): "sound"}
    cost = swept.cells[0].cost
    assert cost is not None
    assert cost.place == "board input"


def test_a_limit_of_watts_ends_a_cell_before_the_board_is_switched_off() -> None:
    def low(own: Limits) -> Limits:
        return limits_of(own, watts=10.0)

    swept = sweep("sim:bitaxe-gamma?scale=25", Range(100.0, 300.0, 100.0), Range(1.0, 1.0), limits=low)
    assert swept.verdicts() == {(200.0, 1.0): "watts", (100.0, 1.0): "sound"}
    assert "its limit is 10 W" in swept.cells[0].why
    assert [key for key, _ in groupby(rails.core_v > 0 for _, rails in swept.rails)][-2:] == [True, False]
    assert sum(key == 0 for key, _ in groupby(rails.core_v for _, rails in swept.rails)) <= 2, "off in between"


@pytest.mark.long
def test_a_board_that_overheats_has_that_as_its_verdict_and_cools_down() -> None:
    swept = sweep(
        "sim:bitaxe-gamma?fault=overheat&scale=25",
        Range(600.0, 600.0),
        Range(1.25, 1.25),
        replace(HASTY, settle_s=300.0, settle_most_s=300.0),
        limits=lambda own: own,  # at which the watch switches it off
    )
    (cell,) = swept.cells
    assert (cell.verdict, cell.volts) == ("hot", 1.25)
    assert "°C" in cell.why
    assert swept.ended.how == "done"
    off = [at for at, rails in swept.rails if rails.core_v == 0]
    assert swept.seconds - off[-1] > 5, "it was not let cool down"


def test_a_cell_that_fails_once_is_tried_again_after_the_board_was_brought_up_anew() -> None:
    swept = sweep("sim:bitaxe-gamma?fault=brown-out:13", SLOW, Range(1.0, 1.05, 0.05))
    assert swept.ended.how == "done"
    (note,) = swept.notes
    assert "reset" in note
    assert note.endswith("it is tried once more")
    assert {*swept.verdicts().values()} == {"sound"}
    assert [key for key, _ in groupby(rails.core_v > 0 for _, rails in swept.rails)] == [
        False,
        True,
        False,
        True,
        False,
    ]


def test_a_board_that_fails_every_time_is_given_up() -> None:
    swept = sweep("sim:bitaxe-gamma?fault=mute:1", Range(100.0, 400.0, 25.0), Range(1.0, 1.2, 0.05))
    assert swept.ended.how == "gave up"
    assert "5 times" in swept.ended.why
    assert set(swept.verdicts().values()) == {"failed"}
    assert swept.notes[0].endswith("no nonce came where 119 were due; it is tried once more")


def test_an_unplugged_board_ends_it_with_what_it_has() -> None:
    def unplug(made: Sweep, simulated: Simulated, cell: Cell) -> None:
        del made, cell
        simulated.unplug()

    swept = sweep("sim:bitaxe-gamma?scale=25", SLOW, Range(1.0, 1.0), beside=unplug)
    assert (swept.ended.how, len(swept.cells)) == ("unplugged", 1)


def test_a_board_that_is_not_there_at_all_is_an_error() -> None:
    with pytest.raises(DeviceError):
        sweep("sim:bitaxe-gamma?fault=i2c-dead", SLOW, Range(1.0, 1.0))


def test_told_to_stop_it_restores_the_board_and_keeps_what_it_has_and_goes_on_from_there() -> None:
    def stop(made: Sweep, simulated: Simulated, cell: Cell) -> None:
        del simulated, cell
        made.stop()

    swept = sweep("sim:bitaxe-gamma?scale=25", SLOW, Range(1.0, 1.0), beside=stop)
    assert (swept.ended.how, len(swept.cells)) == ("interrupted", 1)
    assert round(swept.rails[-2][1].core_v, 2) == 1.15
    rest = sweep("sim:bitaxe-gamma?scale=25", SLOW, Range(1.0, 1.0), cells=swept.cells)
    assert rest.ended.how == "done"
    assert rest.cells[0] == swept.cells[0]
    assert len(rest.cells) == 2


def test_a_sweep_of_which_all_is_measured_brings_nothing_up_and_the_board_to_off() -> None:
    done = sweep("sim:bitaxe-gamma?scale=25", ONE, Range(1.0, 1.0))
    again = sweep("sim:bitaxe-gamma?scale=25", ONE, Range(1.0, 1.0), cells=done.cells)
    assert again.seconds < 1
    assert again.rails, "a board that was left on stays so"
    assert all(rails.core_v == 0 and rails.reset for _, rails in again.rails)
