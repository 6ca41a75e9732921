"""The names of simulated boards, and what stands after the question mark."""

from __future__ import annotations

import pytest

from joulehash.engine.errors import InputError
from joulehash.hw.boards.table import BOARDS, board_row
from joulehash.hw.chips.table import CHIPS
from joulehash.hw.sim.table import SIMULATORS, simulated
from joulehash.hw.wire.bitaxe_answers import Format


@pytest.mark.parametrize("name", [*SIMULATORS, *(f"chain:{chip.lower()}x6" for chip in CHIPS)])
def test_a_simulator_has_the_lines_and_chips_of_its_board(name: str) -> None:
    made, row = simulated(f"sim:{name}"), board_row(name)
    assert set(made.ports) == set(row.ports)
    assert made.board.world.figures.chips == row.chips
    assert made.board.world.figures.domains == row.domains


def test_every_board_is_simulated() -> None:
    assert set(SIMULATORS) == set(BOARDS)


@pytest.mark.parametrize("name", [*SIMULATORS, "chain:bm1368x6"])
def test_by_itself_it_leaves_a_core_room_for_others(name: str) -> None:
    row, made = board_row(name), simulated(name)
    assert 0.04e6 < row.scaled(made.scale).rate_hps(row.mhz.usual) < 1.1e6


def test_a_long_chain_hashes_as_little_as_it_can() -> None:
    row, made = board_row("chain:bm1370x65"), simulated("chain:bm1370x65")
    assert row.chip is not None
    assert row.chip.scaled(made.scale).slice_bits == 7  # a nonce of each core's slice for each of 128


def test_what_stands_after_the_question_mark() -> None:
    made = simulated("sim:bitaxe-gamma?fault=dead-core:17,mute&scale=22&seed=7&format=v1")
    faults = made.board.world.faults
    assert (faults.dead_cores, faults.mute_s, made.scale) == (((0, 17),), 5.0, 22)
    assert simulated("bitaxe-gamma?fault=unplug:3+4").board.world.faults.unplug == (3.0, 4.0)


def test_names_of_chains_are_put_in_order() -> None:
    assert simulated("chain:BM1366").name == "chain:bm1366x1"
    assert next(iter(simulated("sim:chain:bm1366x3").ports.values())).name == "sim:chain:bm1366x3"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sim:bitaxe", "there are bitaxe-max, .*chain:CHIPxN"),
        ("sim:chain:bm1368x0", "takes 1 to 126"),
        ("sim:chain:bm9999", "with N chips of bm1387, bm1397"),
        ("bitaxe-gamma?x=1", "simulator 'bitaxe-gamma.x=1': 'x' is unknown; takes fault, scale, seed, format"),
        ("bitaxe-gamma?fault", "KEY=VALUE"),
        ("bitaxe-gamma?scale=1&scale=2", "given once"),
        ("bitaxe-gamma?fault=rust", "fault 'rust': unknown; there are dead-core"),
        ("bitaxe-gamma?fault=dead-core:200", "cores are 0 to 127"),
        ("bitaxe-gamma?scale=-1", "sim:bitaxe-gamma: scale '-1'; takes a whole number of 0 to 32"),
        ("bitaxe-gamma?seed=4294967297", "takes a whole number of 0 to 4294967296"),
        ("bitaxe-gamma?scale=31", "scale 2\\^-31"),
        ("bitaxe-gamma?format=v7", f"takes {', '.join(Format)}"),
        ("r909?format=v0", "boards with a control port"),
        ("r909?fault=sensor-open", "nothing that sensor-open could break"),
        ("compac-a1?fault=i2c-dead", "nothing that i2c-dead could break"),
    ],
)
def test_what_cannot_be_is_refused_with_what_there_is(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        simulated(text)
