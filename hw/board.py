"""A board: its row, its ports, and the order in which it is given power and taken from it.

    async with board.powered(board.point(mhz, volts)) as powered:
        powered.chain, powered.reading, await powered.set_point(…)

From outside in: a supply, where one is controlled (feed.py), ports, the guard process, off and a first look at every
sensor, the watch, then volts while reset is held, then the chips. Whatever ends it, cancellation included, the off
bytes are sent first and at once, and then the board is brought to off in good order. Boards get their power one after
another, as one supply may feed several and each takes a surge; from the slow clock of chips that were reset they then
ramp up side by side.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from weakref import WeakKeyDictionary

from ..engine.errors import DeviceError, InputError
from .boards.row import Row
from .chain import Chain
from .chips.init import reset
from .feed import Feed, check, fed
from .guard.guarded import Guard, guarded
from .limits import Limits, Reading
from .meters.supply import Supply
from .peace import in_peace
from .plant import Plant
from .point import Point, point_of
from .ports.port import Port
from .powered import Powered
from .stages import Tell, nobody
from .watch import Watch

_COOL_C = 15.0  # below the limit
_COOL_MOST_S = 600.0
_COOL_BLIND_S = 60.0  # at least, where the chips' own temperature is not told; two time constants of a heat sink

PlantFor = Callable[[], Plant]
GuardFor = Callable[[Plant, Callable[[str], None]], AbstractAsyncContextManager[Guard]]


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
        supply: Supply | None = None,
    ) -> None:
        self.row, self.name = row, name
        self.alarm = ""  # of its guard process
        self.watch: Watch | None = None  # while it is powered, and has sensors
        self._ports, self._plant_for, self._guard_for, self._supply = ports, plant_for, guard, supply
        if not row.watched and not unguarded and supply is None:
            raise InputError(
                f"{name}: {row.title} has no sensors that could be watched; --unguarded runs it nevertheless, at its "
                "lowest frequency: stay with it; or feed it by --supply, which can be switched off"
            )
        if supply is not None:
            check(supply.rail, row, name)

    def point(self, mhz: float | None = None, volts: float | None = None) -> Point:
        """Checked against the row; by default what is usual, and for a board that is not watched the least."""
        return point_of(self.row, self.name, mhz, volts)

    @asynccontextmanager
    async def powered(self, point: Point, tell: Tell = nobody, *, bring_up: bool = True) -> AsyncGenerator[Powered]:
        """Raises DeviceError, alone or in groups; Overheated is one. So it does when the board cannot be brought to
        off in the end. `tell` is told each stage as it is reached. Without `bring_up` the chips have power and are let
        out of reset, and that is all: for whoever measures why they do not answer."""
        async with AsyncExitStack() as stack:
            feed = await self._feed(stack)
            plant = await self._connect(stack, tell)
            async with asyncio.TaskGroup() as group:
                background: list[asyncio.Task[None]] = []
                if feed is not None:
                    background.append(group.create_task(feed.run()))
                chain: Chain | None = None
                try:
                    watch = await self._watch(plant, group, background)
                    tell("sensed")
                    if plant is not None:
                        async with _one_at_a_time():
                            await self._power(plant, point, tell)
                    if self.row.chip is not None:
                        chain = Chain(self._ports["chips"], self.row, self.name, tell)
                        background.append(group.create_task(chain.run()))
                        if bring_up:
                            await chain.bring_up(point.mhz, None if watch is None else watch.expect_chips)
                    if bring_up:
                        if watch is not None:
                            watch.regulate()
                        tell("up")
                    alarm = "" if self.row.watched else _unwatched(feed)
                    yield Powered(self.row, self.name, self._ports["chips"], plant, chain, watch, alarm, point, feed)
                finally:
                    if plant is not None:
                        self._cut(plant)
                    elif feed is not None:
                        feed.cut()
                    elif chain is not None:
                        chain.quiet()
                    for task in background:
                        task.cancel()

    async def cool_down(self) -> None:
        """Off, with its fan at full speed, until it is well below its limits. Raises DeviceError."""
        async with AsyncExitStack() as stack:
            await self._feed(stack)
            plant = await self._connect(stack)
            if plant is None:
                return
            loop = asyncio.get_running_loop()
            began_s = loop.time()
            while not _is_cool(await plant.read(), self.row.limits, loop.time() - began_s):
                if loop.time() > began_s + _COOL_MOST_S:
                    raise DeviceError(f"{self.name}: has not cooled down in {_COOL_MOST_S:g} s, though it is off")
                await asyncio.sleep(1.0)

    async def confirm_off(self) -> Reading:
        """What it senses once it has been brought to off anew, each step of which is read back. Raises DeviceError."""
        async with AsyncExitStack() as stack:
            plant = await self._connect(stack)
            return Reading() if plant is None else await plant.read()

    async def _feed(self, stack: AsyncExitStack) -> Feed | None:
        """Before all else, and off after all else: what is on the board lives on it."""
        if (supply := self._supply) is None:
            return None

        def guard(tell: Callable[[str], None]) -> AbstractAsyncContextManager[Guard]:
            return guarded(replace(supply.off_action(), name=f"{self.name}'s supply {supply.name}"), tell)

        return await stack.enter_async_context(fed(supply, self.row, self.name, guard, self._told))

    async def _connect(self, stack: AsyncExitStack, tell: Tell = nobody) -> Plant | None:
        """Ports open, and the board brought to off and under guard."""
        for role in self.row.ports:
            await self._ports[role].open()
            stack.push_async_callback(self._ports[role].close)
        tell("open")
        if self._plant_for is None:
            return None
        plant = self._plant_for()
        guard: Guard | None = None
        if self._guard_for is not None:
            guard = await stack.enter_async_context(self._guard_for(plant, self._told))
        await stack.enter_async_context(_off_at_the_end(plant, guard))
        await plant.prepare()
        tell("prepared")
        return plant

    async def _watch(
        self, plant: Plant | None, group: asyncio.TaskGroup, background: list[asyncio.Task[None]]
    ) -> Watch | None:
        """The watch, once it has seen every sensor within its limits."""
        if plant is None or not self.row.watched:
            return None
        self.watch = watch = Watch(self.name, plant, self.row.limits, lambda: self._cut(plant))
        background.append(group.create_task(watch.run()))
        await watch.seen.wait()
        return watch

    async def _power(self, plant: Plant, point: Point, tell: Tell) -> None:
        assert self.row.chip is not None
        times = reset(self.row.chip)
        await plant.hold_reset(True)
        await asyncio.sleep(times.held_s)
        tell("held")
        if point.volts is not None:
            await plant.set_rail(point.volts * self.row.domains)
            tell("rail")
            await asyncio.sleep(times.rail_s)
        await plant.hold_reset(False)
        tell("released")
        await asyncio.sleep(times.after_s)

    def _cut(self, plant: Plant) -> None:
        """At once, without waiting for an answer."""
        if (control := self._ports.get("control")) is not None:
            with suppress(DeviceError):
                control.write(plant.off_bytes())

    def _told(self, alarm: str) -> None:
        self.alarm = alarm


def _unwatched(feed: Feed | None) -> str:
    if feed is None:
        return "unguarded: neither temperature nor power is watched"
    return f"its temperature is not watched; its supply is, {feed.rail.volts:g} V and at most {feed.rail.amps:g} A"


def _is_cool(reading: Reading, limits: Limits, seconds: float) -> bool:
    """By what it can sense without power: the diodes of chips that are off may be open. Then it takes its time, too."""
    if reading.chip_c is None and seconds < _COOL_BLIND_S:
        return False
    pairs = ((reading.chip_c, limits.chip_c), (reading.vr_c, limits.vr_c), (reading.board_c, limits.chip_c))
    known = [(value, most) for value, most in pairs if value is not None and most is not None]
    return bool(known) and all(value <= most - _COOL_C for value, most in known)


@asynccontextmanager
async def _off_at_the_end(plant: Plant, guard: Guard | None) -> AsyncGenerator[None]:
    """By the ordinary way; if that fails, the guard process tries it by its own. That it failed is told, unless
    something else is told already: it is unplugged, say."""
    try:
        yield
    except BaseException:
        with suppress(DeviceError):
            await _off(plant, guard)
        raise
    await _off(plant, guard)


async def _off(plant: Plant, guard: Guard | None) -> None:
    await in_peace(plant.off)
    if guard is not None:
        await guard.done()


_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


def _one_at_a_time() -> asyncio.Lock:
    """Of this loop: whoever makes boards need not think of it."""
    return _TURNS.setdefault(asyncio.get_running_loop(), asyncio.Lock())
