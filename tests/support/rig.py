"""A miner by hand, line by line, for tests of the pool server; it mines with joulehash's own arithmetic."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from joulehash.engine.chain.header import Header, double_sha256, hash_number
from joulehash.engine.chain.merkle import fold
from joulehash.engine.chain.target import target_from_bits
from joulehash.engine.stratum.messages import Notify


@dataclass
class Rig:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    extranonce1: bytes = b""
    jobs: list[Notify] = field(default_factory=list[Notify])
    told: list[str] = field(default_factory=list[str])  # methods of what came unasked
    _ids: Any = field(default_factory=lambda: count(1))

    def send(self, method: str, *params: object) -> int:
        identity = next(self._ids)
        self.writer.write(json.dumps({"id": identity, "method": method, "params": params}).encode() + b"\n")
        return int(identity)

    async def ask(self, method: str, *params: object) -> dict[str, Any]:
        """The answer; what comes before it is kept."""
        identity = self.send(method, *params)
        while True:
            message = await self.hear()
            if message.get("method") is None and message["id"] == identity:
                return message

    async def hear(self) -> dict[str, Any]:
        line = await self.reader.readline()
        if not line:
            raise ConnectionError("the server has closed the connection")
        message: dict[str, Any] = json.loads(line)
        if (method := message.get("method")) is not None:
            self.told.append(method)
            if method == "mining.notify":
                self.jobs.append(Notify.decode(message["params"]))
        return message

    async def login(self, user: str = "joe") -> Notify:
        """The first job."""
        self.extranonce1 = bytes.fromhex((await self.ask("mining.subscribe", "rig/1"))["result"][1])
        assert (await self.ask("mining.authorize", user, "x"))["result"] is True
        return await self.job()

    async def job(self, number: int = 1) -> Notify:
        while len(self.jobs) < number:
            await self.hear()
        return self.jobs[number - 1]

    def share(self, job: Notify, extranonce2: int = 0, *, block: bool = False, user: str = "joe") -> list[object]:
        """Params of a submit that is a block, or surely none."""
        en2 = extranonce2.to_bytes(8, "big")
        root = fold(double_sha256(job.coinb1 + self.extranonce1 + en2 + job.coinb2), job.branches)
        for nonce in range(1 << 22):
            header = Header(job.version, job.prev_hash, root, job.ntime, job.nbits, nonce)
            if (hash_number(header.hash) <= target_from_bits(job.nbits)) is block:
                return [user, job.job, en2.hex(), f"{job.ntime:08x}", f"{nonce:08x}"]
        raise AssertionError("no nonce found")

    async def ended(self) -> bool:
        """True once the server has closed the connection; what came before is dropped."""
        try:
            while await self.reader.read(1 << 16):
                pass
        except ConnectionError:
            pass
        return True


@asynccontextmanager
async def rig_at(host: str, port: int, receive_bytes: int | None = None) -> AsyncGenerator[Rig]:
    """receive_bytes: how much the system keeps for a rig that does not read."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    if receive_bytes is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    sock.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(sock, (host, port))
    except OSError:
        sock.close()
        raise
    reader, writer = await asyncio.open_connection(sock=sock)
    try:
        yield Rig(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)
