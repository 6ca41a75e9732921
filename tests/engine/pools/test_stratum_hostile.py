"""A pool that means harm: floods, control characters, odd values. Real time where the loop itself is at stake."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from contextlib import suppress

import msgspec
import pytest

from joulehash.engine.events import Event, JobReceived, Malformed, Note, PoolMessage
from joulehash.engine.pool import Demand
from joulehash.engine.pools.stratum import StratumPool
from joulehash.engine.pools.url import PoolURL
from joulehash.engine.work import Job
from tests.support.fake_pool import Answer, Script, Tell, handshake, job
from tests.support.pool_stage import QUICK, SETTINGS, Stage, in_virtual_time
from tests.support.shares import share_of

EVIL = ("\x1b[2J\x1b]0;title\x07", "\u202egood", "\x9b31m", "a\nb\r", "\x00")


def test_nothing_that_a_pool_sends_reaches_an_event_unprintable() -> None:
    def script(evil: str) -> Script:
        tells = [Tell("client.show_message", [evil]), Tell("client.reconnect", [evil, 1, 0]), Tell(evil, [evil])]
        tells += [Tell("mining.set_difficulty", [evil]), Tell("mining.notify", [evil] * 9), job(evil)]
        refuse = Answer(None, [20, evil, evil])
        return [*handshake(), (None, *tells, f"{evil}\n".encode()), ("mining.submit", refuse), (None, evil.encode())]

    async def body(played: Stage) -> None:
        for i in range(len(EVIL)):
            await played.until(lambda i=i: len(played.of(JobReceived)) == 2 * (i + 1), 600.0)  # type: ignore[misc]
            work = await played.job()
            with suppress(AssertionError):
                await played.pool.submit(share_of(work))
            played.network.pipes[0].cut()
            await played.until(lambda: played.jobs[-1] is None)
        for event in played.events:
            text = json.dumps(msgspec.to_builtins(event), ensure_ascii=False)
            assert text.isprintable(), text
        assert played.of(PoolMessage)
        assert played.of(Malformed)

    in_virtual_time([script(evil) for evil in EVIL], body)


@pytest.mark.long
@pytest.mark.alone
def test_ten_thousand_jobs_a_second_neither_starve_the_loop_nor_fill_memory() -> None:
    """For a second, over TCP. What else runs in the loop is hardly late."""
    seconds, a_second = 1, 10_000
    lines = [
        json.dumps({"id": None, "method": "mining.notify", "params": job(str(i), 1, False).params}).encode() + b"\n"
        for i in range(seconds * a_second)
    ]

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            answers: list[object] = [True, [list[object](), "aabbccdd", 4], True]
            for answer in answers:
                identity = json.loads(await reader.readline())["id"]
                writer.write(json.dumps({"id": identity, "result": answer, "error": None}).encode() + b"\n")
            for i in range(0, len(lines), 100):
                writer.writelines(lines[i : i + 100])
                await writer.drain()
                await asyncio.sleep(100 / a_second)
            await reader.read()
        writer.transport.abort()

    async def main() -> tuple[list[Event], float, float, int]:
        loop, events, jobs, late = asyncio.get_running_loop(), list[Event](), list[Job | None](), 0.0
        server = await asyncio.start_server(flood, "127.0.0.1", 0)
        pool = StratumPool(PoolURL(*server.sockets[0].getsockname()[:2]), SETTINGS, events.append, QUICK)
        await pool.start(Demand())

        async def read() -> None:
            async for given in pool.jobs():
                jobs.append(given)
                del jobs[:-5]

        reading = asyncio.create_task(read())
        tracemalloc.start()
        flooded_s = loop.time()
        async with asyncio.timeout(120.0):
            while not (jobs and jobs[-1] is not None and jobs[-1].id == str(len(lines) - 1)):
                began_s = loop.time()
                await asyncio.sleep(0.01)
                late = max(late, loop.time() - began_s - 0.01)
        flooded_s = loop.time() - flooded_s
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        await asyncio.sleep(1.5)
        await pool.stop()
        await reading
        server.close()
        await server.wait_closed()
        return events, flooded_s, late, peak

    events, flooded_s, late_s, peak = asyncio.run(main())
    told = [event for event in events if isinstance(event, JobReceived)]
    assert len(told) < 50 * flooded_s + 100
    assert told[-1].job == str(len(lines) - 1)
    assert any("more messages than are shown" in event.text for event in events if isinstance(event, Note))
    assert late_s < 2.0  # a turn takes some 10 ms of an idle machine; this one may be busy
    assert peak < 8 << 20


def test_devices_are_given_no_more_than_fifty_jobs_a_second() -> None:
    many = [job(str(i), i) for i in range(1000)]

    async def body(played: Stage) -> None:
        await played.until(lambda: played.jobs and played.jobs[-1] is not None and played.jobs[-1].id == "999", 600.0)
        assert len(played.jobs) <= 10 * 50 + 2

    steps = [(None, *(tell for tell in many[i : i + 100]), b"\n") for i in range(0, 1000, 100)]
    in_virtual_time([[*handshake(), *steps]], body)
