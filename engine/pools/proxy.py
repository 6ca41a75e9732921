"""A connection through a proxy: SOCKS5 (RFC 1928, 1929) by python-socks, and HTTP CONNECT (RFC 9110, section 9.3.6).

The latter is done here: the library takes what one read brings for the whole answer, and what comes in a second packet
would stand before the pool's first byte. The proxy's password is never part of what is said.
"""

from __future__ import annotations

import asyncio
import socket
from base64 import b64encode

from ..sockets import reason_of
from ..stratum.lines import printable
from .dial import addresses, dial
from .url import Proxy

_HEAD_LIMIT = 8192  # bytes of an answer to CONNECT
_REFUSED = {
    403: "it does not allow this pool's port",
    407: "it wants a user and password; write proxy=http://USER:PASSWORD@HOST:PORT",
}
_FOREVER_S = 86_400.0  # the caller has a timeout


class ProxyFailed(OSError):
    """The proxy, not the pool, is why there is no connection."""


async def through(proxy: Proxy, host: str, port: int) -> socket.socket:
    """A socket that the pool is at the other end of. Raises OSError."""
    if proxy.scheme == "http":
        return await _connect(proxy, host, port)
    if proxy.scheme == "socks5h":
        return await _socks(proxy, host, port)
    found = await addresses(host, port)  # socks5: names are looked up here
    for address in found[:-1]:
        try:
            return await _socks(proxy, address[4][0], port)
        except ProxyFailed:
            continue
    return await _socks(proxy, found[-1][4][0], port)


async def _reach(proxy: Proxy) -> socket.socket:
    try:
        return await dial(proxy.host, proxy.port)
    except socket.gaierror:
        raise ProxyFailed(f"proxy {proxy}: unknown host") from None
    except OSError as error:
        raise ProxyFailed(f"proxy {proxy}: {reason_of(error)}; does it run?") from None


async def _socks(proxy: Proxy, host: str, port: int) -> socket.socket:
    from python_socks import ProxyError, ProxyTimeoutError, ProxyType  # only those who have a proxy wait for it
    from python_socks.async_.asyncio import Proxy as Socks

    class Direct(Socks):
        """How the proxy itself is reached: as pools are."""

        async def connect(self, *_: object, **__: object) -> socket.socket:
            return await _reach(proxy)

    socks = Socks(
        ProxyType.SOCKS5,
        proxy.host,
        proxy.port,
        proxy.user,
        proxy.password if proxy.user is not None else None,
        rdns=True,
        forward=Direct(ProxyType.SOCKS5, proxy.host, proxy.port),
    )
    try:
        return await socks.connect(host, port, timeout=_FOREVER_S)
    except ProxyTimeoutError:
        raise ProxyFailed(f"proxy {proxy}: no answer") from None
    except (ProxyError, ValueError, AssertionError, IndexError) as error:  # the last three: its answer is garbage
        raise ProxyFailed(f"proxy {proxy}: {_plain(error)}") from None
    except OSError as error:
        if isinstance(error, ProxyFailed):
            raise
        raise ProxyFailed(f"proxy {proxy}: {reason_of(error)}") from None


def _plain(error: Exception) -> str:
    said = printable(str(error), 120).rstrip(".")
    said = said[:1].lower() + said[1:] or "an answer that cannot be understood"
    if "authentication" in said or "auth method" in said or "acceptable" in said:
        said += "; check USER:PASSWORD in proxy=socks5h://USER:PASSWORD@HOST:PORT"
    return said


async def _connect(proxy: Proxy, host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    sock = await _reach(proxy)
    try:
        await loop.sock_sendall(sock, _request(proxy, host, port))
        status = await _status(sock)
    except OSError as error:
        sock.close()
        raise ProxyFailed(f"proxy {proxy}: {reason_of(error)}") from None
    except BaseException:
        sock.close()
        raise
    code = status.split()[1:2]
    if not status.startswith("HTTP/1.") or not code or not code[0].isascii() or not code[0].isdigit():
        sock.close()
        raise ProxyFailed(f"proxy {proxy}: no answer of an HTTP proxy: {printable(status, 60)!r}")
    if not code[0].startswith("2") or len(code[0]) != 3:
        sock.close()
        why = _REFUSED.get(int(code[0][:3]), "it does not connect us")
        raise ProxyFailed(f"proxy {proxy}: {printable(status, 80)}: {why}")
    return sock


def _request(proxy: Proxy, host: str, port: int) -> bytes:
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.user is not None:
        lines.append("Proxy-Authorization: Basic " + b64encode(f"{proxy.user}:{proxy.password}".encode()).decode())
    return "\r\n".join([*lines, "", ""]).encode()


async def _status(sock: socket.socket) -> str:
    """The first line of its answer; the socket stands behind the whole head, and not a byte further."""
    loop, head = asyncio.get_running_loop(), bytearray()
    while not head.endswith((b"\r\n\r\n", b"\n\n")):
        byte = await loop.sock_recv(sock, 1)
        head += byte
        if not byte or len(head) > _HEAD_LIMIT:
            break
    if not head:
        raise ConnectionResetError("it closed the connection")
    return head.split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r")
