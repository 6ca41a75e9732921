"""A board as a Device: sessions of it from start to stop.

The board's own part (power, limits, bring-up) is board.py; how work is sent and answers become claims is a Feeder
(feeder.py). A session that ends by itself is an error, which the reader of `found` gets.

Overheated, a board cools down with its fan at full speed and goes on one point lower; after the third time it is faulty
until the program is started anew. So it is with any other limit that was passed, or sensor lost, while it had power: it
may be started again, three times, for each of them shows only after power is back.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Protocol

from ..engine.device import Capabilities, DeviceStats
from ..engine.errors import DeviceError, DeviceFaulty, cause
from ..engine.work import Assignment, Found
from .board import Board
from .feeder import COUNTED_S, Account, FeederFor, Orders
from .limits import Reading
from .point import Point, lower
from .powered import Powered
from .watch import Overheated, Violation

OVERHEATS_MOST = VIOLATIONS_MOST = 3
_FORGIVEN_S = 3600.0  # of running well, after which violations, not overheatings, are counted anew
_UNREAD_LIMIT = 4096  # claims that wait for the judge; the newest are dropped, and counted
_STEP_MHZ, _STEP_V = 25.0, 0.02  # one point lower
_STOP_S = 5.0  # a session has 2 s for its way to off

Item = Found | Exception | None  # None: it was stopped


class BoardDevice:
    """A Device."""

    def __init__(self, board: Board, feeder: FeederFor, point: Point, name: str) -> None:
        self._board, self._feeder, self._point, self._name = board, feeder, point, name
        self._account = Account()
        self._inbox = _Inbox()
        self._session: _Session | None = None
        self._powered: Powered | None = None
        self._overheated = self._violations = 0
        self._lowered = self._standing = ""  # of its alarm
        self._fault = ""

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        row = self._board.row
        return Capabilities(
            version_bits=row.chip.version_bits if row.chip is not None else 0,
            nominal_hps=row.rate_hps(self._point.mhz),
            ticket_bits=(row.zero_bits, row.zero_bits + (row.chip.ticket_most if row.chip is not None else 0)),
        )

    def stats(self) -> DeviceStats:
        a, watts = self._account, self.reading.watts
        alarm = a.alarm or self._board.alarm
        late_s = COUNTED_S if a.hashes is not None else 0.0
        return DeviceStats(a.hashes, a.starved_s, a.note, alarm, dict(a.errors), a.mhz, a.celsius, watts, late_s)

    @property
    def reading(self) -> Reading:
        """Of its sensors, or of the supply that feeds it; nothing while it has no power."""
        return Reading() if self._powered is None else self._powered.reading

    async def start(self) -> None:
        if self._fault:
            raise DeviceFaulty(self._fault)
        if self._session is not None:
            raise RuntimeError(f"{self._name}: is started already")
        self._inbox = _Inbox()
        self._session = _Session(self._run)
        try:
            await self._session.ready
        except BaseException:
            with suppress(DeviceError):
                await self._end_session()
            raise

    def give(self, assignment: Assignment | None, *, clean: bool) -> None:
        """`clean` makes no difference: chips drop the work before for whatever comes next."""
        del clean
        if self._session is not None:
            self._session.orders.put(assignment)

    def found(self) -> AsyncIterator[Found]:
        return self._inbox.read()

    async def stop(self) -> None:
        """Raises DeviceError when the board cannot be brought to off."""
        try:
            await self._end_session()
        finally:
            self._inbox.put(None)

    async def _end_session(self) -> None:
        if (session := self._session) is not None:
            self._session = None
            await session.end()

    def _claim(self, found: Found) -> None:
        if len(self._inbox.items) < _UNREAD_LIMIT:
            self._inbox.put(found)
        else:
            self._account.errors["claims dropped, as the judge was busy"] += 1

    async def _run(self, session: _Session) -> None:
        """One after the other, the next one lower after each overheating, until it is stopped or fails."""
        loop = asyncio.get_running_loop()
        try:
            while not session.ending.is_set():
                began_s = loop.time()
                try:
                    await self._run_at(self._point, session)
                except Overheated as error:
                    self._lower(error)
                    if not session.ready.done():
                        raise
                    self._account.alarm = f"{error}; it cools down, then goes on at {self._point.text}"
                    await self._board.cool_down()
                except Violation as error:
                    self._count(error, loop.time() - began_s)
                    raise
        except Exception as error:
            self._account.alarm = self._standing
            self._tell(error, session)

    async def _run_at(self, point: Point, session: _Session) -> None:
        try:
            async with self._board.powered(point) as powered:
                self._powered = powered
                powered.alarm = "; ".join(filter(None, (powered.alarm, self._lowered)))
                self._account.alarm = self._standing = powered.alarm
                feeder = self._feeder(powered, session.orders, self._claim, self._account, self._name)
                async with asyncio.TaskGroup() as group:
                    feeding = group.create_task(feeder.run())
                    await session.mining()
                    feeding.cancel()
        except BaseExceptionGroup as group:
            raise cause(group) from group
        finally:
            session.interruptible = True
            self._account.mhz = self._account.celsius = self._account.watts = None
            self._powered = None

    def _tell(self, error: Exception, session: _Session) -> None:
        """To whoever waits: start, stop, or the reader of `found`. What is no DeviceError is a bug, and told as one."""
        if isinstance(error, OSError) and not isinstance(error, DeviceError):
            error = DeviceError(f"{self._name}: {error.strerror or error}")
        if not session.ready.done():
            session.ready.set_exception(error)
        elif session.ending.is_set():
            raise error
        else:
            self._inbox.put(error)

    def _lower(self, error: Overheated) -> None:
        self._overheated += 1
        if self._overheated > OVERHEATS_MOST:
            raise self._latched(f"{error}; it overheated {self._overheated} times: see to its cooling") from error
        before, self._point = self._point, lower(self._board.row, self._point, _STEP_MHZ, _STEP_V)
        self._lowered = f"overheated at {before.text}: goes on at {self._point.text}"

    def _count(self, error: Violation, seconds: float) -> None:
        self._violations = 1 if seconds >= _FORGIVEN_S else self._violations + 1
        if self._violations > VIOLATIONS_MOST:
            raise self._latched(f"{error}; it was so {self._violations} times: see to it") from error

    def _latched(self, why: str) -> DeviceFaulty:
        """It is not started again, whoever tries."""
        self._fault = f"{why}, then start anew"
        return DeviceFaulty(self._fault)


class Run(Protocol):
    async def __call__(self, session: _Session) -> None: ...


class _Session:
    """From a start to its stop."""

    def __init__(self, run: Run) -> None:
        self.orders = Orders()
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ending = asyncio.Event()
        self.interruptible = True  # by cancelling; while it mines it is asked, so that it can say how it ended
        self._task = asyncio.create_task(run(self))

    async def mining(self) -> None:
        """Until it is to end."""
        self.interruptible = False
        if not self.ready.done():
            self.ready.set_result(None)
        await self.ending.wait()

    async def end(self) -> None:
        """Raises DeviceError when the board did not become off."""
        self.ending.set()
        if self.interruptible:
            self._task.cancel()
        await asyncio.wait([self._task], timeout=_STOP_S)
        if not self._task.cancel() and not self._task.cancelled():
            self._task.result()


class _Inbox:
    """Claims on their way to the one who reads `found`. A queue, but that it wakes him once for all that is there: a
    hundred boards have some 25 000 of them a second."""

    def __init__(self) -> None:
        self.items: deque[Item] = deque()
        self._waiting: asyncio.Future[None] | None = None

    def put(self, item: Item) -> None:
        self.items.append(item)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def read(self) -> AsyncIterator[Found]:
        """Until it was stopped. Raises what was put in."""
        items = self.items
        while True:
            while not items:
                self._waiting = asyncio.get_running_loop().create_future()
                await self._waiting
            item = items.popleft()
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            yield item
