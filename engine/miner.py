"""The miner: one pool, some devices, a judge between them, and a tally that always agrees.

Jobs go out as assignments, claims come in, shares leave. A device that fails is stopped, reported and started again
with backoff while the others go on; the pool sees to itself. Nothing here prints.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from .chain.header import hash_text
from .device import Device
from .errors import DeviceError
from .events import DeviceFailed, DeviceSummary, HardwareError, Report, ShareDone, Summary
from .judge import Fate, Judge, Quality, Verdict
from .pool import Demand, Pool
from .rates import RateMeter
from .space import HeaderSpace
from .tally import Outcome, Result, Tally
from .work import Assignment, Found, Job

_SPACES = 64  # jobs whose used headers are remembered
_RETRY_FIRST_S, _RETRY_MOST_S = 1.0, 60.0
_FATES = {
    Fate.STALE: Outcome.STALE,
    Fate.DUPLICATE: Outcome.DUPLICATE,
    Fate.OUTSIDE_MASK: Outcome.STALE,  # the pool has changed the mask meanwhile
    Fate.OUTSIDE_NTIME: Outcome.REJECTED,
}


@dataclass(slots=True)
class DeviceState:
    """What the miner knows of a device."""

    device: Device
    tally: Tally = field(default_factory=Tally)
    meter: RateMeter = field(default_factory=RateMeter)
    failure: str = ""  # empty while it runs


class Miner:
    """`await run()`; `stop()` from anywhere in the loop ends it in good order."""

    def __init__(self, pool: Pool, devices: Sequence[Device], report: Report) -> None:
        self.pool = pool
        self.devices = {device.name: DeviceState(device) for device in devices}
        self.tally = Tally()
        self.meter = RateMeter()
        self.job: Job | None = None
        self.started_s = self.stopped_s = 0.0
        self._report = report
        self._judge = Judge()
        self._spaces: OrderedDict[object, HeaderSpace] = OrderedDict()
        self._stopping = asyncio.Event()
        self._shares_wanted: int | None = None

    def stop(self) -> None:
        self._stopping.set()

    @property
    def duration_s(self) -> float:
        return (self.stopped_s or asyncio.get_running_loop().time()) - self.started_s

    @property
    def hashes(self) -> int:
        """Counted by all devices that count."""
        return sum(state.device.stats().hashes or 0 for state in self.devices.values())

    async def run(self, duration_s: float | None = None, shares: int | None = None) -> Summary:
        """Mine until stopped, for `duration_s`, or until `shares` are accepted. Raises InputError before it begins."""
        loop = asyncio.get_running_loop()
        self._shares_wanted = shares
        try:
            for state in self.devices.values():
                await self._start(state)
            await self.pool.start(self._demand())
            self.started_s = loop.time()
            async with asyncio.TaskGroup() as group:
                background = [group.create_task(self._follow_pool()), group.create_task(self._sample())]
                running = [group.create_task(self._run_device(state, group)) for state in self.devices.values()]
                timer = None if duration_s is None else loop.call_later(duration_s, self.stop)
                await self._stopping.wait()
                if timer is not None:
                    timer.cancel()
                for state in self.devices.values():
                    await state.device.stop()
                await asyncio.wait(running)
                self.stopped_s = loop.time()
                await self.pool.stop()  # settles every share that is still out
                for task in background:
                    task.cancel()
        finally:
            for state in self.devices.values():
                await state.device.stop()
            await self.pool.stop()
        return self.summary()

    def summary(self) -> Summary:
        """The account of now, or of the end."""
        t, hashes, duration_s = self.tally, self.hashes, self.duration_s
        return Summary(
            duration_s=round(duration_s, 3),
            hashes=hashes,
            rate_hps=round(hashes / duration_s, 1) if duration_s > 0 else 0.0,
            accepted=t.accepted,
            rejected=t.rejected,
            stale=t.stale,
            duplicates=t.duplicates,
            lost=t.lost,
            pending=t.pending,
            hardware_errors=t.hardware_errors,
            blocks=t.blocks,
            starved_s=round(sum(s.device.stats().starved_s for s in self.devices.values()), 3),
            devices=[
                DeviceSummary(name, s.device.stats().hashes, s.tally.accepted, s.tally.hardware_errors)
                for name, s in self.devices.items()
            ],
        )

    def _demand(self) -> Demand:
        wants = [state.device.capabilities for state in self.devices.values()]
        known = [want.nominal_hps for want in wants if want.nominal_hps is not None]
        return Demand(sum(known) if known else None, max((want.version_bits for want in wants), default=0))

    # Jobs

    async def _follow_pool(self) -> None:
        async for job in self.pool.jobs():
            before, self.job = self.job, job
            if job is not None or before is not None:
                self._judge.accept(job)
            clean = job is None or job.clean or before is None or before.prev_hash != job.prev_hash
            for state in self.devices.values():
                if not state.failure:
                    state.device.give(self._assignment(), clean=clean)

    def _assignment(self) -> Assignment | None:
        job = self.job
        if job is None:
            return None
        space = self._spaces.setdefault(job.content, HeaderSpace(job.extranonce2_size))
        self._spaces.move_to_end(job.content)
        if len(self._spaces) > _SPACES:
            self._spaces.popitem(last=False)
        return Assignment(job, space, asyncio.get_running_loop().time, job.target)

    # Devices

    async def _start(self, state: DeviceState) -> None:
        try:
            await state.device.start()
        except DeviceError as error:
            state.failure = str(error)

    async def _run_device(self, state: DeviceState, group: asyncio.TaskGroup) -> None:
        """Supervise a device: never raises, never gives up before the miner stops."""
        device, retry_s = state.device, _RETRY_FIRST_S
        while True:
            if not state.failure:
                device.give(self._assignment(), clean=True)
                try:
                    async for found in device.found():
                        self._weigh(found, state, group)
                        retry_s = _RETRY_FIRST_S
                except DeviceError as error:
                    state.failure = str(error)
            if self._stopping.is_set():
                return
            self._report(DeviceFailed(device.name, state.failure or "it ended by itself", retry_s))
            await device.stop()
            try:
                async with asyncio.timeout(retry_s):
                    await self._stopping.wait()
                return
            except TimeoutError:
                retry_s = min(2 * retry_s, _RETRY_MOST_S)
                state.failure = ""
                await self._start(state)

    async def _sample(self) -> None:
        """Read the counters once a second."""
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            for state in self.devices.values():
                state.meter.sample(now, state.device.stats().hashes or 0)
            self.meter.sample(now, self.hashes)
            await asyncio.sleep(1.0)

    # Shares

    def _weigh(self, found: Found, state: DeviceState, group: asyncio.TaskGroup) -> None:
        """Judge a claim, count it, and send it if it is a share."""
        verdict = self._judge.judge(found, asyncio.get_running_loop().time())
        tallies = (self.tally, state.tally)
        if verdict.quality is Quality.FALSE:
            for tally in tallies:
                tally.hardware_errors += 1
            self._report(HardwareError(found.device, f"{found.nonce:08x}"))
            return
        for tally in tallies:
            tally.claims += 1
            if verdict.quality >= Quality.SHARE:
                tally.open(verdict.difficulty)
        if verdict.sendable:
            group.create_task(self._send(verdict, state))
        elif verdict.quality >= Quality.SHARE:
            self._close(verdict, state, Result(_FATES[verdict.fate], verdict.fate.value))

    async def _send(self, share: Verdict, state: DeviceState) -> None:
        self._close(share, state, await self.pool.submit(share))

    def _close(self, share: Verdict, state: DeviceState, result: Result) -> None:
        block = share.quality is Quality.BLOCK
        for tally in (self.tally, state.tally):
            tally.close(result, block=block)
        self._report(
            ShareDone(
                self.pool.name,
                state.device.name,
                result.outcome.value,
                result.reason,
                float(share.difficulty),
                block,
                hash_text(share.hash.to_bytes(32, "little")),
                result.latency_s,
            )
        )
        if self._shares_wanted is not None and self.tally.accepted >= self._shares_wanted:
            self.stop()
