"""The progress of a sweep in a file: written whole after each cell, so that a sweep that is cut off can go on.

The file is replaced in one step, after what it shall hold is on the disk: there is the old one or the new one, whenever
the power fails. It belongs to one board, one grid and one set of rules; with others it is refused.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import msgspec

from ...engine.errors import InputError
from .grid import Grid
from .result import Cell
from .sweep import Report

SCHEMA = "joulehash.sweep-progress/1"


class Whose(msgspec.Struct, frozen=True):
    """What a sweep is of. `board`: the key of its passport, or its name."""

    board: str
    row: str
    mhz: list[float]
    volts: list[float | None]
    rules: dict[str, float | None]
    meter: str
    every: bool = False

    @classmethod
    def of(cls, board: str, row: str, grid: Grid, rules: dict[str, float | None], meter: str, *, every: bool) -> Whose:
        return cls(board, row, list(grid.mhz), list(grid.volts), rules, meter, every)


class Progress(msgspec.Struct, frozen=True):
    whose: Whose
    began: str  # UTC, ISO 8601
    seconds: float = 0.0
    cells: list[Cell] = msgspec.field(default_factory=list[Cell])
    schema: str = SCHEMA


class Kept:
    """A Report that writes down each cell before it passes it on. Made in a running loop."""

    def __init__(self, path: Path, progress: Progress, report: Report) -> None:
        self.progress = progress
        self._path, self._report = path, report
        self._before_s = progress.seconds
        self._began_s = asyncio.get_running_loop().time()

    @property
    def seconds(self) -> float:
        """At all starts together."""
        return self._before_s + asyncio.get_running_loop().time() - self._began_s

    def began(self, mhz: float, volts: float | None, left_s: float) -> None:
        self._report.began(mhz, volts, left_s)

    def cell(self, cell: Cell) -> None:
        """Raises InputError where it cannot be written."""
        cells = [*self.progress.cells, cell]
        self.progress = msgspec.structs.replace(self.progress, cells=cells, seconds=self.seconds)
        save(self._path, self.progress)
        self._report.cell(cell)

    def note(self, text: str) -> None:
        self._report.note(text)

    def end(self) -> None:
        """All is measured, and told elsewhere."""
        self._path.unlink(missing_ok=True)


def load(path: Path, whose: Whose) -> Progress | None:
    """None: there is no such file. Raises InputError for one that cannot be read, or is of another sweep."""
    try:
        progress = msgspec.json.decode(path.read_bytes(), type=Progress)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"progress {path}: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"progress {path}: {error}; is it one of a sweep? Start without --resume") from None
    if progress.schema != SCHEMA:
        raise InputError(f"progress {path}: its schema is {progress.schema[:40]!r}; takes {SCHEMA!r}")
    for field in whose.__struct_fields__:
        mine, theirs = getattr(whose, field), getattr(progress.whose, field)
        if mine != theirs:
            raise InputError(f"progress {path}: is of another {_WORDS[field]}; start without --resume, or as before")
    return progress


def save(path: Path, progress: Progress) -> None:
    """Raises InputError where it cannot be written."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(progress))
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        _sync(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InputError(f"progress {path}: {error.strerror}; say where with --progress FILE") from None


def _sync(folder: Path) -> None:
    """That the new name is on the disk, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_WORDS = {
    "board": "board",
    "row": "kind of board",
    "mhz": "range of MHz",
    "volts": "range of volts",
    "rules": "set of rules",
    "meter": "meter",
    "every": "kind of sweep (--all)",
}
