"""Virtual time: an event loop whose clock jumps to the next timer as soon as there is nothing else to do.

An hour of asyncio code takes milliseconds, and takes the same course each time. What it cannot do: threads. The clock
does not wait for them, so work of threads (asyncio.to_thread too) ends at some later virtual time, often much later;
where nothing but a thread can wake the loop, it does wait. Sockets are the same: what is on its way is jumped over.
Work that must not be jumped over is done inline. Used by tests, simulators and studies.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_DEADLOCK_S = 10.0  # of real time without a timer and without an event
_LEAST_S = 1e-6  # of a timer. What rounds to nothing would come without time going on, again and again


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop; its clock begins at 0 and stands still while there is something to do."""

    def __init__(self) -> None:
        self._selector_of_time = _TimeSelector()
        super().__init__(self._selector_of_time)

    def time(self) -> float:
        return self._selector_of_time.now_s

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return super().call_later(max(delay, _LEAST_S) if delay > 0 else delay, callback, *args, context=context)

    def stand_still(self, seconds: float) -> None:
        """As a callback that takes so long: time goes on, and nothing is done."""
        self._selector_of_time.now_s += seconds

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Waits for threads without a limit, which on this clock would pass at once."""
        await super().shutdown_default_executor()


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` on virtual time. RuntimeError when every task waits for what can never come."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


class _TimeSelector(selectors.DefaultSelector):
    """Instead of waiting for `timeout` it moves the clock on by it."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:  # no timer is set: only a thread, a signal or a socket can help
            if ready := super().select(_DEADLOCK_S):
                return ready
            raise RuntimeError(f"every task waits, no timer is set, and nothing came in {_DEADLOCK_S:g} s")
        ready = super().select(0)
        if not ready:
            self.now_s += max(0.0, timeout)
        return ready
