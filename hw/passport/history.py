"""What there is to show of a board: what it is, its totals, its days, and what was found of it.

Sums are made by the database: of years of mining, a row every few minutes, in a fraction of a second. Hashes are summed
exactly, in two halves, for the whole may pass 64 bits. Energy of different meters is never mixed.
"""

from __future__ import annotations

import sqlite3
from datetime import date, datetime, timedelta

import msgspec

from . import claims, results, rows
from .records import AnyRecord, Check, Fault, Firmware, Identity, Moved, Service, Sweep
from .results import CheckView, SweepView

_FAULTS = 100  # that are listed; all are counted
_FIRST = date(1970, 1, 1)


class Overview(msgspec.Struct, frozen=True):
    """A board in the passport. None: not known."""

    key: str
    label: str | None
    identity: Identity | None
    seconds: float  # hashed
    n_faults: int
    checked: datetime | None  # last
    verdict: str | None  # of that


class Metered(msgspec.Struct):
    """Energy at one place by one meter, and what was hashed meanwhile."""

    place: str
    meter: str
    joules: float = 0.0
    seconds: float = 0.0
    hashes: int = 0

    @property
    def j_per_th(self) -> float | None:
        return self.joules / self.hashes * 1e12 if self.hashes else None


class Span(msgspec.Struct):
    """Of a day, a month or a life. `hashes`: None where they are unknown; `counted`: all were, by the chips."""

    seconds: float = 0.0
    hashes: int | None = None
    hashed_s: float = 0.0  # of which the hashes are known
    counted: bool = True
    claims: int = 0
    errors: int = 0
    celsius: float | None = None  # the highest
    energy: list[Metered] = msgspec.field(default_factory=list[Metered])  # that of most seconds first

    @property
    def rate_hps(self) -> float | None:
        return None if self.hashes is None or not self.hashed_s else self.hashes / self.hashed_s

    @property
    def error_rate(self) -> float | None:
        """Of all nonces, those that were false; None: there were none."""
        nonces = self.claims + self.errors
        return self.errors / nonces if nonces else None

    def at(self, place: str, meter: str) -> Metered | None:
        return next((each for each in self.energy if (each.place, each.meter) == (place, meter)), None)

    def include(self, other: Span) -> None:
        self.seconds += other.seconds
        if other.hashes is not None:
            self.hashes = (self.hashes or 0) + other.hashes
        self.hashed_s += other.hashed_s
        self.counted &= other.counted
        self.claims += other.claims
        self.errors += other.errors
        if other.celsius is not None:
            self.celsius = other.celsius if self.celsius is None else max(self.celsius, other.celsius)
        for each in other.energy:
            mine = self.at(each.place, each.meter)
            if mine is None:
                self.energy.append(mine := Metered(each.place, each.meter))
            mine.joules += each.joules
            mine.seconds += each.seconds
            mine.hashes += each.hashes
        self.energy.sort(key=lambda each: -each.seconds)


class Day(msgspec.Struct, frozen=True):
    day: date  # UTC
    span: Span


class Book(msgspec.Struct, frozen=True):
    """All of one board; lists begin with the oldest."""

    key: str
    label: str | None
    identity: Identity | None
    firmware: list[Firmware]
    first: datetime | None
    last: datetime | None
    total: Span
    days: list[Day]
    checks: list[CheckView]
    sweeps: list[SweepView]
    faults: list[Fault]  # the newest
    n_faults: int
    services: list[Service]
    moved: list[Moved]


def boards(connection: sqlite3.Connection) -> list[Overview]:
    labels = claims.current(connection)
    seconds = dict(connection.execute("SELECT key, sum(seconds) FROM hours GROUP BY key"))
    return [_overview(connection, key, labels.get(key), seconds.get(key, 0.0)) for key in rows.keys(connection)]


def _overview(connection: sqlite3.Connection, key: str, label: str | None, seconds: float) -> Overview:
    last = next((each for each in _all(connection, key, "check", 1) if isinstance(each, Check)), None)
    checked, verdict = (None, None) if last is None else (last.at, results.view_of(last).verdict)
    return Overview(key, label, _identity(connection, key), seconds, _times(connection, key), checked, verdict)


