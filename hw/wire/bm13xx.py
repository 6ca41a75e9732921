"""Frames of BM1362, BM1366, BM1368, BM1370 and BM1397: bytes to values and back, for the host and for the chip.

Host to chip 55 AA | header | length | payload | CRC, chip to host AA 55 | payload | type and CRC5. Sources: ESP-Miner
components/asic, mujina asic/bm13xx (REFERENCE.md, protocol.rs, captures), GPTechinno bm13xx-rs. What registers, ids and
versions mean is not said here but in chips/. An address of None is all chips.

A chip knows a job by the header byte and by what kind of chip it is, never by the length byte: for a job of 88 bytes
stock firmware sends 36 there, and cgminer-gekko FF.
"""

from __future__ import annotations

import struct
from typing import Literal, TypeAlias

import msgspec

from .crc import crc5, crc16, last_byte
from .frames import WAIT, Scanner
from .frames import Garbage as Garbage

_TO_CHIP, _TO_HOST = b"\x55\xaa", b"\xaa\x55"
_SHORT, _LONG = 9, 11  # bytes of a response, before and after version rolling is enabled
_REGISTER, _NONCE = 0, 4  # types of response; mujina refuses the other six too
_JOB = 0x21


def set_address(address: int) -> bytes:
    """The first chip of the chain that has none takes it."""
    return _command(0x40, bytes([address, 0]))


def chain_inactive() -> bytes:
    """Chips stop passing commands on until each has an address."""
    return _command(0x53, bytes(2))


def read(register: int, address: int | None = None) -> bytes:
    return _command(0x52 if address is None else 0x42, bytes([address or 0, register]))


def write(register: int, value: int, address: int | None = None) -> bytes:
    payload = bytes([address or 0, register]) + value.to_bytes(4, "big")
    return _command(0x51 if address is None else 0x41, payload)


class MidstateJob(msgspec.Struct, frozen=True):
    """For BM1397, which searches 1 or 4 versions at once, each of them a midstate: 56 or 152 bytes."""

    id: int
    nbits: int
    ntime: int
    merkle_tail: bytes  # header bytes 64..67
    midstates: tuple[bytes, ...]  # 32 bytes each: state words H7 to H0, each big-endian
    start_nonce: int = 0

    def __post_init__(self) -> None:
        _check("merkle_tail", self.merkle_tail, 4)
        if len(self.midstates) not in (1, 4):
            raise ValueError(f"midstates: {len(self.midstates)}; a job takes 1 or 4")
        for midstate in self.midstates:
            _check("midstate", midstate, 32)

    def encode(self) -> bytes:
        head = _MIDSTATE_HEAD.pack(
            self.id, len(self.midstates), self.start_nonce, self.nbits, self.ntime, self.merkle_tail
        )
        return _job(head + b"".join(self.midstates))


class HeaderJob(msgspec.Struct, frozen=True):
    """For BM1362, BM1366, BM1368 and BM1370, which roll the version themselves: 88 bytes."""

    id: int
    nbits: int
    ntime: int
    merkle_root: bytes  # as in the header
    prev_hash: bytes  # as in the header
    version: int
    start_nonce: int = 0

    def __post_init__(self) -> None:
        _check("merkle_root", self.merkle_root, 32)
        _check("prev_hash", self.prev_hash, 32)

    def encode(self) -> bytes:
        root, prev_hash = _reverse_words(self.merkle_root), _reverse_words(self.prev_hash)
        return _job(_HEADER.pack(self.id, 1, self.start_nonce, self.nbits, self.ntime, root, prev_hash, self.version))


class RegisterValue(msgspec.Struct, frozen=True, gc=False):
    """What a register holds; some chips send it unasked. The two bytes more that 11 have are unknown."""

    value: int
    address: int
    register: int
    raw: bytes


class Nonce(msgspec.Struct, frozen=True, gc=False):
    nonce: int  # the header's, as a number
    midstate: (
        int  # the byte before the id: which midstate, or by how much the hash beats the ticket, as the chip has it
    )
    id: int  # as it came: the job's, and in other bits more
    version: int | None  # the 16 bits that were rolled; None with 9 bytes
    raw: bytes


class ShortFrame(msgspec.Struct, frozen=True):
    """9 bytes where 11 are due: this chip has been reset. Two bytes lost of 11 look so one time in 32: ask twice."""

    frame: RegisterValue | Nonce


class SetAddress(msgspec.Struct, frozen=True):
    address: int


class ChainInactive(msgspec.Struct, frozen=True):
    pass


class ReadRegister(msgspec.Struct, frozen=True):
    register: int
    address: int | None


class WriteRegister(msgspec.Struct, frozen=True):
    register: int
    value: int
    address: int | None


Response: TypeAlias = RegisterValue | Nonce | ShortFrame
Command: TypeAlias = SetAddress | ChainInactive | ReadRegister | WriteRegister | MidstateJob | HeaderJob


