"""Lines: cut from any stream, understood or refused with a reason, never an exception."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.stratum.fields import Refusal, difficulty_of
from joulehash.engine.stratum.lines import (
    LINE_LIMIT,
    LineBuffer,
    Malformed,
    Request,
    Response,
    decode_line,
    encode_request,
    encode_response,
    printable,
)
from tests.support.stratum import JSON


def refusal(line: bytes) -> str:
    message = decode_line(line)
    assert isinstance(message, Malformed)
    assert message.excerpt.isprintable()
    return message.reason


def test_cuts_lines_and_leaves_out_blank_ones() -> None:
    assert LineBuffer().feed(b'\n{"a"}\r\n  \r\n\nb\r\nrest') == [b'{"a"}', b"b"]


def test_joins_a_line_that_comes_byte_by_byte() -> None:
    lines = LineBuffer()
    assert [cut for byte in b"ab\r\ncd\n" for cut in lines.feed(bytes([byte]))] == [b"ab", b"cd"]


@given(st.lists(st.binary(max_size=30).filter(lambda b: b.strip() == b and b and b"\n" not in b)), st.data())
def test_cuts_the_same_lines_however_the_stream_is_split(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    at = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    buffer = LineBuffer()
    assert [x for a, b in zip([0, *at], [*at, len(stream)], strict=True) for x in buffer.feed(stream[a:b])] == lines


@pytest.mark.parametrize("chunk", [1, 7, 10, 11, 1000])
def test_reports_a_line_over_the_limit_once_and_reads_on_behind_it(chunk: int) -> None:
    stream = b"ok\n" + b"x" * 35 + b"\n" + b"y" * 10 + b"\n" + b"z" * 11 + b"\nend\n"
    buffer = LineBuffer(10)
    cut = [line for at in range(0, len(stream), chunk) for line in buffer.feed(stream[at : at + chunk])]
    assert [line if isinstance(line, bytes) else line.reason for line in cut] == [
        *[b"ok", "a line of more than 10 bytes", b"y" * 10, "a line of more than 10 bytes", b"end"]
    ]


def test_keeps_no_more_than_the_limit() -> None:
    buffer = LineBuffer()
    reports = [line for _ in range(40) for line in buffer.feed(b"[" * 100_000)]
    assert [type(report) for report in reports] == [Malformed]
    assert buffer.feed(b'\n{"id":1}\n') == [b'{"id":1}']


@given(st.lists(st.binary(max_size=200)))
def test_any_bytes_are_lines_or_reports(chunks: list[bytes]) -> None:
    buffer = LineBuffer(64)
    for line in (line for chunk in chunks for line in buffer.feed(chunk)):
        assert isinstance(line, Malformed) or 0 < len(line) <= 64


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda b: b'{"id":1,"method":"' + b + b'"}'))
def test_any_line_decodes_or_is_refused(line: bytes) -> None:
    assert isinstance(decode_line(line), Request | Response | Malformed)


@given(JSON)
def test_any_json_decodes_or_is_refused(value: object) -> None:
    assert isinstance(decode_line(json.dumps(value).encode()), Request | Response | Malformed)


@given(JSON, JSON, JSON)
def test_any_object_decodes_or_is_refused_and_its_id_can_be_echoed(identity: object, a: object, b: object) -> None:
    for fields in ({"method": a, "params": b}, {"result": a, "error": b}):
        message = decode_line(json.dumps({"id": identity, **fields}).encode())
        if not isinstance(message, Malformed):
            echoed = decode_line(encode_response(message.id, None))
            assert isinstance(echoed, Response)
            assert echoed.id == message.id


@pytest.mark.parametrize(
    "line",
    [
        b"Invalid JSON, disconnecting",  # ckpool's answer to what it cannot read
        b"\x00",
        b'\x00{"id":1}',
        b'\xef\xbb\xbf{"id":1,"method":"m"}',
        b'{"id":1,"method":"\xff"}',
        b'{"id":1,"method":"\xed\xa0\x80"}',  # a surrogate in UTF-8
        b'{"id":1,"method":"\\ud800"}',  # and one as an escape: could not be sent back
        b'{"id":1,"method":"m","params":[NaN]}',
        b'{"id":1,"method":"m"}{"id":2,"method":"m"}',
        b'{"id":' + b"9" * 5000 + b"}",
        b'{"id":1e99999999999999999999}',
        b'{"id":1,"method":"m","params":[0.' + b"1" * 100 + b"]}",
        b"[" * LINE_LIMIT,
        b'{"id":1,"method":"m","params":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_refuses_what_is_not_json(line: bytes) -> None:
    assert refusal(line) == "a line that is not JSON"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"null", "a line that is no JSON object"),
        (b'["id"]', "a line that is no JSON object"),
        (b"{}", "a line that is neither request nor response"),
        (b'{"id":1}', "a line that is neither request nor response"),
        (b'{"id":[1],"method":"m"}', "an id that is no string or integer"),
        (b'{"id":{},"result":1}', "an id that is no string or integer"),
        (b'{"id":1.5,"method":"m"}', "an id that is no string or integer"),
        (b'{"id":1e999999,"method":"m"}', "an id that is no string or integer"),
        (b'{"id":1e1000000,"method":"m"}', "an id that is no string or integer"),
        (b'{"id":1,"method":5}', "a method that is no string"),
        (b'{"id":1,"method":"m","params":{"a":1}}', "m: params that are no list"),
        (b'{"id":1,"method":"\\u001b[2J","params":7}', "\N{REPLACEMENT CHARACTER}[2J: params that are no list"),
    ],
)
def test_refuses_what_is_no_message(line: bytes, reason: str) -> None:
    assert refusal(line) == reason


@pytest.mark.parametrize("params", ["", ',"params":null', ',"params":[]', ',"params":{}', ',"params":""'])
def test_reads_missing_params_in_every_form_as_none(params: str) -> None:
    assert decode_line(f'{{"id":1,"method":"mining.ping"{params}}}'.encode()) == Request(1, "mining.ping", [])


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("null", None),
        ('"a1"', "a1"),
        ("7", 7),
        ("-0", 0),
        ("4.0", 4),
        ("true", True),
        ("1" * 300, int("1" * 300)),
    ],
)
def test_reads_ids(written: str, read: object) -> None:
    assert decode_line(f'{{"id":{written},"method":"m"}}'.encode()) == Request(read, "m", [])
    assert encode_response(read, True).startswith(
        f'{{"id":{written if written not in ("-0", "4.0") else read}'.encode()
    )


def test_reads_responses_with_missing_parts() -> None:
    assert decode_line(b'{"id":8,"error":"Invalid job_id"}') == Response(8, None, "Invalid job_id")
    assert decode_line(b'{"result":true}') == Response(None, True, None)
    assert decode_line(b'{"id":1,"method":null,"result":false,"error":null,"reject-reason":"low"}') == Response(
        1, False, None, "low"
    )


def test_reads_and_writes_fractions_exactly() -> None:
    line = b'{"id":1,"method":"m","params":[0.00050000000000000001,1e-10,1E+15]}\n'
    message = decode_line(line)
    assert isinstance(message, Request)
    assert message.params == [Decimal("0.00050000000000000001"), Decimal("1e-10"), Decimal("1e15")]
    again = decode_line(encode_request(1, "m", message.params))
    assert again == message


@pytest.mark.parametrize(
    ("value", "difficulty"),
    [
        (1, Fraction(1)),
        (10**15, Fraction(10**15)),
        ("0.5", Fraction(1, 2)),
        (Decimal("1e15"), Fraction(10**15)),
        ("1e-10", Fraction(1, 10**10)),
        (Decimal("0.00050000000000000001"), Fraction(50000000000000001, 10**20)),
    ],
)
def test_reads_difficulties_exactly(value: object, difficulty: Fraction) -> None:
    assert difficulty_of(value) == difficulty


@pytest.mark.parametrize(
    "value",
    [
        *[0, -1, True, False, None, [], {}, "", "x", "NaN", "-inf", "Infinity", "0x10", 10**101, -(10**4000), 10**4000],
        *[Decimal(0), Decimal("-0.5"), Decimal("1e101"), Decimal("1e-101"), Decimal("1e999999"), Decimal("-1e-999999")],
    ],
)
def test_refuses_what_is_no_difficulty(value: object) -> None:
    with pytest.raises(Refusal, match=r"difficulty .*takes a number"):
        difficulty_of(value)


def test_a_difficulty_of_a_million_digits_is_refused_before_it_is_calculated_with() -> None:
    began_s = process_time()
    with pytest.raises(Refusal, match="at most 64 characters"):
        difficulty_of("0." + "1" * 1_000_000)
    assert refusal(b'{"method":"m","params":[0.' + b"1" * 1_000_000 + b"]}") == "a line that is not JSON"
    assert process_time() - began_s < 5  # it took minutes


@given(st.text(max_size=50), st.integers(1, 40))
def test_what_is_shown_has_no_control_characters_and_keeps_its_bound(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()


def test_what_is_shown_cannot_turn_the_terminal_around() -> None:
    assert printable("a\x1b[31m\x9b\u202eb\r\n\u2028\0", 20) == "a�[31m��b����"
