"""Scanning one header from Python: slices of kernel calls, exact results.

from joulehash import scan
scan(bytes.fromhex("0100000000…"))   # the genesis header: [2083236893]
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter

from ..ext._scan import midstate
from ..ext.kernels import Kernel, choose
from .chain.header import HEADER_BYTES, Header, hash_number
from .chain.target import MAX_TARGET, target_from_bits
from .errors import InputError

NONCES = 2**32
_SLICE_S = 0.05  # how long Ctrl-C may wait


def verify(header: bytes, target: int | None = None) -> bool:
    """Whether the double SHA-256 of `header` (80 bytes, wire order) does not exceed `target`, by hashlib.

    Without a target the header's own nBits decide. Raises InputError (a ValueError) for another length, a target
    outside 0 .. 2^256-1, or nBits that are no target.
    """
    parsed = _parse(header, lengths=(HEADER_BYTES,))
    return hash_number(parsed.hash) <= _target(parsed, target)


def scan(
    header: bytes,
    first: int = 0,
    count: int = NONCES,
    target: int | None = None,
    kernel: str | None = None,
    limit: int = 1000,
) -> list[int]:
    """The nonces from `first` on, `count` of them (wrapping at 2^32), whose header hashes to at most `target`.

    header  76 or 80 bytes in wire order; a nonce at its end is ignored
    target  0 .. 2^256-1, or None for the header's own nBits; 0 is legal and matches nothing
    kernel  a name of KERNELS, or None for the fastest of them here
    limit   more results than this raise InputError: use scan_iter

    Runs in the calling thread; Ctrl-C works. Raises InputError (a ValueError) for input out of bounds.
    """
    found: list[int] = []
    for nonce in scan_iter(header, first, count, target, kernel):
        if len(found) == limit:
            raise InputError(f"more than {limit} nonces meet the target; raise limit, or take them from scan_iter")
        found.append(nonce)
    return found


def scan_iter(
    header: bytes,
    first: int = 0,
    count: int = NONCES,
    target: int | None = None,
    kernel: str | None = None,
) -> Iterator[int]:
    """As `scan`, one nonce at a time, as they are found. Arguments are checked at once."""
    parsed = _parse(header, lengths=(HEADER_BYTES - 4, HEADER_BYTES))
    limit = _target(parsed, target)
    if not 0 <= first < NONCES:
        raise InputError(f"first: {first}; takes a nonce, 0 to {NONCES - 1}")
    if not 0 <= count <= NONCES:
        raise InputError(f"count: {count}; takes 0 to {NONCES} nonces")
    return _scan(parsed, first, count, limit, choose(kernel))


def _scan(header: Header, first: int, count: int, target: int, kernel: Kernel) -> Iterator[int]:
    data = header.pack()
    run = kernel.load()
    state = midstate(data[:64])
    tail = array("I", (int.from_bytes(data[i : i + 4], "big") for i in (64, 68, 72)))
    hits = array("I", bytes(8 * (kernel.lanes + 1024)))
    keep_going = array("i", [0])
    done, size = 0, kernel.lanes
    while done < count:
        started = perf_counter()
        n_hits, step = run(
            state, tail, (first + done) % NONCES, min(size, count - done), target >> 224, hits, keep_going
        )
        took = perf_counter() - started  # of the kernel alone, not of who takes the nonces
        for nonce in hits[1 : 2 * n_hits : 2]:
            if hash_number(replace(header, nonce=nonce).hash) <= target:
                yield nonce
        done += step
        size = max(kernel.lanes, min(2 * size, int(size * _SLICE_S / max(took, 1e-9))))


def _parse(header: bytes, lengths: tuple[int, ...]) -> Header:
    if len(header) not in lengths:
        raise InputError(f"header: {len(header)} bytes; takes {' or '.join(map(str, lengths))}, in wire order")
    return Header.parse(bytes(header).ljust(HEADER_BYTES, b"\0"))


def _target(header: Header, target: int | None) -> int:
    if target is None:
        try:
            return target_from_bits(header.nbits)
        except ValueError as error:
            raise InputError(f"header: {error}; give a target") from None
    if not 0 <= target <= MAX_TARGET:
        raise InputError(f"target: {target:#x}; takes 0 to 2^256-1")
    return target
