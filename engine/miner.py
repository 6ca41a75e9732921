"""The miner: one pool, some devices, and between them the shares.

Jobs go out as assignments; claims come in and are weighed (shares.py). A device that fails is stopped, reported and
started again with backoff while the others go on; one that was unplugged is told once, and looked for until it is back.
Mining begins with the first that is ready; the others join it. While it mines devices may be added, and removed. The
pool sees to itself. Nothing here prints.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from .account import DeviceState, summary_of
from .crash import crash, in_words
from .device import Device
from .errors import DeviceError, InputError, cause
from .events import DeviceAlarm, DeviceFailed, DeviceFigures, Report, Summary
from .pool import Demand, Pool
from .rates import RateMeter
from .shares import Shares
from .spaces import HeaderSpaces
from .work import Assignment, Job

_RETRY_FIRST_S, _RETRY_MOST_S = 1.0, 60.0
_LOOK_MOST_S = 5.0  # the same of one that is not plugged in
_STABLE_S = 60.0  # a device that ran so long begins its backoff anew
_FIGURES_S = 10.0  # between what a device tells of itself
_STOP_S = 10.0  # a device that has not stopped by then is left behind


Starts: TypeAlias = Mapping[str, asyncio.Task[None]]  # the first of each device


class Miner:
    """`await run()`, once; `stop()` from anywhere in the loop ends it in good order."""

    def __init__(self, pool: Pool, devices: Sequence[Device], report: Report) -> None:
        self.pool = pool
        self.devices = {device.name: DeviceState(device) for device in devices}
        self.shares = Shares(pool, report, self._settled)
        self.tally = self.shares.tally
        self.meter = RateMeter()
        self.job: Job | None = None
        self.started_s: float | None = None  # the loop's clock; None: not yet
        self.stopped_s: float | None = None
        self._report = report
        self._spaces = HeaderSpaces()
        self.removed: list[DeviceState] = []  # their accounts stay
        self._group: asyncio.TaskGroup | None = None  # while it mines
        self._supervisors: dict[str, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()
        self._pool_open = False
        self._shares_wanted: int | None = None

    def stop(self) -> None:
        self._stopping.set()
        self.shares.hurry()

    @property
    def mining(self) -> bool:
        """Devices may be added and removed."""
        return self._group is not None and not self._stopping.is_set()

    def add(self, device: Device) -> None:
        """One more, while it mines: started, and begun again, like the others. ValueError: its name is taken."""
        assert self._group is not None, "it does not mine"
        if device.name in self.devices:
            raise ValueError(f"{device.name} mines already")
        state = self.devices[device.name] = DeviceState(device)
        start = self._group.create_task(self._start_added(state))
        self._supervisors[device.name] = self._group.create_task(self._run_device(state, self._group, start))

    async def remove(self, name: str) -> None:
        """Stop one, while the others go on; its last claims are weighed, its account stays. KeyError: there is none."""
        state, supervisor = self.devices.pop(name), self._supervisors.pop(name)
        self.removed.append(state)
        state.leaving = True
        await self._end(state, supervisor)

    @property
    def duration_s(self) -> float:
        """Of mining; 0 before it began."""
        if self.started_s is None:
            return 0.0
        return (asyncio.get_running_loop().time() if self.stopped_s is None else self.stopped_s) - self.started_s

    @property
    def why_idle(self) -> str:
        """Why none of the devices has ever taken work; empty: one has, or none has failed to."""
        if any(state.worked for state in self.devices.values()):
            return ""
        failures = {name: state.failure for name, state in self.devices.items() if state.failure}
        return "; ".join(f"{name}: {why.removeprefix(f'{name}: ')}" for name, why in failures.items())

    @property
    def hashes(self) -> int:
        """Of all devices: counted where they count, else those that their claims stand for."""
        return sum(state.hashes or 0 for state in self._states)

    @property
    def _states(self) -> list[DeviceState]:
        return [*self.devices.values(), *self.removed]

    async def run(self, duration_s: float | None = None, shares: int | None = None) -> Summary:
        """Mine until stopped, until `shares` are accepted, or for `duration_s` after each device has started, or failed
        to.

        Raises InputError and NodeError for what cannot begin. However it ends, devices and pool are closed, and no
        share is pending.
        """
        self._shares_wanted = shares
        starts = {name: asyncio.create_task(self._start(state)) for name, state in self.devices.items()}
        try:
            if await self._is_ready(starts):
                self._pool_open = True
                await self.pool.start(self._demand())
                await self._mine(starts, duration_s)
        except BaseExceptionGroup as group:
            error = cause(group)
            raise error from error.__cause__
        finally:
            for start in starts.values():
                start.cancel()
            await asyncio.gather(*starts.values(), return_exceptions=True)
            await self._close()
        return self.summary()

    async def _is_ready(self, starts: Starts) -> bool:
        """Wait until a device takes work, or none does; and for those whose rate nobody knows yet, as the pool is told
        the sum. False: stopped before. Raises InputError."""
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            while not self._stopping.is_set():
                done = [state for name, state in self.devices.items() if starts[name].done()]
                for state in done:
                    starts[state.device.name].result()
                unknown = [
                    state
                    for state in self.devices.values()
                    if state not in done and state.device.capabilities.nominal_hps is None
                ]
                if not unknown and (len(done) == len(starts) or not all(state.failure for state in done)):
                    return True
                waiting = [start for start in starts.values() if not start.done()]
                await asyncio.wait([stopping, *waiting], return_when=asyncio.FIRST_COMPLETED)
            return False
        finally:
            stopping.cancel()

    async def _mine(self, starts: Starts, duration_s: float | None) -> None:
        """Everything that runs while mining; from the outside in: devices stop first, then the pool."""
        loop = asyncio.get_running_loop()
        self.started_s = loop.time()
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                background = [group.create_task(self._follow_pool()), group.create_task(self._sample())]
                if duration_s is not None:
                    background.append(group.create_task(self._stop_after(duration_s, starts)))
                self._supervisors = {
                    name: group.create_task(self._run_device(state, group, starts[name]))
                    for name, state in self.devices.items()
                }
                await self._stopping.wait()
                await self._stop_devices()
                self.stopped_s = loop.time()
                await self._stop_pool()  # settles every share that is still out
                await self.shares.finish()
                for task in background:
                    task.cancel()
        finally:
            self._group = None
            if self.stopped_s is None:
                self.stopped_s = loop.time()

    async def _stop_after(self, seconds: float, starts: Starts) -> None:
        if starts:
            await asyncio.wait(starts.values())
        await asyncio.sleep(seconds)
        self.stop()

    async def _close(self) -> None:
        """Let go of all that is still open, and count what is still on its way as lost."""
        self.shares.give_up()
        stops = [self._stop_device(state) for state in self.devices.values()]
        for failure in await asyncio.gather(*stops, self._stop_pool(), return_exceptions=True):
            if isinstance(failure, BaseException):
                raise failure

    async def _stop_pool(self) -> None:
        if self._pool_open:
            await self.pool.stop()
            self._pool_open = False

    def summary(self) -> Summary:
        """The account of now, or of the end."""
        return summary_of(self.shares, self._states, self.duration_s)

    def _demand(self) -> Demand:
        wants = [state.device.capabilities for state in self.devices.values()]
        known = [want.nominal_hps for want in wants if want.nominal_hps is not None]
        bits = max((want.version_bits for want in wants), default=0)
        return Demand(sum(known) if known else None, bits, min(known, default=None), lambda: self.hashes)

    def _settled(self) -> None:
        if self._shares_wanted is not None and self.tally.accepted >= self._shares_wanted:
            self.stop()

    # Jobs

    async def _follow_pool(self) -> None:
        async for job in self.pool.jobs():
            before, self.job = self.job, job
            self.shares.judge.accept(job)
            for state in self.devices.values():
                if state.running:
                    state.device.give(self._assignment(), clean=_is_clean(job, before))
        self.stop()  # no pool, no work

    def _assignment(self) -> Assignment | None:
        job = self.job
        if job is None:
            return None
        return Assignment(job, self._spaces.of(job), asyncio.get_running_loop().time, job.target)

    # Devices

    async def _start(self, state: DeviceState) -> None:
        state.open, state.absent, state.starting = True, False, True
        try:
            await state.device.start()
        except DeviceError as error:
            state.failed(error, "it does not start")
        except InputError:
            raise
        except Exception as error:
            self._crashed(state, error)
        else:
            state.failure = ""
        finally:
            state.starting = False

    async def _start_added(self, state: DeviceState) -> None:
        """A first one raises what the user must mend; this one tells of it, and tries again."""
        try:
            await self._start(state)
        except InputError as error:
            state.failure = str(error)

    async def _run_device(self, state: DeviceState, group: asyncio.TaskGroup, start: asyncio.Task[None]) -> None:
        """Supervise a device: never raises but what its first start does, and gives up none but a faulty one."""
        loop, retry_s, told = asyncio.get_running_loop(), _RETRY_FIRST_S, False
        await start
        while True:
            if not state.failure:
                began_s, told = loop.time(), False
                await self._mine_with(state, group)
                if loop.time() - began_s >= _STABLE_S:
                    retry_s = _RETRY_FIRST_S
            if self._stopping.is_set() or state.leaving:
                return
            if not (told and state.absent):
                self._report(DeviceFailed(state.device.name, state.failure, None if state.faulty else retry_s))
                told = True
            await self._stop_device(state)
            if state.faulty:
                return
            await asyncio.sleep(retry_s)
            retry_s = min(2 * retry_s, _LOOK_MOST_S if state.absent else _RETRY_MOST_S)
            try:
                await self._start(state)
            except InputError as error:  # it could take its settings before: the device has changed, not the user
                state.failure = str(error)

    async def _mine_with(self, state: DeviceState, group: asyncio.TaskGroup) -> None:
        """Until the device fails, or is stopped."""
        state.running = state.worked = True
        now = asyncio.get_running_loop().time
        try:
            state.device.give(self._assignment(), clean=True)
            async for found in state.device.found():
                if self.shares.weigh(found, state.tally, group, now()):
                    await self.shares.room()
            if not self._stopping.is_set() and not state.leaving:
                state.failure = "it ended by itself"
        except DeviceError as error:
            state.failed(error, "it failed")
        except Exception as error:
            self._crashed(state, error)
        finally:
            state.running = False

    def _crashed(self, state: DeviceState, error: Exception) -> None:
        """A bug in one device ends that one; it is started again like any that failed."""
        state.failure = in_words(error)
        self._report(crash(state.device.name, error))

    async def _stop_devices(self) -> None:
        await asyncio.gather(*(self._end(state, self._supervisors[name]) for name, state in self.devices.items()))

    async def _end(self, state: DeviceState, supervisor: asyncio.Task[None]) -> None:
        """Its last claims are still weighed. One that has failed, or is about to start, is only closed."""
        if state.running:
            await self._stop_device(state)
            await asyncio.wait([supervisor], timeout=_STOP_S)
        supervisor.cancel()
        await asyncio.wait([supervisor], timeout=_STOP_S)
        await self._stop_device(state)

    async def _stop_device(self, state: DeviceState) -> None:
        """Stop it if it is open; a device that cannot even stop is reported."""
        if not state.open:
            return
        try:
            async with asyncio.timeout(_STOP_S):
                await state.device.stop()
        except TimeoutError:
            self._report(DeviceFailed(state.device.name, f"it does not stop within {_STOP_S:g} s", None))
        except DeviceError as error:
            self._report(DeviceFailed(state.device.name, str(error) or "it does not stop", None))
        except Exception as error:
            self._report(crash(state.device.name, error))
        state.open = False

    async def _sample(self) -> None:
        """Read the counters once a second."""
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            for state in self.devices.values():
                if (hashes := state.hashes) is not None:
                    state.meter.sample(now, hashes)
                if (alarm := state.device.stats().alarm) != state.alarm:
                    state.alarm = alarm
                    self._report(DeviceAlarm(state.device.name, alarm))
                self._tell_figures(state, now)
            self.meter.sample(now, self.hashes)
            await asyncio.sleep(1.0)

    def _tell_figures(self, state: DeviceState, now: float) -> None:
        """Of those that have any."""
        stats = state.device.stats()
        known = [stats.mhz, stats.celsius, stats.watts] != [None, None, None]
        if known and (state.figures_s is None or now - state.figures_s >= _FIGURES_S):
            state.figures_s = now
            rate_hps = state.meter.rate(_FIGURES_S)
            self._report(DeviceFigures(state.device.name, rate_hps, stats.mhz, stats.celsius, stats.watts))


def _is_clean(job: Job | None, before: Job | None) -> bool:
    """Whether what devices do is dead with the new job. Work of another pool is not, unless the job says so."""
    if job is None or before is None or job.clean:
        return True
    return job.pool == before.pool and (job.session, job.prev_hash) != (before.session, before.prev_hash)
