"""How a check is shown: JSON lines, plain lines, or lines above a bar for each board that is being checked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from textwrap import wrap
from typing import Protocol

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from ..bench.check.events import Began, CheckEvent, Doing, Done
from ..bench.check.result import CheckResult, Finding, Step
from ..bench.paper.figures import amount, efficiency_text, interval
from .output import write_line
from .terminal import keys_taken
from .units import span_text

_STYLES = {"pass": "green", "fail": "bold red", "inconclusive": "yellow", "not applicable": "dim"}
_WIDTH = 76  # of the advice
_INDENT = 39  # of what a step measured
_DOING_S = 1.0  # between two JSON lines of progress


class CheckFace(Protocol):
    def event(self, event: CheckEvent) -> None:
        """Something has happened."""

    def close(self) -> None:
        """The end."""


class JsonFace:
    """One JSON object a line on stdout; of each board the last is its verdict."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str, float]] = {}  # the last progress of each board: its step, and what was left

    def event(self, event: CheckEvent) -> None:
        if isinstance(event, Doing):
            step, left_s = self._told.get(event.board, ("", 0.0))
            if step == event.step and abs(left_s - event.left_s) < _DOING_S:
                return
            self._told[event.board] = event.step, event.left_s
        write_line(msgspec.json.encode(event).decode())

    def close(self) -> None: ...


class PlainFace:
    """For logs and pipes."""

    def __init__(self, *, several: bool, timed: bool) -> None:
        self._several, self._timed = several, timed

    def event(self, event: CheckEvent) -> None:
        for line, _ in lines_of(event, timed=self._timed):
            write_line(f"{event.board}: {line}" if self._several else line)

    def close(self) -> None: ...


class LiveFace:
    """On a terminal: what is done above, what is going on below, with the time left, if it is `timed`."""

    def __init__(self, *, several: bool, timed: bool) -> None:
        self._several, self._timed = several, timed
        self._stack = ExitStack()
        self._stack.enter_context(keys_taken())
        columns = TextColumn("{task.description}"), BarColumn(24), TextColumn("{task.fields[left]}")
        self._progress = Progress(*columns, console=Console(), transient=True)
        self._stack.enter_context(self._progress)
        self._bars: dict[str, TaskID] = {}

    def event(self, event: CheckEvent) -> None:
        for line, style in lines_of(event, timed=self._timed):
            text = f"{event.board}: {line}" if self._several else line
            console = self._progress.console
            for part in wrap(text, console.width, subsequent_indent=" " * min(_INDENT, console.width // 2)):
                console.print(Text(part, style=style), soft_wrap=True)
        match event:
            case Began():
                self._bars[event.board] = self._progress.add_task(event.board, total=1.0, left="")
            case Doing():
                note = f", {event.note}" if event.note else ""
                self._progress.update(
                    self._bars[event.board],
                    description=f"{event.board}: {event.step}{note}",
                    completed=event.part,
                    left=f"{span_text(round(event.left_s))} left" if self._timed else "",
                )
            case CheckResult() if event.board in self._bars:
                self._progress.remove_task(self._bars.pop(event.board))
            case _:
                pass

    def close(self) -> None:
        self._stack.close()


def choose_face(*, as_json: bool, several: bool, timed: bool = True) -> CheckFace:
    """`timed`: the board's time is ours."""
    if as_json:
        return JsonFace()
    return (LiveFace if sys.stdout.isatty() else PlainFace)(several=several, timed=timed)


def lines_of(event: CheckEvent, *, timed: bool = True) -> Iterator[tuple[str, str]]:
    """What a person wants to read of it, and its style."""
    match event:
        case Began():
            at = f" at {event.point}" if event.point else ""
            whose = "" if timed else ", the waiting left out"
            yield f"{event.title}{at}: planned for {span_text(event.seconds)}{whose}", "bold"
        case Done():
            yield step_line(event.step), _STYLES[event.step.verdict]
        case CheckResult():
            simulated = ", simulated" if event.simulated else ""
            head = f"{event.verdict.upper()}: {event.title}{simulated}, {span_text(event.seconds)}"
            yield head, f"bold {_STYLES[event.verdict]}"
            yield f"  rate  {interval(event.rate, 'H/s')}", ""
            yield f"  J/TH  {efficiency_text(event)}", ""
            yield from ((f"  note  {note}", "yellow") for note in event.notes)
            for finding in event.findings:
                yield from ((line, "") for line in finding_lines(finding))
        case Doing():
            pass


def step_line(step: Step) -> str:
    """fail            fan                     0 rpm; at full speed 500 or more"""
    told = "" if step.measured is None else amount(step.measured, step.unit)
    if isinstance(step.measured, int) and isinstance(step.expected, int) and step.expected:
        told = f"{step.measured} of {step.expected} {step.unit}".strip()
    return f"{step.verdict:<15} {step.name:<22} {'; '.join(filter(None, (told, step.bound)))}"


def finding_lines(finding: Finding) -> Iterator[str]:
    where = f" at {finding.where}" if finding.where else ""
    yield f"  {finding.code}{where}: {finding.evidence}"
    yield from wrap(finding.hint, _WIDTH, initial_indent="    ", subsequent_indent="    ")
