"""From a row and its ports to a Device: which plant a family has, and which feeder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from .board import Board
from .boards.bitaxe import BitaxePlant
from .boards.control import Control
from .boards.equipment import EQUIPMENT
from .boards.gekko import GekkoPlant, Pins, SharedLine
from .boards.row import Row
from .chain_feeder import ChainFeeder
from .device import BoardDevice
from .icarus_feeder import IcarusFeeder
from .plant import Plant
from .ports.port import Port
from .spec import Spec


@dataclass(frozen=True, slots=True)
class Connection:
    """How a board is reached. `pins`: those of the USB bridge, where a stick has its switch on them."""

    ports: Mapping[str, Port]
    pins: Pins | None = None
    line: SharedLine | None = None


def make_board(row: Row, connection: Connection, name: str, *, unguarded: bool) -> Board:
    """Raises InputError for a board that cannot be watched, unless the user takes the risk."""
    plant_for = _PLANTS.get(row.link)
    plant = None if plant_for is None else partial(plant_for, row, connection, name)
    return Board(row, connection.ports, name, plant, unguarded=unguarded)


def board_device(row: Row, connection: Connection, spec: Spec, *, unguarded: bool) -> BoardDevice:
    """Raises InputError for a point outside of the row."""
    board = make_board(row, connection, spec.name, unguarded=unguarded)
    point = board.point(spec.mhz, spec.volts)
    return BoardDevice(board, ChainFeeder if row.chip is not None else IcarusFeeder, point, spec.name)


def _bitaxe(row: Row, connection: Connection, name: str) -> Plant:
    del name
    assert row.rail_most_v is not None
    return BitaxePlant(Control(connection.ports["control"]), EQUIPMENT[row.name], row.rail_most_v)


def _gekko(row: Row, connection: Connection, name: str) -> Plant:
    assert connection.pins is not None
    telemetry = connection.ports.get("telemetry")
    return GekkoPlant(
        row.name, name, connection.pins, telemetry, connection.line, domains=row.domains, rail_most_v=row.rail_most_v
    )


_PLANTS: Mapping[str, Callable[[Row, Connection, str], Plant]] = {
    "bitaxe-raw": _bitaxe,
    "ftdi": _gekko,
    "cp210x": _gekko,
}
