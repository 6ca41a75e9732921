"""A board's passport as lines of JSON, for when it moves: docs/passport.md is their schema.

    {"schema": "joulehash.passport/1", "key": …, "label": …, "exported": …}
    {"id": …, "record": {"kind": "check", …}}       any number of them
    {"end": 2}                                      how many there were, so that a file that was cut off is seen

What is read may come from anybody: lines are bounded, values typed and bounded, each id must fit its record. A record
that is here already is left as it is.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

import msgspec

from ...engine.errors import InputError
from . import claims, rows
from .key import SIMULATED
from .records import RESULT_LIMIT, AnyRecord, Labelled, Moved, Name, check_label, content, id_of, now, record_of

SCHEMA = "joulehash.passport/1"
LINE_LIMIT = RESULT_LIMIT + (1 << 16)
_KEY = re.compile(rf"[a-z0-9-]{{0,40}}:[A-Za-z0-9._:+-]{{3,60}}|({SIMULATED})?[A-Za-z0-9][A-Za-z0-9._-]{{0,39}}")


class Head(msgspec.Struct, frozen=True):
    schema: Name
    key: Name
    label: Name | None
    exported: datetime


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Name
    record: msgspec.Raw


class _End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    end: int


@dataclass(frozen=True, slots=True)
class Imported:
    """`known`: records that were here before."""

    key: str
    added: int
    known: int


def export_lines(connection: sqlite3.Connection, key: str, write: Callable[[bytes], object]) -> int:
    """Within a transaction. How many records."""
    count = 0
    write(_line(Head(SCHEMA, key, claims.current(connection).get(key), now())))
    for record in rows.records_of(connection, key):
        data = content(record)
        write(_line(_Line(id_of(data), msgspec.Raw(data))))
        count += 1
    write(_line(_End(count)))
    return count


def lines_of(file: IO[bytes]) -> Iterator[bytes]:
    """At most a byte longer than what is taken, however long they are."""
    while line := file.readline(LINE_LIMIT + 1):
        yield line


def import_lines(
    connection: sqlite3.Connection, lines: Iterable[bytes], name: str, as_label: str | None = None
) -> Imported:
    """Within a transaction, which is to be undone when it raises InputError: that names the line and what is wrong.

    `name`: of the file. `as_label`: what to call the board here.
    """
    reader = _Reader(lines, name)
    head = reader.head()
    key = _key_here(head.key, as_label, name)
    before = key in rows.keys(connection)
    added = sum(rows.add(connection, key, [record]) for record in reader.records())
    known = reader.count - added
    if before and not known and not _is_serial(key) and as_label is None:
        raise InputError(
            f"{name}: there is another {key} here, and no record that both have; --as {key} if it is the same board, "
            "--as NAME if it is another"
        )
    _name(connection, key, as_label, name)
    if added:
        rows.add(connection, key, [Moved(now(), added)])
    return Imported(key, added, known)


class _Reader:
    """Lines, with their numbers for what is wrong in them."""

    def __init__(self, lines: Iterable[bytes], name: str) -> None:
        self.count = 0  # of records
        self._lines, self._name, self._number = iter(lines), name, 0

    def head(self) -> Head:
        head: Head = self._decode(self._next(), Head, "the head of a passport, as joulehash boards export writes it")
        if head.schema != SCHEMA:
            raise self._wrong(f"its schema is {head.schema[:60]!r}; takes {SCHEMA}: is it from a newer joulehash?")
        if not _KEY.fullmatch(head.key):
            raise self._wrong(f"{head.key[:60]!r} is no key of a board")
        return head

    def records(self) -> Iterator[AnyRecord]:
        while not (line := self._next()).startswith(b'{"end"'):
            yield self._record(self._decode(line, _Line, "a record"))
            self.count += 1
        end = self._decode(line, _End, "the end").end
        if end != self.count:
            raise self._wrong(f"{end} records were exported, and {self.count} are here; export it again")
        if next(self._lines, b"").strip():
            raise self._wrong("something follows its end; import one board at a time")

    def _record(self, line: _Line) -> AnyRecord:
        try:
            record = record_of(bytes(line.record))
        except ValueError as error:
            raise self._wrong(f"{error}; is it from a newer joulehash?") from None
        if line.id != id_of(content(record)):
            raise self._wrong("its id does not fit it: it was changed after its export; export it again")
        return record

    def _next(self) -> bytes:
        self._number += 1
        line = next(self._lines, None)
        if line is None:
            raise self._wrong("the file is cut off; export it again")
        if len(line) > LINE_LIMIT:
            raise self._wrong(f"is longer than {LINE_LIMIT} bytes; is it an export of joulehash boards?")
        return line

    def _decode(self, line: bytes, kind: type[Any], what: str) -> Any:
        try:
            return msgspec.json.decode(line, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise self._wrong(f"is not {what} ({str(error)[:100]})") from None

    def _wrong(self, what: str) -> InputError:
        return InputError(f"{self._name}, line {self._number}: {what}")


def _is_serial(key: str) -> bool:
    return ":" in key and not key.startswith(SIMULATED)


def _key_here(key: str, as_label: str | None, name: str) -> str:
    if as_label is not None:
        check_label(as_label)
    if as_label is None or _is_serial(key):
        return key
    return f"{SIMULATED if key.startswith(SIMULATED) else ''}{as_label}"


def _name(connection: sqlite3.Connection, key: str, as_label: str | None, name: str) -> None:
    """What it is called here; no other board may be called so."""
    labels = claims.current(connection)
    label = as_label or labels.get(key)
    others = [other for other, its in labels.items() if other != key and its == label]
    others += [other for other in rows.keys(connection) if other == label != key]
    if label is not None and others:
        raise InputError(f"{name}: its label {label!r} is that of {others[0]} here; --as NAME gives it another")
    if as_label is not None and _is_serial(key) and labels.get(key) != as_label:
        rows.add(connection, key, [Labelled(now(), as_label)])


def _line(value: msgspec.Struct) -> bytes:
    return msgspec.json.encode(value) + b"\n"
