"""The embedded pool, both ends of it: on loopback and in virtual time, in good days and under a storm of faults."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from fractions import Fraction
from random import Random

import pytest

from joulehash.engine.chain.target import difficulty_from_target
from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import InputError
from joulehash.engine.events import Crash, Disconnected, Event, PoolBlock
from joulehash.engine.pool import Demand
from joulehash.engine.pools.embedded import EmbeddedPool
from joulehash.engine.pools.stratum import StratumPool
from joulehash.engine.pools.url import PoolURL
from joulehash.engine.poolserver.server import PoolServer, ServerSettings, serving
from joulehash.engine.stratum.client import Settings
from joulehash.engine.tally import Outcome, Tally
from joulehash.engine.templates.memory import MemoryChain
from joulehash.engine.work import Job
from tests.support.pool_stage import no_tasks_left
from tests.support.shares import share_of
from tests.support.virtual_net import MemoryListener, Network


def test_gives_work_over_tcp_and_ends_clean() -> None:
    async def main() -> None:
        events = list[Event]()
        pool = EmbeddedPool(Settings("joe"), events.append)
        assert pool.name == "the embedded pool"
        assert (await pool.submit(None)).outcome is Outcome.LOST  # type: ignore[arg-type]
        jobs = pool.jobs()
        await pool.start(Demand(1e6))
        assert isinstance(await anext(jobs), Job)
        assert [event for event in events if isinstance(event, Disconnected)] == [], "it was tried before it listened"
        assert "stratum+tcp://127.0.0.1:" in pool.name
        assert pool.stats().connected
        await pool.stop()
        await pool.stop()
        await no_tasks_left()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("demand", "difficulty"),
    [
        (Demand(1e6), 1e6 / 2**32),  # a share a second
        (Demand(1e6, 0, 1e6), 1e6 / 2**32),
        (Demand(41e6, 0, 1e6), 4e6 / 2**32),  # one in four seconds of the slowest
        (Demand(1e12, 0, 1e6), 2e10 / 2**32),  # no more than fifty a second
    ],
)
def test_the_slowest_device_has_its_shares_too(demand: Demand, difficulty: float) -> None:
    async def main() -> None:
        network = Network()
        pool = EmbeddedPool(Settings("joe"), lambda event: None, 60.0, network.listen, network.connect)
        await pool.start(demand)
        jobs = pool.jobs()
        await anext(jobs)  # before the suggestion is heard
        job = await anext(jobs)
        assert job is not None
        assert float(difficulty_from_target(job.target)) == pytest.approx(difficulty, rel=0.05)
        await pool.stop()

    run_virtual(main())


def test_a_server_with_a_bug_is_told_of_and_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its chain goes on, and our client is back within seconds."""
    whole: Callable[[PoolServer], Awaitable[None]] = getattr(PoolServer, "_tick")  # noqa: B009
    runs = list[PoolServer]()

    async def broken(self: PoolServer) -> None:
        runs.append(self)
        if len(runs) > 1:
            await whole(self)
        await asyncio.sleep(1.0)
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(PoolServer, "_tick", broken)

    async def main() -> None:
        network, events = Network(), list[Event]()
        pool = EmbeddedPool(Settings("joe"), events.append, 60.0, network.listen, network.connect)
        await pool.start(Demand())
        jobs, given = pool.jobs(), list[Job | None]()
        async with asyncio.timeout(30):
            while None not in given or given[-1] is None:
                given.append(await anext(jobs))
        (told,) = [event for event in events if isinstance(event, Crash)]
        assert (told.part, told.retry_s) == ("the embedded pool", 1.0)
        assert "ZeroDivisionError: a bug" in told.error
        assert "in broken" in told.traceback
        assert len(runs) == 2
        assert runs[0].address == runs[1].address
        await pool.stop()
        await no_tasks_left()

    run_virtual(main())


def test_a_server_that_cannot_listen_fails_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    async def taken(self: object) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(MemoryListener, "start_serving", taken)

    async def main() -> None:
        network = Network()
        pool = EmbeddedPool(Settings("joe"), lambda event: None, 60.0, network.listen, network.connect)
        with pytest.raises(InputError, match="address already in use"):
            await pool.start(Demand())
        await pool.stop()
        await no_tasks_left()

    run_virtual(main())


@pytest.mark.parametrize("seed", range(2))
def test_every_share_is_accounted_for_whatever_happens_to_the_connection(seed: int) -> None:
    """An hour in which connections are cut, stall, or time out sixty times while shares are under way."""
    random, tally, events = Random(seed), Tally(), list[Event]()
    newest: Job | None = None

    async def send(pool: StratumPool, job: Job, nonce: int) -> None:
        share = share_of(job, nonce)
        tally.open(share.difficulty)
        tally.close(await pool.submit(share))

    async def follow(pool: StratumPool) -> None:
        nonlocal newest
        async for job in pool.jobs():
            newest = job

    async def mine(pool: StratumPool, group: asyncio.TaskGroup) -> None:
        nonce = 0
        while True:
            await asyncio.sleep(random.expovariate(0.5))
            if newest is not None:
                nonce += 1000
                group.create_task(send(pool, newest, nonce))

    async def storm(network: Network) -> None:
        for _ in range(60):
            await asyncio.sleep(random.expovariate(1 / 70))
            for pipe in list(network.pipes):
                random.choice([pipe.cut, pipe.time_out, pipe.stall])()

    async def main() -> None:
        network = Network(latency_s=0.05)
        settings = ServerSettings(difficulty=Fraction(1, 10**12), least_difficulty=Fraction(1, 10**12))
        chain = MemoryChain((1 << 256) // 50, refresh_s=60.0)
        async with serving(PoolServer(chain, settings, events.append, listen=network.listen)) as server:
            url = PoolURL(*server.address)
            pool = StratumPool(url, Settings("joe"), events.append, random=random, connect=network.connect)
            await pool.start(Demand())
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(follow(pool)), group.create_task(mine(pool, group))]
                await storm(network)
                await asyncio.sleep(random.uniform(0.0, 5.0))
                await pool.stop()
                for task in tasks:
                    task.cancel()
        await no_tasks_left()
        assert pool.stats().reconnects >= 30
        assert network.pipes == []

    run_virtual(main())
    assert tally.agrees
    assert tally.pending == 0
    assert tally.accepted > 500
    assert tally.rejected == tally.duplicates == 0
    assert {reason for outcome, reason in tally.reasons if outcome is Outcome.LOST} <= {
        "connection reset by peer",
        "connection timed out",
        "its connection is gone",
        "no answer to a share in 60 s",
        "not connected",
        "stopped",
    }
    blocks = [event for event in events if isinstance(event, PoolBlock)]
    assert len([block for block in blocks if block.accepted]) > 10
    assert {block.reason for block in blocks} <= {"", "stale-prevblk"}
