"""What every Port keeps to: a pipe, a pseudo-terminal, what pyserial has URLs for, a recorded one. A new kind is a row
of RIGS."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from joulehash.engine.errors import DeviceError
from joulehash.hw.ports.port import READ_LIMIT, WRITE_LIMIT
from tests.support.ports import (
    BAUD,
    PATIENCE_S,
    Ends,
    Make,
    hurry_pyserial,
    loop,
    on_usb,
    over_tcp,
    pipe,
    pseudo_terminal,
    recorded,
    run,
)
from tests.support.usb_devices import FakeCp2105, FakeFt230x


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry_pyserial(monkeypatch)


@dataclass(frozen=True)
class Rig:
    name: str
    make: Make
    has_far: bool = True  # else it echoes, and cannot be unplugged
    has_baud: bool = True  # the board's end knows the host's
    garbles: bool = True  # what was said at another speed
    fastest: int = 3_125_000  # which has no name in termios


RIGS = [
    Rig("pipe", pipe),
    Rig("recorded pipe", recorded),
    Rig("pty", pseudo_terminal),
    Rig("loop://", loop, has_far=False, has_baud=False, garbles=False),
    Rig("rfc2217://", over_tcp("rfc2217"), garbles=False),
    Rig("FT230X", on_usb(FakeFt230x), fastest=1_500_000),
    Rig("CP2105", on_usb(FakeCp2105), fastest=2_000_000),
    Rig("socket://", over_tcp("socket"), has_baud=False, garbles=False),
]

# pyserial's RFC 2217 client calls Thread.setDaemon and setName, which Python deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")

EVERY_BYTE = bytes(range(256))  # flow control, interrupts, telnet's 255: all must pass


@pytest.fixture(params=RIGS, ids=lambda rig: rig.name)
def rig(request: pytest.FixtureRequest) -> Rig:
    chosen: Rig = request.param
    return chosen


def on(rig: Rig, folder: Path, body: Callable[[Ends], Awaitable[None]]) -> None:
    """Run on an open port, which is closed at the end; nothing may remain of it."""

    async def main() -> None:
        async with rig.make(folder) as ends:
            await ends.open()
            await body(ends)

    run(main())


async def error_of(call: Awaitable[object]) -> str:
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(DeviceError) as caught:
            await call
    return str(caught.value)


async def write(ends: Ends, data: bytes) -> None:
    ends.port.write(data)


def ignore(data: bytes) -> None:
    del data


async def all_errors(ends: Ends) -> list[str]:
    """What each verb says on a port that is not open."""
    port = ends.port
    calls = (port.read(), port.listen(ignore), write(ends, b"x"), port.drain(), port.set_baud(9600))
    return [await error_of(call) for call in calls]


def test_bytes_come_whole_and_in_order_both_ways(rig: Rig, tmp_path: Path) -> None:
    chance = random.Random(1)
    data = EVERY_BYTE + chance.randbytes(12_000) + EVERY_BYTE
    cuts = [0, *sorted(chance.sample(range(1, len(data)), 60)), len(data)]
    pieces = [data[a:b] for a, b in pairwise(cuts)]

    async def body(ends: Ends) -> None:
        for piece in pieces:
            ends.port.write(piece)
        await ends.port.drain()
        if ends.far is not None:
            assert await ends.receive(len(data)) == data
            for piece in pieces:
                await ends.say(piece)
        assert await ends.read(len(data)) == data

    on(rig, tmp_path, body)


def test_an_empty_write_is_none(rig: Rig, tmp_path: Path) -> None:
    async def body(ends: Ends) -> None:
        ends.port.write(b"")
        await ends.port.drain()
        await ends.say(b"x")
        assert await ends.read(1) == b"x"

    on(rig, tmp_path, body)


def test_a_second_opening_is_refused_and_harms_nothing(rig: Rig, tmp_path: Path) -> None:
    async def body(ends: Ends) -> None:
        assert "open already" in await error_of(ends.port.open())
        await ends.say(b"still here")
        assert await ends.read(10) == b"still here"

    on(rig, tmp_path, body)


def test_it_opens_again_after_it_was_closed(rig: Rig, tmp_path: Path) -> None:
    async def body(ends: Ends) -> None:
        await ends.port.close()
        await ends.port.close()
        await ends.open()
        await ends.say(b"again")
        assert await ends.read(5) == b"again"

    on(rig, tmp_path, body)


def test_before_it_is_open_and_after_all_fails_and_names_it(rig: Rig, tmp_path: Path) -> None:
    async def main() -> None:
        async with rig.make(tmp_path) as ends:
            port = ends.port
            await port.close()  # never opened
            before = await all_errors(ends)
            assert port.fileno() is None
            await port.open()
            await port.close()
            assert port.fileno() is None
            after = await all_errors(ends)
        assert set(before) == {f"{port.name}: is not open"}
        assert set(after) == {f"{port.name}: is closed"}

    run(main())


def test_closing_ends_a_read_under_way(rig: Rig, tmp_path: Path) -> None:
    async def body(ends: Ends) -> None:
        reading = asyncio.create_task(ends.port.read())
        await asyncio.sleep(0.02)
        await ends.port.close()
        assert await error_of(reading) == f"{ends.port.name}: is closed"

    on(rig, tmp_path, body)


def test_a_read_of_one_session_never_sees_the_next(rig: Rig, tmp_path: Path) -> None:
    async def body(ends: Ends) -> None:
        reading = asyncio.create_task(ends.port.read())
        await asyncio.sleep(0)
        await ends.port.close()
        await ends.open()
        await ends.say(b"new")
        assert await error_of(reading) == f"{ends.port.name}: is closed"
        assert await ends.read(3) == b"new"

    on(rig, tmp_path, body)


def test_who_listens_gets_what_came_before_and_what_comes(rig: Rig, tmp_path: Path) -> None:
    async def body(ends: Ends) -> None:
        await ends.say(b"b")
        heard = bytearray(await ends.read(1))
        await ends.say(b"efore")
        listening = asyncio.create_task(ends.port.listen(heard.extend))
        await ends.say(b" and now")
        async with asyncio.timeout(PATIENCE_S):
            while bytes(heard) != b"before and now":  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        listening.cancel()
        await asyncio.wait((listening,))
        await ends.say(b" and then")
        assert await ends.read(9) == b" and then"
        assert bytes(heard) == b"before and now"

    on(rig, tmp_path, body)


def test_closing_ends_a_listener(rig: Rig, tmp_path: Path) -> None:
    async def body(ends: Ends) -> None:
        listening = asyncio.create_task(ends.port.listen(ignore))
        await asyncio.sleep(0.02)
        await ends.port.close()
        assert await error_of(listening) == f"{ends.port.name}: is closed"

    on(rig, tmp_path, body)


def test_what_a_listener_raises_is_his_own(rig: Rig, tmp_path: Path) -> None:
    """The line goes on, and whoever feeds it."""

    def fail(data: bytes) -> None:
        raise ValueError(f"{data[:1]!r} is not for me")

    async def body(ends: Ends) -> None:
        listening = asyncio.create_task(ends.port.listen(fail))
        await asyncio.sleep(0)
        await ends.say(b"x")
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(ValueError, match="is not for me"):
                await listening
        await ends.say(b"yes")
        assert await ends.read(3) == b"yes"

    on(rig, tmp_path, body)


def test_a_cancelled_read_loses_nothing(rig: Rig, tmp_path: Path) -> None:
    async def body(ends: Ends) -> None:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await ends.port.read()
        reading = asyncio.create_task(ends.port.read())
        await asyncio.sleep(0)
        await ends.say(b"all of it")
        reading.cancel()
        await asyncio.wait((reading,))
        got = b"" if reading.cancelled() else reading.result()
        assert got + await ends.read(9 - len(got)) == b"all of it"

    on(rig, tmp_path, body)


def test_the_speed_changes_after_all_was_sent(rig: Rig, tmp_path: Path) -> None:
    if not rig.has_baud:
        pytest.skip("has no speed")

    async def body(ends: Ends) -> None:
        assert ends.far is not None
        seen: list[tuple[bytes, int]] = []
        bauds = (115200, 1_000_000, rig.fastest, 115200)
        for baud in bauds:
            if baud != BAUD or seen:
                await ends.port.set_baud(baud)
            for i in range(10):
                ends.port.write(b"%d" % i)
            async with asyncio.timeout(PATIENCE_S):
                data, at = await ends.far.receive()
                while len(data) < 10:
                    more, also_at = await ends.far.receive()
                    assert also_at == at
                    data += more
            seen.append((data, at))
        assert seen == [(b"0123456789", baud) for baud in bauds]

    on(rig, tmp_path, body)


def test_sent_at_one_speed_and_changed_at_once_it_arrives_at_that_speed(rig: Rig, tmp_path: Path) -> None:
    if not rig.has_baud:
        pytest.skip("has no speed")

    async def body(ends: Ends) -> None:
        assert ends.far is not None
        ends.port.write(b"slow")
        await ends.port.set_baud(1_000_000)
        ends.port.write(b"fast")
        async with asyncio.timeout(PATIENCE_S):
            assert [await ends.far.receive(), await ends.far.receive()] == [(b"slow", 115200), (b"fast", 1_000_000)]

    on(rig, tmp_path, body)


def test_another_speed_is_garbage(rig: Rig, tmp_path: Path) -> None:
    if not rig.garbles:
        pytest.skip("carries bytes at any speed")

    async def body(ends: Ends) -> None:
        await ends.say(b"plain", 1_000_000)
        assert await ends.read(5) not in (b"plain", b"")
        await ends.port.set_baud(1_000_000)
        await ends.say(b"plain", 1_000_000)
        assert await ends.read(5) == b"plain"

    on(rig, tmp_path, body)


def test_it_opens_at_its_first_speed(rig: Rig, tmp_path: Path) -> None:
    if not rig.has_baud:
        pytest.skip("has no speed")

    async def body(ends: Ends) -> None:
        assert ends.far is not None
        await ends.port.set_baud(1_000_000)
        await ends.port.close()
        await ends.port.open()
        ends.port.write(b"x")
        async with asyncio.timeout(PATIENCE_S):
            assert await ends.far.receive() == (b"x", BAUD)

    on(rig, tmp_path, body)


def test_what_nobody_reads_is_bounded(rig: Rig, tmp_path: Path) -> None:
    """The oldest stays, as in a system's buffer; the loop is not held up."""
    data = random.Random(2).randbytes(READ_LIMIT * 3 // 2)

    async def body(ends: Ends) -> None:
        for at in range(0, len(data), 4096):
            await ends.say(data[at : at + 4096])
            await asyncio.sleep(0.001)
        async with asyncio.timeout(PATIENCE_S):
            got = await ends.port.read()
        assert len(got) <= READ_LIMIT
        assert data.startswith(got)

    on(rig, tmp_path, body)


@pytest.mark.parametrize("pause_s", [0, 0.001])
def test_a_board_that_takes_nothing_holds_up_nobody(rig: Rig, pause_s: float, tmp_path: Path) -> None:
    """Writing returns at once, until so much waits that it is an error; then the port can be opened anew. Faster than
    the line takes anything, or after it has taken what it can.
    """
    if not rig.has_far:
        pytest.skip("always takes what is sent")

    async def body(ends: Ends) -> None:
        loop = asyncio.get_running_loop()
        draining: asyncio.Task[None] | None = None
        with pytest.raises(DeviceError) as caught:  # noqa: PT012
            for _ in range(64 << 20 >> 12):  # systems buffer megabytes of a socket's
                before_s = loop.time()
                ends.port.write(bytes(4096))
                assert loop.time() - before_s < 1.0
                draining = draining or asyncio.create_task(ends.port.drain())
                await asyncio.sleep(pause_s)
        assert "takes no data" in str(caught.value)
        assert draining is not None
        await asyncio.wait((draining,), timeout=PATIENCE_S)
        assert draining.done()
        assert draining.exception() is None or str(draining.exception()) == str(caught.value)
        assert await all_errors(ends) == [str(caught.value)] * 5
        await ends.port.open()

    on(rig, tmp_path, body)


def test_a_write_beyond_the_limit_is_an_error(rig: Rig, tmp_path: Path) -> None:
    async def body(ends: Ends) -> None:
        with pytest.raises(DeviceError, match="takes no data"):
            ends.port.write(bytes(WRITE_LIMIT + 1))

    on(rig, tmp_path, body)


@pytest.mark.parametrize("moment", [0, 1, 2, 5])
def test_unplugged_at_any_moment_it_is_one_error_and_works_again_when_plugged(
    rig: Rig, moment: int, tmp_path: Path
) -> None:
    """Somebody reads, somebody writes, the speed is being changed: all are told the same."""
    if not rig.has_far:
        pytest.skip("cannot be unplugged")

    async def body(ends: Ends) -> None:
        far, port = ends.far, ends.port
        assert far is not None

        async def keep_reading() -> None:
            while True:
                await port.read()

        async def keep_writing() -> None:
            while True:
                port.write(b"work" * 16)
                await port.drain()
                await asyncio.sleep(0.002)

        async def change_speed() -> None:
            while True:
                await port.set_baud(BAUD)
                await asyncio.sleep(0)

        async def answer() -> None:
            while True:
                _, baud = await far.receive()
                far.send(b"nonce", baud)

        board = asyncio.create_task(answer())
        users = [asyncio.create_task(call()) for call in (keep_reading, keep_writing, change_speed)]
        for _ in range(moment):
            await asyncio.sleep(0 if moment < 4 else 0.01)
        far.unplug()
        errors = {await error_of(user) for user in users} | set(await all_errors(ends))
        assert len(errors) == 1, errors
        assert errors.pop().startswith(f"{port.name}: ")
        board.cancel()
        await asyncio.wait((board,))
        await error_of(port.open())  # it is not there
        far.plug()
        if ends.settle is not None:
            await ends.settle()
        await ends.open()
        port.write(b"back")
        assert await ends.receive(4) == b"back"
        await ends.say(b"again")
        assert await ends.read(5) == b"again"

    on(rig, tmp_path, body)


def test_closed_while_it_drains_and_changes_speed(rig: Rig, tmp_path: Path) -> None:
    async def body(ends: Ends) -> None:
        ends.port.write(bytes(2000))
        users = [asyncio.create_task(ends.port.drain()), asyncio.create_task(ends.port.set_baud(57600))]
        await asyncio.sleep(0)
        await ends.port.close()
        _, left = await asyncio.wait(users, timeout=PATIENCE_S)
        assert not left
        for user in users:
            assert user.exception() is None or str(user.exception()) == f"{ends.port.name}: is closed"

    on(rig, tmp_path, body)
