"""A board as a Device: a session of it from start to stop, and the feeding of work in between.

The board's own part (power, limits, bring-up) is board.py; how work is sent and answers become claims is a Feeder, one
for chips with registers (chain_feeder.py) and one for those that speak Icarus (icarus_feeder.py). A session that ends
by itself is an error, which the reader of `found` gets.

Overheated, a board cools down with its fan at full speed and goes on one point lower; after the third time it is faulty
until the program is started anew.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from ..engine.device import Capabilities, DeviceStats
from ..engine.errors import DeviceError, cause
from ..engine.work import Assignment, Found
from .board import Board, Point, Powered
from .watch import Overheated

OVERHEATS_MOST = 3
_UNREAD_LIMIT = 4096  # claims that wait for the judge; the newest are dropped, and counted
_STEP_MHZ, _STEP_V = 25.0, 0.02  # one point lower
_STOP_S = 5.0


@dataclass(slots=True)
class Account:
    """What the device tells of itself, over all its sessions."""

    errors: Counter[str] = field(default_factory=Counter[str])
    hashes: int | None = None  # by the chips' own counters
    starved_s: float = 0.0
    note: str = ""
    alarm: str = ""
    mhz: float | None = None
    celsius: float | None = None
    watts: float | None = None


@dataclass(frozen=True, slots=True)
class Order:
    assignment: Assignment | None
    clean: bool


class Orders:
    """What was given last; the feeder waits here for the next."""

    def __init__(self) -> None:
        self.latest = Order(None, True)
        self.serial = 0
        self._changed = asyncio.Event()

    def put(self, order: Order) -> None:
        self.latest, self.serial = order, self.serial + 1
        self._changed.set()

    async def wait(self, seconds: float | None) -> None:
        """Until there is another, or so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()


class Feeder(Protocol):
    async def run(self) -> None:
        """Feed work until cancelled. Raises DeviceError."""


class FeederFor(Protocol):
    def __call__(self, powered: Powered, orders: Orders, report: Report, account: Account, name: str) -> Feeder: ...


class Report(Protocol):
    def __call__(self, found: Found) -> None: ...


class BoardDevice:
    """A Device."""

    def __init__(self, board: Board, feeder: FeederFor, point: Point, name: str) -> None:
        self._board, self._feeder, self._point, self._name = board, feeder, point, name
        self._account = Account()
        self._orders = Orders()
        self._inbox: asyncio.Queue[Found | DeviceError | None] = asyncio.Queue()
        self._session: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()
        self._overheated = 0
        self._fault = ""

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        row = self._board.row
        bits = row.chip.version_bits if row.chip is not None and row.chip.job == "header" else 2
        return Capabilities(
            version_bits=bits if row.chip is not None else 0,
            nominal_hps=row.rate_hps(self._point.mhz),
            ticket_bits=(row.zero_bits, row.zero_bits + 16),
        )

    def stats(self) -> DeviceStats:
        a = self._account
        alarm = a.alarm or self._board.alarm
        return DeviceStats(a.hashes, a.starved_s, a.note, alarm, dict(a.errors), a.mhz, a.celsius, a.watts)

    async def start(self) -> None:
        if self._fault:
            raise DeviceError(self._fault)
        if self._session is not None:
            raise RuntimeError(f"{self._name}: is started already")
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._inbox, self._orders, self._ending = asyncio.Queue(), Orders(), asyncio.Event()
        self._session = asyncio.create_task(self._run(ready), name=self._name)
        try:
            await ready
        except BaseException:
            await self._end_session()
            raise

    def give(self, assignment: Assignment | None, *, clean: bool) -> None:
        self._orders.put(Order(assignment, clean or assignment is None))

    def found(self) -> AsyncIterator[Found]:
        return _claims(self._inbox)

    async def stop(self) -> None:
        await self._end_session()
        self._inbox.put_nowait(None)

    async def _end_session(self) -> None:
        if self._session is not None:
            self._ending.set()
            self._session.cancel()
            await asyncio.wait([self._session], timeout=_STOP_S)
            self._session = None

    def _claim(self, found: Found) -> None:
        if self._inbox.qsize() < _UNREAD_LIMIT:
            self._inbox.put_nowait(found)
        else:
            self._account.errors["claims dropped, as the judge was busy"] += 1

    async def _run(self, ready: asyncio.Future[None]) -> None:
        """Sessions, the next one lower after each overheating."""
        try:
            while True:
                try:
                    await self._session_at(self._point, ready)
                except Overheated as error:
                    self._lower(error)
                    if not ready.done():
                        raise
                    self._account.alarm = f"{error}; it cools down, then goes on at {self._point.text}"
                    await self._board.cool_down()
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            told = cause(error) if isinstance(error, BaseExceptionGroup) else error
            if isinstance(told, OSError) and not isinstance(told, DeviceError):
                told = DeviceError(f"{self._name}: {told.strerror or told}")
            if not ready.done():
                ready.set_exception(told)
            elif isinstance(told, DeviceError):
                self._inbox.put_nowait(told)
            else:
                raise told from error
        finally:
            if not ready.done():
                ready.cancel()

    async def _session_at(self, point: Point, ready: asyncio.Future[None]) -> None:
        try:
            async with self._board.powered(point) as powered:
                feeder = self._feeder(powered, self._orders, self._claim, self._account, self._name)
                if not ready.done():
                    ready.set_result(None)
                self._account.alarm = powered.alarm
                await feeder.run()
        except BaseExceptionGroup as group:
            raise cause(group) from group
        finally:
            self._account.mhz = self._account.celsius = self._account.watts = None

    def _lower(self, error: Overheated) -> None:
        self._overheated += 1
        if self._overheated > OVERHEATS_MOST:
            self._fault = f"{error}; it overheated {self._overheated} times: see to its cooling, then start anew"
            raise DeviceError(self._fault) from error
        row = self._board.row
        volts = self._point.volts
        if volts is not None and row.volts is not None:
            volts = max(row.volts.least, volts - _STEP_V)
        self._point = Point(max(row.mhz.least, self._point.mhz - _STEP_MHZ), volts)


async def _claims(inbox: asyncio.Queue[Found | DeviceError | None]) -> AsyncIterator[Found]:
    while (item := await inbox.get()) is not None:
        if isinstance(item, DeviceError):
            raise item
        yield item
