"""`joulehash mine` with two pools over real TCP, the first of which is killed and started again."""

from __future__ import annotations

import signal
import socket

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