class ResponseDecoder(Scanner[Response]):
    """What chips say. `size`, 9 or 11, may be set at any time.

    Where 11 are due, 9 are a ShortFrame when another frame follows them, or nothing (flush). Never can these be
    misread as 11: the last of these would be the 55 of the next preamble, which is no type of response.
    """

    def __init__(self, size: Literal[9, 11]) -> None:
        super().__init__(_TO_HOST)
        self.size: Literal[9, 11] = size

    def measure(self, data: bytes, start: int) -> int:
        end = start + self.size
        if end > len(data):
            return WAIT
        if data[end - 1] & 0x60 == 0 and crc5(data[start + 2 : end]) == 0:
            return self.size
        return self._short(data, start) if data.startswith(_TO_HOST, start + _SHORT) else 0

    def measure_last(self, data: bytes, start: int) -> int:
        return self._short(data, start) if len(data) == start + _SHORT else 0

    def parse(self, frame: bytes) -> Response:
        if len(frame) == self.size:
            return _response(frame)
        return ShortFrame(_response(frame))

    def _short(self, data: bytes, start: int) -> int:
        end = start + _SHORT
        good = self.size != _SHORT and data[end - 1] & 0x60 == 0 and crc5(data[start + 2 : end]) == 0
        return _SHORT if good else 0


class CommandDecoder(Scanner[Command]):
    """What a chip hears, for simulators: one that takes jobs with midstates, or with whole headers."""

    def __init__(self, job: Literal["midstate", "header"]) -> None:
        super().__init__(_TO_CHIP)
        self._job = job

    def measure(self, data: bytes, start: int) -> int:
        if len(data) < start + 7:  # the shortest; nothing shorter tells what it is
            return WAIT
        header, length = data[start + 2], data[start + 3]
        job = header & 0x20
        size = self._job_size(data[start + 5]) if job else length + 2 if (header, length) in _COMMANDS else 0
        end = start + size
        if end > len(data):
            return WAIT
        covered = data[start + 2 : end]
        return size if size and (crc16(covered) == 0 if job else crc5(covered[:-1]) == covered[-1]) else 0

    def parse(self, frame: bytes) -> Command:
        header = frame[2]
        if header & 0x20:
            return midstate_job(frame[2:]) if self._job == "midstate" else _header_job(frame)
        if header == 0x40:
            return SetAddress(frame[4])
        if header == 0x53:
            return ChainInactive()
        address = None if header & 0x10 else frame[4]
        if header & 0x0F == 2:
            return ReadRegister(frame[5], address)
        return WriteRegister(frame[5], int.from_bytes(frame[6:10], "big"), address)

    def _job_size(self, midstates: int) -> int:
        if self._job == "header":
            return 6 + _HEADER.size
        return 6 + _MIDSTATE_HEAD.size + 32 * midstates if midstates in (1, 4) else 0


def midstate_job(frame: bytes) -> MidstateJob:
    """Of a frame without its preamble, which is how BM1387 takes it."""
    id, count, start_nonce, nbits, ntime, tail = _MIDSTATE_HEAD.unpack_from(frame, 2)
    first = 2 + _MIDSTATE_HEAD.size
    midstates = tuple(frame[at : at + 32] for at in range(first, first + 32 * count, 32))
    return MidstateJob(id, nbits, ntime, tail, midstates, start_nonce)


def register_response(value: int, address: int, register: int, size: Literal[9, 11]) -> bytes:
    """As a chip sends it."""
    return _answer(value.to_bytes(4, "big") + bytes([address, register]) + bytes(size - _SHORT), _REGISTER)


def nonce_response(nonce: int, midstate: int, id: int, version: int | None) -> bytes:
    """As a chip sends it: 11 bytes, or 9 without a version."""
    rolled = b"" if version is None else version.to_bytes(2, "big")
    return _answer(nonce.to_bytes(4, "little") + bytes([midstate, id]) + rolled, _NONCE)


_COMMANDS = {(0x40, 5), (0x41, 9), (0x42, 5), (0x51, 9), (0x52, 5), (0x53, 5)}  # header and length
_MIDSTATE_HEAD = struct.Struct("<BBIII4s")  # id, midstates, start nonce, nbits, ntime, merkle tail
_HEADER = struct.Struct("<BBIII32s32sI")  # id, 1, start nonce, nbits, ntime, merkle root, previous hash, version
_NONCE_HEAD = struct.Struct("<2xIBB")


def _command(header: int, payload: bytes) -> bytes:
    body = bytes([header, len(payload) + 3]) + payload
    return _TO_CHIP + body + bytes([crc5(body)])


def _job(data: bytes) -> bytes:
    body = bytes([_JOB, len(data) + 4]) + data
    return _TO_CHIP + body + crc16(body).to_bytes(2, "big")


def _answer(payload: bytes, kind: int) -> bytes:
    return _TO_HOST + payload + bytes([last_byte(payload, kind)])


def _response(frame: bytes) -> RegisterValue | Nonce:
    if frame[-1] & 0x80:
        nonce, midstate, id = _NONCE_HEAD.unpack_from(frame)
        return Nonce(nonce, midstate, id, frame[8] << 8 | frame[9] if len(frame) == _LONG else None, frame)
    return RegisterValue(int.from_bytes(frame[2:6], "big"), frame[6], frame[7], frame)


def _header_job(frame: bytes) -> HeaderJob:
    id, _, start_nonce, nbits, ntime, root, prev_hash, version = _HEADER.unpack_from(frame, 4)
    return HeaderJob(id, nbits, ntime, _reverse_words(root), _reverse_words(prev_hash), version, start_nonce)


def _reverse_words(hash: bytes) -> bytes:
    """The eight words in reverse order, the bytes within each as they are."""
    return b"".join(hash[at : at + 4] for at in range(28, -4, -4))


def _check(name: str, data: bytes, size: int) -> None:
    if len(data) != size:
        raise ValueError(f"{name}: {len(data)} bytes; takes {size}")
