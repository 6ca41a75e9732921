"""The JSON-RPC client against a server that answers what it is told to."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.errors import InputError, NodeError
from joulehash.engine.templates import rpc as rpc_module
from joulehash.engine.templates.rpc import NodeRpc, NodeUrl, RpcError

Answer = Callable[[dict[str, str], dict[str, Any]], bytes]


def http(status: int, body: object = None, raw: bytes | None = None) -> bytes:
    content = raw if raw is not None else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(content)}\r\nContent-Type: application/json\r\n\r\n"
    return head.encode() + content


def talk(answer: Answer, then: Callable[[int], Awaitable[None]]) -> None:
    """Runs `then(port)` while a server there answers each request by `answer(headers, message)`; b"" hangs."""

    served: list[asyncio.Event] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(done := asyncio.Event())
        with suppress(ConnectionError):
            await respond(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        done.set()

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
        message = json.loads(await reader.readexactly(int(headers["content-length"])))
        reply = answer(headers, message)
        if reply:
            writer.write(reply)
            await writer.drain()
        else:
            await reader.read()  # until the client goes

    async def main() -> None:
        async with asyncio.timeout(20), await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            await then(server.sockets[0].getsockname()[1])
            for done in served:
                await done.wait()

    asyncio.run(main())


def failing(answer: Answer, **options: float) -> NodeError:
    caught: list[NodeError] = []

    async def then(port: int) -> None:
        rpc = NodeRpc(f"http://ali:sesame@127.0.0.1:{port}/")
        try:
            with pytest.raises(NodeError) as failure:
                await rpc.call(object, "getblockcount", **options)
        finally:
            await rpc.close()
        caught.append(failure.value)
        assert str(failure.value).startswith(f"node http://127.0.0.1:{port}: ")

    talk(answer, then)
    assert "sesame" not in str(caught[0])
    return caught[0]


def test_a_call_and_its_result() -> None:
    seen: list[tuple[dict[str, str], dict[str, Any]]] = []

    def answer(headers: dict[str, str], message: dict[str, Any]) -> bytes:
        seen.append((headers, message))
        return http(200, {"result": [1, None], "error": None, "id": message["id"]})

    async def then(port: int) -> None:
        rpc = NodeRpc(f"http://al%3Ai:ses%40me@127.0.0.1:{port}/wallet")
        assert await rpc.call(list[int | None], "something", "a", {"b": 1}) == [1, None]
        assert await rpc.call(object, "other") == [1, None]
        await rpc.close()

    talk(answer, then)
    headers, message = seen[0]
    assert headers["authorization"] == "Basic " + base64.b64encode(b"al:i:ses@me").decode()
    assert (message["method"], message["params"]) == ("something", ["a", {"b": 1}])
    assert seen[1][1]["id"] != message["id"]


@pytest.mark.parametrize("status", [200, 404, 500])
def test_an_error_of_the_node_keeps_its_code(status: int) -> None:
    """Bitcoin Core sends errors with HTTP 500 and 404, bcoin with 200."""
    error = failing(lambda _, m: http(status, {"result": None, "error": {"code": -10, "message": "syncing"}, "id": 1}))
    assert isinstance(error, RpcError)
    assert (error.code, error.message) == (-10, "syncing")
    assert str(error).endswith("getblockcount: syncing (error -10)")


@pytest.mark.parametrize(
    ("status", "says"), [(401, "does not accept the user and password"), (403, "rpcallowip"), (503, "rpcworkqueue")]
)
def test_refusals_by_http_say_what_to_do(status: int, says: str) -> None:
    error = failing(lambda _, m: http(status, raw=b""))
    assert says in str(error)
    assert f"(HTTP {status})" in str(error)


@pytest.mark.parametrize("raw", [b"", b"<html>It works!</html>", b"[1]", b'{"result": tru', b'{"error": "text"}'])
def test_what_is_no_json_rpc(raw: bytes) -> None:
    assert "answered HTTP 200 and no JSON-RPC" in str(failing(lambda _, m: http(200, raw=raw)))


def test_a_redirect_is_not_followed() -> None:
    assert "answered HTTP 301" in str(failing(lambda _, m: b"HTTP/1.1 301 Moved\r\nLocation: http://[::1]:1/\r\n\r\n"))


def test_another_kind_of_result() -> None:
    async def then(port: int) -> None:
        rpc = NodeRpc(f"http://127.0.0.1:{port}")
        with pytest.raises(NodeError, match=r"getblockcount: its answer is not understood: Expected `int`, got `str`"):
            await rpc.call(int, "getblockcount")
        await rpc.close()

    talk(lambda _, m: http(200, {"result": "12"}), then)


def test_a_silent_node_is_given_up() -> None:
    assert str(failing(lambda _, m: b"", timeout_s=0.1)).endswith("getblockcount: no answer within 0.1 s")


def test_a_connection_lost_in_the_middle() -> None:
    assert "cannot be reached" in str(failing(lambda _, m: b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"))


def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_module, "MAX_BYTES", 2**20)
    error = failing(lambda _, m: http(200, raw=b" " * (2**20 + 1)))
    assert "answers more than 1 MiB" in str(error)
    assert "no JSON-RPC" in str(failing(lambda _, m: http(200, raw=b" " * 2**20)))


def test_a_cookie_that_changed_is_read_again(tmp_path: Path) -> None:
    """A node that starts anew has written another by the time it answers 401."""
    cookie = tmp_path / ".cookie"
    cookie.write_text("__cookie__:old")
    seen: list[str] = []

    def answer(headers: dict[str, str], message: dict[str, Any]) -> bytes:
        seen.append(base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode())
        if seen[-1].endswith("old"):
            cookie.write_text("__cookie__:new\n")
            return http(401, raw=b"")
        return http(200, {"result": 5})

    async def then(port: int) -> None:
        rpc = NodeRpc(f"http://127.0.0.1:{port}?cookie={cookie}")
        assert await rpc.call(int, "getblockcount") == 5
        await rpc.close()

    talk(answer, then)
    assert seen == ["__cookie__:old", "__cookie__:new"]


def test_a_wrong_cookie_is_tried_twice_and_no_more(tmp_path: Path) -> None:
    cookie = tmp_path / ".cookie"
    cookie.write_text("__cookie__:secret")
    asked = 0

    def answer(headers: dict[str, str], message: dict[str, Any]) -> bytes:
        nonlocal asked
        asked += 1
        return http(401, raw=b"")

    async def then(port: int) -> None:
        rpc = NodeRpc(f"http://127.0.0.1:{port}?cookie={cookie}")
        with pytest.raises(NodeError, match="HTTP 401") as caught:
            await rpc.call(int, "getblockcount")
        assert "secret" not in str(caught.value)
        await rpc.close()

    talk(answer, then)
    assert asked == 2


def test_a_missing_cookie_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match=r"its cookie file .*/none cannot be read: No such file"):
        NodeUrl.parse(f"http://localhost?cookie={tmp_path}/none").authorization()


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("http://u:p@localhost:18443", "http://localhost:18443/"),
        ("https://u:p@node.example", "https://node.example:8332/"),
        ("http://[::1]:8332/wallet/x", "http://[::1]:8332/wallet/x"),
        ("  http://localhost:1\n", "http://localhost:1/"),
    ],
)
def test_urls(text: str, endpoint: str) -> None:
    url = NodeUrl.parse(text)
    assert url.endpoint == endpoint
    assert str(url) == endpoint.rstrip("/")


def test_a_url_hides_what_opens_it() -> None:
    url = NodeUrl.parse("http://ali:sesame@localhost:1")
    assert (url.user, url.password) == ("ali", "sesame")
    for text in (str(url), repr(url), f"{url}"):
        assert "sesame" not in text
        assert "ali" not in text


@pytest.mark.parametrize(
    "text",
    [
        *("", "localhost:8332", "ftp://u:sesame@host", "http://", "http://u:sesame@", "http://u:ses/ame@host:8332"),
        *("http://u:sesame@host:port", "http://u:sesame@host:99999", "http://u:sesame@host#x", "http://[::1"),
        *("http://host?rpcuser=sesame", "http://host?sesame", "http://u:sesame@host?cookie=/x"),
        *("http://u:x@host.http://u:sesame@host", "http://u:sesame@host/sesame", "http://u:sesame@host/s%65same"),
        *("http://[::1]@[[[:1", "http://[::]@1]:1", "http://u:sesame@[fe80::zz]:1", "http://u:sesame@a host"),
    ],
)
def test_no_urls_and_their_passwords_are_not_repeated(text: str) -> None:
    with pytest.raises(InputError, match="node URL: ") as caught:
        NodeUrl.parse(text)
    assert "sesame" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.text(max_size=40))
def test_any_text_is_a_url_or_an_input_error(text: str) -> None:
    with suppress(InputError):
        NodeUrl.parse(f"http://{text}")


def test_the_http_client_is_loaded_only_when_a_node_is_called() -> None:
    code = "import sys, joulehash.engine.templates.node; assert 'aiohttp' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
