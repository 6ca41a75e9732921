"""The oldest wire of all: 64 bytes of work, 4 bytes of nonce. Icarus, Lancelot, Block Erupter and open FPGA designs.

115200 8N1, no frames and no checksums: whoever counts wrong stays wrong until the line falls silent, so flush then.
Source: bfgminer driver-icarus.c, teknohog's RTL (a part of work is dropped after 80 ms at 100 MHz). New work ends the
old, but an answer to the old may still be under way: try the last two.
"""

from __future__ import annotations

import msgspec

from .frames import Garbage as Garbage

WORK_SIZE = 64
GOLDEN_WORK = bytes.fromhex(  # of block 171874: a board that answers GOLDEN_ANSWER is one
    "4679ba4ec99876bf4bfe086082b400254df6c356451471139a3afa71e48f544a"
    "000000000000000000000000000000000000000087320b1a1426674f2fa722ce"
)
GOLDEN_ANSWER = bytes.fromhex("000187a2")


def work(midstate: bytes, tail: bytes) -> bytes:
    """64 bytes.

    midstate  32 bytes: state words H7 to H0, each big-endian
    tail      header bytes 64..75: the merkle root's last four, ntime, nbits

    Raises ValueError for sizes, and for what is no work but a command to Cairnsmore boards.
    """
    if len(midstate) != 32 or len(tail) != 12:
        raise ValueError(f"midstate and tail: {len(midstate)} and {len(tail)} bytes; work takes 32 and 12")
    if midstate == bytes(32) and tail[4:8] == b"\xff" * 4:
        raise ValueError("midstate 0 with ntime ffffffff: a command to Cairnsmore boards, which is never sent")
    return midstate + bytes(20) + _reverse_words(tail)


class Work(msgspec.Struct, frozen=True):
    midstate: bytes
    tail: bytes


class WorkDecoder:
    """What a board hears, for simulators."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Work]:
        chunks, self._rest = _cut(self._rest + data, WORK_SIZE)
        return [Work(chunk[:32], _reverse_words(chunk[52:])) for chunk in chunks]

    def flush(self) -> list[Garbage]:
        """The line has been silent: a part of work is dropped."""
        rest, self._rest = self._rest, b""
        return [Garbage(rest)] if rest else []


class Answer(msgspec.Struct, frozen=True, gc=False):
    nonce: int  # the header's, as a number
    raw: bytes


class AnswerDecoder:
    """What a board says. `size` is 5 with those that add a byte (clones, Antminer U1 and U2)."""

    def __init__(self, size: int = 4) -> None:
        if size not in (4, 5):
            raise ValueError(f"size: {size}; an answer has 4 bytes, or 5 from clones")
        self._size = size
        self._rest = b""

    def feed(self, data: bytes) -> list[Answer]:
        chunks, self._rest = _cut(self._rest + data, self._size)
        return [Answer(int.from_bytes(chunk[:4], "little"), chunk) for chunk in chunks]

    def flush(self) -> list[Garbage]:
        """The line has been silent: a part of an answer is dropped, and the next byte is a first one."""
        rest, self._rest = self._rest, b""
        return [Garbage(rest)] if rest else []


def answer(nonce: int) -> bytes:
    """As a board sends it: header bytes 76..79."""
    return nonce.to_bytes(4, "little")


def _reverse_words(tail: bytes) -> bytes:
    return tail[8:] + tail[4:8] + tail[:4]


def _cut(data: bytes, size: int) -> tuple[list[bytes], bytes]:
    """Chunks of this size, and what is left."""
    whole = len(data) - len(data) % size
    return [data[at : at + size] for at in range(0, whole, size)], data[whole:]