def book(connection: sqlite3.Connection, key: str) -> Book:
    days = _days(connection, key)
    total = Span()
    for day in days:
        total.include(day.span)
    first, last = _ends(connection, key)
    checks = [results.view_of(record) for record in _all(connection, key, "check") if isinstance(record, Check)]
    return Book(
        key=key,
        label=claims.current(connection).get(key),
        identity=_identity(connection, key),
        firmware=[each for each in _all(connection, key, "firmware") if isinstance(each, Firmware)],
        first=first,
        last=last,
        total=total,
        days=days,
        checks=checks,
        sweeps=[results.view_of_sweep(each) for each in _all(connection, key, "sweep") if isinstance(each, Sweep)],
        faults=[each for each in _all(connection, key, "fault", _FAULTS) if isinstance(each, Fault)],
        n_faults=_times(connection, key),
        services=[each for each in _all(connection, key, "service") if isinstance(each, Service)],
        moved=[each for each in _all(connection, key, "moved") if isinstance(each, Moved)],
    )


def _identity(connection: sqlite3.Connection, key: str) -> Identity | None:
    last = rows.of_kind(connection, key, "identity", 1)
    return last[0] if last and isinstance(last[0], Identity) else None


def _all(connection: sqlite3.Connection, key: str, kind: str, most: int = -1) -> list[AnyRecord]:
    """Oldest first; the newest so many."""
    return rows.of_kind(connection, key, kind, most)[::-1]


def _times(connection: sqlite3.Connection, key: str) -> int:
    """How often it failed."""
    sql = "SELECT total(json_extract(content, '$.times')) FROM record WHERE kind = 'fault' AND key = ?"
    return int(connection.execute(sql, (key,)).fetchone()[0])


def _ends(connection: sqlite3.Connection, key: str) -> tuple[datetime | None, datetime | None]:
    """When it was first and last heard of."""
    times: list[int] = []
    for table in ("record", "hours"):
        for which in ("min", "max"):
            (at,) = connection.execute(f"SELECT {which}(at) FROM {table} WHERE key = ?", (key,)).fetchone()
            times += [] if at is None else [at]
    return (rows.moment(min(times)), rows.moment(max(times))) if times else (None, None)


_HALVES = "sum({0} >> 32), sum({0} & 4294967295)"  # which cannot overflow where the whole might
_DAYS = f"""
    SELECT at / 86400000000, place, meter, sum(seconds), {_HALVES.format("hashes")},
        sum(CASE WHEN hashes IS NOT NULL THEN seconds END), min(counted OR hashes IS NULL), sum(claims), sum(errors),
        max(celsius), sum(joules), sum(metered_s), {_HALVES.format("metered_hashes")}
    FROM hours WHERE key = ? GROUP BY at / 86400000000, place, meter ORDER BY at / 86400000000"""


def _days(connection: sqlite3.Connection, key: str) -> list[Day]:
    days: dict[int, Span] = {}
    for number, place, meter, *sums in connection.execute(_DAYS, (key,)):
        days.setdefault(number, Span()).include(_span(place, meter, *sums))
    return [Day((_FIRST + timedelta(days=number)), span) for number, span in days.items()]


def _span(
    place: str | None,
    meter: str | None,
    seconds: float,
    high: int | None,
    low: int | None,
    hashed_s: float | None,
    counted: int,
    claims: int,
    errors: int,
    celsius: float | None,
    joules: float | None,
    metered_s: float,
    metered_high: int,
    metered_low: int,
) -> Span:
    hashes = None if high is None or low is None else (high << 32) + low
    span = Span(seconds, hashes, hashed_s or 0.0, bool(counted), claims, errors, celsius)
    if joules is not None and place is not None and meter is not None:
        span.energy = [Metered(place, meter, joules, metered_s, (metered_high << 32) + metered_low)]
    return span
