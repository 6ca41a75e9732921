"""What both ends of a TCP connection want of their socket, and what the system says when it fails."""

from __future__ import annotations

import os
import re
import socket

_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}  # gone after 90 s without an answer


def keep_alive(sock: socket.socket) -> None:
    """Small lines leave at once, and a peer that has vanished is noticed."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if (option := getattr(socket, name, None)) is not None:  # not on every system
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def reason_of(error: OSError) -> str:
    """The system's words, without what asyncio adds to them."""
    number = error.errno
    if number is None and (found := re.search(r"\[Errno (\d+)\]", str(error))):
        number = int(found[1])
    return os.strerror(number).lower() if number else error.strerror or str(error) or "the connection was lost"
