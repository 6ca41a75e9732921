"""What serial lines do: garbage first, false starts, lost, flipped and split bytes. Nothing whole may be lost by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.hw.wire import bm13xx
from joulehash.hw.wire.bm13xx import (
    Command,
    CommandDecoder,
    Garbage,
    Nonce,
    ReadRegister,
    ResponseDecoder,
    SetAddress,
    ShortFrame,
    WriteRegister,
)
from joulehash.hw.wire.crc import crc5, last_byte
from tests.hw.wire.test_bm13xx import FRAMES, HEADER_JOBS, MIDSTATE_JOBS, encoded
from tests.support.frames import cut, decoded, frames

Size: TypeAlias = Literal[9, 11]
Kind: TypeAlias = Literal["midstate", "header"]

# Bytes of which many begin frames, or seem to.
TRICKY = st.sampled_from(b"\xaa\x55\xaa\x55\x00\xff") | st.integers(0, 255)
BYTE, CUTS = TRICKY, st.lists(st.integers(0, 500), max_size=8)
WORD = st.lists(TRICKY, min_size=4, max_size=4).map(lambda some: int.from_bytes(bytes(some), "big"))
GARBAGE = st.lists(TRICKY, max_size=30).map(bytes)
SHORT = st.one_of(
    st.builds(bm13xx.nonce_response, WORD, BYTE, BYTE, st.none()),
    st.builds(bm13xx.register_response, WORD, BYTE, BYTE, st.just(9)),
)
LONG = st.one_of(
    st.builds(bm13xx.nonce_response, WORD, BYTE, BYTE, WORD.map(lambda word: word >> 16)),
    st.builds(bm13xx.register_response, WORD, BYTE, BYTE, st.just(11)),
)
RESPONSES = st.one_of(
    st.tuples(st.just(9), st.lists(SHORT, max_size=6), st.lists(SHORT, max_size=6)),
    st.tuples(st.just(11), st.lists(LONG, max_size=6), st.lists(LONG, max_size=6)),
)
SAID: st.SearchStrategy[Command] = st.one_of(
    st.builds(SetAddress, BYTE),
    st.builds(ReadRegister, BYTE, st.none() | BYTE),
    st.builds(WriteRegister, BYTE, WORD, st.none() | BYTE),
    st.just(bm13xx.ChainInactive()),
)
COMMANDS = st.one_of(
    st.tuples(st.just("header"), st.lists(SAID | HEADER_JOBS, max_size=4), st.lists(SAID | HEADER_JOBS, max_size=4)),
    st.tuples(
        st.just("midstate"), st.lists(SAID | MIDSTATE_JOBS, max_size=4), st.lists(SAID | MIDSTATE_JOBS, max_size=4)
    ),
)
GOLDEN: dict[Size, list[bytes]] = {
    9: [frame for frame in FRAMES if frame.startswith(b"\xaa\x55") and len(frame) == 9],
    11: [frame for frame in FRAMES if frame.startswith(b"\xaa\x55") and len(frame) == 11],
}


def raw(value: bm13xx.Response) -> bytes:
    return value.frame.raw if isinstance(value, ShortFrame) else value.raw


def raws(values: Sequence[bm13xx.Response | Garbage]) -> list[bytes]:
    return [raw(value) for value in values if not isinstance(value, Garbage)]


def heard(size: Size, *pieces: bytes) -> list[bytes]:
    """The frames of a stream."""
    return [raw(value) for value in frames(ResponseDecoder(size), pieces)]


@given(RESPONSES, CUTS)
def test_a_stream_without_faults_is_read_exactly(case: tuple[Size, list[bytes], list[bytes]], cuts: list[int]) -> None:
    """However it is cut, and whatever stands in it that looks like a frame."""
    size, frames, more = case
    stream = b"".join(frames + more)
    for pieces in ([stream], cut(stream, cuts), [bytes([byte]) for byte in stream]):
        values = decoded(ResponseDecoder(size), pieces)
        assert raws(values) == frames + more
        assert len(values) == len(frames + more)
        assert not any(isinstance(value, ShortFrame) for value in values)


@given(COMMANDS, CUTS)
def test_so_is_what_chips_hear(case: tuple[Kind, list[Command], list[Command]], cuts: list[int]) -> None:
    kind, said, more = case
    stream = b"".join(map(encoded, said + more))
    for pieces in ([stream], cut(stream, cuts), [bytes([byte]) for byte in stream]):
        assert decoded(CommandDecoder(kind), pieces) == said + more


@given(RESPONSES, GARBAGE)
def test_garbage_costs_no_frame(case: tuple[Size, list[bytes], list[bytes]], garbage: bytes) -> None:
    """It may begin a frame that swallows the beginning of a good one, and whose CRC is right by chance."""
    size, before, after = case
    frames = heard(size, b"".join(before) + garbage + b"".join(after))
    assert frames[: len(before)] == before
    assert frames[len(frames) - len(after) :] == after


@given(COMMANDS, GARBAGE)
def test_nor_does_it_for_chips(case: tuple[Kind, list[Command], list[Command]], garbage: bytes) -> None:
    kind, before, after = case
    stream = b"".join(map(encoded, before)) + garbage + b"".join(map(encoded, after))
    said = frames(CommandDecoder(kind), [stream])
    assert said[: len(before)] == before
    assert said[len(said) - len(after) :] == after


@given(st.lists(st.sampled_from([b"\xaa", b"\x55", b"\xaa\x55", b"\x07"]), max_size=80), CUTS)
def test_the_cut_makes_no_difference_to_garbage_either(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    for size in (9, 11):
        whole = decoded(ResponseDecoder(size), [stream])
        assert decoded(ResponseDecoder(size), cut(stream, cuts)) == whole
        assert decoded(ResponseDecoder(size), [bytes([byte]) for byte in stream]) == whole


@given(st.lists(SHORT | LONG | GARBAGE, max_size=12), CUTS)
def test_little_is_kept(parts: list[bytes], cuts: list[int]) -> None:
    """Less than two frames: what silence brings out was all that was waiting."""
    decoder = ResponseDecoder(11)
    for piece in cut(b"".join(parts), cuts):
        decoder.feed(piece)
    waiting = decoder.flush()
    assert sum(len(value.data if isinstance(value, Garbage) else raw(value)) for value in waiting) < 22
    assert decoder.flush() == []


def test_every_byte_is_accounted_for() -> None:
    good = GOLDEN[11]
    stream = b"\x00\xaa" + good[0] + b"\xaa" + good[1] + b"\x55\xaa\x55" + good[2] + b"\xaa\x55\x01"
    values = decoded(ResponseDecoder(11), [stream])
    assert [value.data if isinstance(value, Garbage) else raw(value) for value in values] == [
        b"\x00\xaa",
        good[0],
        b"\xaa",
        good[1],
        b"\x55\xaa\x55",
        good[2],
        b"\xaa\x55\x01",
    ]


@pytest.mark.parametrize("size", [9, 11])
@pytest.mark.parametrize("start", [b"\xaa", b"\xaa\xaa", b"\xaa\x55", b"\xaa\x55\xaa\x55", b"\xaa\x55\x13\x70\xaa"])
def test_false_starts(size: Size, start: bytes) -> None:
    first, second = GOLDEN[size][:2]
    assert decoded(ResponseDecoder(size), [start + first + second])[0] == Garbage(start)
    assert heard(size, start + first + second) == [first, second]


@pytest.mark.parametrize("size", [9, 11])
def test_a_false_frame_with_a_good_crc_swallows_nothing(size: Size) -> None:
    """Made on purpose: a preamble shortly before a good frame, and between them what makes its CRC right."""
    good = bm13xx.nonce_response(0x04030201, 5, 6, 7 if size == 11 else None)
    more = GOLDEN[size][1]
    for between in range(1, size - 4):
        prefixes = (b"\xaa\x55" + bytes([byte] * between) for byte in range(256))
        false = next(start for start in prefixes if not crc5((start + good)[2:size])) + good
        assert heard(size, false + more) == [false[:size], good, more]
        assert heard(size, *(bytes([byte]) for byte in false + more)) == [false[:size], good, more]


@pytest.mark.parametrize("size", [9, 11])
def test_what_only_looks_like_a_frame_inside_a_good_one_is_none(size: Size) -> None:
    """A nonce AA 55, and from there to the next frame's first byte a good CRC: made on purpose."""
    version = 3 if size == 11 else None
    tempting = bm13xx.nonce_response(0x0155AA00, 1, 2, version)
    others = (bm13xx.nonce_response(0x04030200 | byte, 5, 6, version) for byte in range(32))
    after = next(other for other in others if not crc5((tempting + other)[5 : size + 3]))
    assert decoded(ResponseDecoder(size), [tempting[3:] + after])[0] != Garbage(tempting[3:])
    assert heard(size, tempting + after) == [tempting, after]
    assert heard(size, *(bytes([byte]) for byte in tempting + after)) == [tempting, after]


