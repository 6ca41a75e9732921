"""The golden work of block 171874, which real boards are detected with, and the refusal of Cairnsmore's command."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.ext.reference import compress
from joulehash.hw.wire import icarus
from joulehash.hw.wire.frames import Garbage
from joulehash.hw.wire.midstate import midstate_words

MIDSTATE = bytes.fromhex("4679BA4EC99876BF4BFE086082B400254DF6C356451471139A3AFA71E48F544A")
TAIL = bytes.fromhex("2FA722CE1426674F87320B1A")  # merkle root's end, ntime, nbits, as in the header


def hash_of(midstate: bytes, tail: bytes, nonce: int) -> bytes:
    """The header's, in the order of explorers."""
    words = [int.from_bytes(tail[at : at + 4], "big") for at in (0, 4, 8)]
    nonce_word = int.from_bytes(nonce.to_bytes(4, "little"), "big")
    state = compress(midstate_words(midstate), [*words, nonce_word, 0x80000000, *[0] * 10, 640])
    return sha256(b"".join(word.to_bytes(4, "big") for word in state)).digest()[::-1]


def test_golden_work() -> None:
    assert icarus.work(MIDSTATE, TAIL) == icarus.GOLDEN_WORK
    assert icarus.WorkDecoder().feed(icarus.GOLDEN_WORK) == [icarus.Work(MIDSTATE, TAIL)]


def test_the_golden_answer_is_a_block() -> None:
    (answer,) = icarus.AnswerDecoder().feed(icarus.GOLDEN_ANSWER)
    assert answer == icarus.Answer(0xA2870100, bytes.fromhex("000187A2"))
    assert icarus.answer(answer.nonce) == icarus.GOLDEN_ANSWER
    exponent, mantissa = TAIL[11], int.from_bytes(TAIL[8:11], "little")
    assert int.from_bytes(hash_of(MIDSTATE, TAIL, answer.nonce), "big") <= mantissa << 8 * (exponent - 3)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=12, max_size=12))
def test_work_there_and_back(midstate: bytes, tail: bytes) -> None:
    data = icarus.work(midstate, tail)
    assert len(data) == icarus.WORK_SIZE
    assert data[52:] == tail[8:] + tail[4:8] + tail[:4]
    assert icarus.WorkDecoder().feed(data) == [icarus.Work(midstate, tail)]


def test_the_cairnsmore_command_is_never_sent() -> None:
    with pytest.raises(ValueError, match="Cairnsmore"):
        icarus.work(bytes(32), TAIL[:4] + b"\xff" * 4 + TAIL[8:])
    assert icarus.work(bytes(32), TAIL)
    assert icarus.work(MIDSTATE, b"\xff" * 12)


@pytest.mark.parametrize(("midstate", "tail"), [(31, 12), (33, 12), (32, 11), (32, 16)])
def test_other_sizes_are_refused(midstate: int, tail: int) -> None:
    with pytest.raises(ValueError, match=rf"{midstate} and {tail} bytes; work takes 32 and 12"):
        icarus.work(bytes(midstate), bytes(tail))


@pytest.mark.parametrize("size", [4, 5])
def test_answers_byte_by_byte(size: int) -> None:
    """A clone's fifth byte is in the raw answer and nowhere else."""
    raw = [bytes.fromhex("000187A2") + bytes([7] * (size - 4)), bytes(range(1, size + 1))]
    decoder = icarus.AnswerDecoder(size)
    answers = [answer for byte in b"".join(raw) for answer in decoder.feed(bytes([byte]))]
    assert answers == [icarus.Answer(0xA2870100, raw[0]), icarus.Answer(0x04030201, raw[1])]
    assert icarus.AnswerDecoder(size).feed(b"".join(raw)) == answers


def test_no_other_size_of_answer() -> None:
    with pytest.raises(ValueError, match="size: 6; an answer has 4 bytes, or 5"):
        icarus.AnswerDecoder(6)


def test_silence_brings_it_back_into_step() -> None:
    answers, works = icarus.AnswerDecoder(), icarus.WorkDecoder()
    assert answers.feed(b"\xa2\x01") == []
    assert answers.flush() == [Garbage(b"\xa2\x01")]
    assert [answer.raw for answer in answers.feed(icarus.GOLDEN_ANSWER)] == [icarus.GOLDEN_ANSWER]
    assert works.feed(icarus.GOLDEN_WORK[:-1]) == []
    assert works.flush() == [Garbage(icarus.GOLDEN_WORK[:-1])]
    assert works.feed(icarus.GOLDEN_WORK) == [icarus.Work(MIDSTATE, TAIL)]
    assert [*answers.flush(), *works.flush()] == []
