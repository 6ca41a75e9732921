"""A StratumPool at work against a FakePool, on TCP or in virtual time, and all that it said."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from joulehash.engine.clock import run_virtual
from joulehash.engine.events import Event
from joulehash.engine.journal import Journal
from joulehash.engine.pool import Demand
from joulehash.engine.pools.connect import connect as connect_tcp
from joulehash.engine.pools.stratum import StratumPool
from joulehash.engine.pools.timing import Timing
from joulehash.engine.pools.url import PoolURL
from joulehash.engine.stratum.client import Settings
from joulehash.engine.work import Job

from .fake_pool import FakePool, Script
from .virtual_net import Network

E = TypeVar("E", bound=Event)

SETTINGS = Settings("joe.rig1", agent="joulehash/test", suggest_difficulty=None)
QUICK = Timing(connect=5.0, handshake=5.0, answer=5.0, stop=0.3, retry_first=0.05, retry_most=0.1, tick=0.05)


@dataclass
class Stage:
    pool: StratumPool
    fake: FakePool
    network: Network
    events: list[Event]
    step_s: float  # between two looks at a condition
    jobs: list[Job | None] = field(default_factory=list[Job | None])

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, condition: Callable[[], object], within_s: float = 5.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(self.step_s)

    async def job(self) -> Job:
        """The newest one, once there is one."""
        await self.until(lambda: self.jobs and self.jobs[-1] is not None, 600.0)
        job = self.jobs[-1]
        assert job is not None
        return job


Body = Callable[[Stage], Awaitable[None]]


def on_tcp(
    scripts: list[Script],
    body: Body,
    timing: Timing = QUICK,
    settings: Settings = SETTINGS,
    journal: Journal | None = None,
) -> FakePool:
    fake = FakePool(scripts)

    async def main() -> None:
        async with fake.on_tcp() as url, stage(fake, url, timing, settings, None, journal) as played:
            await body(played)
        await no_tasks_left()

    asyncio.run(main())
    fake.check()
    return fake


def in_virtual_time(
    scripts: list[Script], body: Body, timing: Timing | None = None, settings: Settings = SETTINGS
) -> FakePool:
    """With the pool's own timing: minutes pass at once."""
    fake = FakePool(scripts)

    async def main() -> None:
        network = Network()
        async with fake.on(network) as url, stage(fake, url, timing or Timing(), settings, network) as played:
            await body(played)
        await no_tasks_left()

    run_virtual(main())
    fake.check()
    return fake


@asynccontextmanager
async def stage(
    fake: FakePool,
    url: PoolURL,
    timing: Timing,
    settings: Settings,
    network: Network | None = None,
    journal: Journal | None = None,
) -> AsyncGenerator[Stage]:
    events: list[Event] = []
    connect = connect_tcp if network is None else network.connect
    pool = StratumPool(url, settings, events.append, timing, Random(7), connect, journal=journal)
    played = Stage(pool, fake, network or Network(), events, 0.005 if network is None else 0.05)

    async def read() -> None:
        async for job in pool.jobs():
            played.jobs.append(job)

    await pool.start(Demand())
    reading = asyncio.create_task(read())
    try:
        yield played
    finally:
        await pool.stop()
        await reading
        await asyncio.sleep(0)


async def no_tasks_left() -> None:
    await asyncio.sleep(0.01)
    gc.collect()
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert left == []
