"""The jobs that a pool server has given out, shared by its sessions, and what a submitted share is worth. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import msgspec

from ..chain.header import double_sha256, hash_number, pack_header
from ..chain.merkle import fold
from ..stratum.messages import Notify, Submit
from ..templates.template import Template

EXTRANONCE1_SIZE = 4
EXTRANONCE2_SIZE = 8
_EASY = Fraction(1000)
_SERIAL_SIZE = 4  # the job's number in its coinbase: jobs of one template differ


@dataclass(frozen=True, eq=False)
class PoolJob:
    """A template as every session is told of it."""

    id: str
    template: Template
    coinb1: bytes
    coinb2: bytes
    target: int  # the block's

    @cached_property
    def ntimes(self) -> range:
        """The times that a header of it may have."""
        return range(self.template.first_ntime, self.template.last_ntime + 1)

    def notify(self, *, clean: bool) -> Notify:
        t = self.template
        return Notify(self.id, t.prev_hash, self.coinb1, self.coinb2, t.branches, t.version, t.nbits, t.curtime, clean)

    def coinbase(self, extranonce: bytes) -> bytes:
        return self.coinb1 + extranonce + self.coinb2

    def header(self, coinbase: bytes, version: int, ntime: int, nonce: int) -> bytes:
        """80 bytes."""
        root = fold(double_sha256(coinbase), self.template.branches)
        return pack_header(version, self.template.prev_hash + root, ntime, self.template.nbits, nonce)


class Hashed(msgspec.Struct, frozen=True):
    """A share as the pool computed it."""

    job: PoolJob
    header: bytes
    coinbase: bytes
    hash: int

    @property
    def is_block(self) -> bool:
        return self.hash <= self.job.target


@dataclass(frozen=True, slots=True)
class Fault:
    code: int  # 20 .. 25
    text: str


class JobBook:
    """Makes jobs of templates, and knows the current one."""

    def __init__(self) -> None:
        self.current: PoolJob | None = None
        self._serial = 0

    def add(self, template: Template) -> tuple[PoolJob, bool]:
        """(job, clean): clean when its previous block, or what it demands of a block, is new."""
        before = self.current
        clean = before is None or (before.template.prev_hash, before.template.nbits) != (
            template.prev_hash,
            template.nbits,
        )
        self.current = self._make(template)
        return self.current, clean

    def renew(self) -> PoolJob | None:
        """The current template as another job, which shares no header with it; None before the first."""
        return None if self.current is None else self._make(self.current.template)

    def _make(self, template: Template) -> PoolJob:
        self._serial += 1
        coinb1, coinb2 = template.coinbase_halves(_SERIAL_SIZE + EXTRANONCE1_SIZE + EXTRANONCE2_SIZE)
        mark = (self._serial % 256**_SERIAL_SIZE).to_bytes(_SERIAL_SIZE, "big")
        return PoolJob(f"{self._serial:x}", template, coinb1 + mark, coinb2, template.target)


def hash_share(job: PoolJob, submit: Submit, extranonce1: bytes, mask: int) -> Hashed | Fault:
    """Rebuild and hash what was submitted, or say what is wrong with it. BIP310: bits outside the mask are refused."""
    template = job.template
    if len(submit.extranonce2) != EXTRANONCE2_SIZE:
        return Fault(20, f"extranonce2 of {len(submit.extranonce2)} bytes; takes {EXTRANONCE2_SIZE}")
    if submit.ntime not in job.ntimes:
        return Fault(20, f"Ntime out of range: {submit.ntime}; takes {job.ntimes.start} to {job.ntimes.stop - 1}")
    bits = submit.version_bits
    if bits is not None and bits & ~mask:
        return Fault(20, f"Invalid version mask: {bits:08x}; takes bits of {mask:08x}")
    version = template.version if bits is None else template.version & ~mask | bits & mask
    coinbase = job.coinbase(extranonce1 + submit.extranonce2)
    header = job.header(coinbase, version, submit.ntime, submit.nonce)
    return Hashed(job, header, coinbase, hash_number(double_sha256(header)))


def most_difficulty(network: Fraction) -> Fraction:
    """A share must never be harder than a block, or blocks would be lost.

    Where blocks are so easy that a device finds several a second, its own difficulty may be higher.
    """
    return max(network, _EASY)
