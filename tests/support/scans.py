"""Headers, scans of them by a kernel, and what hashlib says they must find."""

from __future__ import annotations

from array import array
from hashlib import sha256

from joulehash.ext._scan import midstate
from joulehash.ext.kernels import Kernel

NONCES = 2**32
ALL = NONCES - 1  # the top word that every hash meets

BLOCKS = {  # of the main chain
    "0": "010000000000000000000000000000000000000000000000000000000000000000000000"
    "3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a"
    "29ab5f49ffff001d1dac2b7c",
    "1": "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000"
    "982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cdb606e857233e0e"
    "61bc6649ffff001d01e36299",
    "125552": "0100000081cd02ab7e569e8bcd9317e2fe99f2de44d49ab2b8851ba4a308000000000000"
    "e320b6c2fffc8d750423db8b1eb942ae710e951ed797f7affc8892b0f1fc122b"
    "c7f5d74df2b9441a42a14695",
}
GENESIS = bytes.fromhex(BLOCKS["0"])

Hits = list[tuple[int, int]]  # (midstate index, nonce)


def versions_of(header: bytes, n: int) -> list[bytes]:
    """The header under n versions: what version rolling makes of it."""
    return [bytes([version]) + header[1:] for version in range(n)]


def flag(value: int = 0) -> array[int]:
    return array("i", [value])


def room(pairs: int) -> array[int]:
    """Zeroed, and by repetition, because that allocates exactly: a sanitizer sees the first byte too far."""
    return array("I", [0]) * (2 * pairs)


def words_of(headers: list[bytes]) -> tuple[array[int], array[int]]:
    midstates = array("I", [word for header in headers for word in midstate(header[:64])])
    return midstates, array("I", (int.from_bytes(headers[0][i : i + 4], "big") for i in (64, 68, 72)))


def pairs(hits: array[int], n: int) -> Hits:
    return sorted(zip(hits[0 : 2 * n : 2], hits[1 : 2 * n : 2], strict=True))


def scan(
    kernel: Kernel, headers: list[bytes], first: int, count: int, top_word: int = ALL, cap: int | None = None
) -> tuple[Hits, int]:
    """One call: the hits, sorted, and done."""
    smallest = kernel.lanes * len(headers)
    hits = room(max(smallest, (count + kernel.lanes) * len(headers)) if cap is None else cap)
    n_hits, done = kernel.load()(*words_of(headers), first, count, top_word, hits, flag())
    return pairs(hits, n_hits), done


def top_word_of(header: bytes, nonce: int) -> int:
    digest = sha256(sha256(header[:76] + nonce.to_bytes(4, "little")).digest()).digest()
    return int.from_bytes(digest[28:], "little")


def brute_force(headers: list[bytes], first: int, count: int, top_word: int = ALL) -> Hits:
    nonces = [(first + i) % NONCES for i in range(count)]
    return sorted((m, n) for m, header in enumerate(headers) for n in nonces if top_word_of(header, n) <= top_word)
