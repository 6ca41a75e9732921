"""What a guard process is told: how to reach the board, and what makes it safe. Plain values, and their JSON.

A line (serial, pseudo-terminal) is handed over as an open descriptor, so nothing has to be found or opened in need. A
USB device of libusb's cannot be handed over: the guard finds and opens it after the miner is dead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from ...engine.errors import DeviceError
from ..ports.port import Port


@dataclass(frozen=True, slots=True)
class LineOff:
    """Written to the port in order, each drained, then the pause. Begin with (b"", 0.01) where the board needs silence
    to drop a command that the miner died in the middle of."""

    name: str  # of the board
    port: Port
    writes: Sequence[tuple[bytes, float]]  # what, and the pause after it in seconds


@dataclass(frozen=True, slots=True)
class Control:
    """A control transfer to a USB device, as in the USB 2.0 specification, section 9.3; `data` goes out."""

    request_type: int  # bmRequestType
    request: int  # bRequest
    value: int  # wValue
    index: int  # wIndex
    data: bytes = b""
    pause_s: float = 0.0  # after it


@dataclass(frozen=True, slots=True)
class UsbOff:
    """`bus` and `address` where it was when the miner opened it; `serial` finds it when it has moved since."""

    name: str  # of the board
    vendor: int
    product: int
    bus: int
    address: int
    transfers: Sequence[Control]
    serial: str = ""
    interfaces: tuple[int, ...] = ()  # that the kernel's driver was detached from; given back to it at the end


Off = LineOff | UsbOff


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
    else:
        plan |= {"kind": "usb", "vendor": off.vendor, "product": off.product, "bus": off.bus, "address": off.address}
        plan |= {"serial": off.serial, "interfaces": off.interfaces}
        plan["steps"] = [
            (step.request_type, step.request, step.value, step.index, step.data.hex(), step.pause_s)
            for step in off.transfers
        ]
    return msgspec.json.encode(plan) + b"\n", fds
