"""The pool server on real sockets: sessions, blocks, limits, and the failures of what stands behind it."""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from joulehash.engine.chain.target import target_from_bits
from joulehash.engine.errors import InputError, NodeError
from joulehash.engine.events import Event, Note, PoolBlock, PoolShare, SessionClosed, SessionOpened
from joulehash.engine.poolserver.connection import WRITE_LIMIT, neighbourhood
from joulehash.engine.poolserver.server import PoolServer, ServerSettings, serving
from joulehash.engine.poolserver.session import Limits
from joulehash.engine.templates.memory import MemoryChain
from joulehash.engine.templates.template import Template
from tests.support.rig import Rig, rig_at

EASY = ServerSettings(difficulty=Fraction(1, 10**12), least_difficulty=Fraction(1, 10**12))  # every hash is a share
REGTEST = target_from_bits(0x207FFFFF)  # every second hash is a block


class Served:
    """A server on loopback and what it reported."""

    def __init__(self, source: MemoryChain | None = None, settings: ServerSettings = EASY) -> None:
        self.events: list[Event] = []
        self.chain = source or MemoryChain(REGTEST)
        self.server = PoolServer(self.chain, settings, self.events.append)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def closed(self) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, SessionClosed)]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5.0):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.01)


def play(body: Callable[[Served], Awaitable[None]], served: Served | None = None, **settings: object) -> Served:
    """`body` with a server; afterwards there are no tasks left, and no sockets (ResourceWarning is an error)."""

    async def main() -> Served:
        nonlocal served
        served = served or Served(settings=replace(EASY, **settings))  # type: ignore[arg-type]
        async with serving(served.server):
            await body(served)
        assert served.server.sessions == {}
        await asyncio.sleep(0)
        gc.collect()
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
        return served

    return asyncio.run(main())


def test_two_miners_have_different_extranonces_and_their_shares_count() -> None:
    async def body(served: Served) -> None:
        host, port = served.server.address
        assert host == "127.0.0.1"
        async with rig_at(host, port) as one, rig_at(host, port) as two:
            first, second = await one.login(), await two.login("jim")
            assert one.extranonce1 != two.extranonce1
            assert len(one.extranonce1) == len(two.extranonce1) == 4
            assert (await one.ask("mining.submit", *one.share(first)))["result"] is True
            assert (await two.ask("mining.submit", *two.share(second, user="jim")))["result"] is True
            assert (await one.ask("mining.submit", *one.share(first)))["error"][0] == 22

    served = play(body)
    assert len(served.of(SessionOpened)) == 2
    counts = {(e.user, e.agent, e.accepted, e.rejected) for e in served.events if isinstance(e, SessionClosed)}
    assert counts == {("joe", "rig/1", 1, 1), ("jim", "rig/1", 1, 0)}
    assert sorted(e.code for e in served.events if isinstance(e, PoolShare)) == [0, 0, 22]


def test_a_block_goes_to_the_chain_and_ends_the_old_job_for_all() -> None:
    async def body(served: Served) -> None:
        async with rig_at(*served.server.address) as one, rig_at(*served.server.address) as two:
            old, other = await one.login(), await two.login()
            assert (await one.ask("mining.submit", *one.share(old, block=True)))["result"] is True
            new = await one.job(2)
            assert new.clean
            assert new.prev_hash == (await two.job(2)).prev_hash != old.prev_hash
            assert served.chain.height == 1
            for rig, job in ((one, old), (two, other)):
                assert (await rig.ask("mining.submit", *rig.share(job, 7)))["error"][0] == 21
            assert (await two.ask("mining.submit", *two.share(new)))["result"] is True

    served = play(body)
    blocks = [event for event in served.events if isinstance(event, PoolBlock)]
    assert [(block.height, block.accepted, block.reason) for block in blocks] == [(1, True, "")]


# Limits


def test_sessions_are_limited() -> None:
    async def body(served: Served) -> None:
        async with rig_at(*served.server.address) as one, rig_at(*served.server.address) as two:
            await one.login()
            await two.login()
            for _ in range(3):
                async with rig_at(*served.server.address) as third:
                    assert await third.ended()
            one.writer.close()
            await served.until(lambda: len(served.server.sessions) == 1)
            async with rig_at(*served.server.address) as fourth:
                await fourth.login()
            await served.until(lambda: served.of(Note))

    served = play(body, sessions=2)
    notes = [event.text for event in served.events if isinstance(event, Note)]
    assert notes == ["turned away 3 connections: 2 sessions are open, which is the limit"]


