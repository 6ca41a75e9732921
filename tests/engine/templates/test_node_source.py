"""NodeSource over hours of virtual time, with a node that does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import NodeError
from joulehash.engine.templates.node import ChainInfo, HeaderInfo, NodeSource
from joulehash.engine.templates.rpc import NodeUrl, RpcError
from joulehash.engine.templates.template import Template

URL = NodeUrl.parse("http://node")
ADDRESS = {"regtest": "n4fajahJrAuKbN7uNsKjLjQkz9Qn5ewJXQ", "test": "mzK2FFDEhxqHcmrJw1ysqFkVyhUULo45hZ"}


class FakeRpc:
    """As NodeRpc, on a chain of its own. Everything public may be set by a test."""

    url = URL

    def __init__(self, chain: str = "regtest") -> None:
        self.chain = chain
        self.height = 100
        self.longpoll: str | None = "works"  # or "answers at once", "fails", None
        self.down: NodeError | None = None
        self.fault: Exception | None = None
        self.submits: list[Any] = []  # answers, or errors to raise, first to last
        self.rules = ["csv", "!segwit"]
        self.workid: str | None = None
        self.asked: list[tuple[float, str, tuple[Any, ...]]] = []
        self._block = asyncio.Event()
        self.closed = False
        self.hanging = 0  # longpolls
        self.delay_s = 0.0  # of what is no longpoll
        self.block_age_s = 500  # of the block before, when the loop's clock began

    def find_block(self) -> None:
        self.height += 1
        self._block.set()
        self._block = asyncio.Event()

    def count(self, since: float, method: str = "getblocktemplate") -> int:
        return sum(1 for at, m, _ in self.asked if m == method and at >= since)

    async def close(self) -> None:
        self.closed = True

    async def call(self, result: type[Any], method: str, *params: Any, timeout_s: float = 30) -> Any:
        self.asked.append((asyncio.get_running_loop().time(), method, params))
        if fault := self.fault or self.down:
            raise fault
        match method:
            case "getblockchaininfo":
                return ChainInfo(self.chain)
            case "getblockheader":
                return HeaderInfo(1_800_000_000 - self.block_age_s)
            case "submitblock":
                answer = self.submits.pop(0)
                if isinstance(answer, Exception):
                    raise answer
                return answer
            case "getblocktemplate":
                if "longpollid" in params[0]:
                    await self._hang(timeout_s)
                else:
                    await asyncio.sleep(self.delay_s)
                return msgspec.convert(self._offer(), result)
            case _:
                raise AssertionError(method)

    async def _hang(self, timeout_s: float) -> None:
        self.hanging += 1
        try:
            await self._wait(timeout_s)
        finally:
            self.hanging -= 1

    async def _wait(self, timeout_s: float) -> None:
        if self.longpoll == "answers at once":
            return
        if self.longpoll == "fails":
            raise NodeError("node http://node: HTTP 504")
        try:
            async with asyncio.timeout(timeout_s):
                await self._block.wait()
        except TimeoutError:
            raise NodeError("no answer") from None
        if self.down is not None:
            raise self.down

    def _offer(self) -> dict[str, Any]:
        offer: dict[str, Any] = {
            "version": 0x20000000,
            "rules": self.rules,
            "previousblockhash": f"{self.height:064x}",
            "height": self.height + 1,
            "bits": "207fffff",
            "curtime": 1_800_000_000 + int(now()),
            "mintime": 1_799_999_000,
            "coinbasevalue": 50,
            "transactions": [],
            "workid": self.workid,
        }
        if self.longpoll is not None:
            offer["longpollid"] = f"{self.height:064x}0"
        return offer


@asynccontextmanager
async def started(rpc: FakeRpc, said: list[str] | None = None) -> AsyncGenerator[NodeSource]:
    source = NodeSource(URL, ADDRESS[rpc.chain], report=(list[str]() if said is None else said).append)
    source.rpc = rpc  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    await source.start()
    try:
        yield source
    finally:
        await source.stop()
    assert rpc.closed


def now() -> float:
    return asyncio.get_running_loop().time()


def virtually(main: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await main()

    run_virtual(run())


async def collect(source: NodeSource, into: list[tuple[float, Template]]) -> None:
    async for template in source.templates():
        into.append((now(), template))


def test_fees_are_refreshed_every_half_minute_beside_one_longpoll() -> None:
    async def main() -> None:
        rpc = FakeRpc()
        async with started(rpc) as source:
            got: list[tuple[float, Template]] = []
            reading = asyncio.create_task(collect(source, got))
            await asyncio.sleep(3600)
            assert [round(at) for at, _ in got] == list(range(0, 3600, 30))
            assert [t.serial for _, t in got] == list(range(1, 121))
            longpolls = [p for _, m, p in rpc.asked if m == "getblocktemplate" and "longpollid" in p[0]]
            assert len(longpolls) == 1
        await reading

    virtually(main)


def test_a_new_block_is_known_at_once() -> None:
    async def main() -> None:
        rpc = FakeRpc()
        async with started(rpc) as source:
            templates = source.templates()
            await anext(templates)
            for _ in range(5):
                await asyncio.sleep(7)
                rpc.find_block()
                began = now()
                assert (await anext(templates)).height == rpc.height + 1
                assert now() == began

    virtually(main)


@pytest.mark.parametrize("longpoll", ["answers at once", "fails"])
def test_a_node_whose_longpoll_does_not_hang_is_not_stormed(longpoll: str) -> None:
    async def main() -> None:
        rpc = FakeRpc()
        rpc.longpoll = longpoll
        async with started(rpc):
            await asyncio.sleep(100)
            assert rpc.count(since=0) <= 110

    virtually(main)


def test_without_longpoll_new_blocks_are_seen_within_seconds() -> None:
    async def main() -> None:
        rpc = FakeRpc()
        rpc.longpoll = None
        async with started(rpc) as source:
            got: list[tuple[float, Template]] = []
            reading = asyncio.create_task(collect(source, got))
            await asyncio.sleep(50)
            rpc.find_block()
            await asyncio.sleep(4)
            assert got[-1][1].height == rpc.height + 1
            assert rpc.count(since=0) < 30
        await reading

    virtually(main)


def test_a_longpoll_that_was_lost_in_silence_is_begun_anew() -> None:
    async def main() -> None:
        rpc = FakeRpc()
        async with started(rpc) as source:
            await asyncio.sleep(10)
            rpc.height += 1  # nobody is told
            await asyncio.sleep(30)
            assert (await anext(source.templates())).height == rpc.height + 1
            ids = [p[0]["longpollid"] for _, m, p in rpc.asked if m == "getblocktemplate" and "longpollid" in p[0]]
            assert ids == [f"{100:064x}0", f"{101:064x}0"]
            assert rpc.hanging == 1
        assert rpc.hanging == 0

    virtually(main)


def test_an_older_answer_does_not_follow_a_newer_one() -> None:
    async def main() -> None:
        rpc = FakeRpc()
        async with started(rpc) as source:
            got: list[tuple[float, Template]] = []
            reading = asyncio.create_task(collect(source, got))
            rpc.delay_s = 2.0
            await asyncio.sleep(31)  # a refresh is under way, from 30 s to 32 s
            rpc.height -= 1
            rpc.find_block()  # the longpoll tells of the same tip, at 31 s
            await asyncio.sleep(60)
            serials = [t.serial for _, t in got]
            assert len(serials) >= 3
            assert serials == sorted(serials)
        await reading

    virtually(main)


def test_start_waits_for_a_node_that_is_not_ready_and_says_so_once() -> None:
    async def main() -> None:
        rpc, said = FakeRpc(), list[str]()
        rpc.down = RpcError(URL, "getblocktemplate", -28, "Loading block index…")

        async def wake() -> None:
            await asyncio.sleep(100)
            rpc.down = RpcError(URL, "getblocktemplate", -10, "Bitcoin Core is in initial sync")
            await asyncio.sleep(1000)
            rpc.down = None

        waking = asyncio.create_task(wake())
        async with started(rpc, said) as source:
            assert 1100 <= now() <= 1131
            assert (await anext(source.templates())).height == 101
        await waking
        assert said == [
            "node http://node:8332 is starting; waiting",
            "node http://node:8332 is still downloading the chain; waiting",
            "node http://node:8332 answers again",
        ]
        assert len(rpc.asked) < 60

    virtually(main)


def test_start_does_not_wait_for_what_will_not_pass() -> None:
    async def main() -> None:
        for error in (NodeError("wrong password"), RpcError(URL, "getblocktemplate", -8, "no")):
            rpc = FakeRpc()
            rpc.down = error
            with pytest.raises(NodeError) as caught:
                async with started(rpc):
                    pass
            assert caught.value is error
            assert now() == 0
            assert rpc.closed

    virtually(main)


def test_an_unknown_rule_is_refused_at_start() -> None:
    async def main() -> None:
        rpc = FakeRpc()
        rpc.rules = ["!segwit", "!quantum"]
        with pytest.raises(NodeError, match="!quantum"):
            async with started(rpc):
                pass

    virtually(main)


def test_a_node_that_goes_away_is_asked_ever_more_rarely_and_its_work_is_withdrawn() -> None:
    async def main() -> None:
        rpc, said = FakeRpc(), list[str]()
        async with started(rpc, said) as source:
            templates = source.templates()
            await anext(templates)
            await asyncio.sleep(10)
            rpc.down = NodeError("node http://node: cannot be reached: Connection refused")
            rpc.find_block()  # its longpoll breaks off
            gone = now()
            with pytest.raises(NodeError, match="Connection refused"):
                await anext(templates)
            assert 120 <= now() - gone <= 160
            await asyncio.sleep(3600)
            assert rpc.count(since=gone) < 140  # one in 30 s
            assert said == ["node http://node: cannot be reached: Connection refused; trying again"]
            rpc.down = None
            back = now()
            assert (await anext(source.templates())).height == rpc.height + 1
            assert now() - back <= 30
            assert said[1:] == ["node http://node:8332 answers again"]

    virtually(main)


def test_a_short_outage_takes_no_work_away() -> None:
    async def main() -> None:
        rpc = FakeRpc()
        async with started(rpc) as source:
            templates = source.templates()
            await anext(templates)
            rpc.down = NodeError("restarting")
            rpc.find_block()
            await asyncio.sleep(60)
            rpc.down = None
            assert (await anext(templates)).height == rpc.height + 1

    virtually(main)


def test_a_fault_of_ours_is_not_kept_quiet() -> None:
    async def main() -> None:
        rpc = FakeRpc()
        source = NodeSource(URL, ADDRESS["regtest"])
        source.rpc = rpc  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
        await source.start()
        templates = source.templates()
        await anext(templates)
        rpc.fault = ZeroDivisionError()
        with pytest.raises(ZeroDivisionError):
            await anext(templates)
        with pytest.raises(ZeroDivisionError):
            await source.stop()
        assert rpc.closed

    virtually(main)


async def submitted(answers: list[Any], workid: str | None = None) -> tuple[str | None, FakeRpc]:
    rpc = FakeRpc()
    rpc.submits = list(answers)
    rpc.workid = workid
    async with started(rpc) as source:
        template = await anext(source.templates())
        return await source.submit(b"\1\2", template), rpc


LOST = NodeError("connection lost")


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        ([None], None),
        (["high-hash"], "high-hash"),
        (["rejected: high-hash"], "high-hash"),  # bcoin
        (["inconclusive"], "inconclusive"),
        (["duplicate"], "duplicate"),
        ([LOST, None], None),
        ([LOST, "duplicate"], None),  # the first had arrived
        ([LOST, LOST, "inconclusive"], "inconclusive"),
        ([RpcError(URL, "submitblock", -28, "Loading"), None], None),
    ],
)
def test_what_becomes_of_a_block(answers: list[Any], result: str | None) -> None:
    async def main() -> None:
        reason, rpc = await submitted(answers)
        assert reason == result
        assert rpc.count(since=0, method="submitblock") == len(answers)
        assert now() < 5

    virtually(main)


def test_a_block_is_not_given_up_at_once_but_in_the_end() -> None:
    async def main() -> None:
        with pytest.raises(NodeError, match="connection lost"):
            await submitted([LOST] * 6)
        assert 15 <= now() <= 16

    virtually(main)


def test_a_block_that_the_node_cannot_read_is_not_sent_again() -> None:
    async def main() -> None:
        with pytest.raises(RpcError, match="decode"):
            await submitted([RpcError(URL, "submitblock", -22, "Block decode failed")])

    virtually(main)


def test_the_workid_is_sent_back() -> None:
    async def main() -> None:
        for workid, params in ((None, ("0102",)), ("w7", ("0102", {"workid": "w7"}))):
            _, rpc = await submitted([None], workid)
            assert [p for _, m, p in rpc.asked if m == "submitblock"] == [params]

    virtually(main)


def test_after_our_own_block_the_next_template_is_fetched_at_once() -> None:
    async def main() -> None:
        rpc = FakeRpc()
        rpc.longpoll, rpc.submits = None, [None]
        async with started(rpc) as source:
            templates = source.templates()
            template = await anext(templates)
            await asyncio.sleep(0.5)
            rpc.height += 1
            began = now()
            assert await source.submit(b"", template) is None
            assert (await anext(templates)).height == rpc.height + 1
            assert now() == began

    virtually(main)


def test_on_test_networks_the_time_of_the_block_before_is_asked_once_a_block() -> None:
    async def main() -> None:
        rpc = FakeRpc("test")
        async with started(rpc) as source:
            template = await anext(source.templates())
            assert template.min_difficulty_after == 1_800_000_000 + 700
            await asyncio.sleep(300)
            assert rpc.count(since=0, method="getblockheader") == 1
            rpc.find_block()
            await asyncio.sleep(1)
            assert rpc.count(since=0, method="getblockheader") == 2

    virtually(main)


def test_on_test_networks_a_fresh_template_comes_when_twenty_minutes_have_passed() -> None:
    """Not half a minute later: shares with a later ntime would have to be refused until then."""

    async def main() -> None:
        rpc = FakeRpc("test")
        rpc.block_age_s = 1190
        async with started(rpc) as source:
            templates = source.templates()
            before = await anext(templates)
            assert before.last_ntime == before.curtime + 10
            after = await anext(templates)
            assert now() == pytest.approx(11, abs=0.01)
            assert after.curtime == after.first_ntime == before.last_ntime + 1

    virtually(main)
