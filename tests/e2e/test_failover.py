"""`joulehash mine` with two pools over real TCP, the first of which is killed and started again."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time

from tests.support.command import Command, Event


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def pool_on(port: int) -> Command:
    pool = Command("pool", "--listen", f"127.0.0.1:{port}", "--block-every", "1000", "--difficulty", "0.0001", "--json")
    pool.wait_for("pool_template")
    return pool


def taken(*pools: Command) -> int:
    """Shares that they have accepted."""
    return sum(event["event"] == "pool_share" and event["code"] == 0 for pool in pools for event in pool.events)


def test_it_fails_over_and_back_and_accounts_for_every_share() -> None:
    ports = free_port(), free_port()
    a, b = (f"stratum+tcp://127.0.0.1:{port}" for port in ports)
    arguments = ("-o", a, "-u", "me", "-o", b, "-u", "my.backup", "--failback", "2", "-t", "1", "--json")

    def of(pool: str) -> int:
        return sum(event["event"] == "share" and event["pool"] == pool for event in miner.events)

    def enough(pool: str, shares: int) -> None:
        at_first = of(pool)
        miner.wait_until(lambda _: of(pool) >= at_first + shares)

    with pool_on(ports[0]) as first, pool_on(ports[1]) as second, Command("mine", *arguments) as miner:
        miner.wait_for("connected", lambda event: event["pool"] == a)
        enough(a, 3)
        first.signal(signal.SIGKILL)
        switched = miner.wait_for("pool_switched")
        assert (switched["before"], switched["pool"]) == (a, b)
        enough(b, 3)
        with pool_on(ports[0]) as again:
            switched = miner.wait_for("pool_switched")
            assert (switched["before"], switched["pool"], switched["reason"]) == (b, a, "it is back")
            enough(a, 3)
            miner.signal(signal.SIGINT)
            assert miner.end(10) == (0, "")
            summary: Event = miner.events[-1]
            tallies = {pool["name"]: pool for pool in summary["pools"]}
            assert list(tallies) == [a, b]
            for name, servers in ((a, (first, again)), (b, (second,))):
                tally = tallies[name]
                assert tally["accepted"] >= 3
                assert tally["rejected"] == 0
                assert tally["accepted"] <= taken(*servers) <= tally["accepted"] + tally["lost"]
            for outcome in ("accepted", "rejected", "stale", "duplicates", "lost"):
                assert summary[outcome] == sum(tally[outcome] for tally in tallies.values())
            assert summary["pending"] == 0
            users = {event["user"] for event in second.events if event["event"] == "pool_share"}
            assert users == {"my.backup"}


def test_a_signal_chooses_the_next_pool_and_another_the_first_again() -> None:
    ports = free_port(), free_port()
    a, b = (f"stratum+tcp://127.0.0.1:{port}" for port in ports)
    arguments = ("-o", a, "-u", "me", "-o", b, "-u", "my.backup", "--failback", "0", "-t", "1", "--json")
    with pool_on(ports[0]), pool_on(ports[1]), Command("mine", *arguments) as miner:
        miner.wait_for("share", lambda event: event["pool"] == a)
        miner.signal(signal.SIGUSR1)
        switched = miner.wait_for("pool_switched")
        assert (switched["before"], switched["pool"], switched["reason"]) == (a, b, "chosen by hand")
        miner.wait_for("share", lambda event: event["pool"] == b)
        miner.signal(signal.SIGUSR2)
        switched = miner.wait_for("pool_switched")
        assert (switched["before"], switched["pool"]) == (b, a)
        miner.wait_for("share", lambda event: event["pool"] == a)
        miner.signal(signal.SIGINT)
        assert miner.end(10) == (0, "")
        summary = miner.events[-1]
    assert (summary["rejected"], summary["lost"], summary["duplicates"]) == (0, 0, 0)


def test_a_key_on_the_screen_chooses_a_pool() -> None:
    ports = free_port(), free_port()
    urls = [f"stratum+tcp://127.0.0.1:{port}" for port in ports]
    arguments = [sys.executable, "-m", "joulehash", "mine", "-t", "1", "-u", "me", "-o", urls[0], "-o", urls[1]]
    ours, theirs = pty.openpty()
    with pool_on(ports[0]), pool_on(ports[1]):
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "40"}
        miner = subprocess.Popen(
            arguments, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        try:
            shown = Shown(ours)
            shown.wait_for("keys: 1-2 choose a pool, 0 in order")
            shown.wait_for(r"accepted")
            os.write(ours, b"2")
            shown.wait_for(rf"{ports[1]}: chosen by hand")
            os.write(ours, b"0")
            shown.wait_for("in the order that was given")
            miner.send_signal(signal.SIGINT)
            shown.wait_for(r"rejected|reject")
            assert miner.wait(10) == 0
        finally:
            miner.kill()
            miner.wait()
            os.close(ours)


class Shown:
    """What comes out at a terminal, without its escape sequences and line ends."""

    def __init__(self, terminal: int) -> None:
        self._terminal, self._text = terminal, ""

    def wait_for(self, pattern: str, timeout_s: float = 60.0) -> None:
        """What is read once is not found again. AssertionError after that time."""
        end_s = time.monotonic() + timeout_s
        while (found := re.search(pattern, self._text)) is None:
            assert time.monotonic() < end_s, f"no {pattern!r} in {self._text[-3000:]}"
            if select.select([self._terminal], [], [], 0.2)[0]:
                read = os.read(self._terminal, 65536).decode("utf-8", "replace")
                self._text += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\n]", "", read)
        self._text = self._text[found.end() :]
