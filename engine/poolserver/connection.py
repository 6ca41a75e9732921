"""One miner's TCP connection to the pool server: feed the session, take its events, write what it says. No protocol."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv6Address, ip_address
from typing import Protocol

from ..events import Event, SessionClosed, SessionOpened
from ..sockets import keep_alive
from ..stratum.lines import printable
from .session import Accepted, Drop, Rejected, Session

WRITE_LIMIT = 1 << 18  # bytes that a slow reader may leave unread
_REST_S = 1.0  # at most, that a miner is not read which asks for more than it may
_FEED_BYTES = 1 << 12  # at a time, so that what it asks for is bounded before it is looked at


class Host(Protocol):
    """What a connection asks of its server."""

    sessions: dict[Connection, Session]

    def welcome(self, host: str) -> Session | str:
        """A session for a new connection from this address, or why there is none."""
        ...

    def farewell(self, host: str) -> None:
        """That session is over."""

    def weighed(self, session: Session, address: str, event: Accepted | Rejected) -> None:
        """A share came."""

    def report(self, event: Event) -> None: ...


class Connection(asyncio.Protocol):
    def __init__(self, server: Host) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._session: Session | None = None
        self._host, self._address = "", ""
        self._reason = "closed by the miner"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        host, port = (transport.get_extra_info("peername") or ("?", 0))[:2]
        self._host = host
        self._address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        sock: socket.socket | None = transport.get_extra_info("socket")
        if sock is not None:
            keep_alive(sock)
        welcome = self._server.welcome(host)
        if isinstance(welcome, str):
            transport.abort()
            return
        self._session = welcome
        self._server.sessions[self] = welcome
        self._server.report(SessionOpened(self._address))

    @property
    def closing(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def data_received(self, data: bytes) -> None:
        session = self._session
        assert session is not None  # a refused connection is aborted before it can say anything
        now = asyncio.get_running_loop().time()
        for first in range(0, len(data), _FEED_BYTES):
            if self.closing:
                return
            for event in session.receive(data[first : first + _FEED_BYTES], now):
                match event:
                    case Accepted() | Rejected():
                        self._server.weighed(session, self._address, event)
                    case Drop():
                        self.close(event.reason)
                        return
                    case _:
                        pass
            self.flush()
        if session.beyond and not self.closing:
            rest_s, session.beyond = min(_REST_S, session.beyond / session.limits.shares_per_s), 0
            assert self._transport is not None
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(rest_s, self._read_on)

    def _read_on(self) -> None:
        if self._session is not None and not self.closing:
            assert self._transport is not None
            self._transport.resume_reading()

    def flush(self) -> None:
        """Send what the session has to say; a miner that does not read is dropped."""
        assert self._session is not None
        assert self._transport is not None
        data = self._session.outgoing()
        if self._transport.is_closing():
            return
        if data:
            self._transport.write(data)
        if self._transport.get_write_buffer_size() > WRITE_LIMIT:
            self.abort(f"left {WRITE_LIMIT} bytes unread")

    def close(self, reason: str) -> None:
        """Once it has read what was sent. A second call does not wait for that."""
        if self.closing:
            self.abort(self._reason)
            return
        self.flush()
        if not self.closing:
            assert self._transport is not None
            self._reason = reason
            self._transport.close()

    def abort(self, reason: str) -> None:
        """Now."""
        assert self._transport is not None
        self._reason = reason
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        session, self._session = self._session, None
        if session is None:
            return
        del self._server.sessions[self]
        self._server.farewell(self._host)
        user, agent = printable(session.user or "", 60), printable(session.agent, 60)
        self._server.report(SessionClosed(self._address, user, agent, session.accepted, session.rejected, self._reason))


def neighbourhood(host: str) -> str | None:
    """Whose connections are counted together: an IPv4 address, an IPv6 /64; None: our own machine, not counted."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return None if address.is_loopback else str(IPv6Address(int(address) >> 64 << 64))
        address = address.ipv4_mapped
    return None if address.is_loopback else str(address)
