"""Pools through real proxies on loopback, and what is said when the proxy is why there is no pool."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from joulehash.engine.events import Disconnected
from joulehash.engine.pools.timing import Timing
from joulehash.engine.pools.url import PoolURL
from tests.support.certificates import Certificates
from tests.support.fake_pool import FakePool, Script, handshake
from tests.support.pool_stage import QUICK, SETTINGS, no_tasks_left, stage
from tests.support.proxies import Behaviour, ProxyServer

Kind = Literal["socks5", "http"]
KINDS: tuple[Kind, ...] = ("socks5", "http")
SECRET = ("joe", "s3/c:r@t&")
WRITTEN = "joe:s3%2Fc%3Ar%40t%26@"


def through(
    server: ProxyServer,
    scheme: str,
    host: str = "pool.onion",
    *,
    login: str = "",
    options: str = "",
    certificates: Certificates | None = None,
    scripts: list[Script] | None = None,
    timing: Timing = QUICK,
) -> str:
    """What the first attempt at a pool behind the proxy is said to have failed of; nothing when a job came."""

    async def main() -> str:
        asyncio.get_running_loop().set_exception_handler(lambda loop, why: None)
        tls = None if certificates is None else certificates.good.server()
        fake = FakePool([handshake()] if scripts is None else scripts)
        async with fake.on_tcp(tls) as there, server.listening() as port:
            server.names[host, 3333] = (there.host, there.port)
            text = f"stratum+{'ssl' if tls else 'tcp'}://{f'[{host}]' if ':' in host else host}:3333"
            url = PoolURL.parse(f"{text}#proxy={scheme}://{login}127.0.0.1:{port}{options}")
            async with stage(fake, url, timing, SETTINGS) as played:
                await played.until(lambda: played.events)
                reasons = [event.reason for event in played.of(Disconnected)]
                said = repr(played.events) + repr(url) + str(url) + played.pool.name
            await asyncio.sleep(0.02)
        await no_tasks_left()
        fake.check()
        assert "s3" not in said
        assert "joe:" not in said
        if not reasons:
            return ""
        assert reasons[0].isprintable()
        address, _, why = reasons[0].partition(": ")
        assert address == url.address
        return why.replace(str(port), "PORT")

    return asyncio.run(main())


@pytest.mark.parametrize("scheme", ["socks5h", "http"])
def test_the_proxy_looks_up_the_name(scheme: str) -> None:
    server = ProxyServer("http" if scheme == "http" else "socks5")
    assert through(server, scheme) == ""
    assert server.asked == [("pool.onion", 3333)]


def test_with_socks5_the_name_is_looked_up_here() -> None:
    server = ProxyServer("socks5", names={("127.0.0.1", 3333): ("127.0.0.1", 1)})
    server.names["::1", 3333] = ("127.0.0.1", 1)
    why = through(server, "socks5", "localhost", scripts=[])
    assert why.startswith("proxy socks5://127.0.0.1:PORT: ")
    assert {host for host, _ in server.asked} <= {"127.0.0.1", "::1"}
    assert server.asked


def test_a_name_that_is_looked_up_here_and_is_none() -> None:
    assert through(ProxyServer("socks5"), "socks5", "a.b.invalid", scripts=[]).startswith("unknown host: ")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("host", ["10.9.8.7", "2001:db8::1"])
def test_an_address_goes_as_it_is(kind: Kind, host: str) -> None:
    server = ProxyServer(kind)
    assert through(server, "socks5h" if kind == "socks5" else "http", host) == ""
    assert server.asked == [(host, 3333)]


@pytest.mark.parametrize("kind", KINDS)
def test_tls_goes_through_to_the_pool_whose_certificate_counts(kind: Kind, tmp_path: Path) -> None:
    made = Certificates(tmp_path)
    scheme = "socks5h" if kind == "socks5" else "http"
    options = f"&ca={str(made.ca).replace(' ', '%20')}"
    assert through(ProxyServer(kind), scheme, "localhost", certificates=made, options=options) == ""
    why = through(ProxyServer(kind), scheme, certificates=made, options=options, scripts=[])
    assert "certificate is not valid for 'pool.onion'" in why
    assert through(ProxyServer(kind), scheme, certificates=made, options=f"&pin={made.good.pin}") == ""


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_in_many_pieces_is_one_answer(kind: Kind, tmp_path: Path) -> None:
    made = Certificates(tmp_path)
    options = f"&pin={made.good.pin}"  # one byte too many or too few would break TLS
    scheme = "socks5h" if kind == "socks5" else "http"
    assert through(ProxyServer(kind, "slow"), scheme, certificates=made, options=options) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_a_proxy_with_a_password(kind: Kind) -> None:
    server = ProxyServer(kind, credentials=SECRET)
    assert through(server, "socks5h" if kind == "socks5" else "http", login=WRITTEN) == ""


@pytest.mark.parametrize(
    ("kind", "login", "words"),
    [
        ("socks5", "joe:s3wrong@", "check USER:PASSWORD in proxy="),
        ("socks5", "", "check USER:PASSWORD in proxy="),
        ("http", "joe:s3wrong@", "407 Proxy Authentication Required: it wants a user and password"),
        ("http", "", "407 Proxy Authentication Required: it wants a user and password"),
    ],
)
def test_a_proxy_that_wants_another_password(kind: Kind, login: str, words: str) -> None:
    server = ProxyServer(kind, credentials=SECRET)
    assert words in through(server, "socks5h" if kind == "socks5" else "http", login=login, scripts=[])


@pytest.mark.parametrize(
    ("kind", "behaviour", "words"),
    [
        ("socks5", "refuses", "connection refused by destination host"),
        ("http", "refuses", "HTTP/1.1 403 Forbidden: it does not allow this pool's port"),
        ("socks5", "garbage", "proxy socks5h://127.0.0.1:PORT: "),
        ("http", "garbage", "no answer of an HTTP proxy"),
        ("socks5", "closes", "connection closed unexpectedly"),
        ("http", "closes", "it closed the connection"),
    ],
)
def test_a_proxy_that_does_not_help(kind: Kind, behaviour: Behaviour, words: str) -> None:
    why = through(ProxyServer(kind, behaviour), "socks5h" if kind == "socks5" else "http", scripts=[])
    assert why.startswith("proxy ")
    assert words in why


@pytest.mark.parametrize("kind", KINDS)
def test_a_proxy_that_hangs_is_given_up(kind: Kind) -> None:
    scheme = "socks5h" if kind == "socks5" else "http"
    timing = replace(QUICK, connect=0.2)
    assert through(ProxyServer(kind, "hangs"), scheme, scripts=[], timing=timing) == "no connection in 0.2 s"


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "http"])
def test_a_proxy_that_does_not_run(scheme: str, unused_port: int) -> None:
    async def main() -> str:
        url = PoolURL.parse(f"10.0.0.1:3333#proxy={scheme}://{WRITTEN}127.0.0.1:{unused_port}")
        async with stage(FakePool([]), url, QUICK, SETTINGS) as played:
            await played.until(lambda: played.events)
            return played.of(Disconnected)[0].reason

    reason = asyncio.run(main())
    address = f"stratum+tcp://10.0.0.1:3333: proxy {scheme}://127.0.0.1:{unused_port}"
    assert reason == f"{address}: connection refused; does it run?"


def test_the_library_is_imported_only_by_those_who_have_a_proxy() -> None:
    late = "{'python_socks', 'publicsuffixlist'} & {*sys.modules}"
    code = f"import sys, joulehash.engine.pools.stratum; sys.exit(bool({late}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
