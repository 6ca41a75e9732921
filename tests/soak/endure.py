"""A miner with four simulated boards on two pools that die in turns, for as long as one lets it: `python -m
tests.soak.endure --minutes 60`.

Everything is a process of its own in real time, over loopback TCP, as a user has it. Every two minutes the pool that is
mined on is killed, and started again a minute later, so that the miner fails over and back for ever. Each ten seconds
its resident memory, open files and threads are read from /proc. At the end the shares must add up, none may have been
refused, and what it holds must not have grown.
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from joulehash.bench.plot import STYLE
from tests.soak.page import write_section
from tests.support.command import Command
from tests.support.project import HOUSE

BOARDS = ("sim:bitaxe-gamma", "sim:compac-f", "sim:newpac", "sim:chain:bm1362x3")
_LOOK_S, _TURN_S, _AWAY_S = 10.0, 120.0, 60.0
_SETTLED = 0.2  # of the time, after which nothing should grow any more
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Look:
    """Of the miner's process, `at_s` after its start."""

    at_s: float
    mib: float
    files: int
    threads: int


def look(pid: int, at_s: float) -> Look:
    resident = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    count = {name: len(os.listdir(f"/proc/{pid}/{name}")) for name in ("fd", "task")}
    return Look(at_s, resident * _PAGE_BYTES / 2**20, count["fd"], count["task"])


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Pools:
    """Two of them, at ports that stay theirs."""

    def __init__(self, stack: ExitStack) -> None:
        self.ports = [free_port(), free_port()]
        self._stack = stack
        self._running: list[Command | None] = [None, None]
        self.deaths = 0
        for index in range(2):
            self.start(index)

    def start(self, index: int) -> None:
        if self._running[index] is None:
            command = Command("pool", "--listen", f"127.0.0.1:{self.ports[index]}", "--json")
            self._running[index] = self._stack.enter_context(command)

    def kill(self, index: int) -> None:
        if (pool := self._running[index]) is not None:
            pool.signal(signal.SIGKILL)
            self._running[index] = None
            self.deaths += 1


def endure(minutes: float) -> tuple[list[Look], dict[str, Any], Counter[str], int]:
    """(looks, the miner's summary, events by kind, deaths of pools)."""
    looks = list[Look]()
    with ExitStack() as stack:
        pools = Pools(stack)
        urls = [word for port in pools.ports for word in ("-o", f"stratum+tcp://127.0.0.1:{port}", "-u", "joe")]
        boards = [word for board in BOARDS for word in ("-d", board)]
        miner = stack.enter_context(Command("mine", *urls, *boards, "--json"))
        miner.wait_for("share", timeout_s=120)
        began_s = time.monotonic()
        turn = 0
        while (at_s := time.monotonic() - began_s) < 60 * minutes:
            looks.append(look(miner.pid, at_s))
            if at_s >= turn * _TURN_S + _AWAY_S:
                pools.kill(turn % 2)
                turn += 1
            for index in range(2):
                if index != (turn - 1) % 2 or at_s >= turn * _TURN_S:
                    pools.start(index)
            time.sleep(max(0.0, len(looks) * _LOOK_S - (time.monotonic() - began_s)))
        miner.signal(signal.SIGINT)
        summary = miner.wait_for("summary")
        kinds = Counter(str(event["event"]) for event in miner.events)
    return looks, summary, kinds, pools.deaths


def growth(looks: Sequence[Look], field: str) -> tuple[float, float]:
    """(a straight line's growth an hour through what is read after things have settled, its standard error)."""
    late = [one for one in looks if one.at_s >= _SETTLED * looks[-1].at_s]
    x = [one.at_s / 3600 for one in late]
    y = [float(getattr(one, field)) for one in late]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((each - mean_x) ** 2 for each in x)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread
    left = sum((b - mean_y - slope * (a - mean_x)) ** 2 for a, b in zip(x, y, strict=True))
    return slope, math.sqrt(left / max(1, len(x) - 2) / spread)


def draw(looks: Sequence[Look], path: Path) -> None:
    matplotlib: Any = import_module("matplotlib.figure")
    with import_module("matplotlib").rc_context(STYLE):
        figure = matplotlib.Figure(figsize=(9, 4.2), layout="constrained")
        minutes = [one.at_s / 60 for one in looks]
        above, below = figure.subplots(2, 1, sharex=True)
        above.plot(minutes, [one.mib for one in looks], color="#2171b5")
        above.set_ylabel("MiB resident")
        below.plot(minutes, [one.files for one in looks], color="#2171b5", label="open files")
        below.plot(minutes, [one.threads for one in looks], color="#cb181d", label="threads", linestyle="--")
        below.legend(frameon=False, ncols=2)
        below.set_xlabel("minutes")
        for axes in (above, below):
            axes.set_ylim(bottom=0)
            axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(path, metadata={"Date": None})


def told(looks: Sequence[Look], summary: dict[str, Any], kinds: Counter[str], deaths: int) -> list[str]:
    minutes = looks[-1].at_s / 60
    lines = [
        f"`make endure`, for {minutes:.0f} minutes of real time: {', '.join(BOARDS)};",
        f"the two pools were killed {deaths} times in turns.",
        "",
        "| what | at the end | growth an hour (a straight line after the first fifth) |",
        "|---|---:|---:|",
    ]
    for field, name, unit in (
        ("mib", "resident memory", " MiB"),
        ("files", "open files", ""),
        ("threads", "threads", ""),
    ):
        slope, error = growth(looks, field)
        lines.append(f"| {name} | {getattr(looks[-1], field):.4g}{unit} | {slope:+.2f} ± {2 * error:.2f}{unit} |")
    counted = ", ".join(f"{name} {summary[name]}" for name in ("accepted", "rejected", "stale", "lost", "pending"))
    lines += [
        "",
        f"Shares: {counted}; hardware errors {summary['hardware_errors']}.",
        f"Connections lost {kinds['disconnected']}, made {kinds['connected']}.",
        "",
        "![Memory, files and threads over the time](endure.svg)",
    ]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.endure")
    parser.add_argument("--minutes", type=float, default=60.0)
    found = endure(parser.parse_args().minutes)
    looks, summary, _, _ = found
    draw(looks, HOUSE / "docs" / "endure.svg")
    lines = told(*found)
    write_section("endure", lines)
    print("\n".join(lines))
    assert summary["pending"] == summary["rejected"] == summary["hardware_errors"] == 0, summary


if __name__ == "__main__":
    main()
