"""How a sweep is shown: JSON lines, plain lines, or lines above a bar with the time left."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from ..bench.paper.sweep_text import cell_line, sweep_text
from ..bench.sweep.result import Cell, SweepResult, point_text
from .output import write_line
from .terminal import keys_taken
from .units import span_text

_STYLES = {"sound": "green", "errors": "yellow", "unsure": "yellow"}


class SweepFace:
    """A Report, and the result in the end; this one for logs and pipes."""

    def began(self, mhz: float, volts: float | None, left_s: float) -> None:
        """A cell begins; all of them may take so long yet."""

    def cell(self, cell: Cell) -> None:
        write_line(cell_line(cell))

    def note(self, text: str) -> None:
        write_line(text)

    def result(self, result: SweepResult) -> None:
        write_line("\n" + sweep_text(result).rstrip("\n"))

    def close(self) -> None:
        """The end, whatever it was."""


class JsonFace(SweepFace):
    """One JSON object a line on stdout: each cell, and the result last."""

    def began(self, mhz: float, volts: float | None, left_s: float) -> None:
        self._json({"event": "began", "mhz": mhz, "volts": volts, "left_s": round(left_s, 1)})

    def cell(self, cell: Cell) -> None:
        self._json(cell)

    def note(self, text: str) -> None:
        self._json({"event": "note", "text": text})

    def result(self, result: SweepResult) -> None:
        self._json(result)

    def _json(self, value: object) -> None:
        write_line(msgspec.json.encode(value).decode())


class LiveFace(SweepFace):
    """On a terminal. `timed`: the board's time is ours, so that what is left of it can be told."""

    def __init__(self, *, timed: bool) -> None:
        self._timed = timed
        self._stack = ExitStack()
        self._stack.enter_context(keys_taken())
        columns = TextColumn("{task.description}"), BarColumn(24), TextColumn("{task.fields[left]}")
        self._progress = Progress(*columns, console=Console(), transient=True)
        self._stack.enter_context(self._progress)
        self._bar = self._progress.add_task("bringing it up", total=1.0, left="")
        self._done_s = 0.0

    def began(self, mhz: float, volts: float | None, left_s: float) -> None:
        total = self._done_s + left_s
        part = self._done_s / total if total > 0 else 1.0
        left = f"about {span_text(round(left_s))} left" if self._timed else ""
        self._progress.update(self._bar, description=point_text(mhz, volts), completed=part, left=left)

    def cell(self, cell: Cell) -> None:
        self._done_s += cell.seconds
        style = _STYLES.get(cell.verdict, "red")
        self._progress.console.print(Text(cell_line(cell), style=style), soft_wrap=True)

    def note(self, text: str) -> None:
        self._progress.console.print(Text(text), soft_wrap=True)

    def result(self, result: SweepResult) -> None:
        self.close()
        super().result(result)

    def close(self) -> None:
        self._stack.close()


def choose_face(*, as_json: bool, timed: bool = True) -> SweepFace:
    if as_json:
        return JsonFace()
    return LiveFace(timed=timed) if sys.stdout.isatty() else SweepFace()
