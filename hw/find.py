"""What is plugged in, and by what it is recognised. Opens no port: all is from what the system knows of its devices.

`recognise` is a pure function of descriptors; boards/usb_ids.py is the table that it looks in. `ports_of` makes the
ports of a device that the user names. What nothing proves stays nameless: unknown serial devices are sent nothing.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..engine.errors import DeviceError, InputError
from .boards.row import Row
from .boards.table import board_row
from .boards.usb_ids import FLASH, usb_row
from .make import Connection
from .ports import libusb
from .ports.libusb import Address
from .ports.serial import SerialPort
from .ports.usb import UsbStick
from .spec import Spec

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_LOCATION = re.compile(r"(?P<place>\d+-\d+(?:\.\d+)*)(?::[\dx]+\.(?P<interface>\d+))?")


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A serial port, or a USB device, as the system describes it."""

    path: str | None = None  # of the port; None: a USB device without one
    vid: int | None = None
    pid: int | None = None
    manufacturer: str | None = None
    product: str | None = None
    serial: str | None = None
    place: str | None = None  # bus and sockets: 1-1.4
    interface: int = 0
    node: str | None = None  # what libusb opens, where that is a file


@dataclass(frozen=True, slots=True)
class Recognised:
    """One thing that is plugged in. `board` is None where nothing proves which it is; then `remedy` says what to do."""

    board: str | None
    ports: Mapping[str, str]  # by role, as in the board's row: a path, or a USB address
    by: str
    remedy: str | None = None
    maybe: tuple[str, ...] = ()  # boards that it can be used as, if the user knows that it is one
    paths: tuple[str, ...] = ()  # every serial port of it, which the user may name it by
    place: str | None = None  # bus and sockets: 1-1.4
    serial: str | None = None
    files: tuple[str, ...] = ()  # what must be permitted to open it
    maker: str | None = None  # who put strings into it that name a board; None: they name an adapter, or nothing

    @property
    def named_by(self) -> frozenset[str]:
        return frozenset((*self.ports.values(), *self.paths))


@dataclass(slots=True)
class _Thing:
    """All descriptors of one device."""

    place: str | None
    parts: list[Descriptor] = field(default_factory=list[Descriptor])

    @property
    def paths(self) -> tuple[str, ...]:
        ordered = sorted(self.parts, key=lambda part: (part.interface, part.path or ""))
        return tuple(part.path for part in ordered if part.path is not None)

    def said(self, name: str) -> Any:
        return next((value for part in self.parts if (value := getattr(part, name)) is not None), None)


def recognise(descriptors: Iterable[Descriptor]) -> list[Recognised]:
    """Serial ports and USB devices of the same socket are one thing. What is neither a port nor known is left out."""
    things: dict[str, _Thing] = {}
    for part in descriptors:
        things.setdefault(part.place or f"path {part.path}", _Thing(part.place)).parts.append(part)
    return [found for thing in things.values() if (found := _recognised(thing)) is not None]


def _recognised(thing: _Thing) -> Recognised | None:
    vid, pid = thing.said("vid"), thing.said("pid")
    row = usb_row(vid, pid, thing.said("manufacturer"), thing.said("product"))
    if row is None and not thing.paths:
        return None
    maybe: tuple[str, ...] = row.maybe if row is not None else _SERIAL
    board, remedy, says = (row.board, row.remedy, row.says) if row is not None else (None, None, "")
    strings = " ".join(text for name in ("manufacturer", "product") if (text := thing.said(name)))
    ids = f"{vid:04x}:{pid:04x}" if vid is not None and pid is not None else "a serial port, no USB device"
    by = ": ".join(part for part in (strings or ids, says) if part)
    candidate = board or next(iter(maybe), None)
    ports = _ports(thing, candidate) if candidate is not None else {}
    if candidate is not None and not ports:
        board, maybe, remedy = None, (), _lacking(thing, candidate)
    elif maybe:
        others = f" (or {', '.join(maybe[1:])})" if maybe[1:] else ""
        remedy = f"if you know it, say so: -d {maybe[0]}:{thing.paths[0]}{others}"
    nodes = tuple(part.node for part in thing.parts if part.node is not None)
    files = nodes if any(name.startswith("usb:") for name in ports.values()) else tuple(ports.values())
    said = thing.said("manufacturer") or thing.said("product") or ""
    maker = _NOT_IN_NAMES.sub("-", said.lower()).strip("-")[:40] if row is not None and row.has_strings else None
    serial = thing.said("serial")
    return Recognised(board, ports, by, remedy, maybe, thing.paths, thing.place, serial, files, maker)


_SERIAL = ("icarus", "chain:CHIPxN")  # what a serial port may be, of which nothing is known


