"""A bench command that is killed at a random moment, again and again, and what becomes of its board and its records.

The board is a simulator in a process of its own, behind pseudo-terminals, that tells its rails whenever they change.
What is random is when and how; both come from a seed.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

from .command import Command, Event, guards, run
from .lateness import Lateness

WAYS = ("SIGINT", "SIGTERM", "SIGKILL", "SIGKILL of it and its guard")
NAME = "shelf-3"
PATIENCE_S = 10.0
SAFE_S = 15.0  # for a start on a loaded machine, up to its first words to the board
_STEP_S = 0.005


@dataclass(frozen=True)
class Kill:
    """off_s: until the rails were off; None: they were off, or nobody was left to switch them off.
    safe_s: where nobody was, how long after the next start they were
    late_s: of off_s, what this machine stood still
    """

    way: str
    moment_s: float
    had_power: bool
    off_s: float | None = None
    late_s: float = 0.0
    safe_s: float | None = None


@dataclass
class Bench:
    """A board, and where its records are kept."""

    folder: Path
    sim: Command
    device: str
    kills: list[Kill] = field(default_factory=list[Kill])

    @property
    def passport(self) -> Path:
        return self.folder / "passport.sqlite3"

    @property
    def rails(self) -> Event:
        """As they are now."""
        return self._rails_since(0)[-1]

    def _rails_since(self, seen: int) -> list[Event]:
        return [event for event in self.sim.events[seen:] if event["event"] == "rails"]

    def _off_at_s(self, seen: int, *, had_power: bool) -> float | None:
        """When the rails went off for the last time since then; None: they were off all the time."""
        changes = [i for i in range(seen, len(self.sim.events)) if self.sim.events[i]["event"] == "rails"]
        on = [i for i in changes if not is_off(self.sim.events[i])] or ([seen - 1] if had_power else [])
        return next((self.sim.times[i] for i in changes if i > on[-1]), None) if on else None

    def kill(self, command: Command, way: str, moment_s: float) -> Kill:
        """And wait until it has ended; and, unless its guard is dead as well, until its board is off."""
        with Lateness() as machine:
            if way == WAYS[3]:
                command.signal(signal.SIGSTOP)  # it must not start another guard
                orphans = guards(command.pid)
                seen, had_power = len(self.sim.events), not is_off(self.rails)
                for guard in orphans:
                    os.kill(guard, signal.SIGKILL)
                command.signal(signal.SIGKILL)
                command.end()
                time.sleep(0.05)  # for what was on its way
                return self._noted(Kill(way, moment_s, had_power and not is_off(self.rails)))
            seen, had_power, began_s = len(self.sim.events), not is_off(self.rails), time.monotonic()
            command.signal(signal.Signals[way])
            if had_power:
                self.wait_off(PATIENCE_S)
            late_s = machine.late_s
            command.end()
        self.wait_off(PATIENCE_S)  # if it got power just now
        off_at_s = self._off_at_s(seen, had_power=had_power)
        off_s = None if off_at_s is None else off_at_s - began_s
        return self._noted(Kill(way, moment_s, had_power, off_s, late_s))

    def _noted(self, kill: Kill) -> Kill:
        self.kills.append(kill)
        return kill

    def wait_off(self, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while not is_off(self.rails):
            assert time.monotonic() < until_s, f"on for {seconds:g} s: {self.rails}, {self.kills[-1:]}"
            time.sleep(_STEP_S)

    def made_safe(self, command: Command, seen: int) -> None:
        """By its first words to a board that was left with power: it is off before it gets any more."""
        began_s = time.monotonic()
        self.wait_off(SAFE_S)
        volts = [event["core_v"] for event in self._rails_since(seen)]
        assert volts == sorted(volts, reverse=True), volts
        assert not command.ended
        left = self.kills.pop()
        self.kills.append(Kill(left.way, left.moment_s, True, safe_s=time.monotonic() - began_s))

    def check_passport(self) -> int:
        """Whole, and each row of it readable; how many results it holds."""
        if not self.passport.exists():
            return 0
        with closing(sqlite3.connect(self.passport)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'board'").fetchone():
                return 0  # killed before there was anything in it
            if not connection.execute("SELECT 1 FROM board").fetchone():
                return 0
        shown = run("boards", "show", NAME, "--json", "--passport", str(self.passport))
        assert (shown.returncode, shown.stderr) == (0, "")
        book = json.loads(shown.stdout)
        assert not [each for each in book["checks"] if each["verdict"] == "unreadable"]
        assert all(each["curve"] for each in book["sweeps"])
        return len(book["checks"]) + len(book["sweeps"])


@contextmanager
def bench(folder: Path) -> Generator[Bench]:
    path = folder / "axe"
    with Command("sim", "bitaxe-gamma", "--pty", str(path), "--json") as sim:
        scale = sim.wait_for("ready")["scale"]
        sim.wait_for("rails")
        yield Bench(folder, sim, f"bitaxe-gamma:{path}.control,{path}?scale={scale}&label={NAME}")


def killed_again_and_again(
    on: Bench,
    start: Callable[[], Command],
    is_near_its_end: Callable[[Command], object],
    look: Callable[[int], None],
    kills: int,
    seed: int,
    most_s: float,
) -> None:
    """So often; one in five moments in the last of its life, when it writes what it has found. `look` comes after each,
    with how many results the passport holds. One that ends by itself before its moment is not counted."""
    random, results, left = Random(seed), 0, False
    while len(on.kills) < kills:
        way = WAYS[len(on.kills) % len(WAYS)]
        moment_s, at_the_end = random.uniform(0.05, most_s), random.random() < 0.2
        seen, began_s = len(on.sim.events), time.monotonic()
        with start() as command:
            if left:
                on.made_safe(command, seen)
            left = False
            if at_the_end:
                _until(lambda: is_near_its_end(command) or command.ended)
                time.sleep(random.uniform(0.0, 0.3))
            else:
                _until(partial(_has_come, command, began_s + moment_s))
            if command.ended:
                code, said = command.end()
                assert code in (0, 2), said  # so short a check is inconclusive
                on.wait_off(0.5)
            else:
                left = on.kill(command, way, time.monotonic() - began_s).had_power and way == WAYS[3]
                print(on.kills[-1], flush=True)
        count = on.check_passport()
        assert count >= results, "what was kept is gone"
        results = count
        look(count)
    if left:
        seen = len(on.sim.events)
        with start() as command:
            on.made_safe(command, seen)
            on.kill(command, "SIGKILL", 0.0)
            on.kills.pop()


def told(kills: Iterable[Kill]) -> str:
    """The figures, as docs have them."""
    kills = [*kills]
    lines = [f"{len(kills)} kills, {sum(kill.had_power for kill in kills)} of them while the board had power"]
    for way in WAYS:
        of = [kill for kill in kills if kill.way == way]
        off = sorted(kill.off_s for kill in of if kill.off_s is not None)
        safe = sorted(kill.safe_s for kill in of if kill.safe_s is not None)
        late_s = max((kill.late_s for kill in of), default=0.0)
        for word, times in (("off after", off), ("safe after the next start", safe)):
            if times:
                figures = f"p50 {_part(times, 0.5):.3f} s, p99 {_part(times, 0.99):.3f} s, most {times[-1]:.3f} s"
                lines.append(f"{way}: {len(of)}; {len(times)} {word} {figures} (machine late {late_s:.3f} s)")
    return "\n".join(lines)


def _has_come(command: Command, at_s: float) -> bool:
    return time.monotonic() >= at_s or command.ended


def _part(times: list[float], part: float) -> float:
    return times[min(len(times) - 1, round(part * (len(times) - 1)))]


def _until(true: Callable[[], object]) -> None:
    while not true():
        time.sleep(_STEP_S)


def is_off(rails: Event) -> bool:
    return bool(rails["core_v"] == 0 and rails["reset"])
