"""A board: its row, its ports, and the order in which it is given power and taken from it.

    async with board.powered(point) as powered:
        powered.chain, powered.watch, powered.port

From outside in: ports, the guard process, off and a first look at every sensor, the watch, then volts while reset is
held, then the chips. Whatever ends it, cancellation included, the off bytes are sent first and at once, and then the
board is brought to off in good order. Boards come up one after another, as one supply may feed several.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from ..engine.errors import DeviceError, InputError
from .boards.row import Row
from .chain import Chain
from .guard.guarded import Guard
from .limits import Limits, Reading
from .plant import Plant
from .ports.port import Port
from .watch import Watch

_POWER_SETTLES_S, _RESET_SETTLES_S = 0.5, 0.2  # mujina: volts up, 500 ms, release, 200 ms
_HELD_S = 0.1
_OFF_S = 2.0  # for the way to off; by then the off bytes have long been sent
_COOL_C = 15.0  # below the limit
_COOL_MOST_S = 600.0

PlantFor = Callable[[], Plant]
GuardFor = Callable[[Plant, Callable[[str], None]], AbstractAsyncContextManager[Guard]]


@dataclass(frozen=True, slots=True)
class Point:
    """Where a board runs: MHz, and volts of a chip; None: it has no regulator, or that is left as it is."""

    mhz: float
    volts: float | None = None

    @property
    def text(self) -> str:
        return f"{self.mhz:g} MHz" + (f" and {self.volts:g} V" if self.volts is not None else "")


@dataclass(frozen=True, slots=True)
class Powered:
    """A board that is up."""

    row: Row
    port: Port  # the chips' line
    plant: Plant | None
    chain: Chain | None  # None: it has no registers
    watch: Watch | None  # None: nothing is watched
    alarm: str  # what a person must know of it

    @property
    def reading(self) -> Reading:
        return self.watch.reading if self.watch is not None else Reading()


class Board:
    """One on a bench, or in a miner. `unguarded`: the user takes the risk of a board that cannot be watched."""

    def __init__(
        self,
        row: Row,
        ports: Mapping[str, Port],
        name: str,
        plant_for: PlantFor | None = None,
        guard: GuardFor | None = None,
        *,
        unguarded: bool = False,
    ) -> None:
        self.row, self.name = row, name
        self.alarm = ""  # of its guard process
        self._ports, self._plant_for, self._guard_for = ports, plant_for, guard
        if not row.watched and not unguarded:
            raise InputError(
                f"{name}: a {row.title} has no sensors that could be watched; --unguarded runs it nevertheless, at its "
                "lowest frequency: stay with it"
            )

    def point(self, mhz: float | None = None, volts: float | None = None) -> Point:
        """Checked against the row; by default what is usual, and for a board that is not watched the least."""
        row = self.row
        if mhz is None:
            mhz = row.mhz.usual if row.watched else row.mhz.least
        if not row.mhz.least <= mhz <= row.mhz.most:
            raise InputError(f"{self.name}: {mhz:g} MHz; a {row.title} takes {row.mhz.least:g} to {row.mhz.most:g} MHz")
        if not row.watched and mhz > row.mhz.least:
            raise InputError(f"{self.name}: {mhz:g} MHz; takes {row.mhz.least:g} MHz as long as it is not watched")
        if row.volts is None:
            if volts is not None:
                raise InputError(f"{self.name}: {volts:g} V; a {row.title} has no regulator that could be set")
            return Point(mhz)
        volts = row.volts.usual if volts is None else volts
        if not row.volts.least <= volts <= row.volts.most:
            raise InputError(
                f"{self.name}: {volts:g} V for a chip; a {row.title} takes {row.volts.least:g} to {row.volts.most:g} V"
            )
        return Point(mhz, volts)

    @asynccontextmanager
    async def powered(self, point: Point) -> AsyncGenerator[Powered]:
        """Raises DeviceError, alone or in groups; Overheated is one."""
        async with AsyncExitStack() as stack:
            plant = await self._connect(stack)
            async with asyncio.TaskGroup() as group:
                background: list[asyncio.Task[None]] = []
                chain: Chain | None = None
                try:
                    watch = await self._watch(plant, group, background)
                    async with _one_at_a_time():
                        if plant is not None:
                            await self._power(plant, point)
                        if self.row.chip is not None:
                            chain = Chain(self._ports["chips"], self.row, self.name)
                            background.append(group.create_task(chain.run()))
                            await chain.bring_up(point.mhz)
                    if watch is not None:
                        watch.regulated = True
                    yield Powered(self.row, self._ports["chips"], plant, chain, watch, self._unwatched())
                finally:
                    if plant is not None:
                        self._cut(plant)
                    elif chain is not None:
                        chain.quiet()
                    for task in background:
                        task.cancel()

    async def cool_down(self) -> None:
        """Off, with its fan at full speed, until it is well below its limits. Raises DeviceError."""
        async with AsyncExitStack() as stack:
            plant = await self._connect(stack)
            if plant is None:
                return
            loop = asyncio.get_running_loop()
            until_s = loop.time() + _COOL_MOST_S
            while not _is_cool(await plant.read(), self.row.limits):
                if loop.time() > until_s:
                    raise DeviceError(f"{self.name}: has not cooled down in {_COOL_MOST_S:g} s, though it is off")
                await asyncio.sleep(1.0)

    async def _connect(self, stack: AsyncExitStack) -> Plant | None:
        """Ports open, and the board brought to off and under guard."""
        for role in self.row.ports:
            await self._ports[role].open()
            stack.push_async_callback(self._ports[role].close)
        if self._plant_for is None:
            return None
        plant = self._plant_for()
        guard: Guard | None = None
        if self._guard_for is not None:
            guard = await stack.enter_async_context(self._guard_for(plant, self._told))
        stack.push_async_callback(_make_safe, plant, guard)
        await plant.prepare()
        return plant

    async def _watch(
        self, plant: Plant | None, group: asyncio.TaskGroup, background: list[asyncio.Task[None]]
    ) -> Watch | None:
        """The watch, once it has seen every sensor within its limits."""
        if plant is None or not self.row.watched:
            return None
        watch = Watch(self.name, plant, self.row.limits, lambda: self._cut(plant))
        background.append(group.create_task(watch.run()))
        await watch.seen.wait()
        return watch

    async def _power(self, plant: Plant, point: Point) -> None:
        await plant.hold_reset(True)
        await asyncio.sleep(_HELD_S)
        if point.volts is not None:
            await plant.set_rail(point.volts * self.row.domains)
            await asyncio.sleep(_POWER_SETTLES_S)
        await plant.hold_reset(False)
        await asyncio.sleep(_RESET_SETTLES_S)

    def _cut(self, plant: Plant) -> None:
        """At once, without waiting for an answer."""
        if (control := self._ports.get("control")) is not None:
            with suppress(DeviceError):
                control.write(plant.off_bytes())

    def _told(self, alarm: str) -> None:
        self.alarm = alarm

    def _unwatched(self) -> str:
        return "" if self.row.watched else "unguarded: neither temperature nor power is watched"


def _is_cool(reading: Reading, limits: Limits) -> bool:
    if reading.faults:
        return False
    pairs = ((reading.chip_c, limits.chip_c), (reading.vr_c, limits.vr_c))
    return all(value <= most - _COOL_C for value, most in pairs if value is not None and most is not None)


async def _make_safe(plant: Plant, guard: Guard | None) -> None:
    """By the ordinary way; if that fails, the guard process tries it by its own."""
    if await in_peace(plant.off) and guard is not None:
        await guard.done()


async def in_peace(work: Callable[[], Awaitable[None]]) -> bool:
    """Do it though we are being cancelled, in a few seconds. False: it failed, as on a board that is unplugged."""
    task = asyncio.ensure_future(work())
    loop = asyncio.get_running_loop()
    until_s, cancelled = loop.time() + _OFF_S, False
    while not task.done() and loop.time() < until_s:
        try:
            await asyncio.wait([task], timeout=until_s - loop.time())
        except asyncio.CancelledError:
            cancelled = True
    done = not task.cancel() and not task.cancelled()
    error = task.exception() if done else None
    if error is not None and not isinstance(error, DeviceError):
        raise error
    if cancelled:
        raise asyncio.CancelledError
    return done and error is None


_LOCKS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


def _one_at_a_time() -> asyncio.Lock:
    """Of this loop."""
    return _LOCKS.setdefault(asyncio.get_running_loop(), asyncio.Lock())
