"""Any device kept busy with made-up work, and every claim of it hashed again: what energy is measured of.

    async with driven(device) as load:
        load.tally, device.stats()

Claims are judged by hashlib. What one stands for is the device's to say; a device that counts its hashes and leaves
that open (the CPU) is given a target that it meets twice a second, and the hashes expected for that target are what its
claims stand for. A board chooses its ticket by its line alone: no share is ever due. Left out: pools and shares.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from secrets import randbits

from ..engine.chain.target import MAX_TARGET, expected_hashes
from ..engine.device import Device
from ..engine.errors import DeviceError, cause
from ..engine.judge import Fate, Judge, Quality
from ..engine.space import HeaderSpace
from ..engine.tally import Tally
from ..engine.work import Assignment, Found
from .invented import made_up

CLAIMS_PER_S = 2.0
_NEW_JOB_S = 30.0
_START_S = 120.0  # for the first hash: a chain of many chips takes its time to ramp up


class Load:
    """What a device does. `seed` of its work: the same work has the same nonces, each time that it is done."""

    def __init__(self, device: Device, seed: int) -> None:
        self.device, self.tally = device, Tally()
        self.target, self._judge = 0, Judge()
        self._seed, self._jobs = seed, 0

    async def run(self) -> None:
        """Until cancelled. Raises DeviceError when the device fails."""
        async with asyncio.TaskGroup() as group:
            giving = group.create_task(self._give())
            async for found in self.device.found():
                self._weigh(found)
            giving.cancel()
        raise DeviceError(f"{self.device.name}: it ended by itself")

    async def begun(self) -> None:
        """Until it has hashed something. Raises DeviceError when it does not."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + _START_S
        while not self.device.stats().hashes and not self.tally.claims:
            if loop.time() > until_s:
                raise DeviceError(f"{self.device.name}: no hash in {_START_S:g} s; see what it says when it mines")
            await asyncio.sleep(0.1)

    async def _give(self) -> None:
        loop = asyncio.get_running_loop()
        self.target = target_for(self.device)
        while True:
            job = made_up(f"{self._seed} {self._jobs}", self._jobs, self.target, loop.time())
            self._jobs += 1
            self._judge.accept(job)
            space = HeaderSpace(job.extranonce2_size)
            self.device.give(Assignment(job, space, loop.time, self.target), clean=True)
            await asyncio.sleep(_NEW_JOB_S)

    def _weigh(self, found: Found) -> None:
        verdict = self._judge.judge(found, asyncio.get_running_loop().time())
        if verdict.quality is Quality.FALSE:
            self.tally.hardware_errors += 1
        elif verdict.fate is Fate.DUPLICATE:
            self.tally.repeats += 1
        else:
            stands_for = found.stands_for or float(expected_hashes(self.target))
            self.tally.claims += 1
            self.tally.claimed += stands_for
            self.tally.claimed_squares += stands_for**2


@asynccontextmanager
async def driven(device: Device, seed: int | None = None) -> AsyncGenerator[Load]:
    """From its start to its stop; without a seed its work is new. Raises DeviceError when it fails, out of the block
    too."""
    load = Load(device, randbits(64) if seed is None else seed)
    try:
        await device.start()
        try:
            async with asyncio.TaskGroup() as group:
                running = group.create_task(load.run())
                yield load
                running.cancel()
        except BaseExceptionGroup as errors:
            raise cause(errors) from errors
    except BaseException:
        with suppress(DeviceError):
            await device.stop()
        raise
    await device.stop()


def target_for(device: Device) -> int:
    """At which it claims often enough for a rate, and not so often that it has no time to hash."""
    capabilities = device.capabilities
    if capabilities.ticket_bits != (0, 256) or capabilities.nominal_hps is None:
        return 0
    return min(MAX_TARGET, int(2**256 / (capabilities.nominal_hps / CLAIMS_PER_S)))
