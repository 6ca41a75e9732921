"""Frames of BM1387 (Antminer S9, GekkoScience NewPac and R606): an older form, with no preamble.

Sources: cgminer driver-gekko.c @d689d3a, and for responses rapsacw's BM1387-miner-snippets. Unproven on hardware. What
bytes 4 and 5 of a register's value are is unknown (cgminer takes them to be 0), and so is byte 4 of a nonce.

Without a preamble only the CRC5 tells where a frame begins, so one window in 128 of garbage passes for one. A stream
out of step is in step again with the first whole frame; a false one may come with it, and the judge finds it false.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from . import bm13xx
from .bm13xx import ChainInactive, Command, MidstateJob, Nonce, ReadRegister, SetAddress, WriteRegister
from .crc import crc5, crc16, last_byte
from .frames import WAIT, Scanner
from .frames import Garbage as Garbage

_SIZE = 7  # bytes of a response
_REGISTER, _NONCE = 0, 4  # types of response


def set_address(address: int) -> bytes:
    """The first chip of the chain that has none takes it."""
    return _command(0x41, bytes([address, 0]))


def chain_inactive() -> bytes:
    """Chips stop passing commands on until each has an address."""
    return _command(0x55, bytes(2))


def read(register: int, address: int | None = None) -> bytes:
    return _command(0x54 if address is None else 0x44, bytes([address or 0, register]))


def write(register: int, value: int, address: int | None = None) -> bytes:
    payload = bytes([address or 0, register]) + value.to_bytes(4, "big")
    return _command(0x58 if address is None else 0x48, payload)


def job(of: MidstateJob) -> bytes:
    """BM1397's without its preamble: 54 bytes, or 150 with four midstates. The answer's id is the job's plus which."""
    return of.encode()[2:]


class RegisterValue(msgspec.Struct, frozen=True, gc=False):
    """What a register holds. Neither chip nor register is named: the answer to a question asked of one chip."""

    value: int
    raw: bytes


Response: TypeAlias = RegisterValue | Nonce


class ResponseDecoder(Scanner[Response]):
    """What chips say: 7 bytes each time."""

    def __init__(self) -> None:
        super().__init__(b"")

    def measure(self, data: bytes, start: int) -> int:
        end = start + _SIZE
        if end > len(data):
            return WAIT
        return _SIZE if data[end - 1] & 0x60 == 0 and crc5(data[start:end]) == 0 else 0

    def parse(self, frame: bytes) -> Response:
        if frame[-1] & 0x80:
            return Nonce(int.from_bytes(frame[:4], "little"), frame[4], frame[5], None, frame)
        return RegisterValue(int.from_bytes(frame[:4], "big"), frame)


class CommandDecoder(Scanner[Command]):
    """What a chip hears, for simulators."""

    def __init__(self) -> None:
        super().__init__(b"")

    def measure(self, data: bytes, start: int) -> int:
        if len(data) < start + 5:  # the shortest; nothing shorter tells what it is
            return WAIT
        header, length, midstates = data[start], data[start + 1], data[start + 3]
        if header == 0x21:
            size = 22 + 32 * midstates if midstates in (1, 4) else 0
        else:
            size = length if (header, length) in _COMMANDS else 0
        end = start + size
        if end > len(data):
            return WAIT
        frame = data[start:end]
        return size if size and (crc16(frame) == 0 if header == 0x21 else crc5(frame[:-1]) == frame[-1]) else 0

    def parse(self, frame: bytes) -> Command:
        header = frame[0]
        if header == 0x21:
            return bm13xx.midstate_job(frame)
        if header == 0x41:
            return SetAddress(frame[2])
        if header == 0x55:
            return ChainInactive()
        address = None if header & 0x10 else frame[2]
        if header & 0x0F == 4:
            return ReadRegister(frame[3], address)
        return WriteRegister(frame[3], int.from_bytes(frame[4:8], "big"), address)


def register_response(value: int) -> bytes:
    """As a chip sends it."""
    return _answer(value.to_bytes(4, "big") + bytes(2), _REGISTER)


def nonce_response(nonce: int, midstate: int, id: int) -> bytes:
    """As a chip sends it."""
    return _answer(nonce.to_bytes(4, "little") + bytes([midstate, id]), _NONCE)


_COMMANDS = {(0x41, 5), (0x44, 5), (0x48, 9), (0x54, 5), (0x55, 5), (0x58, 9)}  # header and length


def _command(header: int, payload: bytes) -> bytes:
    body = bytes([header, len(payload) + 3]) + payload
    return body + bytes([crc5(body)])


def _answer(payload: bytes, kind: int) -> bytes:
    return payload + bytes([last_byte(payload, kind)])
