"""The kernel in Python: FIPS 180-4 from the midstate on, and hashlib for the second hash. Slow; it checks the others.

hashlib cannot resume from a midstate, so the block that holds the nonce is compressed here by section 6.2.2.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from hashlib import sha256
from math import isqrt
from struct import Struct

from .arguments import check

MASK = 0xFFFFFFFF
_WORDS = Struct(">8I")


def _primes(n: int) -> list[int]:
    found: list[int] = []
    candidate = 2
    while len(found) < n:
        if all(candidate % p for p in found):
            found.append(candidate)
        candidate += 1
    return found


def _cube_root_fraction(p: int) -> int:
    """The first 32 bits of the fractional part of the cube root of p, exactly."""
    scaled, root = p << 96, 1 << 36
    while root**3 > scaled:  # Newton's method from above
        root = (2 * root + scaled // (root * root)) // 3
    return root & MASK


K = [_cube_root_fraction(p) for p in _primes(64)]  # section 4.2.2: cube roots of the first sixty-four primes
H0 = [isqrt(p << 64) & MASK for p in _primes(8)]  # section 5.3.3: square roots of the first eight


def _rotr(x: int, n: int) -> int:
    return (x >> n | x << 32 - n) & MASK


def compress(state: Sequence[int], block: Sequence[int]) -> tuple[int, ...]:
    """The state (8 words) after `block` (16 words)."""
    w = list(block)
    for t in range(16, 64):
        s0 = _rotr(w[t - 15], 7) ^ _rotr(w[t - 15], 18) ^ w[t - 15] >> 3
        s1 = _rotr(w[t - 2], 17) ^ _rotr(w[t - 2], 19) ^ w[t - 2] >> 10
        w.append((s1 + w[t - 7] + s0 + w[t - 16]) & MASK)
    a, b, c, d, e, f, g, h = state
    for t in range(64):
        t1 = h + (_rotr(e, 6) ^ _rotr(e, 11) ^ _rotr(e, 25)) + (e & f ^ ~e & g) + K[t] + w[t]
        t2 = (_rotr(a, 2) ^ _rotr(a, 13) ^ _rotr(a, 22)) + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = (t1 + t2) & MASK, a, b, c, (d + t1) & MASK, e, f, g
    return tuple(x + y & MASK for x, y in zip(state, (a, b, c, d, e, f, g, h), strict=True))


def scan(
    midstates: array[int],
    tail: array[int],
    first: int,
    count: int,
    top_word: int,
    hits: array[int],
    stop: array[int],
) -> tuple[int, int]:
    """See joulehash.ext.kernels.ScanFn."""
    n_midstates = check("reference", 1, midstates, tail, first, count, top_word, hits, stop)
    states = [tuple(midstates[8 * m : 8 * m + 8]) for m in range(n_midstates)]
    cap = len(hits) // 2
    n_hits = 0
    for done in range(count):
        if cap - n_hits < n_midstates:
            return n_hits, done
        nonce = (first + done) & MASK
        swapped = int.from_bytes(nonce.to_bytes(4, "little"), "big")
        block = [*tail, swapped, 0x80000000, *[0] * 10, 640]
        found = n_hits
        for m, state in enumerate(states):
            if stop[0]:
                return n_hits, done  # what this nonce has found will be found again
            digest = sha256(_WORDS.pack(*compress(state, block))).digest()
            if int.from_bytes(digest[28:], "little") <= top_word:
                hits[2 * found], hits[2 * found + 1] = m, nonce
                found += 1
        n_hits = found
    return n_hits, count
