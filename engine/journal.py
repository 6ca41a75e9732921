"""The journal of found blocks: each is written down before it is sent, and what became of it after.

A block is worth more than all shares of a year. What is in the journal and has no answer is handed in again at the
next start, whichever command that is. An SQLite database, as the passport is: SQLite is proven against being killed
and against power cuts (synchronous FULL), lets several programs write at once, and finds what is unanswered without
reading megabytes of blocks; a file of lines with checksums would have to be taught all three. Rows are only added.

Nothing waits for a disk that hangs, and mining never ends by one: what is wrong is told, and the block is sent.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from time import time
from typing import TypeVar

import msgspec

from .database import Form, open_form, told_as, writing
from .errors import JoulehashError
from .events import Note, Report
from .place import file_of
from .tally import Outcome
from .worker import Worker

T = TypeVar("T")

VARIABLE, NAME = "JOULEHASH_JOURNAL", "blocks.sqlite3"
PATIENCE_S = 1.0  # that a block waits for the disk; every second counts when others look for the next one
_CLOSE_S = 3.0  # that the end of the program waits for it
_QUEUE = 64  # writes that may wait for a disk; more are not taken
APPLICATION_ID = 0x4A48_424A  # "JHBJ"
BLOCK, SHARE = "block", "share"  # for a node, whole; for a Stratum pool, which has the rest of the block

# They stay as they are for good.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE block (
            number INTEGER PRIMARY KEY,  -- in the order of writing
            hash TEXT NOT NULL UNIQUE,  -- as people write it
            kind TEXT NOT NULL,
            place TEXT NOT NULL,  -- of a block its chain, of a share its pool
            at INTEGER NOT NULL,  -- microseconds since 1970, UTC
            height INTEGER,  -- NULL: not known
            content BLOB NOT NULL,  -- of a block all of it, of a share its header
            detail BLOB NOT NULL)""",  # JSON
        """CREATE TABLE answer (
            number INTEGER PRIMARY KEY,
            block INTEGER NOT NULL REFERENCES block,
            at INTEGER NOT NULL,
            by TEXT NOT NULL,
            outcome TEXT NOT NULL,  -- as shares are counted
            reason TEXT NOT NULL)""",
        "CREATE INDEX answer_to ON answer (block)",
        *(
            f"CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'a journal is only added to'); END"
            for table in ("block", "answer")
            for verb in ("UPDATE", "DELETE")
        ),
    ),
)


class JournalError(JoulehashError, OSError):
    """The journal's file cannot be opened, read or written. Whoever mines goes on without it."""


class Entry(msgspec.Struct, frozen=True):
    """A found block. Times are seconds since 1970."""

    hash: str
    kind: str
    place: str
    at: float
    height: int | None
    content: bytes
    detail: dict[str, str] = {}


class Answer(msgspec.Struct, frozen=True):
    at: float
    by: str
    outcome: str
    reason: str


class Listed(msgspec.Struct, frozen=True):
    """A block as it is shown: without its content."""

    hash: str
    kind: str
    place: str
    at: float
    height: int | None
    bytes: int
    detail: dict[str, str]
    answers: list[Answer]

    @property
    def outcome(self) -> str:
        """The best of its answers; empty: it has none."""
        outcomes = [answer.outcome for answer in self.answers]
        return next((one for one in (outcome.value for outcome in Outcome) if one in outcomes), "")


