"""`joulehash mine` as a user runs it: a process, a pool over TCP, an account at the end."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from tests.support.command import Command, run

SUMMARY = [
    "event",
    "duration_s",
    "hashes",
    "rate_hps",
    "accepted",
    "rejected",
    "stale",
    "duplicates",
    "lost",
    "pending",
    "hardware_errors",
    "blocks",
    "starved_s",
    "devices",
]


def test_mines_on_the_embedded_pool_and_accounts_for_every_share() -> None:
    done = run("mine", "--shares", "2", "--duration", "60", "--json", timeout_s=90)
    assert (done.returncode, done.stderr) == (0, "")
    summary = json.loads(done.stdout.splitlines()[-1])
    assert list(summary) == SUMMARY
    assert summary["accepted"] >= 2
    assert summary["rejected"] == summary["stale"] == summary["hardware_errors"] == summary["pending"] == 0
    assert summary["hashes"] == sum(device["hashes"] for device in summary["devices"]) > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_an_account_and_exit_code_0(number: signal.Signals) -> None:
    with Command("mine", "--json") as miner:
        miner.wait_for("job")
        miner.signal(number)
        sent_s = time.monotonic()
        assert miner.end(10) == (0, "")
        assert time.monotonic() - sent_s < 5  # a second is promised; the machine may be busy
        summary = miner.events[-1]
    assert summary["event"] == "summary"
    assert summary["pending"] == 0


@pytest.mark.parametrize("times", [1, 2])
def test_a_signal_while_numba_compiles_ends_it_at_once(times: int, tmp_path: Path) -> None:
    with Command("mine", "--json", "--kernel", "numba", environment={"NUMBA_CACHE_DIR": str(tmp_path)}) as miner:
        miner.wait_for("started")
        time.sleep(1.0)  # it is busy in LLVM now
        for _ in range(times):
            miner.signal(signal.SIGINT)
        sent_s = time.monotonic()
        assert miner.end(10) == (0, "")
        assert time.monotonic() - sent_s < 3
        assert [event["event"] for event in miner.events] == ["started", "summary"]


@pytest.mark.parametrize("wait_s", [0.0, 0.2])
def test_two_signals_end_it_with_an_account_too(wait_s: float) -> None:
    with Command("mine", "--json") as miner:
        miner.wait_for("job")
        miner.signal(signal.SIGINT)
        time.sleep(wait_s)
        miner.signal(signal.SIGINT)
        assert miner.end(10) == (0, "")
        assert miner.events[-1]["event"] == "summary"
        assert miner.events[-1]["pending"] == 0


def test_a_signal_in_the_first_moment_is_not_lost() -> None:
    with Command("mine", "--json") as miner:
        miner.wait_for("started")
        miner.signal(signal.SIGINT)
        assert miner.end(10) == (0, "")
        assert miner.events[-1]["event"] == "summary"


def test_without_a_terminal_it_prints_plain_lines() -> None:
    done = run("mine", "--duration", "1")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert "mines on the embedded pool with cpu" in lines[0]
    assert lines[-2].startswith("accepted ")
