"""The reference kernel's SHA-256 against the standard and against hashlib."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from joulehash.ext._scan import midstate
from joulehash.ext.reference import H0, K, compress


def test_constants() -> None:
    """FIPS 180-4, sections 4.2.2 and 5.3.3: first, last, and the digits of all together."""
    assert (len(K), K[0], K[1], K[63]) == (64, 0x428A2F98, 0x71374491, 0xC67178F2)
    assert H0 == [
        0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19,
    ]  # fmt: skip


def words(data: bytes) -> list[int]:
    return [int.from_bytes(data[i : i + 4], "big") for i in range(0, len(data), 4)]


def hashed(message: bytes) -> bytes:
    """SHA-256 by `compress`, with the padding of section 5.1.1."""
    padded = message + b"\x80" + bytes(-(len(message) + 9) % 64) + (8 * len(message)).to_bytes(8, "big")
    state = tuple(H0)
    for i in range(0, len(padded), 64):
        state = compress(state, words(padded[i : i + 64]))
    return b"".join(word.to_bytes(4, "big") for word in state)


@given(st.binary(max_size=200))
def test_compress_is_sha256(message: bytes) -> None:
    assert hashed(message) == sha256(message).digest()


def test_padding_boundaries() -> None:
    """55 bytes are the last that fit one block, 119 the last that fit two."""
    for size in (0, 55, 56, 63, 64, 119, 120):
        assert hashed(b"m" * size) == sha256(b"m" * size).digest()


@given(st.binary(min_size=64, max_size=64))
def test_midstate_in_c_is_one_compression(block: bytes) -> None:
    assert tuple(midstate(block)) == compress(H0, words(block))
