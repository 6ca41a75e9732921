"""A controllable supply that feeds a board: its switch, and the watch over what it takes.

    async with fed(supply, row, name, guard) as feed:
        …                               the board has its supply; feed.reading is what it takes
        await feed.run()                until something is wrong, in a task: it is switched off first, then Violation

From outside in: off, a guard process that switches it off if this program dies, voltage and current limit (read back),
then on. Whatever ends it, it is switched off at once, before anything else is done. What is watched: the supply
answers, its voltage stays within 5 %, which it does not once it limits the current. Not the temperature: nothing here
feels it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from ..engine.errors import DeviceError, InputError
from .boards.row import Row
from .guard.guarded import Guard
from .limits import Reading
from .meters.supply import Given, Rail, Supply
from .peace import in_peace
from .watch import MISSING_S, PERIOD_S, Violation

WITHIN = 0.05  # of its voltage; the current limit pulls it below
_RISE_S = 2.0  # from on to there; what hangs on it charges first

FeedGuard = Callable[[Callable[[str], None]], AbstractAsyncContextManager[Guard]]


class Feed:
    """On."""

    def __init__(self, supply: Supply, name: str) -> None:
        self.given: Given | None = None  # the last
        self._supply, self._name = supply, name
        self._cutting: asyncio.Task[None] | None = None

    @property
    def rail(self) -> Rail:
        return self._supply.rail

    @property
    def reading(self) -> Reading:
        """Of the supply, without the cable between it and the board."""
        if (given := self.given) is None:
            return Reading()
        return Reading(input_v=given.volts, input_a=given.amps, input_w=given.watts, by_supply=True)

    async def start(self) -> None:
        """Returns when its voltage is there. Raises DeviceError."""
        rail = self.rail
        await self._supply.set(rail.volts, rail.amps)
        await self._supply.output(True)
        loop = asyncio.get_running_loop()
        until_s = loop.time() + _RISE_S
        while not self._is_near(given := await self._supply.read()):
            if loop.time() > until_s:
                raise Violation(self._text(given))
            await asyncio.sleep(PERIOD_S / 5)
        self.given = given

    async def run(self) -> None:
        """Raises Violation."""
        loop = asyncio.get_running_loop()
        good_s, missing = loop.time(), ""
        while True:
            next_s = loop.time() + PERIOD_S
            try:
                async with asyncio.timeout_at(good_s + MISSING_S if missing else next_s + MISSING_S):
                    given = await self._supply.read()
                if not self._is_near(given):
                    self.cut()
                    raise Violation(self._text(given))
                self.given, good_s, missing = given, loop.time(), ""
            except Violation:
                raise
            except TimeoutError:
                missing = missing or f"{self._supply.name}: does not answer"
            except DeviceError as error:
                missing = str(error)
            if missing and loop.time() - good_s >= MISSING_S:
                self.cut()
                raise Violation(f"{self._name}: {missing}, for {MISSING_S:g} s; it was switched off")
            await asyncio.sleep(max(0.0, next_s - loop.time()))

    def cut(self) -> None:
        """At once, without waiting for it."""
        if self._cutting is None:
            self._cutting = asyncio.create_task(_silently(self._supply.off))

    async def off(self) -> None:
        """Raises DeviceError."""
        if self._cutting is not None:
            await asyncio.wait([self._cutting])
        await self._supply.off()

    def _is_near(self, given: Given) -> bool:
        return abs(given.volts - self.rail.volts) <= WITHIN * self.rail.volts

    def _text(self, given: Given) -> str:
        rail = self.rail
        why = f"; it limits at {rail.amps:g} A" if given.amps >= (1 - WITHIN) * rail.amps else ""
        return f"{self._name}: its supply gives {given.volts:.2f} V of {rail.volts:g} V{why}; it was switched off"


@asynccontextmanager
async def fed(
    supply: Supply, row: Row, name: str, guard: FeedGuard, tell: Callable[[str], None]
) -> AsyncGenerator[Feed]:
    """Raises InputError for a voltage that the board does not take, DeviceError for a supply that does not obey."""
    check(supply.rail, row, name)
    feed = Feed(supply, name)
    try:
        await supply.open()
        async with guard(tell) as standing:
            try:
                await feed.start()
                yield feed
            except BaseException:
                with suppress(DeviceError):
                    await _off(feed, standing)
                raise
            else:
                await _off(feed, standing)
            finally:
                await supply.close()  # many take one session at a time, and the guard may still need it
    finally:
        await supply.close()


def check(rail: Rail, row: Row, name: str) -> None:
    """Raises InputError."""
    if row.limits.input_v is None:
        return
    least, most = row.limits.input_v
    if not least <= rail.volts <= most:
        raise InputError(f"{name}: a supply of {rail.volts:g} V; {row.title} takes {least:g} to {most:g} V")


async def _off(feed: Feed, standing: Guard) -> None:
    """If it fails, the guard process tries it by its own."""
    await in_peace(feed.off)
    await standing.done()


async def _silently(work: Callable[[], Awaitable[None]]) -> None:
    with suppress(DeviceError):
        await work()
