"""Pools through SOCKS5, Tor and HTTP proxies: SRBMiner #72, hminer #1, KlausT's ccminer #140, luminousminer #80."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest

from joulehash.engine.pools.url import PoolURL
from joulehash.engine.tally import Outcome
from tests.support.fake_pool import Answer, FakePool, handshake
from tests.support.pool_stage import QUICK, SETTINGS, no_tasks_left, stage
from tests.support.proxies import ProxyServer
from tests.support.shares import share_of


@pytest.mark.parametrize(("scheme", "kind"), [("socks5h", "socks5"), ("http", "http")])
def test_a_pool_that_only_the_proxy_can_reach_is_mined_on(scheme: str, kind: Literal["socks5", "http"]) -> None:
    """An onion service, say: its name is never looked up here."""

    async def main() -> None:
        fake = FakePool([[*handshake(), ("mining.submit", Answer(True))]])
        server = ProxyServer(kind, credentials=("joe", "secret"))
        async with fake.on_tcp() as there, server.listening() as port:
            server.names["pool234.onion", 3333] = there.host, there.port
            url = PoolURL.parse(f"pool234.onion:3333#proxy={scheme}://joe:secret@127.0.0.1:{port}")
            async with stage(fake, url, QUICK, SETTINGS) as played:
                work = await played.job()
                assert (await played.pool.submit(share_of(work))).outcome is Outcome.ACCEPTED
                assert "secret" not in repr(played.events) + played.pool.name
        fake.check()
        await no_tasks_left()
        assert server.asked == [("pool234.onion", 3333)]

    asyncio.run(main())
