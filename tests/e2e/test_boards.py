"""`joulehash mine` with boards as a user runs it; and a board that is switched off though the miner was killed.

The board is a simulator in a process of its own, behind pseudo-terminals, that tells its rails.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.command import Command, Event, run

pytestmark = [pytest.mark.long, pytest.mark.alone]

UP_S = 60.0  # of a loaded machine; eleven seconds of it are the ramp
SOON_S = 1.0  # in which a board is off after its miner has died


@contextmanager
def board(path: Path) -> Generator[tuple[Command, str]]:
    """A simulated Gamma, and how the miner names it."""
    with Command("sim", "bitaxe-gamma", "--pty", str(path), "--json") as sim:
        ready = sim.wait_for("ready")
        yield sim, f"bitaxe-gamma:{path}.control,{path}?scale={ready['scale']}"


def is_off(rails: Event) -> bool:
    return bool(rails["core_v"] == 0 and rails["reset"])


def is_up(rails: Event) -> bool:
    return bool(rails["core_v"] > 1 and not rails["reset"])


def guards(miner: int) -> list[int]:
    """Process ids of the guards that a miner has started."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(miner)], capture_output=True, text=True, check=True
    )
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if "guard/process.py" in line]


def test_several_boards_and_the_cpu_mine_on_the_embedded_pool() -> None:
    devices = ("sim:bitaxe-gamma", "sim:compac-f", "sim:icarus", "cpu")
    chosen = [word for device in devices for word in ("-d", device)]
    done = run("mine", *chosen, "--duration", "60", "--json", timeout_s=200)
    assert (done.returncode, done.stderr) == (0, "")
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["rejected"] == summary["hardware_errors"] == summary["duplicates"] == 0
    assert summary["pending"] == summary["lost"] == 0
    assert {device["name"]: device["accepted"] > 0 for device in summary["devices"]} == dict.fromkeys(devices, True)
    assert [device["repeats"] for device in summary["devices"]] == [0] * len(devices), "a header was hashed twice"


def test_a_board_at_a_port_mines_and_is_off_after_an_orderly_end(tmp_path: Path) -> None:
    with board(tmp_path / "axe") as (sim, device):
        done = run("mine", "-d", device, "--duration", "10", "--json", timeout_s=120)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout.splitlines()[-1])["accepted"] > 0
        assert is_off(sim.wait_for("rails", is_off, timeout_s=5))


def test_a_board_is_off_within_a_second_after_its_miner_was_killed(tmp_path: Path) -> None:
    with board(tmp_path / "axe") as (sim, device), Command("mine", "-d", device, "--json") as miner:
        sim.wait_for("rails", is_up, timeout_s=UP_S)
        miner.wait_for("share", timeout_s=UP_S)
        miner.signal(signal.SIGKILL)
        killed_s = time.monotonic()
        sim.wait_for("rails", is_off, timeout_s=10)
        assert time.monotonic() - killed_s < SOON_S


def test_with_miner_and_guard_killed_the_next_start_makes_it_safe_first(tmp_path: Path) -> None:
    with board(tmp_path / "axe") as (sim, device):
        with Command("mine", "-d", device, "--json") as miner:
            miner.wait_for("share", timeout_s=UP_S)
            (guard,) = guards(miner.pid)
            os.kill(miner.pid, signal.SIGSTOP)  # it must not start another
            os.kill(guard, signal.SIGKILL)
            os.kill(miner.pid, signal.SIGKILL)
        rails = [event for event in sim.events if event["event"] == "rails"]
        assert is_up(rails[-1]), "nobody was left to switch it off"
        seen = len(sim.events)
        with Command("mine", "-d", device, "--json") as again:
            again.wait_for("share", timeout_s=UP_S)
        assert is_off(next(event for event in sim.events[seen:] if event["event"] == "rails" and event["reset"]))
