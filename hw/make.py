"""From a row and its ports to a Device: which plant a family has, and which feeder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
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
from .guard.guarded import Guard, guarded
from .guard.plan import LineOff, StickOff
from .icarus_feeder import IcarusFeeder
from .meters.supply import Supply
from .plant import Plant
from .ports.port import Port
from .ports.usb import UsbStick
from .spec import Spec

_DROPPED_S = 0.01  # bitaxe-raw drops a part of a request after 4 ms
_SENT_S = 0.1


@dataclass(frozen=True, slots=True)
class Connection:
    """How a board is reached.

    pins    of the USB bridge, where a stick has its switch on them
    line    the chips' line of such a stick, where a micro may listen too
    guarded  whether the board lives on when this program dies, so that a process must stand guard over it
    """

    ports: Mapping[str, Port]
    pins: Pins | None = None
    line: SharedLine | None = None
    guarded: bool = True


def make_board(row: Row, connection: Connection, name: str, *, unguarded: bool, supply: Supply | None = None) -> Board:
    """Raises InputError for a board that cannot be watched, unless the user takes the risk, or feeds it by `supply`."""
    plant_for = _PLANTS.get(row.link)
    plant = None if plant_for is None else partial(plant_for, row, connection, name)
    guard = partial(_guard, connection, name) if connection.guarded and plant is not None else None
    return Board(row, connection.ports, name, plant, guard, unguarded=unguarded, supply=supply)


def board_device(
    row: Row, connection: Connection, spec: Spec, *, unguarded: bool, supply: Supply | None = None
) -> BoardDevice:
    """Raises InputError for a point outside of the row."""
    board = make_board(row, connection, spec.name, unguarded=unguarded, supply=supply)
    point = board.point(spec.mhz, spec.volts)
    return BoardDevice(board, ChainFeeder if row.chip is not None else IcarusFeeder, point, spec.name)


def _guard(
    connection: Connection, name: str, plant: Plant, alarm: Callable[[str], None]
) -> AbstractAsyncContextManager[Guard]:
    """By the control port, or by the pins of a stick."""
    if isinstance(plant, GekkoPlant):
        assert isinstance(connection.pins, UsbStick)
        return guarded(StickOff(name, connection.pins.place, plant.off_action()), alarm)
    control = connection.ports["control"]
    return guarded(LineOff(name, control, [(b"", _DROPPED_S), (plant.off_bytes(), _SENT_S)]), alarm)


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
