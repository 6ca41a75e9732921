"""Mining on virtual time with boards as the user names them, on the embedded pool over a network in memory; and what
came of it, with the course of every simulated board's rails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from unittest.mock import patch

from joulehash.app.devices import Devices
from joulehash.app.options import MineOptions
from joulehash.engine.clock import run_virtual
from joulehash.engine.device import DeviceStats
from joulehash.engine.events import (
    DeviceAlarm,
    DeviceFailed,
    DeviceSummary,
    Event,
    JobReceived,
    ShareDone,
    Summary,
)
from joulehash.engine.miner import Miner
from joulehash.engine.pools.embedded import EmbeddedPool
from joulehash.engine.stratum.client import Settings
from joulehash.hw.sim import serve
from joulehash.hw.sim.board import Rails
from joulehash.hw.sim.run import Simulated
from tests.support.virtual_net import Network

_EPOCH_S = 1_800_000_000  # of the chain: the same is hashed in every run
_STEP_S = 0.03  # boards speak this often; three times as seldom as they do elsewhere, for a third of the work


@dataclass
class Mined:
    """`rails`: of each board, when they changed and to what; `sims`: the boards, by the names of their devices."""

    events: list[tuple[float, Event]] = field(default_factory=list[tuple[float, Event]])
    jobs: list[JobReceived] = field(default_factory=list[JobReceived])
    rails: dict[str, list[tuple[float, Rails]]] = field(default_factory=dict[str, list[tuple[float, Rails]]])
    sims: dict[str, Simulated] = field(default_factory=dict[str, Simulated])
    stats: dict[str, DeviceStats] = field(default_factory=dict[str, DeviceStats])
    summary: Summary | None = None

    def failures(self, device: str) -> list[tuple[float, DeviceFailed]]:
        return [(at, e) for at, e in self.events if isinstance(e, DeviceFailed) and e.device == device]

    def alarms(self, device: str) -> list[tuple[float, str]]:
        return [(at, e.text) for at, e in self.events if isinstance(e, DeviceAlarm) and e.device == device]

    def shares(self, device: str) -> list[tuple[float, ShareDone]]:
        return [(at, e) for at, e in self.events if isinstance(e, ShareDone) and e.device == device]

    @property
    def moved_on(self) -> bool:
        """A job has made older ones stale: by a block, or as the chain's difficulty follows the devices."""
        return any(job.clean for job in self.jobs[1:])

    def of(self, device: str) -> DeviceSummary:
        assert self.summary is not None
        return next(one for one in self.summary.devices if one.name == device)


def mined(names: Sequence[str], seconds: float, meddle: Callable[[Mined], None] = lambda _: None) -> Mined:
    """`meddle` is called in the loop, before the miner starts."""

    async def main() -> Mined:
        loop = asyncio.get_running_loop()
        found, network = Mined(), Network()
        devices = Devices(MineOptions(device=list(names)))
        async with AsyncExitStack() as stack:
            for beside in devices.beside:
                simulated = await stack.enter_async_context(beside)
                assert isinstance(simulated, Simulated)
                _follow(found, f"sim:{simulated.name}", simulated)
            meddle(found)

            def heard(event: Event) -> None:
                if isinstance(event, JobReceived):
                    found.jobs.append(event)

            pool = EmbeddedPool(
                Settings("joe"), heard, 60.0, network.listen, network.connect, lambda: _EPOCH_S + loop.time()
            )
            miner = Miner(pool, devices.all, lambda event: found.events.append((loop.time(), event)))
            found.summary = await miner.run(seconds)
            found.stats = {device.name: device.stats() for device in devices.all}
            await asyncio.sleep(0.1)  # for the last of the rails
        return found

    with patch.object(serve, "STEP_S", _STEP_S):
        return run_virtual(main())


def _follow(found: Mined, name: str, simulated: Simulated) -> None:
    found.sims[name] = simulated
    course = found.rails[name] = []
    simulated.report = lambda rails: course.append((asyncio.get_running_loop().time(), rails))
