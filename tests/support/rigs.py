"""What the contracts are run on: the CPU, every simulator of the table, and a real board where one is given.

A Rig carries what differs. Everything else is the same for all of them, and where a contract says more than one of them
can do, the rig says why not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from joulehash.engine.chain.target import MAX_TARGET
from joulehash.engine.clock import run_virtual
from joulehash.engine.cpu import CpuDevice
from joulehash.engine.device import Device
from joulehash.hw.board import Board
from joulehash.hw.boards.row import Row
from joulehash.hw.boards.table import board_row
from joulehash.hw.find import ports_of
from joulehash.hw.make import Connection, board_device, make_board
from joulehash.hw.sim.run import Simulated
from joulehash.hw.sim.table import SIMULATORS, simulate, simulator
from joulehash.hw.spec import Spec, parse_spec

T = TypeVar("T")
_EVEN = 0x1FFFE000
MASKS = (0, 0x2000, 0x6000, 0x1FE000, _EVEN, 0x00A0A000)  # 0, 1, 2, 8 and 16 bits, and four with holes


@dataclass(frozen=True)
class Rig:
    name: str
    opened: Callable[[], AbstractAsyncContextManager[Device]]
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    target: int = MAX_TARGET >> 12  # at which it claims many times a second
    flood: int = MAX_TARGET  # at which it claims as fast as it can
    exact: bool = True  # it searches the nonces of its work and no others
    masks: tuple[int, ...] = MASKS  # that it can work with
    mask: int = 0  # of a test that is not about masks
    counts: bool = True  # its hashes
    waits: bool = True  # where nobody reads its claims it stands still; others drop claims
    rests: bool = True  # without work it finds nothing more; others go on with what they have, and it is not taken
    some: int = 20  # claims: how many it finds in a moment
    patience_s: float = 10.0
    still_s: float = 0.15  # in so long it finds something

    def few(self, n: int) -> int:
        """Of what would be n claims of a quick device: not so many of a slow one."""
        return max(1, n * self.some // 20)


@asynccontextmanager
async def _cpu(threads: int) -> AsyncGenerator[Device]:
    yield CpuDevice("portable", threads, affinity=False)


CPUS = [
    Rig("cpu, 1 thread", partial(_cpu, 1), asyncio.run),
    Rig("cpu, 2 threads", partial(_cpu, 2), asyncio.run),
]


# Simulators. Slow clocks: less to hash, and no long ramp at the start.

_MHZ = {name: 100 for name in SIMULATORS if name.startswith("bitaxe-")} | {"compac-a1": 200, "compac-a2": 200}
_SCALE = {"icarus": 14, "lancelot": 14, "block-erupter": 14, "fpga": 12}
SIMULATED = [*SIMULATORS, "chain:bm1362x2", "chain:bm1368x6"]


def spec_of(name: str) -> Spec:
    asked = [f"mhz={_MHZ[name]}"] if name in _MHZ else []
    asked += [f"scale={_SCALE[name]}"] if name in _SCALE else []
    return parse_spec(f"sim:{name}" + (f"?{'&'.join(asked)}" if asked else ""))


def simulation(spec: Spec) -> tuple[Simulated, Row, Connection]:
    """To be made in the loop in which it runs."""
    assert spec.board is not None
    simulated = simulate(simulator(spec.board), dict(spec.sim))
    pins = simulated if simulated.board.pins is not None else None
    row = board_row(spec.board).scaled(simulated.scale)
    return simulated, row, Connection(simulated.ports, pins, pins, guarded=False)


@asynccontextmanager
async def simulated_device(spec: Spec) -> AsyncGenerator[Device]:
    """Its rails are looked at when it has been used."""
    simulated, row, connection = simulation(spec)
    async with simulated.running():
        yield board_device(row, connection, spec, unguarded=True)
        assert_off(simulated, row)


@asynccontextmanager
async def simulated_board(name: str) -> AsyncGenerator[tuple[Board, Simulated]]:
    spec = spec_of(name)
    simulated, row, connection = simulation(spec)
    async with simulated.running():
        yield make_board(row, connection, spec.name, unguarded=True), simulated


def assert_off(simulated: Simulated, row: Row) -> None:
    """By the simulator's own account: no voltage, or as little as its regulator can do, and the chips in reset."""
    rails = simulated.board.rails
    if row.link == "serial":
        return  # nothing on it can be switched
    assert rails.reset, rails
    if row.link == "bitaxe-raw" and row.limits.watts != 25.0:
        assert rails.core_v == 0.0, rails
        assert rails.fan == 1.0, rails


def _scaled(row: Row, name: str) -> Rig:
    """Of a row as it is searched, scaled or silicon."""
    rate = row.rate_hps(_MHZ.get(name, row.mhz.least)) / 2**row.zero_bits  # nonces a second
    header = row.chip is not None and row.chip.job == "header"
    least_bits = (row.chip.small_per_core - 1).bit_length() if header and row.chip is not None else 0
    masks = tuple(mask for mask in MASKS if mask.bit_count() >= least_bits)
    slow = row.chip is None
    return Rig(
        name,
        partial(simulated_device, spec_of(name)),
        run_virtual,
        target=MAX_TARGET >> row.zero_bits + (0 if slow else 1),
        flood=MAX_TARGET >> row.zero_bits,
        exact=False,
        masks=masks,
        mask=0 if not least_bits else _EVEN,
        counts=row.chip is not None and row.chip.counters.total is not None,
        waits=False,
        rests=header or (row.chip is not None and row.chip.job == "midstate"),
        some=3 if slow else 20,
        patience_s=300 / rate,
        still_s=max(0.15, 8 / rate),
    )


def simulator_rigs() -> list[Rig]:
    rigs: list[Rig] = []
    for name in SIMULATED:
        spec = spec_of(name)
        assert spec.board is not None
        scale = simulate(simulator(spec.board), dict(spec.sim)).scale
        rigs.append(_scaled(board_row(spec.board).scaled(scale), name))
    return rigs


@asynccontextmanager
async def _plugged_in(spec: Spec) -> AsyncGenerator[Device]:
    row, connection = ports_of(spec)
    yield board_device(row, connection, spec, unguarded=True)


def board_rig(text: str) -> Rig:
    """A real board, as the command line names it."""
    spec = parse_spec(text)
    row, _ = ports_of(spec)
    return replace(_scaled(row, row.name), name=text, opened=partial(_plugged_in, spec), run=asyncio.run)
