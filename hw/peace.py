"""Work that is finished though somebody is cancelling it: the way to off."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ..engine.errors import DeviceError

_OFF_S = 2.0  # for the way to off; by then the off bytes have long been sent


async def in_peace(work: Callable[[], Awaitable[None]]) -> None:
    """Do it though we are being cancelled, in a few seconds. Raises DeviceError, and CancelledError afterwards."""
    task = asyncio.ensure_future(work())
    loop = asyncio.get_running_loop()
    until_s, cancelled = loop.time() + _OFF_S, False
    while not task.done() and loop.time() < until_s:
        try:
            await asyncio.wait([task], timeout=until_s - loop.time())
        except asyncio.CancelledError:
            cancelled = True
    if task.cancel():
        failure: BaseException | None = DeviceError(f"the board does not become off within {_OFF_S:g} s; cut its power")
    else:
        failure = None if task.cancelled() else task.exception()
    if cancelled and (failure is None or isinstance(failure, DeviceError)):
        raise asyncio.CancelledError from failure
    if failure is not None:
        raise failure
