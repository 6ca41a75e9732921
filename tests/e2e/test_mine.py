"""`joulehash mine` as a user runs it: a process, a pool over TCP, an account at the end."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from joulehash.engine.chain.header import Header
from joulehash.engine.poolserver import session
from joulehash.engine.poolserver.book import Fault, Hashed, PoolJob, hash_share
from joulehash.engine.poolserver.server import PoolServer, ServerSettings, serving
from joulehash.engine.stratum.messages import Submit
from joulehash.engine.templates.memory import MemoryChain
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
    "energy",
    "pools",
]


def test_mines_on_the_embedded_pool_and_accounts_for_every_share() -> None:
    done = run("mine", "--shares", "2", "--duration", "60", "--json", timeout_s=90)
    assert (done.returncode, done.stderr) == (0, "")
    summary = json.loads(done.stdout.splitlines()[-1])
    assert list(summary) == SUMMARY
    assert summary["accepted"] >= 2
    assert summary["rejected"] == summary["stale"] == summary["hardware_errors"] == summary["pending"] == 0
    assert summary["hashes"] == sum(device["hashes"] for device in summary["devices"]) > 0


def test_its_shares_carry_the_versions_that_it_rolled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool here, in this process, tells what came over TCP and which header it made of it."""
    noted: list[tuple[int | None, int]] = []

    def note(job: PoolJob, submit: Submit, extranonce1: bytes, mask: int) -> Hashed | Fault:
        hashed = hash_share(job, submit, extranonce1, mask)
        assert isinstance(hashed, Hashed), hashed
        noted.append((submit.version_bits, Header.parse(hashed.header).version ^ job.template.version))
        return hashed

    async def main() -> subprocess.CompletedProcess[str]:
        async with serving(PoolServer(MemoryChain(1 << 200), ServerSettings(), lambda _: None)) as server:
            host, port = server.address
            url = ("-o", f"stratum+tcp://{host}:{port}", "-u", "me")
            wanted = ("--difficulty", "0.000001", "--shares", "12", "--duration", "60", "--json")
            return await asyncio.to_thread(run, "mine", *url, *wanted, timeout_s=90)

    monkeypatch.setattr(session, "hash_share", note)
    done = asyncio.run(main())
    assert (done.returncode, done.stderr) == (0, "")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["version_mask"] for event in events if event["event"] == "connected"] == ["1fffe000"]
    assert events[-1]["accepted"] >= 12
    assert events[-1]["rejected"] == events[-1]["hardware_errors"] == 0
    assert all(bits is not None and rolled & ~0x1FFFE000 == 0 for bits, rolled in noted)
    assert len({rolled for _, rolled in noted}) > 1, "of sixteen versions more than one"


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
