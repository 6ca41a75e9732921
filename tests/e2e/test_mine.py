"""`joulehash mine` as a user runs it: a process, a pool over TCP, an account at the end."""

from __future__ import annotations

import json
import subprocess
import sys


def test_mines_on_the_embedded_pool_and_accounts_for_every_share() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "joulehash", "mine", "--shares", "2", "--duration", "60", "--json"],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    events = [json.loads(line) for line in run.stdout.splitlines()]
    summary = events[-1]
    assert summary["event"] == "summary"
    assert summary["accepted"] >= 2
    assert summary["rejected"] == summary["stale"] == summary["hardware_errors"] == summary["pending"] == 0
    assert summary["hashes"] == sum(device["hashes"] for device in summary["devices"]) > 0
