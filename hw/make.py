"""From a row and its ports to a Device: which plant a family has, and which feeder."""

from __future__ import annotations

from collections.abc import Mapping

from .board import Board
from .boards.bitaxe import BitaxePlant
from .boards.control import Control
from .boards.equipment import EQUIPMENT
from .boards.row import Row
from .chain_feeder import ChainFeeder
from .device import BoardDevice
from .icarus_feeder import IcarusFeeder
from .plant import Plant
from .ports.port import Port
from .spec import Spec


def make_board(row: Row, ports: Mapping[str, Port], name: str, *, unguarded: bool) -> Board:
    """Raises InputError for a board that cannot be watched, unless the user takes the risk."""
    return Board(row, ports, name, make_plant if row.link == "bitaxe-raw" else None, unguarded=unguarded)


def board_device(row: Row, ports: Mapping[str, Port], spec: Spec, *, unguarded: bool) -> BoardDevice:
    """Raises InputError for a point outside of the row."""
    board = make_board(row, ports, spec.name, unguarded=unguarded)
    point = board.point(spec.mhz, spec.volts)
    return BoardDevice(board, ChainFeeder if row.chip is not None else IcarusFeeder, point, spec.name)


def make_plant(row: Row, ports: Mapping[str, Port]) -> Plant:
    assert row.rail_most_v is not None
    return BitaxePlant(Control(ports["control"]), EQUIPMENT[row.name], row.rail_most_v)
