"""A whole miner in virtual time: devices that search, a group of pools, pools that trust nobody; sums are watched."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from joulehash.engine.clock import run_virtual
from joulehash.engine.events import Event, ShareDone, Summary
from joulehash.engine.miner import Miner

from .group_stage import GroupStage
from .pool_stage import no_tasks_left
from .steady_device import SteadyDevice

SOME = 1e-8  # a difficulty that one hash in 43 meets: what is made of the wrong parts does not


@dataclass
class MineStage(GroupStage):
    """`summary` is there after `mine`."""

    devices: list[SteadyDevice] = field(default_factory=lambda: [SteadyDevice()])

    def __post_init__(self) -> None:
        super().__post_init__()
        self.miner = Miner(self.group, self.devices, self._report)
        self.summary: Summary | None = None
        for pool in self.pools:
            pool.difficulty = SOME

    @property
    def device(self) -> SteadyDevice:
        return self.devices[0]

    @property
    def at(self) -> str | None:
        return None if self.miner.job is None else self.miner.job.pool

    @property
    def outcomes(self) -> list[str]:
        return [event.outcome for event in self.of(ShareDone)]

    async def until_at(self, name: str | None, within_s: float = 60.0) -> float:
        return await self.until(lambda: self.at == name, within_s)

    def mine(self, body: Callable[[], Awaitable[None]]) -> Summary:
        async def main() -> Summary:
            running = asyncio.create_task(self.miner.run())
            try:
                await asyncio.sleep(0.0)
                await body()
            finally:
                self.miner.stop()
                summary = await running
                for pool in self.pools:
                    pool.down()
            await no_tasks_left()
            return summary

        summary = self.summary = run_virtual(main())
        assert summary.pending == 0
        names = ("accepted", "rejected", "stale", "duplicates", "lost")
        for name in names:
            assert getattr(summary, name) == sum(getattr(pool, name) for pool in summary.pools), name
        for name, pool in zip(self.names, self.pools, strict=True):
            accepted = next((told.accepted for told in summary.pools if told.name == name), 0)
            assert accepted <= len(pool.submits), "no more than it was sent"
        return summary

    def _report(self, event: Event) -> None:
        self.events.append(event)
        assert self.miner.tally.agrees
        assert all(tally.agrees for tally in self.miner.shares.pools.values())
