"""What flows through the miner: Job, Assignment, Work, Found.

    pool ──Job──► miner ──Assignment──► Device ──Found──► judge ──Share──► pool
                          draws Work at its own pace

A Job is what the pool gave. An Assignment lets a device draw Work from the job's header space whenever it needs one.
Work is one header template with as many versions as the device rolls. Found is a device's claim, not yet believed.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from ..ext._scan import midstate
from .chain.header import Header, double_sha256, pack_header
from .chain.merkle import fold
from .chain.target import target_from_bits
from .space import HeaderSpace

NONCES = 2**32
_COINBASE_SCRIPT = 42  # bytes: version, number of inputs, outpoint and script length stand before it


@dataclass(frozen=True, eq=False)
class Job:
    """What a pool gave, bound to the session (connection) that gave it. Hashes are in internal order."""

    id: str | int  # the pool's own name for it, echoed as it came
    session: int  # which connection; nothing of one is ever sent to another
    prev_hash: bytes
    coinb1: bytes
    coinb2: bytes
    branches: tuple[bytes, ...]
    version: int
    nbits: int
    ntime: int
    clean: bool  # older work is dead
    extranonce1: bytes
    extranonce2_size: int  # bytes; 0: only version, ntime and nonce are ours
    target: int  # a share must not exceed it
    given_target: int  # what it was when the pool gave the job; the difficulty may have changed since
    version_mask: int  # bits of the version that we may roll
    received_s: float  # the loop's clock
    pool: str = ""  # the name of the pool that gave it, where there are several

    @cached_property
    def network_target(self) -> int:
        return target_from_bits(self.nbits)

    @cached_property
    def block_target(self) -> int:
        """A block meets the network's target and the job's: a pool may ask for more than the network does."""
        return min(self.target, self.network_target)

    @cached_property
    def height(self) -> int | None:
        """Block height from the coinbase (BIP34), or None when it does not say."""
        return _bip34_height(self.coinb1)

    @property
    def content(self) -> tuple[object, ...]:
        """Jobs with equal content share one header space, whatever the pool calls them, and whichever session."""
        return (
            self.prev_hash,
            self.coinb1 + self.extranonce1,
            self.extranonce2_size,
            self.coinb2,
            self.branches,
            self.nbits,
        )

    def merkle_root(self, extranonce2: bytes) -> bytes:
        coinbase = self.coinb1 + self.extranonce1 + extranonce2 + self.coinb2
        return fold(double_sha256(coinbase), self.branches)

    def header(self, extranonce2: bytes, version: int, ntime: int, nonce: int) -> Header:
        return Header(version, self.prev_hash, self.merkle_root(extranonce2), ntime, self.nbits, nonce)


@dataclass(frozen=True, eq=False, slots=True)
class Assignment:
    """A device's part in a job: it draws Work from it, from any thread, at its own pace."""

    job: Job
    space: HeaderSpace
    clock: Callable[[], float]  # the loop's; ntime advances with it
    claim_target: int  # report hashes that do not exceed it

    def draw(self, versions: int | None = 1, *, split: bool = False) -> Work | None:
        """Headers that nobody has been given before, or None: the space is exhausted until the next second.

        versions  how many to roll at once, at most; fewer are given when the mask grants fewer. None: all of the mask
        split     the device can search a part of the nonces; only tiny spaces are split
        """
        job = self.job
        ntime = job.ntime + max(0, int(self.clock() - job.received_s))
        drawn = self.space.draw(ntime, job.version, job.version_mask, versions, split=split)
        if drawn is None:
            return None
        extranonce2 = drawn.extranonce2.to_bytes(job.extranonce2_size, "big")
        return Work(job, extranonce2, ntime, drawn.versions, drawn.first, drawn.count, self.claim_target)


@dataclass(eq=False)
class Work:
    """One header template: `count` nonces from `first` on, for each of the versions."""

    job: Job
    extranonce2: bytes
    ntime: int
    versions: Sequence[int]
    first: int
    count: int
    claim_target: int
    seen: set[int] = field(default_factory=set[int])  # the judge's: hashes of the claims, which tell them apart
    seen_order: deque[int] = field(default_factory=deque[int])  # the same, the oldest first

    @cached_property
    def merkle_root(self) -> bytes:
        return self.job.merkle_root(self.extranonce2)

    @cached_property
    def hashes(self) -> bytes:
        """Header bytes 4..67, the same in all its headers."""
        return self.job.prev_hash + self.merkle_root

    def header(self, version: int, ntime: int, nonce: int) -> bytes:
        """80 bytes in wire order."""
        return pack_header(version, self.hashes, ntime, self.job.nbits, nonce)

    def midstates(self) -> array[int]:
        """8 words for each version, as the kernels take them."""
        words = array("I")
        for version in self.versions:
            words.extend(midstate(self.header(version, self.ntime, 0)[:64]))
        return words

    def tail(self) -> array[int]:
        """Header bytes 64..75 as three big-endian words, as the kernels take them."""
        header = self.header(0, self.ntime, 0)
        return array("I", (int.from_bytes(header[i : i + 4], "big") for i in (64, 68, 72)))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in a device a claim came from; None is unknown."""

    chip: int | None = None
    core: int | None = None
    small_core: int | None = None


class Found(msgspec.Struct, frozen=True, eq=False):  # of which there may be 100 000 a second
    """A device's claim: one of these works, newest first, with this nonce, meets its claim target."""

    device: str
    works: tuple[Work, ...]
    nonce: int
    version: int
    ntime: int
    received_s: float  # the loop's clock
    origin: Origin = Origin()
    raw: bytes = b""  # the frame it came in
    stands_for: float = 0.0  # hashes that are expected for a claim like this; 0: not told, as the device counts them

    def __post_init__(self) -> None:
        if not self.works:
            raise ValueError(
                "works: none; takes at least one, a claim that belongs to no work is the device's to count"
            )
        if (self.nonce | self.version | self.ntime) >> 32:  # one of them is negative or too large
            for name in ("nonce", "version", "ntime"):
                if not 0 <= (value := getattr(self, name)) < 2**32:
                    raise ValueError(f"{name}: {value}; takes 0 to {2**32 - 1}")


def _bip34_height(coinb1: bytes) -> int | None:
    """BIP34: the script begins with the height, as the shortest push of a positive little-endian number.

    Four bytes are not needed before the year 2160; what old coinbases push with four is their nBits.
    """
    script = coinb1[_COINBASE_SCRIPT:]
    if not script or coinb1[4:41] != b"\x01" + bytes(32) + b"\xff" * 4:  # one input, of nothing: a coinbase
        return None
    size, number = script[0], script[1 : 1 + script[0]]
    if 0x51 <= size <= 0x60:  # OP_1 .. OP_16
        return size - 0x50
    if not 1 <= size <= 3 or len(number) < size or number[-1] >= 0x80:
        return None
    return int.from_bytes(number, "little")
