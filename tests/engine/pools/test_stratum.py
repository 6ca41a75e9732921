"""The pool client against scripted pools: good ones, bad ones, and none."""

from __future__ import annotations

import asyncio
import json
import socket
import tracemalloc
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.events import Connected, Disconnected, Event, JobReceived, Malformed, PoolMessage
from joulehash.engine.pool import Demand
from joulehash.engine.pools.stratum import StratumPool
from joulehash.engine.pools.timing import Timing
from joulehash.engine.pools.url import PoolURL
from joulehash.engine.tally import Outcome, Result
from tests.support.fake_pool import (
    CONFIGURED,
    REST,
    Action,
    Answer,
    Close,
    FakePool,
    Flood,
    HalfClose,
    Pause,
    Reset,
    Script,
    Step,
    Tell,
    handshake,
    job,
)
from tests.support.pool_stage import QUICK, SETTINGS, Stage, in_virtual_time, no_tasks_left, on_tcp, stage
from tests.support.shares import share_of
from tests.support.virtual_net import Network

ACCEPT: Step = ("mining.submit", Answer(True))
RUBBISH = b"\xff\xfe\x00binary\n"


def retries(played: Stage) -> list[float]:
    return [event.retry_s for event in played.of(Disconnected) if event.retry_s is not None]


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


# A good pool


def test_connects_works_and_hears_what_becomes_of_its_shares() -> None:
    async def body(played: Stage) -> None:
        work = await played.job()
        assert played.pool.stats().connected
        assert (work.extranonce1, work.extranonce2_size, work.version_mask) == (b"\xaa\xbb\xcc\xdd", 4, 0x1FFFE000)
        good, bad = share_of(work, 1), share_of(work, 2)
        accepted, rejected = await asyncio.gather(played.pool.submit(good), played.pool.submit(bad))
        assert accepted.outcome is Outcome.ACCEPTED
        assert accepted.latency_s is not None
        assert (rejected.outcome, rejected.reason) == (Outcome.DUPLICATE, "Duplicate (22)")
        await played.until(lambda: len(played.jobs) == 2)

    fake = on_tcp(
        [[*handshake(), ACCEPT, ("mining.submit", Answer(None, [22, "Duplicate", None]), job("2", clean=False))]], body
    )
    submits = [request["params"] for request in fake.requests[3:]]
    assert submits == [
        ["joe.rig1", "1", "00000000", f"{1_700_000_000:08x}", f"{nonce:08x}", "00000000"] for nonce in (1, 2)
    ]


def test_the_handshake_is_what_the_protocol_says_and_passwords_stay_out_of_events() -> None:
    async def body(played: Stage) -> None:
        await played.job()
        assert [type(event) for event in played.events] == [Connected, JobReceived]
        assert "hunter2" not in repr(played.events)

    fake = on_tcp([handshake()], body, settings=replace(SETTINGS, password="hunter2"))
    assert [request["params"] for request in fake.requests[1:]] == [["joulehash/test"], ["joe.rig1", "hunter2"]]


def test_wishes_a_difficulty_by_the_rate_of_the_devices() -> None:
    async def main(rate_hps: float) -> object:
        network, fake = Network(), FakePool([[*handshake(), (REST,)]])
        async with fake.on(network) as url:
            pool = StratumPool(url, SETTINGS, lambda event: None, connect=network.connect)
            await pool.start(Demand(rate_hps, 4))
            await asyncio.sleep(1.0)
            await pool.stop()
        configure, *_, suggest = fake.requests
        assert json.dumps(configure).count('"version-rolling.min-bit-count": 4') == 1
        return suggest["params"]

    assert run_virtual(main(1e6)) == [0.0007]
    assert run_virtual(main(1e12)) == [698]


def test_a_lost_connection_gives_none_and_voids_shares_for_ever() -> None:
    async def body(played: Stage) -> None:
        old = await played.job()
        await played.until(lambda: played.jobs == [old, None] or len(played.jobs) == 3)
        await played.until(lambda: len(played.jobs) == 3)
        new = await played.job()
        assert played.jobs == [old, None, new]
        assert (await played.pool.submit(share_of(old))).outcome is Outcome.LOST
        assert (await played.pool.submit(share_of(new))).outcome is Outcome.ACCEPTED
        assert played.pool.stats().reconnects == 1

    fake = on_tcp([[*handshake(), (None, Pause(0.1), Close())], [*handshake(extranonce1="11"), ACCEPT]], body)
    assert fake.methods().count("mining.submit") == 1


# Bad pools


