"""A byte stream to a pool: names, addresses, TCP, TLS; and in one line why there is none.

Names are looked up anew for each connection, in a daemon thread: a name server that hangs must not hold up our exit.
The race between the addresses (RFC 8305, "happy eyeballs") is aiohappyeyeballs'. Leaves out proxies.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from aiohappyeyeballs import start_connection  # pyright: ignore[reportUnknownVariableType]

from ..daemon import in_daemon
from ..sockets import keep_alive, reason_of
from .url import PoolURL

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[PoolURL], Awaitable[Streams]]
Address = tuple[int, int, int, str, tuple[Any, ...]]  # as getaddrinfo has them

READ_BYTES = 1 << 16
_NEXT_ADDRESS_S = 0.25


async def connect(url: PoolURL) -> Streams:
    """Raises OSError, for which `plain` has the words. Takes as long as it takes: the caller has a timeout."""
    context = tls_context(insecure=url.insecure) if url.tls else None
    addresses = await _addresses(url.host, url.port)
    sock = await start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS_S, interleave=1)
    try:
        keep_alive(sock)
        return await asyncio.open_connection(
            sock=sock, limit=READ_BYTES, ssl=context, server_hostname=url.host if context else None
        )
    except BaseException:
        sock.close()
        raise


def tls_context(*, insecure: bool) -> ssl.SSLContext:
    """Certificates are verified against the system's, or those that SSL_CERT_FILE and SSL_CERT_DIR name."""
    context = ssl.create_default_context()
    if insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def plain(error: OSError) -> str:
    """What went wrong with a connection, in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message.rstrip(".")
        return f"TLS: {said}; #insecure at the end of the URL accepts any certificate"
    if isinstance(error, ssl.SSLError):
        reason = (getattr(error, "reason", None) or str(error)).replace("_", " ").lower()
        plain_text = reason in ("wrong version number", "record layer failure", "http request")
        return f"TLS: {reason}" + ("; is it a stratum+tcp:// port?" if plain_text else "")
    if isinstance(error, socket.gaierror):
        return f"unknown host: {(error.strerror or str(error)).lower()}"
    return reason_of(error)


async def _addresses(host: str, port: int) -> list[Address]:
    def look_up() -> list[Address]:
        try:
            return list(dict.fromkeys(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except ValueError as error:  # no name that can be written as one: UnicodeError among them
            raise socket.gaierror(socket.EAI_NONAME, str(error)) from None

    return await in_daemon(look_up)
