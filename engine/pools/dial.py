"""A TCP connection to a host: names, addresses, the race between them.

Names are looked up anew for each connection, in a daemon thread: a name server that hangs must not hold up our exit.
The race between the addresses (RFC 8305, "happy eyeballs") is aiohappyeyeballs'.
"""

from __future__ import annotations

import socket
from typing import Any

from aiohappyeyeballs import start_connection  # pyright: ignore[reportUnknownVariableType]

from ..daemon import in_daemon
from ..sockets import keep_alive

Address = tuple[int, int, int, str, tuple[Any, ...]]  # as getaddrinfo has them

_NEXT_ADDRESS_S = 0.25


async def dial(host: str, port: int) -> socket.socket:
    """A connected socket that does not block, with keepalive. Raises OSError; takes as long as it takes."""
    sock = await start_connection(await addresses(host, port), happy_eyeballs_delay=_NEXT_ADDRESS_S, interleave=1)
    try:
        keep_alive(sock)
    except BaseException:
        sock.close()
        raise
    return sock


async def addresses(host: str, port: int) -> list[Address]:
    """Raises socket.gaierror where there are none."""

    def look_up() -> list[Address]:
        try:
            return list(dict.fromkeys(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except ValueError as error:  # no name that can be written as one: UnicodeError among them
            raise socket.gaierror(socket.EAI_NONAME, str(error)) from None

    return await in_daemon(look_up)
