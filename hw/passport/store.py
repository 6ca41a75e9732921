"""The passport as the rest of the program has it: every call is done in one thread of its own, and never blocks the
loop. A call returns when what it has written is on the disk.

    async with Passport(path) as passport:
        key = await passport.settle(claim)
        await passport.record_check(key, msgspec.json.encode(result))

Of several calls under way each is whole: they are done one after the other. Several programs may write into one file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from ...engine.worker import Worker
from . import claims, exchange, history, rows
from .exchange import Imported
from .history import Book, Overview
from .key import Claim
from .records import AnyRecord, Check, Fault, Hours, Sweep, now, result
from .schema import open_database, told, writing

T = TypeVar("T")


class Passport:
    """`create`: begin the file if there is none. Every call raises PassportError for what is wrong with the file."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        self._create = create
        self._worker: Worker | None = None
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        self._worker = Worker("passport")
        try:
            await self._worker.call(self._open)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """What was asked for before is done first. May be repeated."""
        if (worker := self._worker) is not None:
            self._worker = None
            try:
                await worker.call(self._close)
            finally:
                worker.end()

    async def __aenter__(self) -> Passport:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # Whose it is

    async def settle(self, claim: Claim) -> str | None:
        """The key of a board; None: its user has to say (claim.asks). Raises InputError for another board's label."""
        return await self._write(lambda c: claims.settle(c, claim))

    async def label(self, claim: Claim, label: str) -> str:
        """Its key. Raises InputError for a label that is another board's, or would not hold."""
        return await self._write(lambda c: claims.give_label(c, claim, label))

    async def find(self, name: str) -> str:
        """The key of the board with that key or label. Raises InputError."""
        return await self._read(lambda c: claims.find(c, name))

    async def boards(self) -> list[Overview]:
        return await self._read(history.boards)

    # What is written

    async def add(self, key: str, records: Iterable[AnyRecord]) -> int:
        """All or none of them; how many are new. ValueError for values out of bounds."""
        return await self._write(lambda c: rows.add(c, key, records))

    async def record_check(self, key: str, data: bytes, firmware: str = "") -> None:
        """A CheckResult as JSON; and what drives the board, if it is known and another than before. ValueError for what
        is no result, or of more than RESULT_LIMIT bytes."""

        def both(connection: sqlite3.Connection) -> None:
            if firmware:
                claims.run_by(connection, key, firmware)
            rows.add(connection, key, [Check(now(), result(data))])

        await self._write(both)

    async def record_sweep(self, key: str, data: bytes) -> None:
        """The same of a SweepResult."""
        await self.add(key, [Sweep(now(), result(data))])

    async def add_hours(self, key: str, hours: Hours, faults: Sequence[Fault] = ()) -> None:
        await self.add(key, [hours, *faults])

    # What is read

    async def book(self, key: str) -> Book:
        """All that there is to show of a board."""
        return await self._read(lambda c: history.book(c, key))

    async def export_to(self, key: str, write: Callable[[bytes], object]) -> int:
        """Lines of JSON, with their ends, as of one moment; how many records. `write` is called in the thread."""
        return await self._read(lambda c: exchange.export_lines(c, key, write))

    async def import_from(self, lines: Iterable[bytes], name: str, label: str | None = None) -> Imported:
        """All of them, or none. `name`: of the file. `label`: what to call the board here. Raises InputError that says
        what is wrong in which line; `lines` are read in the thread."""
        return await self._write(lambda c: exchange.import_lines(c, lines, name, label))

    async def _read(self, what: Callable[[sqlite3.Connection], T]) -> T:
        """Of one moment, whoever writes meanwhile."""

        def whole(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN")
            try:
                return what(connection)
            finally:
                connection.execute("ROLLBACK")

        return await self._call(whole)

    async def _write(self, what: Callable[[sqlite3.Connection], T]) -> T:
        def whole(connection: sqlite3.Connection) -> T:
            with writing(connection):
                return what(connection)

        return await self._call(whole)

    async def _call(self, what: Callable[[sqlite3.Connection], T]) -> T:
        def guarded() -> T:
            assert self._connection is not None
            with told(self.path):
                return what(self._connection)

        if self._worker is None:
            raise RuntimeError("the passport is not open")
        return await self._worker.call(guarded)

    def _open(self) -> None:
        with told(self.path):
            self._connection = open_database(self.path, create=self._create)

    def _close(self) -> None:
        if self._connection is not None:
            with told(self.path):
                self._connection.close()
            self._connection = None
