"""Records in the database: added, and read back as they were. Hours have columns of their own, to be summed there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from .records import AnyRecord, Energy, Hours, Labelled, content, id_of, record_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_HOURS = (
    "at, seconds, hashes, counted, joules, metered_s, metered_hashes, u_joules, place, meter, "
    "claims, errors, mhz, celsius"
)
_ADD_HOURS = f"INSERT OR IGNORE INTO hours (key, id, {_HOURS}) VALUES (?, ?{', ?' * (_HOURS.count(',') + 1)})"
_ADD_RECORD = "INSERT OR IGNORE INTO record (key, id, kind, at, content) VALUES (?, ?, ?, ?, ?)"


def add(connection: sqlite3.Connection, key: str, records: Iterable[AnyRecord]) -> int:
    """Within a transaction. How many of them are new here. ValueError for a value out of its bounds."""
    connection.execute("INSERT OR IGNORE INTO board (key) VALUES (?)", (key,))
    before = connection.total_changes
    for record in map(_checked, records):
        data = content(record)
        if isinstance(record, Hours):
            connection.execute(_ADD_HOURS, (key, id_of(data), *_row_of(record)))
        else:
            kind = record.__struct_config__.tag
            connection.execute(_ADD_RECORD, (key, id_of(data), kind, microseconds(record.at), data))
    return connection.total_changes - before


def records_of(connection: sqlite3.Connection, key: str) -> Iterator[AnyRecord]:
    """All of a board: those of hours last, by time; the others in the order of writing."""
    for (data,) in connection.execute("SELECT content FROM record WHERE key = ? ORDER BY number", (key,)):
        yield record_of(data)
    for row in connection.execute(f"SELECT {_HOURS} FROM hours WHERE key = ? ORDER BY at, id", (key,)):
        yield _hours_of(row)


def of_kind(connection: sqlite3.Connection, key: str, kind: str, most: int = -1) -> list[AnyRecord]:
    """Newest first. `most`: -1 for all."""
    rows = connection.execute(
        "SELECT content FROM record WHERE kind = ? AND key = ? ORDER BY at DESC, number DESC LIMIT ?", (kind, key, most)
    )
    return [record_of(data) for (data,) in rows]


def labels(connection: sqlite3.Connection) -> Iterator[tuple[str, Labelled]]:
    """(key, label) as they were given, oldest first: of each board, and of each plug, the last one holds."""
    for key, data in connection.execute("SELECT key, content FROM record WHERE kind = 'label' ORDER BY at, number"):
        yield key, msgspec.json.decode(data, type=Labelled)


def keys(connection: sqlite3.Connection) -> list[str]:
    return [key for (key,) in connection.execute("SELECT key FROM board ORDER BY key")]


def microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _US


def moment(us: int) -> datetime:
    return _EPOCH + us * _US


def _checked(record: AnyRecord) -> AnyRecord:
    """As it is read back: 3 in the place of a float is 3.0."""
    return record_of(content(record))


def _row_of(hours: Hours) -> tuple[Any, ...]:
    e = hours.energy
    energy = (e.joules, e.seconds, e.hashes, e.u_joules, e.place, e.meter) if e is not None else (None,) * 6
    own = (microseconds(hours.at), hours.seconds, hours.hashes, int(hours.counted))
    return (*own, *energy, hours.claims, hours.errors, hours.mhz, hours.celsius)


def _hours_of(row: tuple[Any, ...]) -> Hours:
    at, seconds, hashes, counted, joules, metered_s, metered_hashes, u_joules, place, meter, *rest = row
    energy = None if joules is None else Energy(joules, metered_s, metered_hashes, u_joules, place, meter)
    return Hours(moment(at), seconds, hashes, bool(counted), energy, *rest)
