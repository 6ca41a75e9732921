"""What `--record` writes of a board's session plays back as a test: the same driver must do the same again.

tests/data/recordings/ holds sessions of simulators, kept so that a change of what is sent to boards is noticed and
meant; a recording of real hardware goes beside them. After such a change: python -m tests.contract.test_recordings
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.hw.board import Board
from joulehash.hw.boards.table import board_row
from joulehash.hw.make import Connection, make_board
from joulehash.hw.ports.record import Recorder
from joulehash.hw.ports.replay import Mismatch, load, replaying
from joulehash.hw.sim.table import simulate, simulator

FOLDER = Path(__file__).parent.parent / "data" / "recordings"
SESSIONS = ("bitaxe-gamma", "bitaxe-hex", "chain:bm1362x3", "chain:bm1368x2")
MHZ = 75.0  # a short ramp


def recording(name: str) -> Path:
    return FOLDER / f"{name.replace(':', '-')}.jsonl"


async def session(board: Board, mhz: float = MHZ) -> None:
    """Up, a look at every chip, another frequency where one is allowed, down."""
    async with board.powered(board.point(mhz if board.row.watched else None)) as powered:
        assert powered.chain is not None
        assert len(await powered.chain.read_all(0x00)) == board.row.chips
        if board.row.watched:
            await powered.set_point(mhz - 12.5)
        await asyncio.sleep(2.0)


async def played(name: str, mhz: float = MHZ) -> None:
    entries, row = load(recording(name)), board_row(name)
    names = list(dict.fromkeys(entry.port for entry in entries))
    async with AsyncExitStack() as stack:
        ports = {
            role: await stack.enter_async_context(replaying(entries, names[i])) for i, role in enumerate(row.ports)
        }
        await session(make_board(row, Connection(ports, guarded=False), name, unguarded=True), mhz)


async def record(name: str, path: Path) -> None:
    simulated, row = simulate(simulator(name), {}), board_row(name)
    recorder = Recorder(str(path))
    async with simulated.running():
        ports = {role: recorder.port(port) for role, port in simulated.ports.items()}
        ports = {role: ports[role] for role in row.ports}
        await session(make_board(row.scaled(simulated.scale), Connection(ports, guarded=False), name, unguarded=True))
    recorder.close()


@pytest.mark.parametrize("name", SESSIONS)
def test_a_kept_session_is_driven_the_same_again(name: str) -> None:
    run_virtual(played(name))


def test_another_session_is_noticed() -> None:
    with pytest.raises(Mismatch):
        run_virtual(played("bitaxe-gamma", MHZ + 25))


@pytest.mark.parametrize("name", SESSIONS)
def test_what_is_recorded_now_is_what_was_kept(name: str, tmp_path: Path) -> None:
    run_virtual(record(name, tmp_path / "now.jsonl"))
    assert load(tmp_path / "now.jsonl") == load(recording(name))


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in SESSIONS:
        run_virtual(record(each, recording(each)))
