"""A sweep that is killed, again and again: its board is off within a second, and the sweep goes on where it was.

The board is a simulator in a process of its own, behind pseudo-terminals, that tells its rails. JOULEHASH_KILLS says
how many times, JOULEHASH_KILLS_SEED when.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from tests.support.command import Command, Event

pytestmark = [pytest.mark.long, pytest.mark.alone]

KILLS = int(os.environ.get("JOULEHASH_KILLS", "3"))
SEED = int(os.environ.get("JOULEHASH_KILLS_SEED", "1"))
SOON_S = 1.0  # in which a board is off after its sweep has died
MOST_S = 25.0  # after its start, of which a third goes by before there is power
END_S = 300.0


@contextmanager
def board(path: Path) -> Generator[tuple[Command, str]]:
    with Command("sim", "bitaxe-gamma", "--pty", str(path), "--json") as sim:
        ready = sim.wait_for("ready")
        yield sim, f"bitaxe-gamma:{path}.control,{path}?scale={ready['scale']}"


def sweep(device: str, folder: Path) -> Command:
    grid = ("--mhz", "100..150:25", "--volts", "1.0..1.05:0.05", "--all")
    hasty = ("--errors", "20%", "--precision", "20%", "--settle", "1")
    kept = ("--progress", str(folder / "progress.json"), "--passport", str(folder / "passport.sqlite3"))
    return Command("sweep", device, *grid, *hasty, *kept, "--resume", "--json")


def rails(sim: Command) -> Event:
    return next((event for event in reversed(sim.events) if event["event"] == "rails"), {"core_v": 0, "reset": True})


def is_off(now: Event) -> bool:
    return bool(now["core_v"] == 0 and now["reset"])


def off_within(sim: Command, seconds: float) -> bool:
    until_s = time.monotonic() + seconds
    while not is_off(rails(sim)) and time.monotonic() < until_s:
        time.sleep(0.02)
    return is_off(rails(sim))


def cells_in(folder: Path) -> list[Event]:
    """Of the progress file, which is whole whenever it is there."""
    path = folder / "progress.json"
    return [] if not path.exists() else json.loads(path.read_bytes())["cells"]


def test_killed_at_any_moment_it_leaves_the_board_off_and_goes_on(tmp_path: Path) -> None:
    random, before = Random(SEED), list[Event]()
    with board(tmp_path / "axe") as (sim, device):
        for _ in range(KILLS):
            with sweep(device, tmp_path) as sweeping:
                time.sleep(random.uniform(0.2, MOST_S))
                sweeping.signal(signal.SIGKILL)
                sweeping.end()
            assert off_within(sim, SOON_S), rails(sim)
            cells = cells_in(tmp_path)
            assert cells[: len(before)] == before, "what was measured is gone"
            before = cells
        with sweep(device, tmp_path) as last:
            result = last.wait_for("sweep", timeout_s=END_S)
            assert last.end()[0] == 0
        assert off_within(sim, SOON_S)
    assert result["ended"] == "done"
    measured = {(cell["mhz"], cell["volts"]): cell for cell in result["cells"]}
    assert len(measured) == 6
    for cell in before:
        assert measured[cell["mhz"], cell["volts"]] == cell
    assert not (tmp_path / "progress.json").exists()


def test_ctrl_c_restores_the_board_and_the_next_start_goes_on(tmp_path: Path) -> None:
    with board(tmp_path / "axe") as (sim, device):
        with sweep(device, tmp_path) as sweeping:
            first = sweeping.wait_for("cell", timeout_s=60)
            sweeping.signal(signal.SIGINT)
            result = sweeping.wait_for("sweep", timeout_s=60)
            assert sweeping.end()[0] == 2
        assert off_within(sim, SOON_S)
        assert (result["ended"], cells_in(tmp_path)[0]) == ("interrupted", first)
        volts = [round(event["core_v"], 2) for event in sim.events if event["event"] == "rails" and event["core_v"] > 0]
        assert volts[-1] == 1.15, "it was not brought back to its usual voltage"


def test_a_sweep_and_its_guard_killed_together_the_next_start_makes_it_safe_first(tmp_path: Path) -> None:
    from tests.e2e.test_boards import guards

    with board(tmp_path / "axe") as (sim, device):
        with sweep(device, tmp_path) as sweeping:
            sweeping.wait_for("cell", timeout_s=60)
            (guard,) = guards(sweeping.pid)
            sweeping.signal(signal.SIGSTOP)  # it must not start another
            os.kill(guard, signal.SIGKILL)
            sweeping.signal(signal.SIGKILL)
            sweeping.end()
        assert not is_off(rails(sim)), "nobody was left to switch it off"
        seen = len(sim.events)
        with sweep(device, tmp_path) as again:
            again.wait_for("cell", timeout_s=60)
            told = [event for event in sim.events[seen:] if event["event"] == "rails"]
            assert is_off(next(event for event in told if event["core_v"] == 0 or event["reset"]))
            again.signal(signal.SIGKILL)
            again.end()
        assert off_within(sim, SOON_S)
