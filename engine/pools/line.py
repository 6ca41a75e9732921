"""An open line to a pool: bytes both ways, and in one line why there is none, or none any more."""

from __future__ import annotations

import asyncio

from ..errors import PoolUnreachable
from .connect import READ_BYTES, Connect, plain
from .url import PoolURL

_TLS_ALERT = b"\x15\x03"  # RFC 8446, section 5.1: the record of a server that was spoken to without TLS
_UNSENT_LIMIT = 1 << 20  # bytes that a pool may leave unread


class Line:
    """Made by `opened`. What it raises is PoolUnreachable."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, tls: bool) -> None:
        self._reader, self._writer = reader, writer
        self._perhaps_tls = not tls  # it has not said a word yet, as servers do that wait for TLS

    async def read(self, wait_s: float) -> bytes:
        """What has come; nothing when nothing came for so long."""
        try:
            async with asyncio.timeout(wait_s):
                data = await self._reader.read(READ_BYTES)
        except OSError:  # our timeout is a TimeoutError, but so is the system's ETIMEDOUT
            broken = self._reader.exception()
            if broken is None:
                return b""
            raise self._gone(plain(broken) if isinstance(broken, OSError) else str(broken)) from None
        if not data:
            raise self._gone("the pool closed the connection")
        if self._perhaps_tls and data.startswith(_TLS_ALERT):
            raise PoolUnreachable("it answers in TLS; write stratum+ssl:// before its name")
        self._perhaps_tls = False
        return data

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def check_unsent(self) -> None:
        """What it does not read is ours to hold."""
        if (unsent := self._writer.transport.get_write_buffer_size()) > _UNSENT_LIMIT:
            raise PoolUnreachable(f"{unsent} bytes that the pool does not read")

    def abort(self) -> None:
        self._writer.transport.abort()

    def _gone(self, why: str) -> PoolUnreachable:
        return PoolUnreachable(why + ("; is it a stratum+ssl:// port?" if self._perhaps_tls else ""))


async def opened(connect: Connect, url: PoolURL, within_s: float) -> Line:
    """Raises PoolUnreachable."""
    limit = asyncio.timeout(within_s)
    try:
        async with limit:
            return Line(*await connect(url), tls=url.tls)
    except OSError as error:  # TimeoutError among them
        why = f"no connection in {within_s:g} s" if limit.expired() else plain(error)
        raise PoolUnreachable(why) from None
