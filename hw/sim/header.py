"""Jobs as a chip takes them: which first blocks it hashes from them, and what a nonce in them comes to, by hashlib."""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

from ...ext._scan import midstate
from ...ext.reference import compress
from ..wire.bm13xx import HeaderJob, MidstateJob


class Header(Protocol):
    """What a chip makes of a job."""

    @property
    def id(self) -> int: ...

    @property
    def tail(self) -> array[int]: ...

    def midstates(self, rolled: tuple[int, ...], mask: int) -> array[int]:
        """8 words for each."""
        ...

    def digest(self, word: int, rolled: int, mask: int) -> bytes: ...


@dataclass(frozen=True, eq=False)
class WholeHeader:
    """From a job of BM1362, 66, 68, 70. Bits of the version under the mask are the chip's, whatever the job has."""

    job: HeaderJob

    @property
    def id(self) -> int:
        return self.job.id

    @property
    def tail(self) -> array[int]:
        return _words(self._tail)

    def midstates(self, rolled: tuple[int, ...], mask: int) -> array[int]:
        return _midstates(self, rolled, mask)

    def first_block(self, rolled: int, mask: int) -> bytes:
        version = self.job.version & ~(mask << 13) | rolled << 13
        return version.to_bytes(4, "little") + self.job.prev_hash + self.job.merkle_root[:28]

    def digest(self, word: int, rolled: int, mask: int) -> bytes:
        header = self.first_block(rolled, mask) + self._tail + word.to_bytes(4, "big")
        return sha256(sha256(header).digest()).digest()

    @property
    def _tail(self) -> bytes:
        return self.job.merkle_root[28:] + struct.pack("<II", self.job.ntime, self.job.nbits)


@dataclass(frozen=True, eq=False)
class Midstates:
    """From a job of BM1397: `rolled` is the index of the midstate."""

    job: MidstateJob

    @property
    def id(self) -> int:
        return self.job.id

    @property
    def tail(self) -> array[int]:
        return _words(self.job.merkle_tail + struct.pack("<II", self.job.ntime, self.job.nbits))

    def midstates(self, rolled: tuple[int, ...], mask: int) -> array[int]:
        states = array("I")
        for index in rolled:
            states.extend(reversed(struct.unpack(">8I", self.job.midstates[index])))  # H7 to H0 on the wire
        return states

    def digest(self, word: int, rolled: int, mask: int) -> bytes:
        block = [*self.tail, word, 0x80000000, *[0] * 10, 640]
        state = compress(self.midstates((rolled,), mask), block)
        return sha256(struct.pack(">8I", *state)).digest()


@lru_cache(maxsize=16)  # the chips of a chain ask for the same
def _midstates(header: WholeHeader, rolled: tuple[int, ...], mask: int) -> array[int]:
    states = array("I")
    for bits in rolled:
        states.extend(midstate(header.first_block(bits, mask)))
    return states


def _words(data: bytes) -> array[int]:
    return array("I", struct.unpack(">3I", data))
