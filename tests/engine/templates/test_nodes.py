"""Several nodes as one source, in virtual time: the first that is well gives work, all are given blocks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import InputError, NodeError
from joulehash.engine.templates.node import NodeSource
from joulehash.engine.templates.nodes import Nodes, source_of
from joulehash.engine.templates.rpc import NodeUrl
from joulehash.engine.templates.template import Template
from tests.engine.templates.test_node_source import ADDRESS, FakeRpc

URLS = [NodeUrl.parse(f"http://node{n}") for n in "ab"]


class Stage:
    def __init__(self, *rpcs: FakeRpc) -> None:
        self.said: list[str] = []
        self.nodes = Nodes(URLS, ADDRESS["regtest"], self.said.append)
        self.rpcs = rpcs
        self.heights: list[int | None] = []
        for url, member, rpc in zip(URLS, self.nodes.members, rpcs, strict=True):
            rpc.url = url
            member.rpc = rpc  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]

    async def read(self) -> None:
        while True:
            try:
                async for template in self.nodes.templates():
                    self.heights.append(template.height)
            except NodeError:
                self.heights.append(None)

    async def height(self, height: int | None, within_s: float = 300.0) -> float:
        """Waits for a template of that height; how long it took."""
        began_s = asyncio.get_running_loop().time()
        async with asyncio.timeout(within_s):
            while not self.heights or self.heights[-1] != height:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return asyncio.get_running_loop().time() - began_s


@asynccontextmanager
async def started(stage: Stage) -> AsyncGenerator[None]:
    await stage.nodes.start()
    reading = asyncio.create_task(stage.read())
    try:
        yield
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        await stage.nodes.stop()
        assert all(rpc.closed for rpc in stage.rpcs)


def test_one_node_is_itself() -> None:
    assert isinstance(source_of(URLS[:1], "a", print), NodeSource)
    assert source_of(URLS, "a", print).name == "node http://nodea:8332, node http://nodeb:8332"


def test_the_first_gives_work_the_second_when_it_fails_and_the_first_again() -> None:
    async def main() -> None:
        one, two = FakeRpc(), FakeRpc()
        stage = Stage(one, two)
        async with started(stage):
            await stage.height(101)
            assert stage.nodes.chain == "regtest"
            await asyncio.sleep(1.0)
            one.find_block()
            two.find_block()
            await stage.height(102)
            one.down = NodeError("node http://nodea:8332: cannot be reached")
            await asyncio.sleep(40.0)  # it is asked every half minute
            two.find_block()
            assert await stage.height(103) < 2
            assert "work now from node http://nodeb:8332" in stage.said
            one.down = None
            one.height = two.height
            await asyncio.sleep(60.0)
            assert stage.said[-1] == "work now from node http://nodea:8332"

    run_virtual(main())


def test_one_that_stays_behind_is_passed_over_until_it_has_caught_up() -> None:
    async def main() -> None:
        one, two = FakeRpc(), FakeRpc()
        stage = Stage(one, two)
        async with started(stage):
            await stage.height(101)
            await asyncio.sleep(1.0)
            two.find_block()
            assert 9.0 < await stage.height(102) < 12.0
            assert stage.said == ["work now from node http://nodeb:8332"]
            one.find_block()
            await asyncio.sleep(3.0)
            assert stage.said[-1] == "work now from node http://nodea:8332"
            assert stage.heights[-1] == 102

    run_virtual(main())


def test_one_that_is_away_at_the_start_is_done_without_and_joins_later() -> None:
    async def main() -> None:
        one, two = FakeRpc(), FakeRpc()
        one.down = NodeError("node http://nodea:8332: cannot be reached: refused")
        stage = Stage(one, two)
        async with started(stage):
            await stage.height(101, 5.0)
            assert stage.said == ["node http://nodea:8332: cannot be reached: refused; trying again"]
            one.down = None
            await asyncio.sleep(60.0)
            assert stage.said[-1] == "work now from node http://nodea:8332"

    run_virtual(main())


def test_with_none_at_the_start_it_fails_and_with_none_later_the_work_is_withdrawn() -> None:
    async def main() -> None:
        one, two = FakeRpc(), FakeRpc()
        away = NodeError("node http://nodea:8332: cannot be reached: refused")
        one.down = two.down = away
        stage = Stage(one, two)
        with pytest.raises(NodeError, match="refused"):
            await stage.nodes.start()
        one.down = two.down = None
        async with started(stage):
            await stage.height(101)
            one.down = two.down = away
            took_s = await stage.height(None, 400.0)
            assert 120.0 < took_s < 200.0
            one.down = two.down = None
            await stage.height(101, 100.0)

    run_virtual(main())


def test_nodes_of_two_chains_and_an_address_of_none_are_errors() -> None:
    async def main() -> None:
        with pytest.raises(InputError, match=r"belongs to another chain|is on chain"):
            await Stage(FakeRpc(), FakeRpc("main")).nodes.start()

    run_virtual(main())


Answers = list[object]


@pytest.mark.parametrize(
    ("one", "two", "answer"),
    [
        ([None], [None], None),
        (["inconclusive"], [None], None),
        ([None], ["duplicate"], None),
        ([NodeError("away")] * 6, [None], None),
        ([NodeError("away")] * 6, ["high-hash"], "high-hash"),
        (["high-hash"], ["high-hash"], "high-hash"),
        (["inconclusive"], ["bad-prevblk"], "inconclusive (node http://nodea:8332); bad-prevblk (node http://nodeb:8332)"),
    ],
)  # fmt: skip
def test_a_block_goes_to_all_and_one_that_accepts_it_is_enough(one: Answers, two: Answers, answer: str | None) -> None:
    async def main() -> None:
        rpcs = FakeRpc(), FakeRpc()
        stage = Stage(*rpcs)
        async with started(stage):
            await stage.height(101)
            for rpc, answers in zip(rpcs, (one, two), strict=True):
                rpc.submits = list(answers)
            assert await stage.nodes.submit(b"\1\2") == answer
            await asyncio.sleep(20.0)
            assert all(rpc.submits == [] for rpc in rpcs), "one was not told"

    run_virtual(main())


def test_without_any_answer_it_says_so() -> None:
    async def main() -> None:
        rpcs = FakeRpc(), FakeRpc()
        stage = Stage(*rpcs)
        async with started(stage):
            template: Template | None = None
            for rpc in rpcs:
                rpc.submits = [NodeError("away")] * 6
            with pytest.raises(NodeError, match="away"):
                await stage.nodes.submit(b"", template)

    run_virtual(main())
