"""`joulehash mine` as a user runs it: a process, a pool over TCP, an account at the end."""

from __future__ import annotations

import json
import signal
import time

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


def test_without_a_terminal_it_prints_plain_lines() -> None:
    done = run("mine", "--duration", "1")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert "mines on the embedded pool with cpu" in lines[0]
    assert lines[-2].startswith("accepted ")