def test_sessions_of_one_address_are_limited_except_our_own() -> None:
    async def main() -> None:
        served = Served(settings=replace(EASY, sessions_per_address=2))
        async with serving(served.server):
            welcome = served.server.welcome
            assert [isinstance(welcome("10.0.0.1"), str) for _ in range(3)] == [False, False, True]
            assert not isinstance(welcome("10.0.0.2"), str)
            assert [isinstance(welcome(f"2001:db8::{i}"), str) for i in range(3)] == [False, False, True]
            assert not any(isinstance(welcome("127.0.0.1"), str) for _ in range(10))
            served.server.farewell("10.0.0.1")
            assert not isinstance(welcome("10.0.0.1"), str)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("127.9.9.9", None),
        ("::1", None),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::ffff:127.0.0.1", None),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("?", "?"),
    ],
)
def test_neighbourhoods(host: str, counted: str | None) -> None:
    assert neighbourhood(host) == counted


@pytest.mark.parametrize("said", [b"", b'{"id":1,"method":"mining.subscribe","params":[]}\n', b'{"id":1'])
def test_who_does_not_log_in_is_dropped(said: bytes) -> None:
    async def body(served: Served) -> None:
        async with rig_at(*served.server.address) as rig:
            rig.writer.write(said)
            async with asyncio.timeout(3.0):
                assert await rig.ended()

    assert play(body, handshake_s=0.2).closed() == ["no subscription and authorization in 0.2 s"]


def test_too_long_and_too_many_malformed_lines() -> None:
    async def body(served: Served) -> None:
        async with rig_at(*served.server.address) as rig:
            await rig.login()
            rig.writer.write(b"x" * 20_000 + b"\n")
            assert (await rig.ask("mining.ping"))["result"] == "pong"
            rig.writer.write(b"rubbish\n" * 9)
            assert await rig.ended()

    assert play(body).closed() == ["10 lines that cannot be understood"]


def test_a_line_without_end_takes_no_memory() -> None:
    async def body(served: Served) -> None:
        async with rig_at(*served.server.address) as rig:
            await rig.login()
            for _ in range(20):
                rig.writer.write(b"x" * (1 << 20))
                await rig.writer.drain()
            (session,) = served.server.sessions.values()
            assert len(session.protocol._lines._partial) <= 16_384  # pyright: ignore[reportPrivateUsage]
            rig.writer.write(b"\n")
            assert (await rig.ask("mining.ping"))["result"] == "pong"

    play(body)


def test_the_rate_of_shares_has_a_ceiling() -> None:
    async def body(served: Served) -> None:
        async with rig_at(*served.server.address) as rig:
            job = await rig.login()
            answers = [await rig.ask("mining.submit", *rig.share(job, i)) for i in range(8)]
            assert [answer["error"] is None for answer in answers] == [True] * 3 + [False] * 5  # two were the login's
            assert answers[-1]["error"][0] == 20

    play(body, limits=Limits(shares_per_s=0.001, burst=5))


def test_who_does_not_read_is_dropped() -> None:
    async def ask_on(rig: Rig) -> None:
        while True:
            rig.send("mining.ping")
            await rig.writer.drain()

    async def body(served: Served) -> None:
        async with rig_at(*served.server.address, receive_bytes=4096) as rig:
            await rig.login()
            with pytest.raises(ConnectionError):
                await asyncio.wait_for(ask_on(rig), 20.0)
            await served.until(served.closed)

    assert play(body).closed() == [f"left {WRITE_LIMIT} bytes unread"]


def test_a_reset_connection_is_over() -> None:
    async def body(served: Served) -> None:
        async with rig_at(*served.server.address) as rig:
            await rig.login()
            rig.writer.write(b'{"id":5,"met')
        await served.until(served.closed)
        assert served.server.sessions == {}

    play(body)


# Where it listens


