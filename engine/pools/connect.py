"""A byte stream to a pool, as its URL wants it: TCP or TLS, straight or through a proxy; and in one line why there is
none.

`connect` is the one seam: names and addresses are dial.py's, certificates tls.py's, proxies proxy.py's.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable

from ..sockets import reason_of
from .dial import dial
from .proxy import ProxyFailed, through
from .tls import CertificateRefused, check_pin, plain_tls, tls_context
from .url import PoolURL

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[PoolURL], Awaitable[Streams]]

READ_BYTES = 1 << 16


async def connect(url: PoolURL) -> Streams:
    """Raises OSError, for which `plain` has the words. Takes as long as it takes: the caller has a timeout."""
    context = tls_context(url) if url.tls else None
    if url.proxy is None:
        sock = await dial(url.host, url.port)
    else:
        sock = await through(url.proxy, url.host, url.port)
    try:
        reader, writer = await asyncio.open_connection(
            sock=sock, limit=READ_BYTES, ssl=context, server_hostname=url.host if context else None
        )
    except BaseException:
        sock.close()
        raise
    try:
        check_pin(url, writer)
    except BaseException:
        writer.transport.abort()
        raise
    return reader, writer


def plain(error: OSError) -> str:
    """What went wrong with a connection, in a few words."""
    if isinstance(error, ProxyFailed | CertificateRefused):
        return str(error)
    if isinstance(error, ssl.SSLError):
        return plain_tls(error)
    if isinstance(error, socket.gaierror):
        return f"unknown host: {(error.strerror or str(error)).lower()}"
    return reason_of(error)
