"""The live screen: a panel below a scrolling log, both written once a second, as drawing takes time that is the
miner's. 80 columns are enough.

The vocabulary is the miners': rates over 5s, 1m, 15m and avg; A accepted, R rejected, S stale, D duplicate, L lost,
HW hardware errors.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from io import StringIO
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from ..engine.chain.target import difficulty_from_target
from ..engine.errors import InputError
from ..engine.events import (
    DeviceAlarm,
    DeviceFailed,
    Disconnected,
    Event,
    HardwareError,
    Malformed,
    PoolBlock,
    ShareDone,
    Summary,
)
from ..engine.miner import Miner
from ..engine.tally import Outcome
from .lines import WINDOW_NAMES, line_of, summary_lines, time_to
from .terminal import keys_not_echoed
from .units import difficulty_text, duration_text, rate_text, span_text

_REFRESH_S = 1.0
_PICTURE_WIDTH, _PICTURE_LOG = 80, 8


class ScreenFace:
    """A Face. `picture`: where to leave the last screen as an SVG."""

    def __init__(self, picture: Path | None = None, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False)
        self._picture = picture
        self._log: list[Text] = []
        self._new: list[Text] = []  # not yet on the screen
        self._last: RenderableType | None = None

    def event(self, event: Event) -> None:
        line = line_of(event)
        if line is None:
            return
        text = Text.assemble((f"{datetime.now():%H:%M:%S} ", "dim"), (line, _style(event)))
        self._log = [*self._log[1 - _PICTURE_LOG :], text]
        self._new.append(text)

    async def watch(self, miner: Miner) -> None:
        size = self._console.size
        with keys_not_echoed(), self._live:
            while True:
                if self._console.size != size:  # the terminal has wrapped what it shows: draw it anew
                    size = self._console.size
                    self._console.clear()
                    self._new = self._log
                self._last = panel(miner)
                self._live.update(self._last, refresh=not self._new)
                self._print_new()
                await asyncio.sleep(_REFRESH_S)

    def _print_new(self) -> None:
        """The lines since the last time; the panel is drawn anew below them."""
        if self._new:
            self._console.print(*self._new, sep="\n")
            self._new = []

    def close(self, summary: Summary | None) -> None:
        self._print_new()
        self._live.stop()
        if not self._console.is_terminal:
            self._console.line()
        for line in summary_lines(summary) if summary is not None else ():
            self._console.print(line)
        if self._picture is not None and self._last is not None:
            try:
                self._picture.write_text(_svg([*self._log, self._last]), encoding="utf-8")
            except OSError as error:
                raise InputError(f"--picture {self._picture}: {error.strerror}") from None


def panel(miner: Miner) -> RenderableType:
    """The state of a miner, for a terminal of 80 columns or more."""
    state = Group(_rates(miner), _counts(miner), Text(), _pool(miner), Text(), _devices(miner))
    title = Text.assemble(("joulehash", "bold"), "  ", miner.pool.name)
    return Panel(state, title=title, title_align="left", subtitle=duration_text(miner.duration_s), padding=(0, 1))


def _rates(miner: Miner) -> Text:
    text = Text()
    for name, window_s in WINDOW_NAMES.items():
        text.append(f"({name}) ", "dim").append(f"{rate_text(miner.meter.rate(window_s)):<12}", "bold")
    return text.append("(avg) ", "dim").append(rate_text(miner.meter.average()), "bold")


def _counts(miner: Miner) -> Text:
    t = miner.tally
    text = Text()
    for name, count, style in (
        ("A", t.accepted, "green"),
        ("R", t.rejected, "red"),
        ("S", t.stale, "yellow"),
        ("D", t.duplicates, "yellow"),
        ("L", t.lost, "yellow"),
        ("HW", t.hardware_errors, "red"),
    ):
        text.append(f"{name} ", "dim").append(f"{count:<6}", style if count else "")
    best = difficulty_text(float(t.best)) if t.best else "-"
    return text.append("best ", "dim").append(f"{best:<9}").append("blocks ", "dim").append(str(t.blocks))


def _pool(miner: Miner) -> Text:
    """What is asked for, and how long it takes at this rate."""
    stats, job = miner.pool.stats(), miner.job
    rate = miner.meter.rate(WINDOW_NAMES["1m"])
    state = Text("connected", "green") if stats.connected else Text("not connected", "red")
    rows = [[Text("pool", "dim"), state, Text(f"user {stats.user}"), Text(f"answers in {span_text(stats.latency_s)}")]]
    if job is None:
        return _aligned("<<<<", [*rows, [Text("work", "dim"), Text("none yet"), Text(), Text()]])
    for name, target, detail in (
        ("share", job.target, ""),
        ("block", job.network_target, f"height {job.height}" if job.height is not None else ""),
    ):
        difficulty = Text(f"difficulty {difficulty_text(float(difficulty_from_target(target)))}")
        expected = Text(f"one in {span_text(time_to(target, rate))}")
        rows.append([Text(name, "dim"), difficulty, expected, Text(detail)])
    return _aligned("<<<<", rows)


def _devices(miner: Miner) -> Text:
    rows = [[Text(name, "dim") for name in ("device", "5s", "avg", "A", "R", "S", "HW", "")]]
    for name, state in miner.devices.items():
        t, stats = state.tally, state.device.stats()
        note = Text(state.failure, "red") if state.failure else Text(stats.note, "dim")
        if not state.failure and stats.alarm:
            note = Text(stats.alarm, "yellow")
        elif not state.failure and stats.starved_s >= 1:
            note = Text(f"starved for {span_text(stats.starved_s)}", "yellow")
        rates = (state.meter.rate(WINDOW_NAMES["5s"]), state.meter.average())
        counts = (t.accepted, t.rejected, t.stale, t.hardware_errors)
        rows.append([Text(name), *(Text(rate_text(r)) for r in rates), *(Text(str(n)) for n in counts), note])
    return _aligned("<>>>>>><", rows)


def _aligned(sides: str, rows: Sequence[Sequence[Text]]) -> Text:
    """Columns, to the left or to the right; what is too wide ends in an ellipsis. Rich's tables take seven times as
    long, every second."""
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    lines: list[Text] = []
    for row in rows:
        cells: list[Text] = []
        for side, width, cell in zip(sides, widths, row, strict=True):
            gap = Text(" " * (width - cell.cell_len))
            cells.append(cell + gap if side == "<" else gap + cell)
        line = Text("  ").join(cells)
        line.rstrip()
        lines.append(line)
    text = Text("\n").join(lines)
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _style(event: Event) -> str:
    match event:
        case PoolBlock(accepted=True):
            return "bold green"
        case ShareDone(outcome=Outcome.ACCEPTED.value):
            return "bold green" if event.block else "green"
        case ShareDone(outcome=Outcome.REJECTED.value) | DeviceFailed() | HardwareError() | PoolBlock():
            return "red"
        case ShareDone() | Disconnected() | Malformed() | DeviceAlarm():
            return "yellow"
        case _:
            return ""


def _svg(parts: list[RenderableType]) -> str:
    """As a picture of a terminal, without fonts from elsewhere."""
    console = Console(
        record=True,
        width=_PICTURE_WIDTH,
        file=StringIO(),
        highlight=False,
        color_system="truecolor",
        force_terminal=True,
    )
    console.print(*parts, sep="\n")
    return re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="joulehash mine"), flags=re.DOTALL)
