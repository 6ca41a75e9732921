"""Making connections: many addresses, slow names, and the words for what fails."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from joulehash.engine.pools.connect import connect, plain
from joulehash.engine.pools.url import PoolURL


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def hanging() -> Iterator[int]:
    """A port whose queue of connections is full: the next attempt gets no answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        yield address[1]
        for filler in fillers:
            filler.close()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def answer_with(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    """Every name has these addresses."""
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]

    def look_up(*_: object, **__: object) -> list[object]:
        return [*rows]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


async def reach(host: str) -> int:
    """The port of its first address that answers."""
    _, writer = await connect(PoolURL(host, 3333))
    port: int = writer.get_extra_info("peername")[1]
    writer.close()
    await writer.wait_closed()
    return port


def test_the_next_address_is_tried_when_one_refuses(monkeypatch: pytest.MonkeyPatch, listening: int) -> None:
    answer_with(monkeypatch, closed_port(), listening)
    assert asyncio.run(reach("pool.example")) == listening


def test_the_next_address_is_tried_when_one_hangs(
    monkeypatch: pytest.MonkeyPatch, listening: int, hanging: int
) -> None:
    answer_with(monkeypatch, hanging, listening)
    assert asyncio.run(reach("pool.example")) == listening


def test_a_connection_that_hangs_can_be_given_up(monkeypatch: pytest.MonkeyPatch, hanging: int) -> None:
    answer_with(monkeypatch, hanging, hanging)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await reach("pool.example")

    asyncio.run(main())


def test_a_name_server_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        answered.wait(30.0)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reach("pool.example")

    asyncio.run(main())  # would wait for an executor's thread
    assert not answered.is_set()
    answered.set()


def test_what_a_name_cannot_be() -> None:
    with pytest.raises(socket.gaierror):
        asyncio.run(reach("a..b"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)"), "connection refused"),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 101] x"), "connection refused"),
        (ConnectionResetError(), "the connection was lost"),
        (OSError("odd"), "odd"),
        (socket.gaierror(-2, "Name or service not known"), "unknown host: name or service not known"),
        (ssl.SSLError(1, "[SSL] odd"), "TLS: "),
    ],
)
def test_says_what_failed_in_plain_words(error: OSError, words: str) -> None:
    assert plain(error).startswith(words)