REFUSALS = [
    Answer(False),
    Answer(None, [20, "Authorization validation error", ", notanaddress"]),
    Answer(False, "no such user"),
    Answer(None, {"code": 24, "message": "unauthorized"}),
]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refused_user_is_named_and_the_pool_is_not_hammered(refusal: Answer) -> None:
    attempts = 6
    script: Script = [*handshake()[:2], ("mining.authorize", refusal)]

    async def body(played: Stage) -> None:
        await played.until(lambda: len(retries(played)) == attempts, 1000.0)
        event = played.of(Disconnected)[0]
        assert "authorize 'joe.rig1'" in event.reason
        assert event.reason.isprintable()
        assert played.of(Connected) == []
        waits = retries(played)
        assert waits[0] == 10.0
        assert all(10.0 <= wait_s <= 60.0 for wait_s in waits)
        assert min(waits[-2:]) >= 30.0

    fake = in_virtual_time([script] * attempts, body)
    assert min(gaps(fake.opened_s)) >= 10.0


def test_a_refused_subscription_is_not_hammered_either() -> None:
    no = Answer(None, [20, "banned", None])
    script: Script = [("mining.configure", CONFIGURED), ("mining.subscribe", no), ("mining.subscribe", no)]

    async def body(played: Stage) -> None:
        await played.until(lambda: len(retries(played)) == 2, 100.0)
        assert retries(played)[0] == 10.0
        assert "subscribe: banned" in played.of(Disconnected)[0].reason

    in_virtual_time([script, script[:2]], body)


def test_a_pool_that_hangs_up_on_configure_is_asked_without() -> None:
    async def body(played: Stage) -> None:
        assert (await played.job()).version_mask == 0

    hangs_up: Script = [("mining.configure", Close()), (REST,)]  # once is an accident
    fake = on_tcp([hangs_up, hangs_up, handshake()[1:]], body)
    assert fake.methods()[-2:] == ["mining.subscribe", "mining.authorize"]


def test_a_pool_that_is_silent_from_the_start_is_left() -> None:
    async def body(played: Stage) -> None:
        assert (await played.job()).version_mask == 0
        assert "not authorized after 30 s" in played.of(Disconnected)[0].reason

    in_virtual_time([[(REST,)], [(REST,)], handshake()[1:]], body)


def test_a_pool_that_falls_silent_is_left() -> None:
    async def body(played: Stage) -> None:
        await played.job()
        await asyncio.sleep(299.0)
        assert retries(played) == []
        await played.until(lambda: len(played.jobs) == 3, 10.0)
        assert "not a word in 300 s" in played.of(Disconnected)[0].reason
        assert played.jobs[1] is None

    in_virtual_time([handshake(), handshake()], body)


def test_bytes_that_never_end_a_line_are_no_sign_of_life() -> None:
    drops: list[Action] = [b"x", Pause(10.0)] * 40
    drip: Step = (None, *drops)

    async def body(played: Stage) -> None:
        await played.until(lambda: retries(played), 400.0)
        assert "not a word in 300 s" in played.of(Disconnected)[0].reason

    in_virtual_time([[*handshake(), drip]], body)


def test_unanswered_shares_end_the_connection_and_are_lost_with_the_reason() -> None:
    """A pool that sends jobs and answers no share: 154 unanswered requests and no failover, in a well-known miner."""
    jobs: list[Action] = [action for i in range(30) for action in (Pause(10.0), job(str(i), clean=False))]
    talks: Step = (None, *jobs)

    async def body(played: Stage) -> None:
        work = await played.job()
        results = await asyncio.gather(*(played.pool.submit(share_of(work, nonce)) for nonce in range(5)))
        assert results == [Result(Outcome.LOST, "no answer to a share in 60 s")] * 5
        assert 60.0 <= asyncio.get_running_loop().time() <= 63.0
        assert retries(played)

    in_virtual_time([[*handshake(), *[("mining.submit",)] * 5, talks]], body)


def test_stop_waits_a_moment_for_answers_and_counts_the_rest_lost() -> None:
    async def body(played: Stage) -> None:
        work = await played.job()
        submits = [asyncio.create_task(played.pool.submit(share_of(work, nonce))) for nonce in (1, 2)]
        await asyncio.sleep(0.01)
        began_s = asyncio.get_running_loop().time()
        await played.pool.stop()
        assert asyncio.get_running_loop().time() - began_s == pytest.approx(0.8, abs=0.01)
        answered, lost = await asyncio.gather(*submits)
        assert answered.outcome is Outcome.ACCEPTED
        assert lost == Result(Outcome.LOST, "stopped")
        assert await played.pool.submit(share_of(work, 3)) == Result(Outcome.LOST, "not connected")
        await played.pool.stop()  # again does no harm

    in_virtual_time([[*handshake(), ("mining.submit", Pause(0.5), Answer(True)), ("mining.submit",)]], body)


