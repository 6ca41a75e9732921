"""The control protocol of bitaxe-raw firmware: requests, both ends. No I/O, no clock. Answers: bitaxe_answers.py.

Sources: RAW (bitaxeorg/bitaxe-raw, README and src/control/mod.rs), EMB (256foundation/emberone-usbserial-fw, the same).
A request is `length of the whole (2, little-endian) | id | bus 0 | page | command | data`.

Two traps of the firmware (RAW and EMB, the reading loop): it drops a part of a request after 4 ms of silence, and it
takes at most one request from a USB packet; what follows waits for the next packet, and after 4 ms is dropped. So: one
request at a time, in one write. Left out: the contents of the bridge's diagnostics, and the fan on page 08 of one
intermediate commit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

USB_PACKET = 64  # bytes: CDC-ACM at full speed
LONGEST_REQUEST = 4098  # bytes that the firmware buffers
PARTIAL_S = 0.004  # how long the firmware waits for the rest of a request
NOT_UNDERSTOOD = 0xFF  # the id of an answer to a request that could not be parsed: never give it to a request


@dataclass(frozen=True, slots=True)
class I2CFrequency:
    hz: int


@dataclass(frozen=True, slots=True)
class I2CWrite:
    address: int  # 7 bits
    data: bytes


@dataclass(frozen=True, slots=True)
class I2CRead:
    address: int
    size: int


@dataclass(frozen=True, slots=True)
class I2CWriteRead:
    address: int
    data: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Gpio:
    """Pin 0 resets the chips while it is low. Level None: read it."""

    pin: int
    level: bool | None = None


@dataclass(frozen=True, slots=True)
class Adc:
    """Channel 50 is the supply of the chips; the answer is a count of 16 bits, little-endian."""

    channel: int = 0x50


@dataclass(frozen=True, slots=True)
class Led:
    red: int
    green: int
    blue: int


@dataclass(frozen=True, slots=True)
class Fan:
    """Percent of full speed; None: read its tachometer."""

    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Bridge:
    """Diagnostics of the Bonanza bridge: 01 info, 02 overflows, 10 safety."""

    command: int


@dataclass(frozen=True, slots=True)
class Restart:
    """Of EmberOne firmware; no answer comes."""

    bootloader: bool = False


Operation = I2CFrequency | I2CWrite | I2CRead | I2CWriteRead | Gpio | Adc | Led | Fan | Bridge | Restart

_I2C, _GPIO, _ADC, _LED, _FAN, _BRIDGE = 0x05, 0x06, 0x07, 0x08, 0x09, 0x00  # pages; EMB has its system on 09
_REBOOT, _BOOTLOADER = (0x01, bytes.fromhex("DEADBEEF")), (0x02, bytes.fromhex("B00710AD"))


def encode(operation: Operation, request_id: int) -> bytes:
    """To the firmware. Raises ValueError for a number that does not fit its field."""
    if request_id == NOT_UNDERSTOOD:
        raise ValueError("request id FF: it belongs to answers to garbled requests; use 0..FE")
    page, command, data = _parts(operation)
    return struct.pack("<H", 6 + len(data)) + bytes((request_id, 0, page, command)) + data


def _parts(operation: Operation) -> tuple[int, int, bytes]:
    match operation:
        case I2CFrequency(hz):
            return _I2C, 0x10, hz.to_bytes(4, "little")
        case I2CWrite(address, data):
            return _I2C, 0x20, bytes((address,)) + data
        case I2CRead(address, size):
            return _I2C, 0x30, bytes((address, size))
        case I2CWriteRead(address, data, size):
            return _I2C, 0x40, bytes((address, *data, size))
        case Gpio(pin, level):
            return _GPIO, pin, b"" if level is None else bytes((level,))
        case Adc(channel):
            return _ADC, channel, b""
        case Led(red, green, blue):
            return _LED, 0x10, bytes((red, green, blue))
        case Fan(None):
            return _FAN, 0x20, b""
        case Fan(percent):
            return _FAN, 0x10, bytes((percent or 0,))
        case Bridge(command):
            return _BRIDGE, command, b""
        case Restart(bootloader):
            return _FAN, *(_BOOTLOADER if bootloader else _REBOOT)


def _operation(page: int, command: int, data: bytes) -> Operation | None:
    """None: the firmware does not understand it."""
    match page, command, tuple(data):
        case 0x05, 0x10, (_, _, _, _):
            return I2CFrequency(int.from_bytes(data, "little"))
        case 0x05, 0x20, (address, *_):
            return I2CWrite(address, data[1:])
        case 0x05, 0x30, (address, size):
            return I2CRead(address, size)
        case 0x05, 0x40, (address, *_, size):
            return I2CWriteRead(address, data[1:-1], size)
        case 0x06, pin, ():
            return Gpio(pin)
        case 0x06, pin, (level,):
            return Gpio(pin, level > 0)
        case 0x07, channel, ():
            return Adc(channel)
        case 0x08, 0x10, (red, green, blue):
            return Led(red, green, blue)
        case 0x09, 0x10, (percent,) if percent <= 100:
            return Fan(percent)
        case 0x09, 0x20, ():
            return Fan()
        case 0x00, _, ():
            return Bridge(command)
        case 0x09, _, _ if (command, data) in (_REBOOT, _BOOTLOADER):
            return Restart(bootloader=command == _BOOTLOADER[0])
        case _:
            return None


def answer_size(operation: Operation) -> int | None:
    """Bytes of data in its answer; None: it says little, and how much differs between firmwares."""
    match operation:
        case I2CRead(_, size) | I2CWriteRead(_, _, size):
            return size
        case Gpio():
            return 1
        case Adc():
            return 2
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Request:
    id: int
    operation: Operation


@dataclass(frozen=True, slots=True)
class Unparsable:
    """Answer it with bitaxe_answers.refuse(…, NOT_UNDERSTOOD, INVALID)."""

    data: bytes


class RequestDecoder:
    """What the firmware makes of what the host sends, its traps included. Call `silence` when nothing came for 4 ms."""

    def __init__(self) -> None:
        self._partial = bytearray()

    def feed(self, data: bytes) -> list[Request | Unparsable]:
        """Data that came at once; cut into USB packets, of which each brings out at most one request."""
        taken = (self._take(packet) for packet in _packets(data))
        return [request for request in taken if request is not None]

    def silence(self) -> None:
        self._partial.clear()

    def _take(self, packet: bytes) -> Request | Unparsable | None:
        self._partial += packet
        if len(self._partial) < 5:
            return None
        length = int.from_bytes(self._partial[:2], "little")
        if length < 5 or length > LONGEST_REQUEST:  # the real one panics below 5, and overruns its buffer above
            garbage = Unparsable(bytes(self._partial))
            self._partial.clear()
            return garbage
        if len(self._partial) < length:
            return None
        raw = bytes(self._partial[:length])
        del self._partial[:length]
        operation = _operation(raw[4], raw[5], raw[6:]) if length > 5 else None
        return Unparsable(raw) if operation is None else Request(raw[2], operation)


def _packets(data: bytes) -> Iterable[bytes]:
    return (data[i : i + USB_PACKET] for i in range(0, len(data), USB_PACKET))
