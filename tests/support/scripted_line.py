"""The far end of a line, by hand: what a feeder sends as values, answers as a test wants them. On virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from joulehash.engine.space import HeaderSpace
from joulehash.engine.work import Assignment, Found, Job
from joulehash.hw.boards.row import Row
from joulehash.hw.chain import Chain
from joulehash.hw.chain_feeder import ChainFeeder
from joulehash.hw.feeder import Account, Orders
from joulehash.hw.icarus_feeder import IcarusFeeder
from joulehash.hw.point import Point
from joulehash.hw.ports.pipe import Cable
from joulehash.hw.powered import Powered

BAUD = 115200


@dataclass
class Line:
    row: Row
    cable: Cable = field(default_factory=lambda: Cable("line", BAUD))
    orders: Orders = field(default_factory=Orders)
    account: Account = field(default_factory=Account)
    claims: list[Found] = field(default_factory=list[Found])
    chain: Chain | None = None

    def say(self, data: bytes) -> None:
        self.cable.send(data, self.cable.baud)

    async def heard(self, seconds: float = 0.001) -> bytes:
        """What the host has sent by then."""
        await asyncio.sleep(seconds)
        data = b""
        while self.cable.waiting:
            data += (await self.cable.receive())[0]
        return data

    def give(self, job: Job, space: HeaderSpace | None = None) -> None:
        clock = asyncio.get_running_loop().time
        self.orders.put(Assignment(job, space or HeaderSpace(job.extranonce2_size), clock, job.target))


@asynccontextmanager
async def fed(row: Row) -> AsyncGenerator[Line]:
    """Its feeder runs; what it raises is raised."""
    line = Line(row)
    port = line.cable.host
    await port.open()
    async with asyncio.TaskGroup() as group:
        tasks: list[asyncio.Task[None]] = []
        if row.chip is not None:
            line.chain = Chain(port, row, "line")
            tasks.append(group.create_task(line.chain.run()))
            await line.chain.ask_ids(row.chip.response_size, 0.01)  # nobody answers; but from now on it expects these
        powered = Powered(row, "line", port, None, line.chain, None, "", Point(row.mhz.least))
        kind = ChainFeeder if row.chip is not None else IcarusFeeder
        feeder = kind(powered, line.orders, line.claims.append, line.account, "line")
        tasks.append(group.create_task(feeder.run()))
        yield line
        for task in tasks:
            task.cancel()


def hash_number(header: bytes) -> int:
    return int.from_bytes(sha256(sha256(header).digest()).digest(), "little")


def nonce_of(header: Callable[[int], bytes], target: int, after: int = 0) -> int:
    """The first after that one whose hash does not exceed the target."""
    return next(nonce for nonce in range(after + 1, 2**32) if hash_number(header(nonce)) <= target)
