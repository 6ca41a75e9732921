"""What a guard process is told: how to reach the board, and what makes it safe. Plain values, and their JSON.

A line (serial, pseudo-terminal) is handed over as an open descriptor, so nothing has to be found or opened in need. A
stick that is driven through libusb cannot be, nor a supply: the guard finds and opens it after the miner is dead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import msgspec

from ...engine.errors import DeviceError
from ..meters.supply import SupplyOff
from ..ports.port import Port
from ..ports.usb_off import UsbOff


@dataclass(frozen=True, slots=True)
class LineOff:
    """Written to the port in order, each drained, then the pause. Begin with (b"", 0.01) where the board needs silence
    to drop a command that the miner died in the middle of."""

    name: str  # of the board
    port: Port
    writes: Sequence[tuple[bytes, float]]  # what, and the pause after it in seconds


@dataclass(frozen=True, slots=True)
class StickOff:
    """What ports/usb_off.py does to the stick in a socket."""

    name: str  # of the board
    place: str  # as UsbStick's
    off: UsbOff


Off = LineOff | StickOff | SupplyOff


def encoded(off: Off, silence_s: float) -> tuple[bytes, tuple[int, ...]]:
    """The line for the guard, and the descriptors that it inherits. Raises DeviceError when there is none.

    `silence_s`: how long the miner may be silent before it is taken for dead.
    """
    plan: dict[str, object] = {"name": off.name, "silence_s": silence_s}
    fds: tuple[int, ...] = ()
    if isinstance(off, LineOff):
        if (fd := off.port.fileno()) is None:
            raise DeviceError(f"{off.name}: {off.port.name} cannot be handed to a guard process; use a local port")
        fds = (fd,)
        plan |= {"kind": "line", "fd": fd, "steps": [(data.hex(), pause_s) for data, pause_s in off.writes]}
    elif isinstance(off, SupplyOff):
        plan |= {"kind": "supply"} | {key: value for key, value in asdict(off).items() if key != "name"}
    else:
        plan |= {"kind": "usb", "place": off.place, "off": off.off.encode().hex()}
    return msgspec.json.encode(plan) + b"\n", fds
