from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from joulehash.engine.errors import NodeError
from joulehash.engine.templates.latest import Latest
from joulehash.engine.templates.template import Template
from tests.engine.templates.test_template import PLAIN


def numbered(serial: int) -> Template:
    return replace(PLAIN, serial=serial)


async def following(reader: AsyncIterator[Template]) -> Template:
    return await anext(reader)


def test_a_reader_gets_the_newest_at_once_and_misses_what_it_was_too_slow_for() -> None:
    async def main() -> None:
        latest = Latest()
        latest.put(numbered(1))
        latest.put(numbered(2))
        reader = latest.read()
        assert (await anext(reader)).serial == 2
        latest.put(numbered(3))
        latest.put(numbered(4))
        assert (await anext(reader)).serial == 4
        waiting = asyncio.create_task(following(reader))
        await asyncio.sleep(0)
        assert not waiting.done()
        latest.put(numbered(5))
        assert (await waiting).serial == 5

    asyncio.run(main())


def test_readers_do_not_take_templates_from_one_another() -> None:
    async def main() -> None:
        latest = Latest()
        latest.put(numbered(1))
        one, two = latest.read(), latest.read()
        assert [(await anext(one)).serial, (await anext(two)).serial] == [1, 1]
        latest.put(numbered(2))
        assert [(await anext(one)).serial, (await anext(two)).serial] == [2, 2]

    asyncio.run(main())


def test_readers_end_when_it_is_closed() -> None:
    async def main() -> None:
        latest = Latest()
        latest.put(numbered(1))

        async def read() -> list[int]:
            return [t.serial async for t in latest.read()]

        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        latest.close()
        assert await reading == [1]
        assert await read() == []
        latest.open()
        again = latest.read()
        assert (await anext(again)).serial == 1

    asyncio.run(main())


def test_a_failure_reaches_who_waits_and_takes_the_template_away() -> None:
    async def main() -> None:
        latest = Latest()
        latest.put(numbered(1))
        reader = latest.read()
        await anext(reader)
        latest.fail(NodeError("gone"))
        with pytest.raises(NodeError, match="gone"):
            await anext(reader)
        later = asyncio.create_task(following(latest.read()))
        await asyncio.sleep(0)
        assert not later.done()
        latest.put(numbered(2))
        assert (await later).serial == 2

    asyncio.run(main())
