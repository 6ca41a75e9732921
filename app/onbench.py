"""Boards as a bench command names them: sim:BOARD[?…] or [BOARD:]PORT[?mhz=…&volts=…]. Nothing is opened yet."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

from ..engine.errors import InputError
from ..hw.board import Board
from ..hw.boards.row import Row
from ..hw.boards.table import board_row
from ..hw.find import ports_of
from ..hw.make import Connection, make_board
from ..hw.meters.supply import Supply
from ..hw.sim.table import simulate, simulator
from ..hw.spec import Spec, parse_spec

_TIMELESS = ("board", "none", "fixed")  # meters whose time is the board's


@dataclass(frozen=True, slots=True)
class OnBench:
    """`beside` has to run while the board is used: the simulator itself."""

    spec: Spec
    row: Row
    connection: Connection
    beside: AbstractAsyncContextManager[object]

    @property
    def simulated(self) -> bool:
        return self.spec.kind == "sim"

    def board(self, row: Row, *, unguarded: bool, supply: Supply | None = None) -> Board:
        """With this row, whose limits may be others. Raises InputError for one that cannot be watched, unless the user
        takes the risk, or feeds it by `supply`; nothing burns in a simulator."""
        return make_board(row, self.connection, self.spec.name, unguarded=unguarded or self.simulated, supply=supply)


def is_virtual(asked: bool | None, boards: Sequence[str], beside: Sequence[str | None]) -> bool:
    """Whether it is done on virtual time: by default where every board is simulated, and no meter or supply beside it
    keeps real time. Raises InputError where it is asked for and cannot be."""
    real = [text for text in boards if not text.startswith("sim:")]
    timed = [url for url in beside if url is not None and url.partition(":")[0] not in _TIMELESS]
    if asked and real:
        raise InputError(f"--virtual-time: {real[0]} is no simulated board; takes sim:BOARD")
    if asked and timed:
        raise InputError(f"--virtual-time: {timed[0]} keeps real time; leave out one of them")
    return not real and not timed if asked is None else asked


def on_bench(text: str) -> OnBench:
    """In the loop that it will be used in. Raises InputError."""
    spec = parse_spec(text)
    if spec.kind == "cpu":
        raise InputError(f"board {text!r}: is no board; takes sim:BOARD or [BOARD:]PORT, and bench for the CPU")
    if spec.kind == "sim":
        assert spec.board is not None
        simulated = simulate(simulator(spec.board), dict(spec.sim))
        pins = simulated if simulated.board.pins is not None else None
        row = board_row(spec.board).scaled(simulated.scale)
        return OnBench(spec, row, Connection(simulated.ports, pins, pins, guarded=False), simulated.running())
    row, connection = ports_of(spec)
    return OnBench(spec, row.scaled(spec.scale), connection, nullcontext())


def all_on_bench(texts: list[str]) -> list[OnBench]:
    """Each once. Raises InputError."""
    boards = [on_bench(text) for text in texts]
    names = [each.spec.name for each in boards]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{name}: is named twice; give each board once")
    return boards
