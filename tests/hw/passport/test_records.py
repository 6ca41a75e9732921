from __future__ import annotations

import re
from typing import get_args

import msgspec
import pytest
from hypothesis import given

from joulehash.engine.errors import InputError
from joulehash.hw.passport.records import (
    AnyRecord,
    Check,
    Hours,
    Record,
    check_label,
    content,
    id_of,
    record_of,
    result,
)
from tests.support.passports import START, records
from tests.support.project import HOUSE


@given(records())
def test_what_is_written_is_read(record: AnyRecord) -> None:
    data = content(record)
    assert record_of(data) == record
    assert content(record_of(data)) == data
    assert id_of(data) == id_of(content(record))


def test_results_that_say_the_same_are_the_same() -> None:
    one, other = result(b'{"a": 1e3, "b": "\\u00e4"}'), result('{"a":1000.0,"b":"ä"}'.encode())
    assert id_of(content(Check(START, one))) == id_of(content(Check(START, other)))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "truncated"),
        (b"\xff", "malformed"),
        (b"{}", "missing required field `kind`"),
        (b'{"kind": "gift", "at": "2026-01-01T00:00:00Z"}', "Invalid value 'gift'"),
        (b'{"kind": "service", "at": "2026-01-01T00:00:00", "text": ""}', "takes UTC"),
        (b'{"kind": "service", "at": "2026-01-01T00:00:00+01:00", "text": ""}', "takes UTC"),
        (b'{"kind": "service", "at": "1969-12-31T23:59:59Z", "text": ""}', "from 1970 on"),
        (b'{"kind": "service", "at": "0001-01-01T00:00:00+23:00", "text": ""}', "takes UTC|Invalid"),
        (b'{"kind": "service", "at": 17, "text": ""}', "Expected `datetime`"),
        (b'{"kind": "service", "at": "2026-01-01T00:00:00Z", "text": "", "more": 1}', "unknown field `more`"),
        (b'{"kind": "service", "at": "2026-01-01T00:00:00Z", "text": "%s"}' % (b"x" * 4001), "length <= 4000"),
        (b'{"kind": "fault", "at": "2026-01-01T00:00:00Z", "text": "", "times": -1}', "`int` >= 0"),
        (b'{"kind": "hours", "at": "2026-01-01T00:00:00Z", "seconds": -1, "hashes": 0}', "`float` >= 0"),
        (b'{"kind": "hours", "at": "2026-01-01T00:00:00Z", "seconds": NaN, "hashes": 0}', "malformed"),
        (b'{"kind": "hours", "at": "2026-01-01T00:00:00Z", "seconds": 1e999, "hashes": 0}', "out of range"),
        (b'{"kind": "hours", "at": "2026-01-01T00:00:00Z", "seconds": 1, "hashes": 9223372036854775808}', "hashes"),
        (b'{"kind": "check", "at": "2026-01-01T00:00:00Z", "result": []}', "Expected `object`"),
        (b'{"kind": "check", "at": "2026-01-01T00:00:00Z", "result": {"a": %s1' % (b"[" * 9**6), "deep"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        record_of(data)


def test_unknown_is_not_nothing() -> None:
    unknown, nothing = Hours(START, 1.0, None), Hours(START, 1.0, 0)
    assert msgspec.json.decode(content(unknown))["hashes"] is None
    assert msgspec.json.decode(content(nothing))["hashes"] == 0
    assert id_of(content(unknown)) != id_of(content(nothing))


@pytest.mark.parametrize("label", ["a", "shelf-3", "7", "A.b_c-d", "x" * 40])
def test_labels(label: str) -> None:
    assert check_label(label) == label


@pytest.mark.parametrize("label", ["", "-x", ".x", "a b", "a:b", "ä", "x" * 41, "a\n", "../x"])
def test_no_labels(label: str) -> None:
    with pytest.raises(InputError, match="takes 1 to 40 letters, digits"):
        check_label(label)


@pytest.mark.parametrize("kind", get_args(AnyRecord), ids=lambda kind: kind.__struct_config__.tag)
def test_the_page_has_every_field(kind: type[Record]) -> None:
    text = (HOUSE / "docs/passport.md").read_text(encoding="utf-8").partition("## What export writes")[2]
    (line,) = re.findall(rf"^\| {kind.__struct_config__.tag} \| ([^|]*) \|", text, re.MULTILINE)
    fields = [part.partition(":")[0].split()[0] for part in line.split(", ")]
    assert fields == [field.encode_name for field in msgspec.structs.fields(kind) if field.name != "at"]
