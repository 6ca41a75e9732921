"""Miners that ask for too much, beside one that does not."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from fractions import Fraction

import msgspec
import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.events import Event, PoolShare, SessionClosed
from joulehash.engine.pools.url import PoolURL
from joulehash.engine.poolserver.connection import neighbourhood
from joulehash.engine.poolserver.server import PoolServer, ServerSettings, serving
from joulehash.engine.templates.memory import MemoryChain
from tests.support.stratum import line
from tests.support.virtual_net import Network


def test_one_that_asks_for_more_than_it_may_is_read_no_faster() -> None:
    """It pays with its own time: while it is refused it is not read for a while, and what it sends waits with it."""

    async def main() -> None:
        network, events = Network(), list[Event]()
        settings = ServerSettings(least_difficulty=Fraction(1, 10**11))
        server = PoolServer(MemoryChain(1 << 200, clock=lambda: 1.7e9), settings, events.append, listen=network.listen)
        async with serving(server):
            reader, writer = await network.connect(PoolURL(*server.address))
            writer.write(line("mining.subscribe", ["x"], 1) + line("mining.authorize", ["u"], 2))
            submit = line("mining.submit", ["u", "1", "00" * 8, "6553f100", "00000000"], 3)
            for _ in range(50):
                writer.write(submit * 1000)  # 4 MB
                await asyncio.sleep(0.1)
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await reader.read(1 << 22)
            weighed = sum(isinstance(event, PoolShare) for event in events)
            assert 2000 < weighed < 12_000
            assert writer.transport.get_write_buffer_size() > 0  # the rest waits
            writer.transport.abort()

    run_virtual(main())


def test_nothing_that_a_miner_sends_reaches_an_event_unprintable() -> None:
    async def main() -> list[Event]:
        network, events = Network(), list[Event]()
        chain = MemoryChain(1 << 200, clock=lambda: 1.7e9)
        server = PoolServer(chain, ServerSettings(), events.append, None, network.listen)
        async with serving(server):
            for evil in ("\x1b[2J\x07", "\u202egood", "\x9b31m", "a\nb", "\x00"):
                _, writer = await network.connect(PoolURL(*server.address))
                writer.write(line("mining.subscribe", [evil], 1) + line("mining.authorize", [evil, evil], 2))
                writer.write(line("mining.submit", [evil, evil, evil, evil, evil], 3) + line(evil, [evil], 4))
                await asyncio.sleep(0.1)
                writer.close()
                await asyncio.sleep(0.1)
        return events

    events = run_virtual(main())
    assert sum(isinstance(event, SessionClosed) for event in events) == 5
    for event in events:
        text = json.dumps(msgspec.to_builtins(event), ensure_ascii=False)
        assert text.isprintable(), text


@pytest.mark.parametrize(
    ("host", "whose"),
    [("10.0.0.1", "10.0.0.1"), ("2001:db8::1", "2001:db8::"), ("127.0.0.1", None), ("::1", None), ("?", "?")],
)
def test_neighbours_are_counted_together(host: str, whose: str | None) -> None:
    assert neighbourhood(host) == whose
