"""A time limit on a loop that is on time, that stands still, and that is late all the time."""

from __future__ import annotations

import asyncio

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.hw.patience import SLICE_S, Patience
from joulehash.hw.ports.inbox import Inbox
from tests.support.standstill import still, still_then


@pytest.mark.parametrize("seconds", [0.0, 0.01, SLICE_S, 0.25, 1.0])
def test_on_time_it_is_over_when_it_is_over(seconds: float) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with Patience(seconds):
                await asyncio.sleep(3600)
        assert asyncio.get_running_loop().time() == pytest.approx(seconds, abs=1e-9)

    run_virtual(main())


def test_without_a_limit_there_is_none() -> None:
    async def main() -> None:
        async with Patience(None):
            await asyncio.sleep(3600)

    run_virtual(main())


@pytest.mark.parametrize("at_s", [0.001, 0.12, 0.2499])
def test_what_came_while_the_loop_stood_still_is_read(at_s: float) -> None:
    async def main() -> None:
        inbox = Inbox()
        asyncio.get_running_loop().call_later(at_s, still_then, 1.0, inbox.arrive, b"answer")
        async with Patience(0.25):
            assert await inbox.read() == b"answer"

    run_virtual(main())


@pytest.mark.parametrize("at_s", [0.001, 0.12, 0.2499])
def test_what_comes_soon_after_a_standstill_is_read_too(at_s: float) -> None:
    """It takes a few turns: by threads, or as the request itself could not leave before."""

    async def main() -> None:
        loop, inbox = asyncio.get_running_loop(), Inbox()
        loop.call_later(at_s, still, 1.0)
        loop.call_later(at_s + 1.0 + SLICE_S / 2, inbox.arrive, b"answer")
        async with Patience(0.25):
            assert await inbox.read() == b"answer"

    run_virtual(main())


def test_a_loop_that_is_late_all_the_time_ends_it_nevertheless() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()

        def busy() -> None:
            still(0.2)
            loop.call_soon(busy)

        loop.call_soon(busy)
        with pytest.raises(TimeoutError):
            async with Patience(0.25):
                await asyncio.sleep(3600)
        assert loop.time() < 3.0

    run_virtual(main())


def test_an_error_and_an_end_from_without_are_no_timeout() -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="inner"):
            async with Patience(0.25):
                raise ValueError("inner")
        waiting = asyncio.create_task(_wait())
        await asyncio.sleep(0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.sleep(1.0)  # and no timer is left of it

    run_virtual(main())


async def _wait() -> None:
    async with Patience(0.25):
        await asyncio.sleep(3600)
