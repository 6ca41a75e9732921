"""What runs in `joulehash mine`, and how it becomes what other options want: pools, devices, what is beside them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING

from ..engine.events import Note, Report

if TYPE_CHECKING:
    from ..engine.miner import Miner
    from .devices import Devices, Named
    from .keeper import Keeper
    from .options import MineOptions
    from .pools import Pools

LATER = ("meter", "supply", "record", "passport", "journal", "duration", "shares", "block_every")  # from the next start
_LOOK_S = 0.1


class Attending:
    """What has to run beside devices, for as long as they are there. `async with`, which ends all of it."""

    def __init__(self) -> None:
        self._each: dict[str, AsyncExitStack] = {}

    async def enter(self, named: Named) -> None:
        if named.beside is not None:
            stack = self._each[named.spec] = AsyncExitStack()
            await stack.enter_async_context(named.beside)

    async def leave(self, named: Named) -> None:
        if (stack := self._each.pop(named.spec, None)) is not None:
            await stack.aclose()

    async def __aenter__(self) -> Attending:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        async with AsyncExitStack() as all:
            for stack in self._each.values():
                all.push_async_exit(stack)


class Running:
    """A miner with all that it was made of."""

    def __init__(
        self,
        options: MineOptions,
        miner: Miner,
        pools: Pools,
        devices: Devices,
        attending: Attending,
        keeper: Keeper,
        report: Report,
    ) -> None:
        self._options, self._miner, self._pools, self._devices = options, miner, pools, devices
        self._attending, self._keeper, self._report = attending, keeper, report

    async def change(self, options: MineOptions) -> None:
        """To other options. Raises InputError, and then nothing has changed. A device that cannot start is told of and
        tried again, as those that fail."""
        while not self._miner.mining:  # it is about to begin  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_S)
        change_pools = self._pools.change(options)
        gone, come = self._devices.change(options)
        change_pools()
        for named in gone:
            await self._miner.remove(named.device.name)
            await self._attending.leave(named)
        for named in come:
            await self._attending.enter(named)
            if named.claim is not None:
                self._keeper.add(named.claim)
            if self._miner.mining:
                self._miner.add(named.device)
        later = [name for name in LATER if getattr(options, name) != getattr(self._options, name)]
        if later:
            told = ", ".join(name.replace("_", "-") for name in later)
            self._report(Note(f"{told}: counts from the next start"))
        self._options = options
