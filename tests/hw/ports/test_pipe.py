"""A line in memory: what test_port.py asks of every port, it does at no cost of time; and what is its own."""

from __future__ import annotations

import asyncio

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceAbsent, DeviceError
from joulehash.hw.ports.pipe import Cable
from joulehash.hw.ports.port import READ_LIMIT, WRITE_LIMIT


def test_pieces_of_one_speed_are_one_and_those_of_another_stand_apart() -> None:
    async def main() -> list[tuple[bytes, int]]:
        cable = Cable("pipe")
        port = cable.host
        await port.open()
        port.write(b"a")
        port.write(b"b")
        await port.set_baud(1_000_000)
        port.write(b"")
        port.write(b"c")
        await port.set_baud(115200)
        port.write(b"d")
        return [await cable.receive() for _ in range(3)]

    assert run_virtual(main()) == [(b"ab", 115200), (b"c", 1_000_000), (b"d", 115200)]


def test_a_speed_is_changed_though_the_board_takes_nothing() -> None:
    """A line sends whether or not somebody listens."""

    async def main() -> float:
        cable = Cable("pipe")
        await cable.host.open()
        cable.host.write(b"into the dark")
        await cable.host.set_baud(9600)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 0


def test_what_is_not_read_is_dropped_and_counted() -> None:
    async def main() -> None:
        cable = Cable("pipe")
        cable.send(b"before it was open", 115200)
        await cable.host.open()
        cable.send(b"a" * (READ_LIMIT - 3), 115200)
        cable.send(b"bcdefg", 115200)
        cable.send(b"hi", 115200)
        assert cable.host.dropped == 5
        assert await cable.host.read() == b"a" * (READ_LIMIT - 3) + b"bcd"
        cable.send(b"j", 115200)
        assert await cable.host.read() == b"j"

    run_virtual(main())


def test_exactly_the_limit_may_wait() -> None:
    async def main() -> None:
        cable = Cable("pipe")
        await cable.host.open()
        cable.host.write(bytes(WRITE_LIMIT - 1))
        cable.host.write(b"x")
        with pytest.raises(DeviceError, match=rf"pipe: takes no data, {WRITE_LIMIT} bytes wait; is the board alive\?"):
            cable.host.write(b"y")

    run_virtual(main())


def test_what_was_on_its_way_is_lost_when_it_is_unplugged() -> None:
    async def main() -> None:
        cable = Cable("pipe")
        await cable.host.open()
        cable.host.write(b"work")
        cable.send(b"nonce", 115200)
        cable.unplug()
        assert cable.waiting == 0
        with pytest.raises(DeviceError, match="pipe: was unplugged; plug it in again"):
            await cable.host.read()
        with pytest.raises(DeviceAbsent, match="pipe: is not there; plug it in"):
            await cable.host.open()
        cable.send(b"into the air", 115200)
        cable.plug()
        await cable.host.open()
        cable.send(b"new", 115200)
        assert await cable.host.read() == b"new"

    run_virtual(main())