def test_a_cancelled_submit_leaves_the_connection_well() -> None:
    async def body(played: Stage) -> None:
        work = await played.job()
        impatient = asyncio.create_task(played.pool.submit(share_of(work, 1)))
        await asyncio.sleep(0.1)
        impatient.cancel()
        assert (await played.pool.submit(share_of(work, 2))).outcome is Outcome.ACCEPTED
        assert retries(played) == []

    in_virtual_time([[*handshake(), ("mining.submit", Pause(1.0), Answer(True)), ACCEPT]], body)


def test_backoff_grows_with_jitter_and_only_a_stable_minute_resets_it() -> None:
    short: Script = [*handshake(), (None, Pause(50.0), Close())]
    stable: Script = [*handshake(), (None, Pause(61.0), Close())]

    async def body(played: Stage) -> None:
        await played.until(lambda: len(retries(played)) == 9, 2000.0)
        waits = retries(played)
        for failures, wait_s in enumerate(waits[:8]):
            most_s = min(60.0, 2.0**failures)
            assert most_s / 2 <= wait_s <= most_s
        assert len({round(wait_s / min(60.0, 2.0**i), 3) for i, wait_s in enumerate(waits[:8])}) == 8
        assert waits[8] <= 1.0

    in_virtual_time([*[short] * 8, stable], body)


def test_an_unreachable_pool_is_tried_at_growing_distances() -> None:
    async def main() -> None:
        network, events = Network(), list[Event]()
        pool = StratumPool(PoolURL("10.0.0.1", 9), SETTINGS, events.append, random=Random(1), connect=network.connect)
        await pool.start(Demand())
        await asyncio.sleep(3600.0)
        await pool.stop()
        assert 60 < len(network.dials) < 140
        reasons = {event.reason for event in events if isinstance(event, Disconnected)}
        assert reasons == {"stratum+tcp://10.0.0.1:9: connection refused"}
        assert pool.stats().reconnects == 0

    run_virtual(main())


def test_a_connection_that_is_never_made_times_out() -> None:
    async def main() -> None:
        network, events = Network(), list[Event]()
        network.deaf = True
        pool = StratumPool(PoolURL("10.0.0.1", 9), SETTINGS, events.append, connect=network.connect)
        await pool.start(Demand())
        await asyncio.sleep(15.5)
        await pool.stop()
        assert [e.reason for e in events if isinstance(e, Disconnected)] == [
            "stratum+tcp://10.0.0.1:9: no connection in 15 s"
        ]

    run_virtual(main())


def test_the_systems_own_timeout_is_an_end_and_no_tick() -> None:
    """TCP's keepalive gives up with ETIMEDOUT, which Python calls TimeoutError, as it does the end of our tick."""

    async def body(played: Stage) -> None:
        await played.job()
        played.network.pipes[0].time_out()
        await played.until(lambda: retries(played), 5.0)
        assert played.of(Disconnected)[0].reason.endswith("connection timed out")

    in_virtual_time([handshake()], body)


# client.reconnect


def test_another_port_of_the_same_host_is_followed_after_the_wait_and_the_configured_one_returned_to() -> None:
    async def main() -> None:
        network, events = Network(), list[Event]()
        there = FakePool([[*handshake(), (None, Pause(5.0), Close())]])
        here = FakePool([[*handshake(), (None, Tell("client.reconnect", ["10.0.0.1", "50001", 20]))], handshake()])
        async with (
            here.on(network) as url,
            there.on(network, 50_001),
            stage(here, url, Timing(), SETTINGS, network) as p,
        ):
            events = p.events
            await p.until(lambda: len(here.opened_s) == 2, 100.0)
            await p.job()
        here.check()
        there.check()
        assert there.opened_s[0] - here.opened_s[0] == pytest.approx(20.0, abs=0.1)
        gone = [event.reason for event in events if isinstance(event, Disconnected)]
        assert gone == [
            f"{url}: the pool asked us to reconnect",
            "stratum+tcp://10.0.0.1:50001: the pool closed the connection",
        ]

    run_virtual(main())


