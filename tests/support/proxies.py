"""Small real proxies on loopback: SOCKS5 (RFC 1928, 1929) and HTTP CONNECT, good and bad ones.

`names` maps what the proxy is asked for to where it really goes, so that a test needs no name server. Not built: BIND,
UDP, other methods of authentication.
"""

from __future__ import annotations

import asyncio
import ipaddress
from base64 import b64decode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from struct import unpack
from typing import Literal

Behaviour = Literal["good", "refuses", "hangs", "garbage", "closes", "slow"]


@dataclass
class ProxyServer:
    kind: Literal["socks5", "http"]
    behaviour: Behaviour = "good"
    credentials: tuple[str, str] | None = None  # that it wants
    names: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict[tuple[str, int], tuple[str, int]])
    asked: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @asynccontextmanager
    async def listening(self, host: str = "127.0.0.1") -> AsyncGenerator[int]:
        """The port."""
        server = await asyncio.start_server(self._meet, host, 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                match self.behaviour:
                    case "hangs":
                        await asyncio.sleep(3600.0)
                    case "garbage":
                        await reader.read(1)
                        writer.write(b"\x05\x1b[31m\xff\xfe nothing that a proxy says\r\n\r\n")
                        await writer.drain()
                    case "closes":
                        await reader.read(4096)
                        writer.close()
                    case _:
                        await (self._socks(reader, writer) if self.kind == "socks5" else self._http(reader, writer))
        finally:
            writer.transport.abort()

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        wanted = 0 if self.credentials is None else 2
        writer.write(bytes([5, wanted if wanted in methods else 0xFF]))
        if wanted not in methods:
            return
        if self.credentials is not None:
            _, size = await reader.readexactly(2)
            user = (await reader.readexactly(size)).decode()
            password = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
            good = (user, password) == self.credentials
            writer.write(bytes([1, 0 if good else 1]))
            if not good:
                return
        _, _, _, kind = await reader.readexactly(4)
        match kind:
            case 1:
                host = str(ipaddress.IPv4Address(await reader.readexactly(4)))
            case 4:
                host = str(ipaddress.IPv6Address(await reader.readexactly(16)))
            case _:
                host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        (port,) = unpack(">H", await reader.readexactly(2))
        answer = bytes([0, 1, 0, 0, 0, 0, 0, 0])
        await self._joined(host, port, reader, writer, b"\5\0" + answer, b"\5\5" + answer)

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        target = head[0].split()[1]
        fields = dict(line.split(": ", 1) for line in head[1:] if line)
        if self.credentials is not None:
            given = fields.get("Proxy-Authorization", "").removeprefix("Basic ")
            if b64decode(given).decode() != ":".join(self.credentials):
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n")
                await writer.drain()
                await asyncio.sleep(0.05)
                return
        host, _, port = target.rpartition(":")
        good, bad = b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n", b"HTTP/1.1 403 Forbidden\r\n\r\n"
        await self._joined(host.strip("[]"), int(port), reader, writer, good, bad)

    async def _joined(
        self,
        host: str,
        port: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        good: bytes,
        bad: bytes,
    ) -> None:
        self.asked.append((host, port))
        if self.behaviour == "refuses":
            writer.write(bad)
            await writer.drain()
            await asyncio.sleep(0.05)  # let it be read
            return
        there, out = await asyncio.open_connection(*self.names.get((host, port), (host, port)))
        try:
            if self.behaviour == "slow":
                for i in range(len(good)):
                    writer.write(good[i : i + 1])
                    await writer.drain()
                    await asyncio.sleep(0.001)
            else:
                writer.write(good)
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, out))
                group.create_task(_copy(there, writer))
        finally:
            out.transport.abort()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
        sink.write_eof()
