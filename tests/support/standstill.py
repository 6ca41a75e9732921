"""A loop of virtual time that stands still, as it does where the host is busy elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from joulehash.engine.clock import VirtualLoop


def still(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.stand_still(seconds)


def still_then(seconds: float, came: Callable[..., object], *values: object) -> None:
    """`came`: what a port does with what was received meanwhile. It is called in the same turn of the loop as the
    timers that are due by then, before them."""
    still(seconds)
    asyncio.get_running_loop().call_soon(came, *values)
