from __future__ import annotations

import struct
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.ext._scan import midstate, try_words
from joulehash.hw.sim.header import Midstates, WholeHeader
from joulehash.hw.wire.bm13xx import HeaderJob, MidstateJob
from tests.support.silicon_host import PREVIOUS, ROOT, header, zeros

NTIME, NBITS, WORD = 1_700_000_000, 0x1D00FFFF, 0x12345678
NONCE = int.from_bytes(WORD.to_bytes(4, "big"), "little")


def whole(version: int) -> WholeHeader:
    return WholeHeader(HeaderJob(0, NBITS, NTIME, ROOT, PREVIOUS, version))


@given(version=st.integers(0, 2**32 - 1), mask=st.integers(0, 0xFFFF), rolled=st.integers(0, 0xFFFF))
def test_a_whole_header_is_hashed_under_the_rolled_version(version: int, mask: int, rolled: int) -> None:
    rolled &= mask
    expected = header(version & ~(mask << 13) | rolled << 13, NTIME, NONCE)
    digest = whole(version).digest(WORD, rolled, mask)
    assert 256 - int.from_bytes(digest, "little").bit_length() == zeros(expected)
    assert whole(version).midstates((rolled,), mask) == midstate(expected[:64])


def test_midstates_come_to_the_same() -> None:
    headers = [header(0x20000000 + i, NTIME, NONCE) for i in range(4)]
    states = tuple(struct.pack(">8I", *reversed(midstate(each[:64]))) for each in headers)
    job = Midstates(MidstateJob(0, NBITS, NTIME, ROOT[28:], states))
    assert job.midstates((2, 0), 0) == midstate(headers[2][:64]) + midstate(headers[0][:64])
    for index, each in enumerate(headers):
        digest = job.digest(WORD, index, 0)
        assert 256 - int.from_bytes(digest, "little").bit_length() == zeros(each)


@pytest.mark.parametrize("of", [whole(0x20000000), whole(0x3FFFE000)], ids=["clear", "set"])
def test_the_kernel_and_hashlib_agree(of: WholeHeader) -> None:
    words = array("I", range(5000))
    hits = try_words(of.midstates((1, 5), 0xFFFF), of.tail, words, 2**32 // 500)
    assert hits
    for index, word in hits:
        digest = of.digest(word, (1, 5)[index], 0xFFFF)
        assert int.from_bytes(digest[28:], "little") <= 2**32 // 500
