from __future__ import annotations

import asyncio
import threading

import pytest

from joulehash.engine.daemon import in_daemon


def test_gives_what_the_call_gives() -> None:
    assert asyncio.run(in_daemon(threading.current_thread)).daemon


def test_raises_what_the_call_raises() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_daemon(fail))


def test_a_call_that_does_not_end_holds_up_nothing() -> None:
    let_go = threading.Event()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await in_daemon(let_go.wait)

    asyncio.run(main())
    assert not let_go.is_set()
    let_go.set()
