"""SQLite files of our own, kept so that whatever is killed at whatever moment leaves whole rows.

Write-ahead logging; what a process has written when it says so is on the disk (synchronous FULL); writers of several
processes wait for each other. Source: sqlite.org, "Write-Ahead Logging", "Atomic Commit", "PRAGMA Statements". What
stands in them is hw/passport/schema.py's and journal.py's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

BUSY_S = 10.0  # that a writer waits for others
_RETRY_S = 0.02


@dataclass(frozen=True, slots=True)
class Form:
    """What a file must be. `error` is raised with one line that ends with a remedy."""

    name: str  # as messages call it
    application_id: int
    migrations: Sequence[Sequence[str]]  # each brings a file from the version of its place to the next
    error: Callable[[str], Exception]
    missing: str  # what to say where there is none
    elsewhere: str  # how another file is chosen
    broken: str  # what to do with one that is


def open_form(path: Path, form: Form, *, create: bool) -> sqlite3.Connection:
    """At today's version, whatever it was before. Raises the form's error: it is none, a newer one, or not
    reachable; sqlite3.Error for all else."""
    if create:
        _make_folder(path, form)
    elif not path.exists():
        raise form.error(f"{form.name} {path}: {form.missing}")
    address = f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None)
    try:
        _check(connection, path, form)
        _until_free(lambda: connection.execute("PRAGMA journal_mode = WAL"))
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        migrate(connection, form.migrations, form.application_id)
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
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite may have rolled back by itself, as it does when the disk is full
            connection.execute("ROLLBACK")
        raise


def migrate(connection: sqlite3.Connection, steps: Sequence[Sequence[str]], application_id: int) -> None:
    """Each step whole or not at all; of several processes one does it."""
    while _number(connection, "user_version") < len(steps):
        with writing(connection):
            version = _number(connection, "user_version")  # another one may have been quicker
            if version < len(steps):
                for statement in steps[version]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {application_id}")
                connection.execute(f"PRAGMA user_version = {version + 1}")


@contextmanager
def told_as(path: Path, form: Form) -> Generator[None]:
    """What goes wrong with the file, as one line with a remedy."""
    try:
        yield
    except sqlite3.Error as error:
        text = str(error)
        remedies = (
            ("locked", f"another program holds it for more than {BUSY_S:g} s: end that, or try again"),
            ("disk is full", "make room on the disk"),
            ("not a database", f"it is something else, or broken: {form.broken}"),
            ("malformed", f"it is broken: {form.broken}"),
            ("readonly", f"you may not write there: {form.elsewhere}"),
        )
        remedy = next((remedy for part, remedy in remedies if part in text), form.elsewhere)
        raise form.error(f"{form.name} {path}: {text}; {remedy}") from error


def _make_folder(path: Path, form: Form) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = f"its folder cannot be made ({error.strerror})"
        raise form.error(f"{form.name} {path}: {reason}; {form.elsewhere}") from error


def _check(connection: sqlite3.Connection, path: Path, form: Form) -> None:
    """That the file is ours, before anything in it is touched."""
    with closing(connection.execute("SELECT count(*) FROM sqlite_master")) as tables:
        empty = tables.fetchone()[0] == 0
    if not empty and _number(connection, "application_id") != form.application_id:
        raise form.error(f"{form.name} {path}: is the database of another program; {form.elsewhere}")
    version = _number(connection, "user_version")
    if version > len(form.migrations):
        raise form.error(
            f"{form.name} {path}: is of version {version}, from a newer joulehash; this one reads up to "
            f"{len(form.migrations)}: update it"
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
