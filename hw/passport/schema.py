"""The passport's file: its tables, and the steps from older ones to today's. How it is kept is engine/database.py's.

Rows are added and never changed, which the database itself enforces.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from ...engine import database
from ...engine.database import Form, open_form, told_as, writing
from ...engine.errors import JoulehashError

__all__ = ["APPLICATION_ID", "MIGRATIONS", "PassportError", "migrate", "open_database", "told", "writing"]

APPLICATION_ID = 0x4A48_5053  # "JHPS"

# Each brings a file from the version of its place to the next. They stay as they are for good.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE board (key TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID",
        """CREATE TABLE record (
            number INTEGER PRIMARY KEY,  -- in the order of writing
            key TEXT NOT NULL REFERENCES board,
            id TEXT NOT NULL,  -- of its content, so that none comes twice
            kind TEXT NOT NULL,
            at INTEGER NOT NULL,  -- microseconds since 1970, UTC
            content BLOB NOT NULL,  -- JSON
            UNIQUE (key, id))""",
        "CREATE INDEX record_of_kind ON record (kind, key, at)",
        """CREATE TABLE hours (
            key TEXT NOT NULL REFERENCES board,
            at INTEGER NOT NULL,
            id TEXT NOT NULL,
            seconds REAL NOT NULL,
            hashes INTEGER,  -- NULL, here and below: unknown
            counted INTEGER NOT NULL,
            joules REAL,
            u_joules REAL,
            metered_s REAL,
            metered_hashes INTEGER,
            place TEXT,
            meter TEXT,
            claims INTEGER NOT NULL,
            errors INTEGER NOT NULL,
            mhz REAL,
            celsius REAL,
            PRIMARY KEY (key, at, id)) WITHOUT ROWID""",
        "CREATE TABLE shared (serial TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID",  # seen on two boards at once
        *(
            f"CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'a passport is only added to'); END"
            for table in ("board", "record", "hours", "shared")
            for verb in ("UPDATE", "DELETE")
        ),
    ),
)


class PassportError(JoulehashError, OSError):
    """The passport's file cannot be opened, read or written. Whoever mines goes on without it."""


def open_database(path: Path, *, create: bool) -> sqlite3.Connection:
    """At today's version, whatever it was before. Raises PassportError: it is none, a newer one, or not reachable."""
    return open_form(path, _form(), create=create)


def migrate(connection: sqlite3.Connection, steps: Sequence[Sequence[str]]) -> None:
    """Each step whole or not at all; of several processes one does it."""
    database.migrate(connection, steps, APPLICATION_ID)


def told(path: Path) -> AbstractContextManager[None]:
    """What goes wrong with the file, as one line with a remedy."""
    return told_as(path, _form())


def _form() -> Form:
    return Form(
        "passport",
        APPLICATION_ID,
        MIGRATIONS,
        PassportError,
        missing="there is none yet; the first board that mines or is checked begins it",
        elsewhere="choose another with --passport FILE",
        broken="move it away, and import the exports of its boards",
    )
