"""bitaxe-raw control: answers in three formats, and what serial lines do to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.hw.wire.bitaxe_answers import (
    FAULT,
    INVALID,
    LONGEST_ANSWER,
    OVERFLOW,
    TEXT,
    TIMEOUT,
    Answer,
    AnswerDecoder,
    Format,
    Garbage,
    Refusal,
    answer,
    recognise,
    refuse,
)
from joulehash.hw.wire.bitaxe_raw import (
    NOT_UNDERSTOOD,
)

ids = st.integers(0, 254)
formats = st.sampled_from(list(Format))


# By hand from RAW and EMB src/control/mod.rs: 24 00 as the data of two bytes, and errors.
@pytest.mark.parametrize(
    ("answers_in", "frame", "expected"),
    [
        (Format.V0, "02 00 05 24 00", Answer(5, b"\x24\x00")),
        (Format.V1, "06 00 05 00 24 00", Answer(5, b"\x24\x00")),
        (Format.BONANZA, "05 00 05 24 00", Answer(5, b"\x24\x00")),
        (Format.V0, "00 00 05", Answer(5, b"")),
        (Format.V1, "04 00 05 00", Answer(5, b"")),
        (Format.BONANZA, "03 00 05", Answer(5, b"")),
        (Format.V0, "04 00 05 10", Refusal(5, TIMEOUT)),
        (Format.V1, "04 00 05 10", Refusal(5, TIMEOUT)),
        (Format.BONANZA, "04 00 05 13", Refusal(5, FAULT)),
        (Format.V0, "04 00 FF 11", Refusal(NOT_UNDERSTOOD, INVALID)),
        (Format.V1, "04 00 FF 11", Refusal(NOT_UNDERSTOOD, INVALID)),
        (Format.BONANZA, "04 00 FF 11", Refusal(NOT_UNDERSTOOD, INVALID)),
        (Format.V0, "07 00 05 FF 42 75 66", Refusal(5, TEXT, "Buf")),
        (Format.V1, "07 00 05 FF 42 75 66", Refusal(5, TEXT, "Buf")),
        (Format.BONANZA, "07 00 05 FF 42 75 66", Refusal(5, TEXT, "Buf")),
        (Format.V0, "02 00 05 FF FF", Answer(5, b"\xff\xff")),  # a stopped fan, and no error
        (Format.V1, "06 00 05 00 FF FF", Answer(5, b"\xff\xff")),
        (Format.BONANZA, "05 00 05 FF FF", Answer(5, b"\xff\xff")),
    ],
)
def test_answers_in_three_formats(answers_in: Format, frame: str, expected: Answer | Refusal) -> None:
    raw = bytes.fromhex(frame)
    host = AnswerDecoder(answers_in)
    host.expect(5, 2)
    assert host.feed(raw) == [expected]
    slow = AnswerDecoder(answers_in)
    slow.expect(5, 2)
    assert [got for one in raw for got in slow.feed(bytes((one,)))] == [expected]
    if isinstance(expected, Answer):
        assert answer(answers_in, 5, expected.data) == raw
    else:
        assert refuse(answers_in, expected.id, expected.code, expected.text) == raw


@pytest.mark.parametrize(("code", "meaning"), [(TIMEOUT, "timeout"), (INVALID, "not understood"), (0x42, "code 42")])
def test_a_refusal_says_why(code: int, meaning: str) -> None:
    assert meaning in str(Refusal(1, code))
    assert str(Refusal(1, TEXT, "ADC Read Error")) == "ADC Read Error"


def test_a_v0_error_that_looks_like_the_beginning_of_data_is_named_after_silence() -> None:
    host = AnswerDecoder(Format.V0)
    host.expect(5, 4)
    assert host.feed(refuse(Format.V0, 5, TIMEOUT)) == []  # 4 bytes were asked for, and it says 4
    assert host.flush() == [Refusal(5, TIMEOUT)]
    assert host.feed(answer(Format.V0, 5, b"\x10\x11\x12\x13")) == [Answer(5, b"\x10\x11\x12\x13")]
    host.expect(6, None)
    assert host.feed(refuse(Format.V0, 6, OVERFLOW)) == [Refusal(6, OVERFLOW)]


@pytest.mark.parametrize("value", [TIMEOUT, INVALID, OVERFLOW, FAULT])
def test_one_byte_that_equals_an_error_code_is_doubtful_in_bonanza_only(value: int) -> None:
    data = bytes((value,))
    for answers_in in Format:
        host = AnswerDecoder(answers_in)
        host.expect(5, 1)
        doubtful = answers_in is Format.BONANZA
        expected = Refusal(5, value, doubtful=True) if doubtful else Answer(5, data)
        assert host.feed(answer(answers_in, 5, data)) == [expected]


@given(formats, st.lists(st.tuples(ids, st.binary(max_size=40))), st.data())
def test_answers_come_out_however_the_stream_is_cut(
    answers_in: Format, given_: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    host = AnswerDecoder(answers_in)
    for identity, payload in given_:
        raw = answer(answers_in, identity, payload)
        host.expect(identity, len(payload))
        at = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=4)))
        got = [x for a, b in zip([0, *at], [*at, len(raw)], strict=True) for x in host.feed(raw[a:b])]
        assert got in ([Answer(identity, payload)], [Refusal(identity, payload[0] if payload else 0, doubtful=True)])


@given(formats, st.lists(st.binary(max_size=300)), ids, st.integers(2, 32))
def test_after_garbage_and_silence_the_next_answer_comes_out(
    answers_in: Format, garbage: list[bytes], identity: int, size: int
) -> None:
    host = AnswerDecoder(answers_in)
    for piece in garbage:
        for got in host.feed(piece):
            assert not isinstance(got, Garbage) or len(got.data) < LONGEST_ANSWER + 300
    host.flush()
    host.expect(identity, size)
    assert host.feed(answer(answers_in, identity, bytes(size))) == [Answer(identity, bytes(size))]


@given(formats, ids, st.integers(2, 32), st.data())
def test_a_lost_byte_never_gives_a_wrong_answer_of_the_right_size_and_heals(
    answers_in: Format, identity: int, size: int, data: st.DataObject
) -> None:
    payload = data.draw(st.binary(min_size=size, max_size=size))
    raw = bytearray(answer(answers_in, identity, payload))
    del raw[data.draw(st.integers(0, len(raw) - 1))]
    host = AnswerDecoder(answers_in)
    host.expect(identity, size)
    got = host.feed(bytes(raw)) + host.flush()
    assert Answer(identity, payload) not in got
    assert all(len(g.data) != size or g.id != identity for g in got if isinstance(g, Answer))
    host.expect(identity, size)
    assert host.feed(answer(answers_in, identity, payload)) == [Answer(identity, payload)]


@pytest.mark.parametrize("answers_in", list(Format))
@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("identity", [0, 1, 4, 5, 254])
def test_the_format_is_recognised_by_the_level_of_the_reset_pin(answers_in: Format, level: int, identity: int) -> None:
    raw = answer(answers_in, identity, bytes((level,)))
    assert recognise(raw, identity) is answers_in
    assert recognise(b"\x04\x00\x09\x10" + raw, identity) is answers_in
    assert all(recognise(raw[:n], identity) is None for n in range(len(raw)))
    assert recognise(refuse(answers_in, identity, TIMEOUT), identity) is None
