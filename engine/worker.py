"""One thread that does what may block, call after call, for a loop that must not.

A daemon, unlike an executor's thread: a disk that hangs does not hold up the end of the program. What it was told is
done in order, though the one who asked may have gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


class Worker:
    """Made in a running loop, and used from it alone."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        Thread(target=self._work, name=name, daemon=True).start()

    async def call(self, what: Callable[[], T]) -> T:
        """What it returns or raises. Cancelling stops the waiting, not the call."""
        done: asyncio.Future[T] = self._loop.create_future()

        def succeed(value: T) -> None:
            if not done.done():  # else nobody waits any more
                done.set_result(value)

        def fail(error: BaseException) -> None:
            if not done.done():
                done.set_exception(error)

        def run() -> None:
            try:
                value = what()
            except BaseException as error:
                self._tell(fail, error)
            else:
                self._tell(succeed, value)

        self._calls.put(run)
        return await done

    def end(self) -> None:
        """The thread ends after what it was told before."""
        self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()

    def _tell(self, what: Callable[[T], None], value: T) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(what, value)
