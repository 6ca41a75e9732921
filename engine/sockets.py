"""What both ends of a TCP connection want of their socket and of the system, and what it says when they fail."""

from __future__ import annotations

import os
import re
import resource
import socket

_SPARE_FILES = 64  # for all that is no connection
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
    if number is not None and number > 0:  # the names' errors are below
        return os.strerror(number).lower()
    return (error.strerror or str(error)).lower() or "the connection was lost"


def room_for(sockets: int) -> int:
    """How many sockets may be open at once; raises the process's soft limit of open files where that helps."""
    wanted = sockets + _SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        soft = raised
    return sockets if soft == resource.RLIM_INFINITY else max(1, min(sockets, soft - _SPARE_FILES))