@pytest.mark.parametrize("size", [9, 11])
def test_lost_bytes_cost_the_frame_that_lost_them(size: Size) -> None:
    first, damaged, *after = GOLDEN[size][:4]
    for lost in range(1, size + 1):
        for at in range(size - lost + 1):
            frames = heard(size, first + damaged[:at] + damaged[at + lost :] + b"".join(after))
            assert frames[0] == first
            assert frames[-len(after) :] == after
            assert len(frames) <= 1 + 1 + len(after)
            assert damaged not in frames


@pytest.mark.parametrize("size", [9, 11])
def test_a_flipped_bit_costs_one_frame(size: Size) -> None:
    first, damaged, *after = GOLDEN[size][:4]
    for bit in range(8 * size):
        flipped = bytearray(damaged)
        flipped[bit // 8] ^= 1 << bit % 8
        assert heard(size, first + flipped + b"".join(after)) == [first, *after]


@pytest.mark.parametrize("kind", ["midstate", "header"])
def test_chips_lose_no_more(kind: Kind) -> None:
    """One byte lost, or one flipped, in a job: the commands after it are heard."""
    jobs = {"header": 88, "midstate": 56}
    job = next(frame for frame in FRAMES if frame[2] == 0x21 and len(frame) == jobs[kind])
    after: list[Command] = [WriteRegister(0x10, 0x1EB5, None), ReadRegister(0, None), SetAddress(0x55)]
    commands = b"".join(map(encoded, after))
    for at in range(len(job)):
        for damaged in (job[:at] + job[at + 1 :], job[:at] + bytes([job[at] ^ 0x10]) + job[at + 1 :]):
            assert frames(CommandDecoder(kind), [damaged + commands]) == after


# A chip that was reset answers 9 bytes where 11 are due.


@given(st.lists(SHORT | LONG, max_size=8), CUTS)
def test_short_frames_among_long_ones(frames: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(frames)
    for pieces in ([stream], cut(stream, cuts), [bytes([byte]) for byte in stream]):
        values = decoded(ResponseDecoder(11), pieces)
        assert raws(values) == frames
        assert [isinstance(value, ShortFrame) for value in values] == [len(frame) == 9 for frame in frames]


def test_a_short_frame_is_certain_when_another_follows_or_none() -> None:
    short, long = GOLDEN[9][0], GOLDEN[11][0]
    decoder = ResponseDecoder(11)
    assert decoder.feed(short) == []
    assert raws(decoder.feed(long[:2])) == [short]
    (value,) = decoder.feed(long[2:])
    assert isinstance(value, Nonce)
    assert decoder.feed(short) == []
    (last,) = decoder.flush()
    assert isinstance(last, ShortFrame)
    assert last.frame.raw == short
    assert decoder.feed(long) == [value]


def test_a_long_frame_is_never_read_as_a_short_one() -> None:
    """Though its first nine bytes are one, with a good CRC, and though it ends the stream."""
    payload = bytes.fromhex("4C0352750CD2")
    tempting = bm13xx.nonce_response(0x7552034C, 0x0C, 0xD2, last_byte(payload, 4) << 8 | 0xAA)
    assert ResponseDecoder(9).feed(tempting[:9]) != []
    for pieces in ([tempting], [tempting[:9], tempting[9:]], [tempting, GOLDEN[11][0]], [GOLDEN[11][0], tempting]):
        values = decoded(ResponseDecoder(11), pieces)
        assert all(isinstance(value, Nonce) and value.version is not None for value in values)
        assert len(values) == len(b"".join(pieces)) // 11


def test_garbage_behind_it_does_not_make_a_frame_short() -> None:
    """A damaged long frame may begin like a short one; nothing says so then."""
    short = GOLDEN[9][0]
    assert decoded(ResponseDecoder(11), [short + b"\x01\x02"]) == [Garbage(short + b"\x01\x02")]


def test_the_size_may_change_between_frames() -> None:
    """As it does when version rolling is enabled."""
    decoder = ResponseDecoder(9)
    (first,) = decoder.feed(GOLDEN[9][0] + GOLDEN[11][0][:5])
    decoder.size = 11
    (second,) = decoder.feed(GOLDEN[11][0][5:])
    assert (first, second) == (*ResponseDecoder(9).feed(GOLDEN[9][0]), *ResponseDecoder(11).feed(GOLDEN[11][0]))


def test_only_two_types_of_response_are_known() -> None:
    payload = bytes.fromhex("4C0352750CD2")
    for kind in range(8):
        values = decoded(ResponseDecoder(9), [b"\xaa\x55" + payload + bytes([last_byte(payload, kind)])])
        assert isinstance(values[0], Garbage) == (kind not in (0, 4))


def test_what_is_undecided_needs_more_or_a_silence() -> None:
    frame = bm13xx.nonce_response(0x12345678, 0, 0x18, 0x0042)
    decoder = ResponseDecoder(11)
    assert not decoder.undecided
    decoder.feed(frame)
    assert not decoder.undecided
    decoder.feed(frame[:5])
    assert decoder.undecided
    assert decoder.flush() == [Garbage(frame[:5])]
    assert not decoder.undecided
