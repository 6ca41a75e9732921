"""A recording played back: what the host does must be what it did, and the board answers when it did."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError, InputError
from joulehash.hw.ports.pipe import Cable
from joulehash.hw.ports.port import Port
from joulehash.hw.ports.record import Entry, Recorder
from joulehash.hw.ports.replay import Mismatch, load, pairs, replaying

COUNT = (bytes.fromhex("55aa520500000a"), bytes.fromhex("aa551370000000000006"))


def test_pairs_are_sent_and_answered() -> None:
    async def main() -> None:
        async with replaying(pairs(COUNT, (b"mute", b""), (b"", b"spontaneous"))) as port:
            await port.open()
            port.write(COUNT[0][:3])
            port.write(COUNT[0][3:] + b"mu")
            assert await port.read() == COUNT[1]
            port.write(b"te")
            assert await port.read() == b"spontaneous"
            await port.close()

    run_virtual(main())


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"\x55\xab", "replay: sent 55ab, expected out 55aa520500000a"),
        (COUNT[0] + b"\x00", "replay: sent 00, expected nothing more"),
    ],
)
def test_another_byte_than_expected_is_told_at_once_and_at_the_end(sent: bytes, said: str) -> None:
    async def main() -> None:
        with pytest.raises(Mismatch, match=said):  # noqa: PT012
            async with replaying(pairs((COUNT[0], b""))) as port:
                await port.open()
                with pytest.raises(Mismatch, match=said):
                    port.write(sent)

    run_virtual(main())


@pytest.mark.parametrize(
    ("exchange", "sent", "said"),
    [
        ((b"ab", b""), b"a", "1 remain, the first is out 62"),
        ((b"a", b"answer"), b"a", "0 answers remain, and 6 bytes unread"),
    ],
)
def test_nothing_may_remain(exchange: tuple[bytes, bytes], sent: bytes, said: str) -> None:
    async def main() -> None:
        with pytest.raises(Mismatch, match=said):  # noqa: PT012
            async with replaying(pairs(exchange)) as port:
                await port.open()
                port.write(sent)
                await asyncio.sleep(1)

    run_virtual(main())


async def session(port: Port, board: Callable[[], Awaitable[None]]) -> list[tuple[float, str]]:
    """What a driver might do, and what it hears; `board` is told when to act."""
    heard: list[tuple[float, str]] = []
    loop = asyncio.get_running_loop()
    start_s = loop.time()

    def note(what: object) -> None:
        heard.append((round(loop.time() - start_s, 6), str(what)))

    await port.open()
    port.write(b"count")
    note(await port.read())
    await port.set_baud(1_000_000)
    for i in range(3):
        port.write(b"job%d" % i)
        await asyncio.sleep(0.5)
    note(await port.read())
    await board()
    with pytest.raises(DeviceError) as lost:
        await port.read()
    note(lost.value)
    await port.close()
    with pytest.raises(DeviceError) as refused:
        await port.open()
    note(refused.value)
    await asyncio.sleep(1)
    await board()
    await port.open()
    note(await port.read())
    await port.close()
    return heard


def record(path: Path) -> list[tuple[float, str]]:
    async def main() -> list[tuple[float, str]]:
        cable, recorder = Cable("board"), Recorder(str(path))

        async def answer() -> None:
            await cable.receive()
            await asyncio.sleep(0.01)
            cable.send(b"chips", 115200)
            await asyncio.sleep(1.2)
            cable.send(b"nonce", 1_000_000)

        async def shake() -> None:
            if cable.plugged:
                asyncio.get_running_loop().call_later(0.3, cable.unplug)
            else:
                cable.plug()
                asyncio.get_running_loop().call_later(0.2, cable.send, b"hello", 115200)

        answering = asyncio.create_task(answer())
        heard = await session(recorder.port(cable.host), shake)
        await answering
        recorder.close()
        return heard

    return run_virtual(main())


def test_a_session_plays_back_as_it_was(tmp_path: Path) -> None:
    """With its times, its change of speed, its unplugging, and the opening that failed."""
    path = tmp_path / "wire.jsonl"
    heard = record(path)
    assert [what for _, what in heard] == [
        "b'chips'",
        "b'nonce'",
        "board: was unplugged; plug it in again",
        "board: is not there; plug it in",
        "b'hello'",
    ]

    async def nobody() -> None: ...

    async def main() -> list[tuple[float, str]]:
        async with replaying(load(path)) as port:
            return await session(port, nobody)

    assert run_virtual(main()) == heard


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ([("baud", 9600)], "board: set 115200 baud, expected baud 9600"),
        ([], "board: set 115200 baud, expected nothing more"),
    ],
)
def test_another_speed_is_a_mismatch(script: list[tuple[str, int]], said: str) -> None:
    entries = [Entry(0, "board", "open"), *(Entry(1, "board", "baud", baud=baud) for _, baud in script)]

    async def main() -> None:
        with pytest.raises(Mismatch, match=said):  # noqa: PT012
            async with replaying(entries) as port:
                await port.open()
                await port.set_baud(115200)

    run_virtual(main())


def test_closing_too_early_is_told_at_the_end() -> None:
    entries = [Entry(0, "b", "open"), Entry(0, "b", "out", "00"), Entry(0, "b", "close")]

    async def main() -> None:
        with pytest.raises(Mismatch, match="b: close, expected out 00"):  # noqa: PT012
            async with replaying(entries) as port:
                await port.open()
                await port.close()

    run_virtual(main())


def test_of_several_ports_one_is_chosen() -> None:
    entries = [*pairs((b"c", b""), port="control"), *pairs((b"d", b""), port="data")]

    async def main() -> None:
        with pytest.raises(InputError, match="the ports control, data; choose one"):
            async with replaying(entries):
                pass
        async with replaying(entries, "data") as port:
            await port.open()
            port.write(b"d")
            assert port.name == "data"

    run_virtual(main())


def test_the_hosts_own_error_is_not_hidden_by_what_remains() -> None:
    async def main() -> None:
        async with replaying(pairs(COUNT)):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_virtual(main())


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b'{"t":0,"port":"b","dir":"up"}', b'{"t":0,"port":"b","dir":"out","hex":"0"}', b"\xff"]
)
def test_what_is_no_recording_is_told_with_its_line(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    path.write_bytes(b'{"t":0,"port":"b","dir":"open"}\n' + line + b"\n")
    with pytest.raises(InputError, match=r"wire\.jsonl, line 2: .*give a file that --record has written"):
        load(path)
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "none.jsonl")
