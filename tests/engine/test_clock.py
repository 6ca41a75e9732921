"""Virtual time: jumps where nothing is to be done, and only there."""

from __future__ import annotations

import asyncio
import threading

import pytest

from joulehash.engine import clock
from joulehash.engine.clock import run_virtual


def test_an_hour_takes_no_time_and_is_an_hour() -> None:
    async def main() -> float:
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 3600


def test_timers_come_in_their_order_at_their_times() -> None:
    async def main() -> list[tuple[str, float]]:
        seen: list[tuple[str, float]] = []

        async def say(name: str, *waits_s: float) -> None:
            for wait_s in waits_s:
                await asyncio.sleep(wait_s)
                seen.append((name, asyncio.get_running_loop().time()))

        await asyncio.gather(say("a", 3, 3), say("b", 1, 4))
        return seen

    assert run_virtual(main()) == [("b", 1), ("a", 3), ("b", 5), ("a", 6)]


def test_who_waits_for_what_is_left_gets_there_though_it_rounds_to_nothing() -> None:
    async def main() -> int:
        now, looks = asyncio.get_running_loop().time, 0
        await asyncio.sleep(7.001)
        began_s = now()
        while (left_s := 0.3 - (now() - began_s)) > 0 and looks < 100:
            await asyncio.sleep(min(0.1, left_s))
            looks += 1
        return looks

    assert run_virtual(main()) < 10


def test_time_stands_still_while_there_is_something_to_do() -> None:
    async def main() -> float:
        for _ in range(1000):
            await asyncio.sleep(0)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 0


def test_timeouts_are_virtual_too() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(86_400):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 86_400


def test_a_thread_that_alone_can_wake_the_loop_is_waited_for() -> None:
    assert run_virtual(asyncio.to_thread(threading.Event().wait, 0.05)) is False


def test_waiting_for_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_DEADLOCK_S", 0.01)

    async def main() -> None:
        waiting = asyncio.Event()
        await waiting.wait()

    with pytest.raises(RuntimeError, match="every task waits, no timer is set"):
        run_virtual(main())