def test_ipv6_and_every_address() -> None:
    async def body(served: Served) -> None:
        host, port = served.server.address
        async with rig_at("::1", port) as rig:
            await rig.login()
        assert host == "::"

    assert any("[::1]:" in event.address for event in play(body, host="::").events if isinstance(event, SessionOpened))


def test_listens_on_loopback_unless_told_otherwise() -> None:
    assert ServerSettings().host == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "port", "why"),
    [
        ("no host", 3333, "listen on no host:3333: "),
        ("127.0.0.1", 70_000, "listen on 127.0.0.1:70000: "),
        ("192.0.2.1", 3333, "cannot assign requested address|could not bind"),
    ],
)
def test_an_address_that_cannot_be_had_is_one_line(host: str, port: int, why: str) -> None:
    async def body(served: Served) -> None:
        raise AssertionError("it has begun")

    with pytest.raises(InputError, match=r"choose another with --listen$") as caught:
        play(body, host=host, port=port)
    assert re.search(why, str(caught.value))
    assert str(caught.value).isprintable()


def test_a_port_in_use_and_two_servers_at_once() -> None:
    async def body(one: Served) -> None:
        two = Served()
        async with serving(two.server), rig_at(*one.server.address) as a, rig_at(*two.server.address) as b:
            assert (await a.login()).coinb1
            assert (await b.login()).coinb1
            again = Served(settings=replace(EASY, port=one.server.address[1]))
            with pytest.raises(InputError, match="address already in use"):
                async with serving(again.server):
                    pass

    play(body)


class Late(MemoryChain):
    """No template until it is told."""

    def __init__(self) -> None:
        super().__init__(REGTEST)
        self.ready = asyncio.Event()

    async def templates(self) -> AsyncIterator[Template]:
        await self.ready.wait()
        async for template in super().templates():
            yield template


def test_listens_when_there_is_work() -> None:
    async def main() -> None:
        served = Served(Late())
        await served.server.start()
        task = asyncio.create_task(served.server.serve())
        await asyncio.sleep(0.05)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*served.server.address)
        assert isinstance(served.chain, Late)
        served.chain.ready.set()
        await served.server.listening.wait()
        async with rig_at(*served.server.address) as rig:
            await rig.login()
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(main())


def test_two_that_wait_for_work_on_one_port() -> None:
    """Linux lets both take a port that nobody listens on yet; the second to listen hears of it."""

    async def main() -> None:
        one = Served(Late())
        await one.server.start()
        two = Served(Late(), replace(EASY, port=one.server.address[1]))
        try:
            await two.server.start()
        except InputError:
            await one.server.stop()
            return  # not on this system
        tasks = [asyncio.create_task(served.server.serve()) for served in (one, two)]
        for served in (one, two):
            assert isinstance(served.chain, Late)
            served.chain.ready.set()
            await asyncio.sleep(0.05)
        with pytest.raises(InputError, match="address already in use"):
            await tasks[1]
        tasks[0].cancel()
        await asyncio.wait(tasks)

    asyncio.run(main())


# What stands behind it


class Broken(MemoryChain):
    """Fails where it is told to."""

    def __init__(self, *, starts: bool = True, submits: int = 0, answer: str | None = None) -> None:
        super().__init__(REGTEST)
        self.starts, self.submits, self.answer = starts, submits, answer
        self.away = asyncio.Event()
        self.tries = self.stops = 0

    async def start(self) -> None:
        if not self.starts:
            raise NodeError("node 127.0.0.1: connection refused; is it running?")
        await super().start()

    async def stop(self) -> None:
        self.stops += 1
        await super().stop()

    async def templates(self) -> AsyncIterator[Template]:
        inner = super().templates()
        while True:
            following = asyncio.ensure_future(anext(inner))
            away = asyncio.ensure_future(self.away.wait())
            try:
                await asyncio.wait([following, away], return_when=asyncio.FIRST_COMPLETED)
                if self.away.is_set():
                    self.away.clear()
                    raise NodeError("the node is away")
                yield following.result()
            finally:
                for task in (following, away):
                    task.cancel()
                await asyncio.wait([following, away])

    async def submit(self, block: bytes, template: Template | None = None) -> str | None:
        self.tries += 1
        if self.tries <= self.submits:
            raise NodeError("node 127.0.0.1: no answer")
        return self.answer if self.answer is not None else await super().submit(block, template)


