"""What the contracts are run on: the CPU, every simulator of the table, and a real board where one is given.

A Rig carries what differs. Everything else is the same for all of them, and where a contract says more than one of them
can do, the rig says why not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from joulehash.engine.chain.target import MAX_TARGET
from joulehash.engine.clock import run_virtual
from joulehash.engine.cpu import CpuDevice
from joulehash.engine.device import Device
from joulehash.engine.errors import InputError
from joulehash.hw.board import Board
from joulehash.hw.boards.row import Row
from joulehash.hw.boards.table import board_row
from joulehash.hw.cadence import cadence
from joulehash.hw.find import ports_of
from joulehash.hw.make import Connection, board_device, make_board
from joulehash.hw.sim.run import Simulated
from joulehash.hw.sim.serve import STEP_S
from joulehash.hw.sim.table import SIMULATORS, simulate, simulator
from joulehash.hw.spec import Spec, parse_spec

LOWEST_V: Mapping[str, float] = dict.fromkeys(
    ("bitaxe-max", "bitaxe-ultra", "bitaxe-supra"), 1.0
)  # a DS4432U does not switch off
_ALL = 0x1FFFE000
MASKS = (0, 0x2000, 0x6000, 0x1FE000, _ALL, 0x00A0A000)  # 0, 1, 2, 8 and 16 bits, and four with holes


@dataclass(frozen=True)
class Rig:
    name: str
    opened: Callable[[], AbstractAsyncContextManager[Device]]
    run: Callable[[Coroutine[Any, Any, None]], None]
    target: int = MAX_TARGET >> 12  # at which it claims many times a second
    flood: int = MAX_TARGET  # at which it claims as fast as it can
    exact: bool = True  # it searches the nonces of its work and no others
    masks: tuple[int, ...] = MASKS  # that it can work with
    daily: tuple[int, ...] = MASKS  # those of them that are tried every day; with the others it takes too long
    mask: int = 0  # of a test that is not about masks
    counts: bool = True  # its hashes
    waits: bool = True  # where nobody reads its claims it stands still; others drop claims
    some: int = 20  # claims: how many it finds in a moment
    patience_s: float = 10.0
    still_s: float = 0.15  # in so long it finds something, most likely
    sampled: bool = False  # every day by a few tests only
    long: bool = False  # takes too long for every day

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
_SCALE = {"block-erupter": 13, "fpga": 12}
_ALL_MASKS = ("bitaxe-gamma", "compac-f")  # a chip that rolls versions, and one that takes midstates
# One of each kind of chip, link and supply. The others differ by their rows alone: of them, a sample every day.
DAILY = ("bitaxe-max", "bitaxe-gamma", "bitaxe-hex", "compac-f", "compac-a1", "newpac", "icarus", "chain:bm1362x2")
_LONG = ("lancelot", "fpga")  # as Icarus and Block Erupter, the last of them four times slower
SIMULATED = [*SIMULATORS, "chain:bm1362x2", "chain:bm1368x6"]


def spec_of(text: str) -> Spec:
    """Of a name, after which a query may come."""
    name, _, query = text.partition("?")
    asked = [query] if query else []
    asked += [f"mhz={_MHZ[name]}"] if name in _MHZ else []
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
        await asyncio.sleep(2 * STEP_S)
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
    if row.link == "bitaxe-raw":
        assert rails.core_v <= LOWEST_V.get(row.name, 0.0), rails
        assert rails.fan == 1.0, rails


def _scaled(row: Row, name: str) -> Rig:
    """Of a row as it is searched, scaled or silicon."""
    rate = row.rate_hps(mhz_of(row)) / 2**row.zero_bits  # nonces a second
    masks = tuple(mask for mask in MASKS if bears(row, mask))
    slow = row.chip is None
    return Rig(
        name,
        partial(simulated_device, spec_of(name)),
        run_virtual,
        target=MAX_TARGET >> row.zero_bits + (0 if slow else 1),
        flood=MAX_TARGET >> row.zero_bits,
        exact=False,
        masks=masks[-1:] if slow else masks,
        daily=masks if name in _ALL_MASKS else masks[-1:],
        mask=0 if 0 in masks else _ALL,
        counts=row.chip is not None and row.chip.counters.total is not None,
        waits=False,
        some=1 if slow else 20 if rate > 20 else 5,
        patience_s=max(60.0, 300 / rate),
        still_s=max(0.15, (1 if slow else 8) / rate),
        sampled=name not in DAILY,
        long=name in _LONG,
    )


def bears(row: Row, mask: int) -> bool:
    """Whether its line and job ids do under this mask. What it says where they do not: tests/contract/test_masks.py."""
    if row.chip is None:
        return True
    try:
        cadence(row.chip, row.chips, mhz_of(row), mask, row.fast_baud or row.baud)
    except InputError:
        return False
    return True


def mhz_of(row: Row) -> float:
    return _MHZ.get(row.name, row.mhz.least)


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
