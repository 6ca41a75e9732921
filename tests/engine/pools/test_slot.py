"""What the reader of a JobSlot sees, whatever was put in meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.pools.slot import JobSlot
from joulehash.engine.stratum.client import ClientProtocol, NewJob, Quirks, Settings
from joulehash.engine.work import Job
from tests.support.fake_pool import job


def a_job() -> Job:
    protocol = ClientProtocol(Settings("joe"), Quirks(), 1, ready=True)
    lines: list[dict[str, object]] = [
        {"id": 1, "result": [[], "aa", 4], "error": None},
        {"id": 2, "result": True, "error": None},
        {"id": None, "method": "mining.notify", "params": job().params},
    ]
    protocol.quirks.no_configure = True
    protocol.start()
    events = protocol.receive(b"".join(json.dumps(line).encode() + b"\n" for line in lines), 0.0)
    return next(event.job for event in events if isinstance(event, NewJob))


JOB = a_job()
PUTS = st.sampled_from(["job", "clean", "lose", "read"])


@given(st.lists(PUTS))
def test_none_clean_and_the_newest_job_survive(puts: list[str]) -> None:
    """Against a model: everything between two reads, folded."""

    async def main() -> None:
        slot, serial = JobSlot(), 0
        reader = slot.read()
        unread: list[Job | None] = []
        for put in [*puts, "read"]:
            if put == "read":
                await check(reader, unread)
                unread.clear()
            elif put == "lose":
                unread.append(None)
                slot.lose()
            else:
                serial += 1
                new = replace(JOB, id=serial, clean=put == "clean")
                unread.append(new)
                slot.put(new)
        slot.end()
        assert [left async for left in reader] == []

    async def check(reader: AsyncIterator[Job | None], unread: list[Job | None]) -> None:
        lost = None in unread
        since = unread[len(unread) - unread[::-1].index(None) :] if lost else unread
        jobs = [item for item in since if item is not None]
        if lost:
            assert await anext(reader) is None
        if jobs:
            seen = await anext(reader)
            assert seen is not None
            assert seen.id == jobs[-1].id
            assert seen.clean == any(item.clean for item in jobs)

    asyncio.run(main())


def test_a_waiting_reader_is_woken() -> None:
    async def main() -> None:
        slot = JobSlot()
        waiting = asyncio.ensure_future(anext(slot.read()))
        await asyncio.sleep(0)
        slot.put(JOB)
        assert await waiting is JOB

    asyncio.run(main())


def test_an_error_comes_after_what_was_there_before() -> None:
    async def main() -> None:
        slot = JobSlot()
        slot.put(JOB)
        slot.end(ZeroDivisionError())
        slot.end()
        reader = slot.read()
        assert await anext(reader) is JOB
        with pytest.raises(ZeroDivisionError):
            await anext(reader)

    asyncio.run(main())
