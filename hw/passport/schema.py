"""The passport's file: an SQLite database in WAL mode, its tables, and the steps from older ones to today's.

Rows are added and never changed, which the database itself enforces, so that whatever is killed at whatever moment
leaves whole rows. What a process has written when it says so is on the disk (synchronous FULL). Writers of several
processes wait for each other. Source: sqlite.org, "Write-Ahead Logging", "Atomic Commit", "PRAGMA Statements".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

from ...engine.errors import JoulehashError

APPLICATION_ID = 0x4A48_5053  # "JHPS"
BUSY_S = 10.0  # that a writer waits for others
_RETRY_S = 0.02

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
    if create:
        _make_folder(path)
    elif not path.exists():
        raise PassportError(f"passport {path}: there is none yet; the first board that mines or is checked begins it")
    address = f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None)
    try:
        _check(connection, path)
        _until_free(lambda: connection.execute("PRAGMA journal_mode = WAL"))
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        migrate(connection, MIGRATIONS)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def writing(connection: sqlite3.Connection) -> Generator[None]:
    """All of it, or nothing."""
    connection.execute("BEGIN IMMEDIATE")  # a transaction that reads first could not wait for others any more
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def migrate(connection: sqlite3.Connection, steps: Sequence[Sequence[str]]) -> None:
    """Each step whole or not at all; of several processes one does it."""
    while _number(connection, "user_version") < len(steps):
        with writing(connection):
            version = _number(connection, "user_version")  # another one may have been quicker
            if version < len(steps):
                for statement in steps[version]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {version + 1}")


@contextmanager
def told(path: Path) -> Generator[None]:
    """What goes wrong with the file, as one line with a remedy."""
    try:
        yield
    except sqlite3.Error as error:
        text = str(error)
        remedy = next((remedy for part, remedy in _REMEDIES if part in text), "choose another with --passport FILE")
        raise PassportError(f"passport {path}: {text}; {remedy}") from error


_REMEDIES = (
    ("locked", f"another program holds it for more than {BUSY_S:g} s: end that, or try again"),
    ("disk is full", "make room on the disk"),
    ("not a database", "it is something else, or broken: move it away, and import the exports of its boards"),
    ("malformed", "it is broken: move it away, and import the exports of its boards"),
    ("readonly", "you may not write there: choose another with --passport FILE"),
)


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = f"its folder cannot be made ({error.strerror})"
        raise PassportError(f"passport {path}: {reason}; choose another with --passport FILE") from error


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """That the file is ours, before anything in it is touched."""
    with closing(connection.execute("SELECT count(*) FROM sqlite_master")) as tables:
        empty = tables.fetchone()[0] == 0
    if not empty and _number(connection, "application_id") != APPLICATION_ID:
        raise PassportError(f"passport {path}: is the database of another program; choose another with --passport FILE")
    version = _number(connection, "user_version")
    if version > len(MIGRATIONS):
        raise PassportError(
            f"passport {path}: is of version {version}, from a newer joulehash; this one reads up to "
            f"{len(MIGRATIONS)}: update it"
        )


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    value: int = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    return value


def _until_free(call: Callable[[], object]) -> None:
    """SQLite does not wait by itself when several begin a new file at once."""
    waited_s, pause = 0.0, Event()
    while True:
        try:
            call()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or waited_s >= BUSY_S:
                raise
        else:
            return
        pause.wait(_RETRY_S)
        waited_s += _RETRY_S
