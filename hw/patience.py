"""A time limit for what a board answers, in the time of a loop that may stand still.

Where the host is busy elsewhere, the loop's clock goes on and nothing is read: then the limit of asyncio.timeout is
over, though the answer has long been here. This one counts the time in slices, of which a standstill costs one; and
when the last of them came late, it gives one more, so that what is here is always looked at. With a loop that is on
time it is asyncio.timeout, to the instant.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

SLICE_S = 0.05  # some round trips over USB
_LATE_S = 0.02  # a timer that is later than this: the loop stood still


class Patience:
    """`async with Patience(seconds):`, which raises TimeoutError where that is over. None: there is no limit."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._limit = asyncio.timeout(None)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._until_s = self._due_s = 0.0
        self._spared = False  # the one more slice was given

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()
        if self._seconds is not None:
            self._until_s = self._loop.time() + self._seconds
            self._wait()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._limit.__aexit__(kind, error, traceback)

    def _wait(self) -> None:
        self._due_s = min(self._until_s, self._loop.time() + SLICE_S)
        self._timer = self._loop.call_at(self._due_s, self._tick)

    def _tick(self) -> None:
        now_s = self._loop.time()
        late_s = now_s - self._due_s
        if late_s > _LATE_S:
            self._until_s += late_s
            if self._until_s <= now_s and not self._spared:
                self._spared, self._until_s = True, now_s + SLICE_S
        if now_s < self._until_s:
            self._wait()
        else:
            self._limit.reschedule(now_s)