def test_a_source_that_cannot_start_is_one_plain_error() -> None:
    async def main() -> None:
        chain = Broken(starts=False)
        with pytest.raises(NodeError, match="is it running"):
            async with serving(Served(chain).server):
                raise AssertionError("it has begun")
        assert chain.stops == 1

    asyncio.run(main())


def test_without_work_miners_are_turned_away_until_there_is_some_again() -> None:
    async def body(served: Served) -> None:
        assert isinstance(served.chain, Broken)
        async with rig_at(*served.server.address) as rig:
            await rig.login()
            served.chain.away.set()
            assert await rig.ended()
        async with rig_at(*served.server.address) as rig:
            assert await rig.ended()
        await served.until(lambda: served.server.book.current is not None)
        async with rig_at(*served.server.address) as rig:
            assert (await rig.login()).clean

    async def main() -> Served:
        served = Served(Broken())
        async with serving(served.server):
            await body(served)
        return served

    served = asyncio.run(main())
    assert served.closed()[0] == "no work at present"
    assert "memory, miners are turned away: the node is away" in repr(served.of(Note))


def block_after(chain: Broken, *, stop_at_once: bool = False) -> tuple[PoolBlock, Broken]:
    """What is reported of a block that a miner has found."""

    async def main() -> tuple[PoolBlock, Broken]:
        served = Served(chain)
        async with serving(served.server):
            async with rig_at(*served.server.address) as rig:
                job = await rig.login()
                assert (await rig.ask("mining.submit", *rig.share(job, block=True)))["result"] is True
            if not stop_at_once:
                await served.until(lambda: served.of(PoolBlock))
        (block,) = served.of(PoolBlock)
        assert isinstance(block, PoolBlock)
        return block, chain

    return asyncio.run(main())


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joulehash.engine.poolserver.blocks._RETRY_S", 0.01)
    monkeypatch.setattr("joulehash.engine.poolserver.blocks._TRY_S", 0.2)
    monkeypatch.setattr("joulehash.engine.poolserver.server._SOURCE_RETRY_S", 0.1)


def test_a_block_is_handed_in_until_the_node_answers() -> None:
    block, chain = block_after(Broken(submits=3))
    assert block.accepted
    assert chain.tries == 4


def test_a_duplicate_after_an_attempt_without_an_answer_had_arrived() -> None:
    assert block_after(Broken(submits=1, answer="duplicate"))[0].accepted
    block, _ = block_after(Broken(submits=0, answer="duplicate"))
    assert (block.accepted, block.reason) == (False, "duplicate")


def test_a_refused_block_is_reported_with_the_chains_words() -> None:
    block, chain = block_after(Broken(answer="bad-txnmrklroot"))
    assert (block.accepted, block.reason, chain.tries) == (False, "bad-txnmrklroot", 1)


def test_a_node_that_never_answers_is_given_up_with_its_reason() -> None:
    block, chain = block_after(Broken(submits=10**9))
    assert (block.accepted, block.reason) == (False, "node 127.0.0.1: no answer")
    assert chain.tries > 1


def test_a_block_found_at_the_end_is_still_handed_in() -> None:
    block, _ = block_after(Broken(submits=3), stop_at_once=True)
    assert block.accepted


def test_a_block_without_an_answer_at_the_end_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joulehash.engine.poolserver.blocks._TRY_S", 60.0)
    monkeypatch.setattr("joulehash.engine.poolserver.server._LAST_BLOCKS_S", 0.05)
    block, chain = block_after(Broken(submits=10**9), stop_at_once=True)
    assert (block.accepted, block.reason) == (False, "the pool was stopped before the chain answered")
    assert chain.stops == 1


def test_an_error_of_the_body_comes_out_as_it_is() -> None:
    async def body(served: Served) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        play(body)


def test_stops_with_sessions_open() -> None:
    async def main() -> None:
        served = Served()
        async with serving(served.server):
            host, port = served.server.address
            rigs = [Rig(*await asyncio.open_connection(host, port)) for _ in range(5)]
            for rig in rigs[:3]:
                await rig.login()
        for rig in rigs:
            assert await rig.ended()
            rig.writer.transport.abort()
        assert served.closed() == ["the pool is stopping"] * 5
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(host, port)

    asyncio.run(main())