class Journal:
    """Used from one loop. What writes never raises; what reads raises JournalError."""

    def __init__(self, path: Path, report: Report, *, create: bool = True) -> None:
        self.path = path
        self._report, self._create = report, create
        self._worker: Worker | None = None
        self._connection: sqlite3.Connection | None = None  # the worker's own
        self._waiting = 0  # writes
        self._told = ""

    async def keep(self, entry: Entry) -> None:
        """Returns when it is on the disk, or cannot be, or the disk takes too long: then it is told."""
        await self._write(lambda: _add(self._open(), entry))

    async def answer(self, hash: str, by: str, outcome: Outcome, reason: str = "") -> None:
        """What became of a block; nothing happens where it is not in the journal."""
        said = Answer(time(), by, outcome.value, reason[:500])
        await self._write(lambda: _answer(self._open(), hash, said))

    async def unanswered(self, kind: str, place: str, *, begin: bool = True) -> list[int]:
        """Numbers of those without an answer, the oldest first. begin: the file, if there is none yet."""
        if not begin and self._connection is None and not self.path.exists():
            return []
        return await self._call(lambda: _unanswered(self._open(), kind, place))

    async def entry(self, number: int) -> Entry:
        return await self._call(lambda: _entry(self._open(), number))

    async def all(self) -> list[Listed]:
        """The oldest first."""
        return await self._call(lambda: _all(self._open()))

    async def close(self) -> None:
        """What was asked for before is done first, in a bounded time. May be repeated."""
        worker, self._worker = self._worker, None
        if worker is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    await worker.call(self._close)
            worker.end()

    async def __aenter__(self) -> Journal:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _write(self, what: Callable[[], None]) -> None:
        if self._waiting >= _QUEUE:
            self._tell(f"journal {self.path}: {_QUEUE} writes wait for its disk; is it well?")
            return
        self._waiting += 1
        writing_ = asyncio.ensure_future(self._call(what))
        writing_.add_done_callback(self._written)
        done, _ = await asyncio.wait([writing_], timeout=PATIENCE_S)
        if not done:
            self._tell(f"journal {self.path}: takes longer than {PATIENCE_S:g} s to write; is its disk well?")

    def _written(self, written: asyncio.Future[None]) -> None:
        self._waiting -= 1
        if written.cancelled():
            return
        error = written.exception()
        if isinstance(error, JournalError):
            self._tell(str(error))
        elif error is not None:
            self._tell(f"journal {self.path}: {type(error).__name__}: {error}")
        else:
            self._told = ""

    async def _call(self, what: Callable[[], T]) -> T:
        if self._worker is None:
            self._worker = Worker("journal")
        form = _form()

        def call() -> T:
            with told_as(self.path, form):
                return what()

        return await self._worker.call(call)

    def _tell(self, text: str) -> None:
        """Once, until it works again."""
        if text != self._told:
            self._told = text
            self._report(Note(f"{text}; blocks are sent all the same"))

    # In the worker's thread

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_form(self.path, _form(), create=self._create)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def journal_path(
    given: str | None = None, environment: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> Path:
    """`given` before the environment's JOULEHASH_JOURNAL before the usual place. Raises InputError."""
    return file_of("journal", NAME, "--journal FILE", VARIABLE, given, environment, platform)


def _add(connection: sqlite3.Connection, entry: Entry) -> None:
    row = (entry.hash, entry.kind, entry.place, _micros(entry.at), entry.height, entry.content)
    with writing(connection):
        connection.execute(
            "INSERT OR IGNORE INTO block (hash, kind, place, at, height, content, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*row, msgspec.json.encode(entry.detail)),
        )


def _answer(connection: sqlite3.Connection, hash: str, answer: Answer) -> None:
    with writing(connection):
        connection.execute(
            "INSERT INTO answer (block, at, by, outcome, reason) SELECT number, ?, ?, ?, ? FROM block WHERE hash = ?",
            (_micros(answer.at), answer.by, answer.outcome, answer.reason, hash),
        )


def _unanswered(connection: sqlite3.Connection, kind: str, place: str) -> list[int]:
    rows = connection.execute(
        "SELECT number FROM block WHERE kind = ? AND place = ? "
        "AND NOT EXISTS (SELECT 1 FROM answer WHERE answer.block = block.number) ORDER BY number",
        (kind, place),
    )
    return [number for (number,) in rows]


def _entry(connection: sqlite3.Connection, number: int) -> Entry:
    row = connection.execute(
        "SELECT hash, kind, place, at, height, content, detail FROM block WHERE number = ?", (number,)
    ).fetchone()
    name, kind, place, at, height, content, detail = row
    return Entry(name, kind, place, at / 1e6, height, content, msgspec.json.decode(detail, type=dict[str, str]))


def _all(connection: sqlite3.Connection) -> list[Listed]:
    answers: dict[int, list[Answer]] = {}
    for block, at, by, outcome, reason in connection.execute(
        "SELECT block, at, by, outcome, reason FROM answer ORDER BY number"
    ):
        answers.setdefault(block, []).append(Answer(at / 1e6, by, outcome, reason))
    rows = connection.execute(
        "SELECT number, hash, kind, place, at, height, length(content), detail FROM block ORDER BY number"
    )
    return [
        Listed(
            *(name, kind, place, at / 1e6, height, size, msgspec.json.decode(detail, type=dict[str, str])),
            answers.get(number, []),
        )
        for number, name, kind, place, at, height, size, detail in rows
    ]


def _micros(seconds: float) -> int:
    return round(seconds * 1e6)


def _form() -> Form:
    return Form(
        "journal",
        APPLICATION_ID,
        MIGRATIONS,
        JournalError,
        missing="there is none yet; the first found block begins it",
        elsewhere="choose another with --journal FILE",
        broken="move it away; what it holds unanswered cannot be handed in",
    )
