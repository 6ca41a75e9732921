"""One session of a port: the first reason stays, and whoever waits is told."""

from __future__ import annotations

import asyncio

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError
from joulehash.hw.ports.inbox import Inbox


def test_the_first_reason_stays() -> None:
    inbox = Inbox()
    assert str(inbox.lose("unplugged")) == "unplugged"
    assert str(inbox.lose("closed")) == "unplugged"
    with pytest.raises(DeviceError, match="unplugged"):
        inbox.check()
    assert inbox.arrive(b"late") == 0
    assert inbox.unread == 0


def test_waiting_ends_when_the_session_does() -> None:
    async def main() -> None:
        inbox = Inbox()
        forever = asyncio.get_running_loop().create_future()
        waiting = asyncio.create_task(inbox.until(forever))
        await asyncio.sleep(1)
        inbox.arrive(b"of no interest to it")
        await asyncio.sleep(1)
        assert not waiting.done()
        inbox.lose("unplugged")
        with pytest.raises(DeviceError, match="unplugged"):
            await waiting
        assert forever.cancelled()
        with pytest.raises(DeviceError, match="unplugged"):
            await inbox.until(asyncio.sleep(1))

    run_virtual(main())


def test_what_is_awaited_gives_its_result_or_its_error() -> None:
    async def fail() -> None:
        raise ValueError("wrong")

    async def main() -> None:
        inbox = Inbox()
        assert await inbox.until(asyncio.sleep(1, "done")) == "done"
        with pytest.raises(ValueError, match="wrong"):
            await inbox.until(fail())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await inbox.until(asyncio.sleep(5))

    run_virtual(main())


def test_lost_before_the_reader_has_looked_it_gets_no_half_of_it() -> None:
    async def main() -> None:
        inbox = Inbox()
        reading = asyncio.create_task(inbox.read())
        await asyncio.sleep(0)
        inbox.arrive(b"x")
        inbox.lose("unplugged")
        with pytest.raises(DeviceError, match="unplugged"):
            await reading

    run_virtual(main())


def test_who_listens_is_called_where_it_comes() -> None:
    async def main() -> None:
        inbox, heard = Inbox(), list[bytes]()
        inbox.arrive(b"before")
        listening = asyncio.create_task(inbox.listen(heard.append))
        await asyncio.sleep(0)
        assert inbox.arrive(b"now") == 0
        assert heard == [b"before", b"now"]
        assert inbox.unread == 0
        inbox.lose("unplugged")
        assert inbox.arrive(b"late") == 0
        with pytest.raises(DeviceError, match="unplugged"):
            await listening
        assert heard == [b"before", b"now"]

    run_virtual(main())


def test_after_a_listener_has_failed_nothing_is_lost() -> None:
    async def main() -> None:
        inbox = Inbox()

        def fail(data: bytes) -> None:
            raise ValueError("wrong")

        listening = asyncio.create_task(inbox.listen(fail))
        await asyncio.sleep(0)
        inbox.arrive(b"of no use")
        inbox.arrive(b"kept")
        with pytest.raises(ValueError, match="wrong"):
            await listening
        assert await inbox.read() == b"kept"

    run_virtual(main())
