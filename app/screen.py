"""The live screen: a panel below a scrolling log, both written once a second, as drawing takes time that is the
miner's. 80 columns are enough.

The vocabulary is the miners': rates over 5s, 1m, 15m and avg; A accepted, R rejected, S stale, D duplicate, L lost,
HW hardware errors.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from io import StringIO
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from ..engine.account import DeviceState
from ..engine.chain.target import difficulty_from_target
from ..engine.device import DeviceStats
from ..engine.errors import InputError
from ..engine.events import (
    DeviceAlarm,
    DeviceFailed,
    Disconnected,
    Event,
    HardwareError,
    Malformed,
    PoolBlock,
    PoolSwitched,
    ShareDone,
    Summary,
)
from ..engine.miner import Miner
from ..engine.tally import Outcome
from .energy import energy_cells, point_text
from .lines import WINDOW_NAMES, line_of, summary_lines, time_to
from .poolscreen import pool_lines
from .table import aligned, short
from .terminal import keys_taken
from .units import difficulty_text, duration_text, rate_text, span_text

if TYPE_CHECKING:
    from ..bench.metering import Metered
    from .hand import Hand

_REFRESH_S = 1.0
_PICTURE_WIDTH, _PICTURE_LOG = 80, 8
_SHARES_SHOWN = 2  # of a device, accepted within a second: the others are counted
_FRAME_WIDTH = 4  # of the panel's sides
_REMARK_MOST = 3  # lines of an alarm


class ScreenFace:
    """A Face. `picture`: where to leave the last screen as an SVG."""

    def __init__(self, picture: Path | None = None, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._frame = _Frame()
        self._live = Live(self._frame, console=self._console, auto_refresh=False)
        self._picture = picture
        self._pictured: RenderableType | None = None
        self._log: list[Text] = []
        self._new: list[Text] = []  # not yet on the screen
        self._accepted = Counter[str]()  # of each device, since the screen was last written

    def event(self, event: Event) -> None:
        line = line_of(event)
        if line is None:
            return
        if isinstance(event, ShareDone) and event.outcome == Outcome.ACCEPTED.value and not event.block:
            self._accepted[event.device] += 1
            if self._accepted[event.device] > _SHARES_SHOWN:
                return
        self._say(line, _style(event))

    def _say(self, line: str, style: str) -> None:
        text = Text.assemble((f"{datetime.now():%H:%M:%S} ", "dim"), (line, style))
        self._log = [*self._log[1 - _PICTURE_LOG :], text]
        self._new.append(text)

    async def watch(self, miner: Miner, metered: Metered | None = None, hand: Hand | None = None) -> None:
        size = self._console.size
        with keys_taken() as keys, self._live:
            while True:
                for key in keys():
                    if hand is not None:
                        hand.key(key)
                if self._console.size != size:  # the terminal has wrapped what it shows: draw it anew
                    size = self._console.size
                    self._console.clear()
                    self._new = self._log
                self._frame.now = panel(miner, size.width, size.height, metered, hand)
                if self._picture is not None:
                    self._pictured = panel(miner, _PICTURE_WIDTH, None, metered, hand)
                if not self._print_new():
                    self._live.refresh()
                await asyncio.sleep(_REFRESH_S)

    def _print_new(self) -> bool:
        """The lines since the last time, if there are any; the panel is drawn anew below them."""
        for device, n in self._accepted.items():
            if n > _SHARES_SHOWN:
                self._say(f"accepted {n - _SHARES_SHOWN} more by {device}", "green")
        self._accepted.clear()
        new, self._new = self._new, []
        if new:
            self._console.print(*new, sep="\n")
        return bool(new)

    def close(self, summary: Summary | None) -> None:
        self._print_new()
        self._live.stop()
        if not self._console.is_terminal:
            self._console.line()
        for line in summary_lines(summary) if summary is not None else ():
            self._console.print(line)
        if self._picture is not None and self._pictured is not None:
            try:
                self._picture.write_text(_svg([*self._log, self._pictured]), encoding="utf-8")
            except OSError as error:
                raise InputError(f"--picture {self._picture}: {error.strerror}") from None


class _Frame:
    """What is drawn, each time that Live draws: update() of Live itself counts from its next refresh only, which does
    not come as long as every second has new lines."""

    def __init__(self) -> None:
        self.now: RenderableType = ""

    def __rich__(self) -> RenderableType:
        return self.now


def panel(
    miner: Miner, width: int, height: int | None = None, metered: Metered | None = None, hand: Hand | None = None
) -> RenderableType:
    """The state of a miner, for a terminal of 80 columns or more, and of so many lines, if they are few."""
    energy = [_energy(metered)] if metered is not None else []
    lines = [_rates(miner), *energy, _counts(miner), Text(), *_pool(miner), Text()]
    lines += pool_lines(miner, width - _FRAME_WIDTH)
    lines += _devices(miner, width - _FRAME_WIDTH, None if height is None else height - len(lines) - 3)
    state = Text("\n", no_wrap=True, overflow="ellipsis").join(lines)  # one is drawn in half the time of many
    title = Text.assemble(("joulehash", "bold"), "  ", miner.pool.name)
    subtitle = "  ".join(filter(None, (duration_text(miner.duration_s), hand.help if hand is not None else "")))
    return Panel(state, title=title, title_align="left", subtitle=subtitle, padding=(0, 1))


def _rates(miner: Miner) -> Text:
    text = Text()
    for name, window_s in WINDOW_NAMES.items():
        text.append(f"({name}) ", "dim").append(f"{rate_text(miner.meter.rate(window_s)):<12}", "bold")
    return text.append("(avg) ", "dim").append(rate_text(miner.meter.average()), "bold")


def _energy(metered: Metered) -> Text:
    """Below the rates: what a hash takes, and where that was measured."""
    text = Text()
    for name, figure in energy_cells(metered):
        text.append(f"({name}) ", "dim").append(f"{figure}  ", "bold")
    return text.append(point_text(metered), "yellow" if metered.failure else "dim")


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


def _pool(miner: Miner) -> list[Text]:
    """What is asked for, and how long it takes at this rate."""
    stats, job = miner.pool.stats(), miner.job
    rate = miner.meter.rate(WINDOW_NAMES["1m"])
    state = ("connected", "green") if stats.connected else ("not connected", "red")
    rows = [[("pool", "dim"), state, (f"user {stats.user}", ""), (f"answers in {span_text(stats.latency_s)}", "")]]
    if job is None:
        return aligned("<<<<", [*rows, [("work", "dim"), ("none yet", ""), ("", ""), ("", "")]])
    pays = "" if stats.pays is None else f"pays you {100 * stats.pays:.4g} %"
    for name, target, detail in (
        ("share", job.target, pays),
        ("block", job.network_target, f"height {job.height}" if job.height is not None else ""),
    ):
        difficulty = f"difficulty {difficulty_text(float(difficulty_from_target(target)))}"
        expected = f"one in {span_text(time_to(target, rate))}"
        rows.append([(name, "dim"), (difficulty, ""), (expected, ""), (detail, "")])
    return aligned("<<<<", rows)


def _devices(miner: Miner, width: int, height: int | None) -> list[Text]:
    """A line each, and what is to be said of it behind, where there is room, or else below; what is not urgent is left
    out rather than lines of other devices."""
    states = {name: (state, state.device.stats()) for name, state in miner.devices.items()}
    figures = {head: [figure(stats) for _, stats in states.values()] for head, figure in _FIGURES.items()}
    figures = {head: told for head, told in figures.items() if any(told)}
    rows = [[(head, "dim") for head in ("device", "5s", "avg", "A", "R", "S", "HW", *figures)]]
    for at, (name, (state, _)) in enumerate(states.items()):
        t = state.tally
        rates = (state.meter.rate(WINDOW_NAMES["5s"]), state.meter.average())
        counts = (t.accepted, t.rejected, t.stale, t.hardware_errors)
        cells = [*map(rate_text, rates), *map(str, counts), *(told[at] or "-" for told in figures.values())]
        rows.append([(cell, "") for cell in (short(name), *cells)])
    lines = aligned("<" + ">" * (len(rows[0]) - 1), rows)
    room = width - lines[0].cell_len - 2
    remarks = [_remark(name, state, stats) for name, (state, stats) in states.items()]
    n_below = sum(len(words) > room for words, _ in remarks)
    cramped = height is not None and len(lines) + n_below > height
    shown = lines[:1]
    for line, (words, style) in zip(lines[1:], remarks, strict=True):
        shown.append(line)
        if len(words) <= room:
            line.append("  ").append(words, style)
        elif style != "dim" or not cramped:
            below = wrap(words, width - 2, max_lines=_REMARK_MOST, placeholder=" …")
            shown += [Text.assemble("  ", (part, style)) for part in below]
    return shown


_FIGURES: dict[str, Callable[[DeviceStats], str]] = {  # empty: the device does not tell
    "MHz": lambda stats: "" if stats.mhz is None else f"{stats.mhz:.0f}",
    "°C": lambda stats: "" if stats.celsius is None else f"{stats.celsius:.0f}",
    "W": lambda stats: "" if stats.watts is None else f"{stats.watts:.1f}",
}


def _remark(name: str, state: DeviceState, stats: DeviceStats) -> tuple[str, str]:
    """The most urgent thing there is to say of a device, and its style."""
    if state.failure:
        return state.failure.removeprefix(f"{name}: "), "red"
    if state.starting:
        return "starts", "dim"
    if stats.alarm:
        return stats.alarm.removeprefix(f"{name}: "), "yellow"
    if stats.starved_s >= 1:
        return f"starved for {span_text(stats.starved_s)}", "yellow"
    return stats.note, "dim"


def _style(event: Event) -> str:
    match event:
        case PoolBlock(accepted=True):
            return "bold green"
        case ShareDone(outcome=Outcome.ACCEPTED.value):
            return "bold green" if event.block else "green"
        case ShareDone(outcome=Outcome.REJECTED.value) | DeviceFailed() | HardwareError() | PoolBlock():
            return "red"
        case ShareDone() | Disconnected() | Malformed() | DeviceAlarm() | PoolSwitched():
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