def test_another_host_is_refused_and_reported() -> None:
    async def body(played: Stage) -> None:
        await played.until(lambda: played.of(PoolMessage))
        told = played.of(PoolMessage)[0].text
        assert "evil.example" in told
        assert told.isprintable()
        work = await played.job()
        assert (await played.pool.submit(share_of(work))).outcome is Outcome.ACCEPTED

    on_tcp([[*handshake(), (None, Tell("client.reconnect", ["evil.example\n", 3333, 0])), ACCEPT]], body)


def test_a_pool_that_keeps_redirecting_does_not_make_us_spin() -> None:
    script: Script = [*handshake(Tell("client.reconnect", []))]

    async def body(played: Stage) -> None:
        await played.until(lambda: len(retries(played)) == 8, 1000.0)
        assert retries(played)[0] == 0.0
        assert sum(retries(played)) > 60.0

    in_virtual_time([script] * 8, body)


def test_a_pool_cannot_send_us_away_for_a_day() -> None:
    async def body(played: Stage) -> None:
        await played.until(lambda: retries(played))
        assert retries(played) == [600.0]

    in_virtual_time([handshake(Tell("client.reconnect", ["", 0, 86_400]))], body)


# Rubbish and trouble


def test_rubbish_is_reported_counted_and_survived() -> None:
    rubbish = [RUBBISH, b"x" * (1 << 20) + b"xx\n", b"\n\n  \n", b'{"id":1', b',"method":5}\n', b"[]\n", b'{"a":1}\n']

    async def body(played: Stage) -> None:
        work = await played.job()
        await played.until(lambda: played.pool.stats().malformed == 5)
        assert (await played.pool.submit(share_of(work))).outcome is Outcome.ACCEPTED
        assert len(played.of(Malformed)) == 5
        assert all(event.reason.isprintable() for event in played.of(Malformed))

    on_tcp([[*handshake(), (None, *rubbish), ACCEPT]], body)


def test_too_much_rubbish_ends_the_connection() -> None:
    async def body(played: Stage) -> None:
        await played.until(lambda: len(played.jobs) == 3)
        assert "20 lines that cannot be understood" in played.of(Disconnected)[0].reason

    on_tcp([[*handshake(), (None, *[RUBBISH] * 20)], handshake()], body)


def test_wrong_types_everywhere_end_nothing() -> None:
    values: list[object] = [None, True, -1, 1e308, "x", [], {}, [[]], "\u202e"]
    methods = ["mining.notify", "mining.set_difficulty", "mining.set_extranonce", "mining.set_version_mask", "x"]
    lines = [json.dumps({"id": v, "method": m, "params": v}).encode() + b"\n" for v in values for m in methods]
    lines += [json.dumps({"id": v, "result": v, "error": v}).encode() + b"\n" for v in values]
    sessions: list[Script] = [
        [*handshake(), (None, *lines[i : i + 10]), ACCEPT, (REST,)] for i in range(0, len(lines), 10)
    ]

    async def body(played: Stage) -> None:
        for _ in sessions:
            work = await played.job()
            await asyncio.sleep(0.1)
            assert (await played.pool.submit(share_of(played.jobs[-1] or work))).outcome is Outcome.ACCEPTED
            played.network.pipes[0].cut()
            await played.until(lambda: played.jobs[-1] is None)

    in_virtual_time(sessions, body)


def test_a_reset_in_the_middle_of_a_line() -> None:
    async def body(played: Stage) -> None:
        await played.until(lambda: len(played.jobs) == 3)
        assert played.of(Disconnected)[0].reason.endswith("connection reset by peer")

    on_tcp([[*handshake(), (None, b'{"id":null,"meth', Reset())], handshake()], body)


def test_a_half_closed_connection_is_closed() -> None:
    async def body(played: Stage) -> None:
        await played.until(lambda: len(played.jobs) == 3)
        assert played.of(Disconnected)[0].reason.endswith("the pool closed the connection")

    on_tcp([[*handshake(), (None, HalfClose()), (REST,)], handshake()], body)


def test_a_line_without_end_takes_no_memory() -> None:
    async def body(played: Stage) -> None:
        await played.job()
        tracemalloc.start()
        await played.until(lambda: len(played.jobs) == 3, 30.0)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 12 << 20  # the pool's own side included
        assert played.pool.stats().malformed == 1

    on_tcp([[*handshake(), (None, Flood(100 << 20), Close())], handshake()], body)


