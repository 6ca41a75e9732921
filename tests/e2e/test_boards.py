"""`joulehash mine` with boards as a user runs it; and a board that is switched off though the miner was killed.

The board is a simulator in a process of its own, behind pseudo-terminals, that tells its rails.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import dropwhile, takewhile
from pathlib import Path

import pytest

from tests.support.command import Command, Event, guards, run
from tests.support.lateness import Lateness

pytestmark = [pytest.mark.long, pytest.mark.alone]

UP_S = 120.0  # of a loaded machine; eleven seconds of it are the ramp
SOON_S = 1.0  # in which a board is off after its miner has died
LEAST_S = 30.0  # of mining together
IN_TIME_S = 0.02
TELLING = {"sim:bitaxe-gamma": 525.0, "sim:compac-f": 200.0}  # their MHz


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


def is_rising(rails: Event) -> bool:
    return bool(rails["core_v"] > 0 and rails["reset"])


def rails_of(sim: Command) -> list[Event]:
    """All so far; the last is how it is now."""
    return [event for event in sim.events if event["event"] == "rails"]


def test_several_boards_and_the_cpu_mine_on_the_embedded_pool() -> None:
    """For half a minute at least, and until each has had a share. Where the machine has no time: the Compac F is
    through its work in 84 ms and hashes it again; and the last shares may find no answer before the end."""
    devices = ("sim:bitaxe-gamma", "sim:compac-f", "sim:icarus", "cpu")
    chosen = [word for device in devices for word in ("-d", device)]
    with Lateness() as machine, Command("mine", *chosen, "--duration", "300", "--json") as miner:
        miner.wait_for("job")
        time.sleep(LEAST_S)
        miner.wait_until(lambda events: all(shares(events, device) for device in devices), UP_S)
        miner.wait_until(lambda events: set(TELLING) <= {event["device"] for event in figures(events)}, UP_S)
        miner.signal(signal.SIGINT)
        assert miner.end() == (0, "")
        summary = miner.events[-1]
    assert summary["duration_s"] >= LEAST_S
    assert summary["rejected"] == summary["hardware_errors"] == 0, summary
    in_time = machine.worst_s <= IN_TIME_S
    assert summary["pending"] == 0
    assert summary["lost"] == 0 or not in_time
    assert {device["name"]: device["accepted"] > 0 for device in summary["devices"]} == dict.fromkeys(devices, True)
    late = set[str]() if in_time else {"sim:compac-f"}
    repeats = {device["name"]: device["repeats"] for device in summary["devices"]}
    assert all(repeats[name] == 0 for name in set(devices) - late), f"a header was hashed twice: {repeats}"
    assert summary["duplicates"] <= sum(repeats.values())
    assert {event["device"]: event["mhz"] for event in figures(miner.events)} == TELLING
    gamma = [event for event in figures(miner.events) if event["device"] == "sim:bitaxe-gamma"]
    gamma = [event for event in gamma if event["mhz"] is not None]  # until then it comes up
    assert gamma
    assert all(event["watts"] > 4 and event["celsius"] > 20 for event in gamma)  # 20 W when it hashes


def shares(events: list[Event], device: str) -> list[Event]:
    return [e for e in events if e["event"] == "share" and e["device"] == device and e["outcome"] == "accepted"]


def figures(events: list[Event]) -> list[Event]:
    return [event for event in events if event["event"] == "device_figures"]


def test_a_board_at_a_port_mines_and_is_off_after_an_orderly_end(tmp_path: Path) -> None:
    with board(tmp_path / "axe") as (sim, device):
        done = run("mine", "-d", device, "--shares", "1", "--json", timeout_s=UP_S)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout.splitlines()[-1])["accepted"] > 0
        assert is_off(sim.wait_for("rails", is_off, timeout_s=5))


def test_a_board_is_off_within_a_second_after_its_miner_was_killed(tmp_path: Path) -> None:
    with board(tmp_path / "axe") as (sim, device), Command("mine", "-d", device, "--json") as miner:
        sim.wait_for("rails", is_up, timeout_s=UP_S)
        miner.wait_for("share", timeout_s=UP_S)
        with Lateness() as machine:
            miner.signal(signal.SIGKILL)
            sim.wait_for("rails", is_off, timeout_s=10)
            assert machine.own_s < SOON_S


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize(
    ("moment", "later_s"),
    [(is_rising, 0.0), (is_up, 0.0), (is_up, 0.5), (is_up, 5.0)],
    ids=["with the first volt", "out of reset", "while chips are counted", "in the ramp"],
)
def test_a_board_that_comes_up_is_off_within_a_second_after_a_signal(
    tmp_path: Path, moment: Callable[[Event], bool], later_s: float, number: signal.Signals
) -> None:
    with board(tmp_path / "axe") as (sim, device), Command("mine", "-d", device, "--json") as miner:
        sim.wait_for("rails", moment, timeout_s=UP_S)
        time.sleep(later_s)
        with Lateness() as machine:
            miner.signal(number)
            sim.wait_for("rails", is_off, timeout_s=10)
            assert machine.own_s < SOON_S
        code, said = miner.end()
        if number is signal.SIGKILL:
            assert code == -signal.SIGKILL
            assert said.startswith("joulehash: the miner is dead; ")
            assert said.endswith(" was switched off\n")
            assert said.count("\n") == 1
        elif any(event["event"] == "device_failed" for event in miner.events):  # a loaded machine: it was tried again
            assert code == 2
            assert said.startswith("joulehash: no device has worked: ")
            assert said.count("\n") == 1
        else:
            assert (code, said) == (0, "")
            assert [event["event"] for event in miner.events if event["event"] != "note"] == ["started", "summary"]
        assert is_off(rails_of(sim)[-1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_that_has_no_volt_yet_gets_none(tmp_path: Path, number: signal.Signals) -> None:
    with board(tmp_path / "axe") as (sim, device), Command("mine", "-d", device, "--json") as miner:
        miner.wait_for("started", timeout_s=UP_S)
        miner.signal(number)
        assert miner.end() == (0, "")
        assert [event["event"] for event in miner.events if event["event"] != "note"] == ["started", "summary"]
        assert all(rails["core_v"] == 0 for rails in rails_of(sim))


def test_with_miner_and_guard_killed_the_next_start_makes_it_safe_first(tmp_path: Path) -> None:
    with board(tmp_path / "axe") as (sim, device):
        with Command("mine", "-d", device, "--json") as miner:
            miner.wait_for("share", timeout_s=UP_S)
            stop_while_up(miner, sim)  # it must not start another guard
            (guard,) = guards(miner.pid)
            os.kill(guard, signal.SIGKILL)
            os.kill(miner.pid, signal.SIGKILL)
        time.sleep(2 * SOON_S)
        assert is_up(rails_of(sim)[-1]), "nobody was left to switch it off"
        seen = len(rails_of(sim))
        with Command("mine", "-d", device, "--json") as again:
            again.wait_for("share", timeout_s=UP_S)
        since = list(dropwhile(lambda rails: not rails["reset"], rails_of(sim)[seen:]))
        before_release = list(takewhile(lambda rails: rails["reset"], since))
        assert len(since) > len(before_release) > 0, "it was held, and let go"
        assert any(is_off(rails) for rails in before_release), before_release


def stop_while_up(miner: Command, sim: Command) -> None:
    """At a moment when the board has power; on a loaded machine it may just be started again."""
    until_s = time.monotonic() + UP_S
    while time.monotonic() < until_s:
        miner.signal(signal.SIGSTOP)
        time.sleep(0.3)  # for what is on its way
        if is_up(rails_of(sim)[-1]):
            return
        miner.signal(signal.SIGCONT)
        time.sleep(1.0)
    raise AssertionError(f"the board was not up in {UP_S} s: {rails_of(sim)[-3:]}, {miner.events[-5:]}")
