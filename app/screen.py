"""The live screen: a panel that is redrawn once a second below a scrolling log. 80 columns are enough.

The vocabulary is the miners': rates over 5s, 1m, 15m and avg; A accepted, R rejected, S stale, D duplicate, L lost,
HW hardware errors.
"""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from io import StringIO
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..engine.chain.target import difficulty_from_target
from ..engine.errors import InputError
from ..engine.events import DeviceFailed, Disconnected, Event, HardwareError, Malformed, PoolBlock, ShareDone, Summary
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
        self._last: RenderableType | None = None

    def event(self, event: Event) -> None:
        line = line_of(event)
        if line is None:
            return
        text = Text.assemble((f"{datetime.now():%H:%M:%S} ", "dim"), (line, _style(event)))
        self._log = [*self._log[1 - _PICTURE_LOG :], text]
        self._console.print(text)

    async def watch(self, miner: Miner) -> None:
        size = self._console.size
        with keys_not_echoed(), self._live:
            while True:
                if self._console.size != size:  # the terminal has wrapped what it shows: draw it anew
                    size = self._console.size
                    self._console.clear()
                    for text in self._log:
                        self._console.print(text)
                self._last = panel(miner)
                self._live.update(self._last, refresh=True)
                await asyncio.sleep(_REFRESH_S)

    def close(self, summary: Summary | None) -> None:
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


def _pool(miner: Miner) -> Table:
    """What is asked for, and how long it takes at this rate."""
    stats, job = miner.pool.stats(), miner.job
    rate = miner.meter.rate(WINDOW_NAMES["1m"])
    table = Table.grid(padding=(0, 2))
    state = Text("connected", "green") if stats.connected else Text("not connected", "red")
    table.add_row(Text("pool", "dim"), state, f"user {stats.user}", f"answers in {span_text(stats.latency_s)}")
    if job is None:
        table.add_row(Text("work", "dim"), "none yet", "", "")
        return table
    for name, target, detail in (
        ("share", job.target, ""),
        ("block", job.network_target, f"height {job.height}" if job.height is not None else ""),
    ):
        difficulty = difficulty_text(float(difficulty_from_target(target)))
        expected = f"one in {span_text(time_to(target, rate))}"
        table.add_row(Text(name, "dim"), f"difficulty {difficulty}", expected, detail)
    return table


def _devices(miner: Miner) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
    table.add_column("device", no_wrap=True)
    for name in ("5s", "avg", "A", "R", "S", "HW"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", ratio=1, no_wrap=True, overflow="ellipsis")
    for name, state in miner.devices.items():
        t, stats = state.tally, state.device.stats()
        note = Text(state.failure, "red") if state.failure else Text(stats.note, "dim")
        if not state.failure and stats.starved_s >= 1:
            note = Text(f"starved for {span_text(stats.starved_s)}", "yellow")
        table.add_row(
            name,
            rate_text(state.meter.rate(WINDOW_NAMES["5s"])),
            rate_text(state.meter.average()),
            *(str(n) for n in (t.accepted, t.rejected, t.stale, t.hardware_errors)),
            note,
        )
    return table


def _style(event: Event) -> str:
    match event:
        case PoolBlock(accepted=True):
            return "bold green"
        case ShareDone(outcome=Outcome.ACCEPTED.value):
            return "bold green" if event.block else "green"
        case ShareDone(outcome=Outcome.REJECTED.value) | DeviceFailed() | HardwareError() | PoolBlock():
            return "red"
        case ShareDone() | Disconnected() | Malformed():
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
