"""A PoolGroup at work on living pools in virtual time, and all that it said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from joulehash.engine.clock import run_virtual
from joulehash.engine.events import Event, PoolSwitched
from joulehash.engine.pool import Demand
from joulehash.engine.pools.group import PoolGroup
from joulehash.engine.pools.member import Policy
from joulehash.engine.pools.stratum import StratumPool
from joulehash.engine.pools.timing import Timing
from joulehash.engine.stratum.settings import Settings
from joulehash.engine.work import Job

from .live_pool import LivePool
from .pool_stage import no_tasks_left
from .virtual_net import Network

E = TypeVar("E", bound=Event)


@dataclass
class GroupStage:
    """Pools a, b, c …, none of them up; jobs are noted with when they came."""

    n: int
    policy: Policy = field(default_factory=Policy)
    quotas: Sequence[int] = ()
    timing: Timing = field(default_factory=Timing)
    called: Sequence[str] = ()  # otherwise than a, b, c

    def __post_init__(self) -> None:
        self.network = Network()
        self.pools = [LivePool(self.network, 1000 + n) for n in range(self.n)]
        self.names = list(self.called) or [chr(ord("a") + n) for n in range(self.n)]
        self.events: list[Event] = []
        self.jobs: list[tuple[float, Job | None]] = []
        members = [
            StratumPool(
                pool.url,
                Settings(f"user.{name}", f"pass.{name}", "joulehash/test"),
                self.events.append,
                self.timing,
                Random(n),
                self.network.connect,
                name,
            )
            for n, (name, pool) in enumerate(zip(self.names, self.pools, strict=True))
        ]
        self.members = members
        self.group = PoolGroup(members, self.events.append, self.policy, self.quotas)

    @property
    def job(self) -> Job | None:
        return self.jobs[-1][1] if self.jobs else None

    @property
    def at(self) -> str | None:
        """The name of the pool that is mined on."""
        return None if self.job is None else self.job.pool

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def switches(self) -> list[tuple[str | None, str | None]]:
        return [(event.before, event.pool) for event in self.of(PoolSwitched)]

    async def up(self) -> None:
        """All pools."""
        for pool in self.pools:
            await pool.up()

    async def until(self, condition: Callable[[], object], within_s: float = 60.0) -> float:
        """When it came true: to a fiftieth of a second, or to a second in waits of more than ten minutes."""
        step_s = 0.02 if within_s <= 600 else 1.0
        async with asyncio.timeout(within_s):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(step_s)
        return self.now

    async def until_at(self, name: str | None, within_s: float = 60.0) -> float:
        return await self.until(lambda: self.jobs and self.at == name, within_s)

    def play(self, body: Callable[[], Awaitable[None]], demand: Demand | None = None) -> None:
        async def main() -> None:
            await self.group.start(demand or Demand())
            reading = asyncio.create_task(self._read())
            try:
                await body()
            finally:
                await self.group.stop()
                await reading
                for pool in self.pools:
                    pool.down()
            await no_tasks_left()

        run_virtual(main())

    async def _read(self) -> None:
        async for job in self.group.jobs():
            self.jobs.append((self.now, job))
