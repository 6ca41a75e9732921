"""client.reconnect: followed within the host and its registered domain, and nowhere else."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.clock import run_virtual
from joulehash.engine.events import Disconnected, Event, PoolMessage
from joulehash.engine.pool import Demand
from joulehash.engine.pools.connect import Streams
from joulehash.engine.pools.redirect import followed
from joulehash.engine.pools.stratum import StratumPool
from joulehash.engine.pools.timing import Timing
from joulehash.engine.pools.url import PoolURL, Proxy
from joulehash.engine.stratum.events import Redirected
from tests.support.fake_pool import FakePool, Pause, Tell, handshake
from tests.support.pool_stage import SETTINGS
from tests.support.virtual_net import Network

FOLLOWED = [  # configured, asked for, then
    ("stratum.pool.example.com:3333", (None, 4444), "stratum+tcp://stratum.pool.example.com:4444"),
    ("stratum.pool.example.com:3333", (None, None), "stratum+tcp://stratum.pool.example.com:3333"),
    ("eu.example.com:3333", ("us.example.com", 3334), "stratum+tcp://us.example.com:3334"),
    ("eu.example.com:3333", ("US.Example.COM.", None), "stratum+tcp://us.example.com:3333"),
    ("eu.example.com:3333", ("example.com", None), "stratum+tcp://example.com:3333"),
    ("example.co.uk:3333", ("eu.example.co.uk", None), "stratum+tcp://eu.example.co.uk:3333"),
    ("ssl://eu.example.com:3333", ("us.example.com", 3335), "stratum+ssl://us.example.com:3335"),
    ("10.0.0.1:3333", ("10.0.0.1", 4444), "stratum+tcp://10.0.0.1:4444"),
    ("[::1]:3333", ("[::1]", 4444), "stratum+tcp://[::1]:4444"),
    ("localhost:3333", ("localhost", 4444), "stratum+tcp://localhost:4444"),
    ("xn--bcher-kva.de:1", ("a.bücher.de", 2), "stratum+tcp://a.xn--bcher-kva.de:2"),
]

REFUSED = [
    ("pool.example.com:3333", "evil.com"),
    ("pool.example.com:3333", "example.com.evil.com"),
    ("pool.example.com:3333", "evilexample.com"),
    ("example.co.uk:3333", "evil.co.uk"),  # they share a suffix and not a domain
    ("example.co.uk:3333", "co.uk"),
    ("joe.github.io:3333", "eve.github.io"),
    ("joe.duckdns.org:3333", "eve.duckdns.org"),
    ("10.0.0.1:3333", "10.0.0.2"),
    ("pool.example.com:3333", "206.223.224.225"),  # where the miners of sgminer #296 were sent
    ("10.0.0.1:3333", "pool.example.com"),
    ("[2001:db8::1]:3333", "2001:db8::2"),
    ("localhost:3333", "evil.localhost"),
    ("pool:3333", "evil"),
    ("pool.example.com:3333", "evil.com#.example.com"),
    ("pool.example.com:3333", "evil.com/.example.com"),
    ("pool.example.com:3333", "evil.com:80#x.example.com"),
    ("pool.example.com:3333", "joe:s@x.example.com"),
    ("ssl://pool.example.com:3333", "stratum+tcp://us.example.com"),
    ("pool.example.com:3333", "\x1b[31mevil.com"),
    ("pool.example.com:3333", "us.example.com#insecure"),
    ("pool.example.com:3333", "."),
]


@pytest.mark.parametrize(("configured", "asked", "target"), FOLLOWED)
def test_is_followed(configured: str, asked: tuple[str | None, int | None], target: str) -> None:
    url = PoolURL.parse(configured)
    found = followed(Redirected(*asked, 0.0), url, url)
    assert isinstance(found, PoolURL)
    assert str(found) == target


@pytest.mark.parametrize(("configured", "asked"), REFUSED)
def test_is_refused_and_says_so_on_one_line(configured: str, asked: str) -> None:
    url = PoolURL.parse(configured)
    why = followed(Redirected(asked, 3333, 0.0), url, url)
    assert isinstance(why, str)
    assert why.isprintable()
    assert "not obeyed" in why


def test_all_else_stays_as_it_was_configured() -> None:
    proxy = Proxy("socks5h", "127.0.0.1", 9050, "joe", "secret")
    url = PoolURL("eu.example.com", 3333, tls=True, pin="00" * 32, proxy=proxy)
    assert followed(Redirected("us.example.com", None, 0.0), url, url) == replace(url, host="us.example.com")


def test_from_where_we_were_sent_the_configured_domain_still_counts() -> None:
    url = PoolURL.parse("eu.example.com:3333")
    there = followed(Redirected("us.example.com", 4444, 0.0), url, url)
    assert isinstance(there, PoolURL)
    assert str(followed(Redirected(None, 5555, 0.0), url, there)) == "stratum+tcp://us.example.com:5555"
    assert followed(Redirected("eu.example.com", 3333, 0.0), url, there) == url
    assert isinstance(followed(Redirected("evil.com", None, 0.0), url, there), str)


@given(st.text(max_size=60) | st.lists(st.sampled_from([*".[]:/#@%-", "com", "example", "evil"])).map("".join))
def test_whatever_is_asked_tls_and_the_registered_domain_stay(host: str) -> None:
    url = PoolURL.parse("ssl://eu.example.com:3333")
    found = followed(Redirected(host or None, 1, 0.0), url, url)
    if isinstance(found, PoolURL):
        assert found.tls
        assert found.host.rstrip(".") == "example.com" or found.host.rstrip(".").endswith(".example.com")
    else:
        assert found.isprintable()


# In a session


def play(here: FakePool, there: FakePool, there_host: str, seconds: float) -> tuple[list[str], list[Event]]:
    """Where the pool connects while eu.example.com is played by one and `there_host` by another."""
    dialled, events = list[str](), list[Event]()

    async def main() -> None:
        network = Network()
        async with here.on(network) as first, there.on(network) as second:

            async def connect(url: PoolURL) -> Streams:
                dialled.append(url.address)
                ports = {"eu.example.com": first.port, there_host: second.port}
                return await network.connect(replace(url, port=ports.get(url.host, 1)))

            pool = StratumPool(PoolURL("eu.example.com", 3333), SETTINGS, events.append, Timing(), connect=connect)
            await pool.start(Demand())
            await asyncio.sleep(seconds)
            await pool.stop()

    run_virtual(main())
    return dialled, events


EU, US = "stratum+tcp://eu.example.com:3333", "stratum+tcp://us.example.com:4444"


def test_the_configured_pool_is_returned_to_when_the_other_fails() -> None:
    here = FakePool([[*handshake(), (None, Tell("client.reconnect", ["us.example.com", 4444]))], handshake()])
    dialled, events = play(here, FakePool([]), "elsewhere", 30.0)
    assert dialled == [EU, US, EU]
    here.check()
    reasons = [event.reason for event in events if isinstance(event, Disconnected)]
    assert reasons == [f"{EU}: the pool asked us to reconnect", f"{US}: connection refused"]


def test_the_wait_is_honoured() -> None:
    here = FakePool([[*handshake(), (None, Tell("client.reconnect", ["us.example.com", 4444, 45]))]])
    there = FakePool([handshake()])
    dialled, _ = play(here, there, "us.example.com", 100.0)
    assert dialled == [EU, US]
    assert there.opened_s[0] - here.opened_s[0] == pytest.approx(45.0, abs=0.1)


def test_a_hijack_leaves_us_where_we_are() -> None:
    evil = Tell("client.reconnect", ["206.223.224.225", 3333, 0])
    here = FakePool([[*handshake(), (None, *[evil] * 50, Pause(5.0))]])
    dialled, events = play(here, FakePool([]), "206.223.224.225", 4.0)
    assert dialled == [EU]
    assert any("206.223.224.225: not obeyed" in event.text for event in events if isinstance(event, PoolMessage))
    assert not any(isinstance(event, Disconnected) for event in events)
