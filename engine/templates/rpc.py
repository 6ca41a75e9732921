"""JSON-RPC to a Bitcoin node over HTTP or HTTPS.

Sources: Bitcoin Core doc/JSON-RPC-interface.md and src/httprpc.cpp; bcoin's lib/node/rpc.js differs little. Leaves
out batches and notifications. User names, passwords and cookies stay out of every message and repr.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from ..errors import InputError, NodeError
from ..stratum.lines import printable

if TYPE_CHECKING:  # aiohttp is slow to import, and only a node needs it
    import aiohttp

T = TypeVar("T")

PORT = 8332
TIMEOUT_S = 30.0
MAX_BYTES = 32 * 2**20  # a template is below 9 MB: four million bytes of transactions in hex, and their ids

_SHAPE = "takes http://USER:PASSWORD@HOST:PORT or http://HOST:PORT?cookie=/path/to/.cookie, or https"


@dataclass(frozen=True, slots=True)
class NodeUrl:
    """Where a node's JSON-RPC is, and what opens it. Its text never shows the latter."""

    endpoint: str  # without credentials
    user: str | None = field(default=None, repr=False)
    password: str = field(default="", repr=False)
    cookie: Path | None = None

    @classmethod
    def parse(cls, text: str) -> NodeUrl:
        """InputError for what is no such URL; it does not quote it, for it may hold a password."""
        try:
            parts = urlsplit(text.strip())
            host, port, query = (
                parts.hostname,
                parts.port or PORT,
                parse_qs(parts.query, strict_parsing=bool(parts.query)),
            )
        except ValueError:
            raise InputError(
                f"node URL: {_SHAPE}; in user and password write / : @ ? # as %2F %3A %40 %3F %23"
            ) from None
        if parts.scheme not in ("http", "https") or not host or not _is_host(host) or parts.fragment:
            raise InputError(f"node URL: {_SHAPE}")
        if unknown := set(query) - {"cookie"}:
            raise InputError(f"node URL: the option {', '.join(sorted(unknown))} is unknown; {_SHAPE}")
        cookie = Path(query["cookie"][-1]).expanduser() if query else None
        if cookie is not None and parts.username is not None:
            raise InputError("node URL: has both a user and a cookie; give one of them")
        password = unquote(parts.password or "")
        if "@" in parts.path or (password and password in unquote(parts.path)):  # a URL behind another, as a rule
            raise InputError(f"node URL: its path holds an @ or the password, and would be shown; {_SHAPE}")
        host = f"[{host}]" if ":" in host else host
        user = None if parts.username is None else unquote(parts.username)
        endpoint = f"{parts.scheme}://{host}:{port}{parts.path or '/'}"
        return cls(endpoint, user, password, cookie)

    def __str__(self) -> str:
        return self.endpoint.rstrip("/")

    def authorization(self) -> Mapping[str, str]:
        """The header that opens it. A cookie is read anew each time: the node writes another at every start."""
        if self.cookie is not None:
            try:
                secret = self.cookie.read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not text"
                raise NodeError(f"node {self}: its cookie file {self.cookie} cannot be read: {reason}") from None
        elif self.user is not None:
            secret = f"{self.user}:{self.password}"
        else:
            return {}
        return {"Authorization": "Basic " + b64encode(secret.encode()).decode()}


def _is_host(host: str) -> bool:
    if ":" not in host:
        return re.fullmatch(r"[\w.-]+", host) is not None
    try:
        return ip_address(host).version == 6
    except ValueError:
        return False


class RpcError(NodeError):
    """The node understood, and answered with an error."""

    def __init__(self, url: NodeUrl, method: str, code: int, message: str) -> None:
        super().__init__(f"node {url}: {method}: {message} (error {code})")
        self.code = code
        self.message = message


class Fault(msgspec.Struct):
    code: int = 0
    message: str = ""


class Reply(msgspec.Struct):
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: Fault | None = None


class NodeRpc:
    """One node's methods. Each call is a connection of its own, for nodes close idle ones after a few seconds."""

    def __init__(self, url: NodeUrl | str) -> None:
        self.url = url if isinstance(url, NodeUrl) else NodeUrl.parse(url)
        self._session: aiohttp.ClientSession | None = None
        self._calls = 0

    async def call(self, result: type[T], method: str, *params: object, timeout_s: float = TIMEOUT_S) -> T:
        """The result of `method`, as a `result`.

        Raises RpcError for an error that the node tells, NodeError when it cannot be reached within `timeout_s`
        seconds, does not let us in, or answers something else.
        """
        reply = await self._reply(method, params, timeout_s)
        if reply.error is not None:
            raise RpcError(self.url, method, reply.error.code, printable(reply.error.message, 500))
        try:
            return msgspec.json.decode(reply.result, type=result)
        except msgspec.MsgspecError as error:
            raise NodeError(
                f"node {self.url}: {method}: its answer is not understood: {printable(str(error), 300)}"
            ) from None

    async def close(self) -> None:
        """Calls under way fail; a later call opens it again."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _reply(self, method: str, params: tuple[object, ...], timeout_s: float) -> Reply:
        self._calls += 1
        body = msgspec.json.encode({"jsonrpc": "1.0", "id": self._calls, "method": method, "params": params})
        status, answer = await self._post(body, method, timeout_s)
        if status == 401 and self.url.cookie is not None:  # the node started anew between our reading and its check
            status, answer = await self._post(body, method, timeout_s)
        if status in _REFUSALS:
            raise NodeError(f"node {self.url}: {_REFUSALS[status]} (HTTP {status})")
        try:
            return msgspec.json.decode(answer, type=Reply)
        except msgspec.MsgspecError:
            raise NodeError(
                f"node {self.url}: {method}: answered HTTP {status} and no JSON-RPC; is this a node's RPC port?"
            ) from None

    async def _post(self, body: bytes, method: str, timeout_s: float) -> tuple[int, bytes]:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        headers = {"Content-Type": "application/json", **self.url.authorization()}
        limit = aiohttp.ClientTimeout(total=timeout_s, sock_connect=TIMEOUT_S)
        try:
            async with self._session.post(
                self.url.endpoint, data=body, headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                return response.status, await self._bounded(response, method)
        except TimeoutError:
            raise NodeError(f"node {self.url}: {method}: no answer within {timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            reason = printable(getattr(error, "strerror", None) or str(error) or type(error).__name__, 300)
            raise NodeError(f"node {self.url}: cannot be reached: {reason}") from None

    async def _bounded(self, response: aiohttp.ClientResponse, method: str) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in response.content.iter_any():
            parts.append(part)
            size += len(part)
            if size > MAX_BYTES:
                raise NodeError(f"node {self.url}: {method}: answers more than {MAX_BYTES >> 20} MiB; not a node?")
            await asyncio.sleep(0)  # megabytes come in hundreds of parts: others shall have their turn
        return b"".join(parts)


_REFUSALS = {
    401: "does not accept the user and password, or the cookie; compare with rpcauth in bitcoin.conf, or give ?cookie=",
    403: "does not accept connections from here; see rpcallowip in bitcoin.conf",
    503: "is too busy to answer; see rpcworkqueue in bitcoin.conf",
}
