"""What boards cost the host: the processor time of a miner that drives some, and of one that drives none.

The miner is the product's, over pseudo-terminals and TCP, with the guard process that each board has; at the other
ends stand far_ends.py's processes, whose time is not counted. What is left out: the kernel's drivers of USB and serial
lines, whose work the system books elsewhere. How many boards a core bears is reckoned from a few, and was not tried.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from time import monotonic, process_time
from typing import Never

from ..engine.device import Device
from ..engine.errors import DeviceError, InputError, cause
from ..engine.events import DeviceFailed, Event
from ..engine.miner import Miner
from ..engine.pools.stratum import StratumPool
from ..engine.pools.url import PoolURL
from ..engine.stratum.client import Settings
from ..hw.boards.table import board_row
from ..hw.device import BoardDevice
from ..hw.make import Connection, board_device
from ..hw.ports.serial import SerialPort
from ..hw.sim.board import CHIPS
from ..hw.spec import parse_spec
from .far_ends import FarEnd, PoolEnd, board_end, pool_end

SCALE = 24  # bits by which the simulated chips hash less than silicon, with as many nonces: 64 kH/s of a Gamma
_SETTLED_S = 2.0  # after the last board is up


@dataclass(frozen=True, slots=True)
class HostShare:
    """Of one kind of board, so many of them at once."""

    board: str
    boards: int
    seconds: float  # of mining that were looked at
    nonces_per_s: float  # of each
    reads_per_s: float  # of each one's line of chips: nonces that came together are one
    cpu_part: float  # of one core, all boards, with all that a miner does
    alone_part: float  # the same of a miner without a board

    @property
    def board_part(self) -> float:
        """Of one core, each board."""
        return (self.cpu_part - self.alone_part) / self.boards

    @property
    def boards_a_core(self) -> float | None:
        """As many as one core would bear if each cost what these do; None: they cost too little to be seen."""
        return (1 - self.alone_part) / self.board_part if self.board_part > 0 else None


def measure_host_shares(boards: Sequence[tuple[str, int]], seconds: float) -> list[HostShare]:
    """Of each kind of board so many at once; they are brought up, which takes about ten seconds a board, and looked at
    for so long.

    Raises InputError for numbers out of bounds, DeviceError when a board does not run.
    """
    for board, count in boards:
        if count < 1:
            raise InputError(f"{board}: {count} boards; takes 1 or more")
    if not seconds > 0:
        raise InputError(f"seconds: {seconds}; takes more than 0")
    alone = asyncio.run(_seen("", 0, seconds)).cpu_part
    shares: list[HostShare] = []
    for board, count in boards:
        seen = asyncio.run(_seen(board, count, seconds))
        shares.append(
            HostShare(board, count, seconds, seen.nonces_per_s / count, seen.reads_per_s / count, seen.cpu_part, alone)
        )
    return shares


@dataclass(frozen=True, slots=True)
class _Seen:
    """Of all boards together."""

    cpu_part: float
    nonces_per_s: float
    reads_per_s: float


async def _seen(board: str, count: int, seconds: float) -> _Seen:
    async with AsyncExitStack() as stack:
        server = stack.enter_context(pool_end(PoolEnd()))
        lines = [await stack.enter_async_context(plugged_in(board)) for _ in range(count)]
        miner = await stack.enter_async_context(mining([line.device for line in lines], server))
        await asyncio.sleep(_SETTLED_S)
        nonces, reads = _nonces(miner), sum(line.chips.reads for line in lines)
        began_s, cpu_s = monotonic(), process_time()
        await asyncio.sleep(seconds)
        took_s, cpu_s = monotonic() - began_s, process_time() - cpu_s
        reads = sum(line.chips.reads for line in lines) - reads
        return _Seen(cpu_s / took_s, (_nonces(miner) - nonces) / took_s, reads / took_s)


def _nonces(miner: Miner) -> int:
    t = miner.tally
    return t.claims + t.repeats + t.hardware_errors


class CountingPort(SerialPort):
    """Counts how often something came to who listens."""

    reads = 0

    async def listen(self, take: Callable[[bytes], None]) -> Never:
        def heard(data: bytes) -> None:
            self.reads += 1
            take(data)

        await super().listen(heard)


@dataclass(frozen=True, slots=True)
class PluggedIn:
    """A simulated board in its own process, and what drives it here."""

    device: BoardDevice
    chips: CountingPort
    end: FarEnd


@asynccontextmanager
async def plugged_in(board: str) -> AsyncGenerator[PluggedIn]:
    with TemporaryDirectory(prefix="joulehash-") as folder:
        end, links = board_end(f"{board}?scale={SCALE}", folder)
        with end:
            await end.answer()
            row = board_row(board).scaled(SCALE)
            ports = {role: CountingPort(path, row.baud) for role, path in links.items()}
            spec = parse_spec(f"{board}:{links[CHIPS]}")
            device = board_device(row, Connection(ports), spec, unguarded=True)
            yield PluggedIn(device, ports[CHIPS], end)


@asynccontextmanager
async def mining(devices: Sequence[Device], server: FarEnd, settings: Settings | None = None) -> AsyncGenerator[Miner]:
    """A miner whose devices have started. Raises DeviceError at the end, if one of them failed."""
    failures: list[str] = []

    def report(event: Event) -> None:
        if isinstance(event, DeviceFailed):
            failures.append(f"{event.device}: {event.reason}")

    miner = Miner(StratumPool(PoolURL(*await server.answer()), settings or Settings("bench"), report), devices, report)
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(miner.run())
            try:
                while miner.started_s is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                yield miner
            finally:
                miner.stop()
                await running
    except BaseExceptionGroup as errors:
        raise cause(errors) from None
    if failures:
        raise DeviceError(failures[0])
