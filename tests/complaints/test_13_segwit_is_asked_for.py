"""Bitcoin Core since 0.18 answers getblocktemplate with error -8 unless the segwit rule is asked for.

bfgminer #771 (solo mining is broken since), cpuminer-opt #224. One that falls back to getwork, which no node has had
for ten years, is lost: what fails is told, and asked again in the same way.
"""

from __future__ import annotations

import asyncio
from typing import Any

from joulehash.engine.clock import run_virtual
from joulehash.engine.events import Connected, Event
from joulehash.engine.pool import Demand
from joulehash.engine.pools.node import NodePool
from joulehash.engine.templates.node import NodeSource
from joulehash.engine.templates.rpc import RpcError
from tests.engine.templates.test_node_source import ADDRESS, URL, FakeRpc


class Core(FakeRpc):
    async def call(self, result: type[Any], method: str, *params: Any, timeout_s: float = 30) -> Any:
        if method == "getblocktemplate" and "segwit" not in params[0].get("rules", []):
            why = 'getblocktemplate must be called with the segwit rule set (call with {"rules": ["segwit"]})'
            raise RpcError(URL, method, -8, why)
        return await super().call(result, method, *params, timeout_s=timeout_s)


def test_work_comes_and_keeps_coming_from_a_node_that_insists_on_it() -> None:
    async def main() -> None:
        events, core = list[Event](), Core()
        source = NodeSource(URL, ADDRESS["regtest"])
        source.rpc = core  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
        pool = NodePool(source, ADDRESS["regtest"], events.append)
        await pool.start(Demand())
        jobs = pool.jobs()
        for _ in range(5):  # longpolls and refreshes among them
            assert await anext(jobs) is not None
            await asyncio.sleep(40.0)
            core.find_block()
        await pool.stop()
        assert [type(event) for event in events if isinstance(event, Connected)] == [Connected]
        assert {method for _, method, _ in core.asked} == {"getblockchaininfo", "getblocktemplate"}

    run_virtual(main())
