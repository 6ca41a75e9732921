"""Calls in a daemon thread, awaited by the loop, for what may hang or take long and cannot be stopped.

As asyncio.to_thread, but the program may end before the call does: asyncio.run joins the threads of its executor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar, cast

T = TypeVar("T")


async def in_daemon(call: Callable[[], T]) -> T:
    """What `call` returns or raises. Cancelling stops the waiting, not the call."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return  # nobody waits any more
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(cast("T", result))

    def run() -> None:
        result, failure = None, None
        try:
            result = call()
        except BaseException as error:
            failure = error
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, result, failure)

    Thread(target=run, name=getattr(call, "__name__", "daemon"), daemon=True).start()
    return await done
