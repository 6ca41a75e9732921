"""TLS to pools: asked for in ESP-Miner #63, #90, #726 (merged as #1413), with certificates of one's own and self-signed
ones; cpuminer-opt #178 (TLS that quietly was not there); sgminer #257 (plain connections were hijacked on the way)."""

from __future__ import annotations

import asyncio

import pytest

from joulehash.engine.events import Connected, Disconnected
from joulehash.engine.pools.url import PoolURL
from tests.support.certificates import Certificates, Shown
from tests.support.fake_pool import FakePool, handshake
from tests.support.pool_stage import QUICK, SETTINGS, stage


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def mined_on(shown: Shown, options: str) -> tuple[bool, str]:
    """Whether the pool gave work, and what was said where it did not."""

    async def main() -> tuple[bool, str]:
        asyncio.get_running_loop().set_exception_handler(lambda loop, why: None)  # the server's end
        async with FakePool([handshake()] * 3).on_tcp(shown.server(), "localhost") as there:
            url = PoolURL.parse(f"stratum+ssl://localhost:{there.port}{options}")
            async with stage(FakePool([]), url, QUICK, SETTINGS) as played:
                await played.until(lambda: played.events)
                gone = played.of(Disconnected)
                return bool(played.of(Connected)), gone[0].reason if gone else ""

    return asyncio.run(main())


def test_a_certificate_from_an_authority_of_ones_own_is_taken_by_its_file(made: Certificates) -> None:
    assert mined_on(made.good, f"#ca={str(made.ca).replace(' ', '%20')}") == (True, "")


def test_a_self_signed_certificate_is_taken_by_the_fingerprint_that_the_error_told(made: Certificates) -> None:
    works, said = mined_on(made.self_signed, "")
    assert not works
    pin = next(word for word in said.split() if word.startswith("#pin="))
    assert mined_on(made.self_signed, pin) == (True, "")


def test_tls_that_was_asked_for_is_never_left_out(made: Certificates) -> None:
    """Neither a bad certificate nor a server without TLS gets a line of ours."""
    for shown in (made.good, made.expired, made.other_name, made.self_signed):
        works, why = mined_on(shown, f"#pin={'00' * 32}")
        assert not works
        assert "is not the pinned one" in why

    async def main() -> tuple[list[bytes], list[str]]:
        heard: list[bytes] = []

        async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.read(100))
            writer.write(b'{"id":1,"result":true,"error":null}\n')
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(hear, "127.0.0.1", 0)
        url = PoolURL("127.0.0.1", server.sockets[0].getsockname()[1], tls=True)
        async with stage(FakePool([]), url, QUICK, SETTINGS) as played:
            await played.until(lambda: played.of(Disconnected))
            said = [event.reason for event in played.of(Disconnected)]
        server.close()
        return heard, said

    heard, said = asyncio.run(main())
    assert all(one.startswith(b"\x16\x03") for one in heard)  # a TLS greeting
    assert "is it a stratum+tcp:// port?" in said[0]
