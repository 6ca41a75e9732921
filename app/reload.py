"""The configuration read anew while the miner runs: when its file changes, and at SIGHUP.

What cannot be used is told, and everything goes on as it was. A file is read once it has not changed for a second, as
editors write in several steps; one that is gone for a moment is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from ..engine.crash import crash
from ..engine.errors import InputError
from ..engine.events import Note, Report
from .options import MineOptions, load_options, merge
from .systemd import Systemd

LOOK_S = 1.0

Signature = tuple[int, int, int]


class Reload:
    """`watch` runs beside the miner; `hurry` is for SIGHUP.

    given  what the command line says, which stands before the file
    apply  is called with all options, when they are others; may raise InputError
    """

    def __init__(
        self,
        path: Path,
        given: MineOptions,
        now: MineOptions,
        apply: Callable[[MineOptions], Awaitable[None]],
        report: Report,
        systemd: Systemd | None = None,
    ) -> None:
        self._path, self._given, self._now = path, given, now
        self._systemd = systemd or Systemd()
        self._apply, self._report = apply, report
        self._asked = asyncio.Event()
        self._read = _signature(path)  # of what is in force

    def hurry(self) -> None:
        """Read it now, changed or not."""
        self._asked.set()

    async def watch(self) -> None:
        before = self._read
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._asked.wait()
            except TimeoutError:
                seen = _signature(self._path)
                settled, before = seen == before, seen
                if seen is None or seen == self._read or not settled:
                    continue
            self._asked.clear()
            self._read = before = _signature(self._path)
            self._systemd.reloading()
            try:
                await self._take()
            except Exception as error:
                self._report(crash("the configuration", error))
            self._systemd.ready()

    async def _take(self) -> None:
        try:
            options = merge(self._given, load_options(self._path))
            options.check()
            if options == self._now:
                self._report(Note(f"configuration {self._path}: is read, and says what it said"))
                return
            await self._apply(options)
        except InputError as error:
            self._report(Note(f"{error}; all goes on as it was"))
            return
        self._now = options
        self._report(Note(f"configuration {self._path}: is read, and in force"))


def _signature(path: Path) -> Signature | None:
    """What changes when the file does; None: it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
