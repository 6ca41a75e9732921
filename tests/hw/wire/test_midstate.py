"""The order of the words, by a block that was mined with it: tests of bm13xx and icarus have more."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from joulehash.ext._scan import midstate
from joulehash.hw.wire.midstate import midstate_bytes, midstate_words

WORDS = st.integers(0, 2**32 - 1)


@given(st.lists(WORDS, min_size=8, max_size=8))
def test_there_and_back(words: list[int]) -> None:
    data = midstate_bytes(words)
    assert data[:4] == words[7].to_bytes(4, "big")
    assert list(midstate_words(data)) == words


def test_it_is_the_little_endian_state_reversed() -> None:
    """As cgminer has it, which copies the state of its SHA-256 from the last byte to the first."""
    words = midstate(sha256(b"a block").digest() * 2)
    assert midstate_bytes(words) == b"".join(word.to_bytes(4, "little") for word in words)[::-1]