def _ports(thing: _Thing, board: str) -> dict[str, str]:
    """Of a thing if it is that board; empty: it cannot be."""
    if board.startswith("chain:"):
        return {"chips": thing.paths[0]} if thing.paths else {}
    row = board_row(board)
    if row.link in ("ftdi", "cp210x"):
        place = thing.place
        return {role: str(Address(place, n)) for n, role in enumerate(row.ports)} if place is not None else {}
    few = len(thing.paths) < len(row.ports) or (len(row.ports) > 1 and len(thing.paths) != len(row.ports))
    return {} if few else dict(zip(row.ports, thing.paths, strict=False))


def _lacking(thing: _Thing, board: str) -> str:
    if board.startswith("bitaxe-"):
        return f"bitaxe-raw has two serial ports, and this has {len(thing.paths)}: {FLASH}"
    if not board.startswith("chain:") and board_row(board).link != "serial":
        return "the system does not say in which socket it is: plug it in elsewhere"
    return "it has no serial port: load its driver, as with sudo modprobe usbserial"


def plugged_in(backend: object | None = None) -> list[Recognised]:
    """Of this machine, now. Without libusb what it alone would see is missing."""
    try:
        sticks = [descriptor_of(device) for device in libusb.devices(backend)]
    except DeviceError:
        sticks = []
    return recognise([*_serial_ports(), *sticks])


def descriptor_of(device: libusb.Device) -> Descriptor:
    strings, place = libusb.strings(device), libusb.place_of(device)
    return Descriptor(None, device.idVendor, device.idProduct, *strings, place=place, node=libusb.node_of(device))


def serial_descriptor(info: Any) -> Descriptor:
    """Of what pyserial's list_ports gives."""
    match = _LOCATION.fullmatch(info.location or "")
    place, interface = (match["place"], int(match["interface"] or 0)) if match else (None, 0)
    strings = info.manufacturer, info.product, info.serial_number
    return Descriptor(info.device, info.vid, info.pid, *strings, place=place, interface=interface)


def _serial_ports() -> list[Descriptor]:
    """Those on USB. What is pulled while pyserial looks at it makes it fail: then it looks again."""
    for _ in range(3):
        try:
            found = map(serial_descriptor, importlib.import_module("serial.tools.list_ports").comports())
            return sorted((part for part in found if part.vid is not None), key=lambda part: part.path or "")
        except (OSError, TypeError, ValueError):
            continue
    return []


def thing_of(spec: Spec, found: list[Recognised]) -> Recognised | None:
    """What is plugged in where the user says [BOARD:]PORT."""
    name = spec.rest.split(",")[0]
    return next((each for each in found if name in each.named_by), None)


def ports_of(spec: Spec, found: list[Recognised] | None = None) -> tuple[Row, Connection]:
    """The board that the user names by [BOARD:]PORT, and how it is reached; PORT may be several, joined by commas.

    Raises InputError: nothing proves which board it is, and the user does not say it; or it has not the ports.
    """
    names = spec.rest.split(",")
    everything = plugged_in() if found is None else found
    thing = thing_of(spec, everything)
    board = spec.board or (thing.board if thing is not None else None)
    if board is None:
        why = f"recognised as no board ({thing.by}); {thing.remedy}" if thing is not None else _NOT_THERE
        raise InputError(f"device {spec.text}: {why}")
    row = board_row(board)
    if thing is not None and thing.board is None and not thing.maybe:
        raise InputError(f"device {spec.text}: is {thing.by}; {thing.remedy}")
    if thing is not None and thing.board is not None and board_row(thing.board).link != row.link:
        raise InputError(f"device {spec.text}: is {thing.board} ({thing.by}); say -d {thing.board}:{spec.rest}")
    if row.link in ("ftdi", "cp210x"):
        return row, _on_usb(spec, row, names[0], thing)
    if len(names) == 1 and len(row.ports) > 1 and thing is not None:
        names = [thing.ports[role] for role in row.ports if role in thing.ports]
    if len(names) != len(row.ports):
        roles = ",".join(role.upper() for role in row.ports)
        raise InputError(f"device {spec.text}: {board} has {len(row.ports)} ports; say -d {board}:{roles}")
    dtr, rts = row.dtr_rts
    paths = zip(row.ports, names, strict=True)
    return row, Connection({role: SerialPort(name, row.baud, dtr=dtr, rts=rts) for role, name in paths})


_NOT_THERE = "nothing is recognised there; say which board it is, as -d BOARD:PORT (joulehash boards lists what is)"


def _on_usb(spec: Spec, row: Row, name: str, thing: Recognised | None) -> Connection:
    """All of one stick."""
    place = thing.place if thing is not None else None
    if place is None:
        if not name.startswith("usb:"):
            raise InputError(f"device {spec.text}: {row.name} is driven by a USB address, as usb:1-1.4, not by {name}")
        place = Address.parse(name).place
    stick = UsbStick(place)
    ports = {role: stick.port(number, row.baud) for number, role in enumerate(row.ports)}
    return Connection(ports, stick, ports["chips"])
