"""The control protocol of bitaxe-raw firmware: answers, both ends. No I/O, no clock. Requests: bitaxe_raw.py.

Sources: RAW (bitaxeorg/bitaxe-raw, src/control/mod.rs at several commits), EMB (256foundation/emberone-usbserial-fw,
the same), MUJ (mujina, mgmt_protocol). They come in three formats, and the request does not say in which; see Format.
MUJ's PROTOCOL.md says that data begins with FF on errors; its code and the firmware disagree, and so does this.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum

from .bitaxe_raw import NOT_UNDERSTOOD

LONGEST_ANSWER = 260  # bytes

TIMEOUT, INVALID, OVERFLOW, FAULT, TEXT = 0x10, 0x11, 0x12, 0x13, 0xFF  # 12 is "denied" where the format is BONANZA
_CODES = frozenset((TIMEOUT, INVALID, OVERFLOW, FAULT, TEXT))


class Format(StrEnum):
    """Of answers. `length` counts what is written after it here, and itself where it says so."""

    V0 = "v0"  # length of the data | id | data; but errors: length of the whole | id | code | text
    V1 = "v1"  # length of the whole | id | 0 | data; errors have a code for the 0 (EMB, firmware minor >= 1)
    BONANZA = "bonanza"  # length of the whole | id | data; errors: one byte of data, the code, or FF and a text


@dataclass(frozen=True, slots=True)
class Answer:
    id: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    id: int
    code: int
    text: str = ""
    doubtful: bool = False  # in BONANZA format one byte of data looks the same: ask again for two, and see

    def __str__(self) -> str:
        names = {TIMEOUT: "timeout", INVALID: "not understood", OVERFLOW: "overflow, or denied", FAULT: "fault"}
        return self.text or names.get(self.code, f"code {self.code:02X}")


@dataclass(frozen=True, slots=True)
class Garbage:
    data: bytes


class AnswerDecoder:
    """Bytes from the firmware to answers. There is no mark where an answer begins: after garbage everything is thrown
    away, and only silence (`flush`, before the next request) brings the two sides together again."""

    def __init__(self, answers_in: Format) -> None:
        self.format = answers_in
        self._id = NOT_UNDERSTOOD  # of the answer that is waited for
        self._size: int | None = None
        self._partial = bytearray()

    def expect(self, request_id: int, size: int | None) -> None:
        """What was asked, by id, and the size of the data in its answer: it tells data from errors."""
        self._id, self._size = request_id, size

    def feed(self, data: bytes) -> list[Answer | Refusal | Garbage]:
        self._partial += data
        out: list[Answer | Refusal | Garbage] = []
        while len(self._partial) >= 3:
            found = self._next()
            if found is None:
                break
            out.append(found)
        return out

    def flush(self) -> list[Answer | Refusal | Garbage]:
        """After silence. What a V0 error leaves a reader waiting for (it says 4 bytes of data, and has 1) is named."""
        rest = bytes(self._partial)
        self._partial.clear()
        if not rest:
            return []
        length = int.from_bytes(rest[:2], "little")
        if self.format is Format.V0 and 4 <= length == len(rest) and rest[3] in _CODES:
            return [_refusal(rest[2], rest[3], rest[4:])]
        return [Garbage(rest)]

    def _next(self) -> Answer | Refusal | Garbage | None:
        buffer = self._partial
        length, identity = int.from_bytes(buffer[:2], "little"), buffer[2]
        size = self._size if identity == self._id else None
        whole = length
        if self.format is Format.V0:
            error = length >= 4 and length != size
            if error and len(buffer) < 4:
                return None
            error = error and buffer[3] in _CODES
            whole = length if error else 3 + length
        else:
            error = False
        if not (4 if self.format is Format.V1 else 3) <= whole <= LONGEST_ANSWER:
            garbage = Garbage(bytes(buffer))
            buffer.clear()
            return garbage
        if len(buffer) < whole:
            return None
        data = bytes(buffer[3:whole])
        del buffer[:whole]
        return self._judge(identity, data, size, error)

    def _judge(self, identity: int, data: bytes, size: int | None, error: bool) -> Answer | Refusal:
        if self.format is Format.V0:
            return _refusal(identity, data[0], data[1:]) if error else Answer(identity, data)
        if self.format is Format.V1:
            return _refusal(identity, data[0], data[1:]) if data[0] else Answer(identity, data[1:])
        if len(data) == 1 and data[0] in _CODES - {TEXT}:
            return Refusal(identity, data[0], doubtful=size == 1)
        if data[:1] == b"\xff" and len(data) != size:
            return _refusal(identity, TEXT, data[1:])
        return Answer(identity, data)


def _refusal(identity: int, code: int, text: bytes) -> Refusal:
    return Refusal(identity, code, "".join(c for c in text.decode("ascii", "replace") if c.isprintable())[:80])


def recognise(data: bytes, request_id: int) -> Format | None:
    """The format, by the answer to Gpio(0): its level is 0 or 1, and so no two formats look alike. None: not seen yet,
    or an error, which looks the same in all three."""
    tail = data[-5:]
    for level in (0, 1):
        if tail == bytes((5, 0, request_id, 0, level)):
            return Format.V1
        if tail[-4:] == bytes((4, 0, request_id, level)):
            return Format.BONANZA
        if tail[-4:] == bytes((1, 0, request_id, level)):
            return Format.V0
    return None


def answer(answers_in: Format, request_id: int, data: bytes) -> bytes:
    """From the firmware: it did what was asked."""
    if answers_in is Format.V0:
        return struct.pack("<HB", len(data), request_id) + data
    status = b"\x00" if answers_in is Format.V1 else b""
    return struct.pack("<HB", 3 + len(status + data), request_id) + status + data


def refuse(answers_in: Format, request_id: int, code: int, text: str = "") -> bytes:
    """From the firmware: it could not. Alike in all formats but for the meaning of code 12; text goes with code FF."""
    data = bytes((code,)) + text.encode("ascii")
    return struct.pack("<HB", 3 + len(data), request_id) + data