def test_of_a_flood_of_jobs_the_newest_counts_and_clean_is_not_lost() -> None:
    lines = b"".join(
        json.dumps({"id": None, "method": "mining.notify", "params": job(str(i), 1, i == 10).params}).encode() + b"\n"
        for i in range(10_000)
    )

    async def main() -> None:
        last = asyncio.Event()

        def report(event: Event) -> None:
            if isinstance(event, JobReceived) and event.job == "9999":
                last.set()

        fake = FakePool([[*handshake(), (None, Pause(0.2), lines), ACCEPT]])
        async with fake.on_tcp() as url:
            pool = StratumPool(url, SETTINGS, report, QUICK)
            await pool.start(Demand())
            jobs = pool.jobs()
            first = await anext(jobs)
            assert first is not None
            assert first.id == "1"
            await asyncio.wait_for(last.wait(), 20.0)  # a slow reader
            newest = await anext(jobs)
            assert newest is not None
            assert newest.id == "9999"
            assert newest.clean
            assert (await pool.submit(share_of(newest))).outcome is Outcome.ACCEPTED
            await pool.stop()
            assert [item async for item in jobs] == [None]
        fake.check()
        await no_tasks_left()

    asyncio.run(main())


def test_a_pool_that_does_not_read_is_left() -> None:
    """It asks for our version again and again, and never takes the answers."""
    asks = b'{"id":1,"method":"client.get_version","params":[]}\n' * 1000

    async def main() -> None:
        network, events = Network(), list[Event]()
        accepted: list[asyncio.Transport] = []

        class Deaf(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                assert isinstance(transport, asyncio.Transport)
                transport.pause_reading()
                accepted.append(transport)

        listener, host, port = await network.listen(Deaf)
        await listener.start_serving()
        pool = StratumPool(PoolURL(host, port), SETTINGS, events.append, connect=network.connect)
        await pool.start(Demand())
        await asyncio.sleep(0.1)
        for _ in range(40):
            accepted[0].write(asks)
            await asyncio.sleep(0.1)
        await pool.stop()
        gone = [event.reason for event in events if isinstance(event, Disconnected)]
        assert "bytes that the pool does not read" in gone[0]

    run_virtual(main())


def test_a_fault_of_our_own_reaches_the_reader_of_jobs() -> None:
    """Not the pool's: a report that cannot be written, say. It must not look like a bad connection."""

    async def main() -> None:
        def report(event: Event) -> None:
            raise BrokenPipeError(32, "Broken pipe")

        network, fake = Network(), FakePool([handshake()])
        async with fake.on(network) as url:
            pool = StratumPool(url, SETTINGS, report, connect=network.connect)
            await pool.start(Demand())
            with pytest.raises(BrokenPipeError):
                async for _ in pool.jobs():
                    pass
            await pool.stop()

    run_virtual(main())


# TCP and TLS


async def first_failure(url: PoolURL, timing: Timing = QUICK) -> str:
    """What the first attempt is said to have failed of."""
    events, told = list[Event](), asyncio.Event()

    def report(event: Event) -> None:
        events.append(event)
        told.set()

    pool = StratumPool(url, SETTINGS, report, timing)
    await pool.start(Demand())
    async with asyncio.timeout(10.0):
        await told.wait()
    await pool.stop()
    event = events[0]
    assert isinstance(event, Disconnected)
    assert event.reason.isprintable()
    return event.reason


async def _closed_port() -> int:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


def test_a_closed_port() -> None:
    port = asyncio.run(_closed_port())
    assert (
        asyncio.run(first_failure(PoolURL("127.0.0.1", port))) == f"stratum+tcp://127.0.0.1:{port}: connection refused"
    )


def test_a_name_with_several_addresses_of_which_none_answers() -> None:
    port = asyncio.run(_closed_port())
    assert (
        asyncio.run(first_failure(PoolURL("localhost", port))) == f"stratum+tcp://localhost:{port}: connection refused"
    )


def test_an_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    reason = asyncio.run(first_failure(PoolURL("pool.example", 3333)))
    assert reason == "stratum+tcp://pool.example:3333: unknown host: name or service not known"


def test_tls_to_a_server_that_says_nothing() -> None:
    async def main() -> str:
        async with FakePool([[(None, Pause(5.0))]]).on_tcp() as url:
            return await first_failure(replace(url, tls=True), replace(QUICK, connect=0.2))

    assert asyncio.run(main()).endswith(": no connection in 0.2 s")


def test_an_ipv6_address() -> None:
    async def main() -> None:
        fake = FakePool([handshake()])
        async with fake.on_tcp(host="::1") as url:
            assert str(url).startswith("stratum+tcp://[::1]:")
            async with stage(fake, url, QUICK, SETTINGS) as played:
                await played.job()
        fake.check()

    asyncio.run(main())
