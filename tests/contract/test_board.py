"""What every Board keeps to, on each simulator, and with --board PORT on a real one: power up, power down, whatever
comes between. The simulators' own rails are the witness.

A real board shows less: that it comes up, tells its chips, goes to other points and comes up again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet

from joulehash.engine.clock import VirtualLoop, run_virtual
from joulehash.engine.errors import DeviceError, InputError
from joulehash.hw.board import Board
from joulehash.hw.chips.partition import addresses
from joulehash.hw.chips.pll import frequency
from joulehash.hw.find import ports_of
from joulehash.hw.make import make_board
from joulehash.hw.point import Point
from joulehash.hw.powered import Powered
from joulehash.hw.sim.board import Rails
from joulehash.hw.sim.run import Simulated
from joulehash.hw.sim.serve import STEP_S
from joulehash.hw.spec import parse_spec
from tests.support.rigs import DAILY, LOWEST_V, SIMULATED, assert_off, mhz_of, simulated_board

STEPS_DAILY, STEPS_LONG = 6, 60  # at which a power-up is cancelled
THOROUGH = ("bitaxe-gamma", "compac-a1")  # are cancelled at more of them, every day


@dataclass(frozen=True)
class Bench:
    name: str
    opened: Callable[[], AbstractAsyncContextManager[tuple[Board, Simulated | None]]]
    run: Callable[[Coroutine[Any, Any, None]], None] = run_virtual


@asynccontextmanager
async def plugged_in(text: str) -> AsyncGenerator[tuple[Board, None]]:
    spec = parse_spec(text)
    row, connection = ports_of(spec)
    yield make_board(row, connection, spec.name, unguarded=True), None


SIMULATORS = [Bench(name, partial(simulated_board, name)) for name in SIMULATED]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    names = metafunc.fixturenames
    if "bench" in names:
        benches = list(SIMULATORS)
        if (board := metafunc.config.getoption("--board")) is not None:
            benches.append(Bench(board, partial(plugged_in, board), asyncio.run))
        metafunc.parametrize("bench", [daily(bench, bench.name) for bench in benches])
    elif "steps" in names:
        metafunc.parametrize(("simulator", "steps"), list(steps_of(STEPS_DAILY, STEPS_LONG)))
    elif "simulator" in names:
        metafunc.parametrize("simulator", [daily(name, name) for name in SIMULATED])


def daily(value: object, name: str) -> ParameterSet:
    """The others are like one of these; they come up every day in test_device.py."""
    return pytest.param(value, id=name, marks=[pytest.mark.long] if name in SIMULATED and name not in DAILY else [])


def steps_of(few: int, many: int) -> list[ParameterSet]:
    cases: list[ParameterSet] = []
    for name in SIMULATED:
        if name in THOROUGH:
            cases.append(pytest.param(name, many, id=name))
            continue
        if name in DAILY:
            cases.append(pytest.param(name, few, id=name))
        cases.append(pytest.param(name, many, id=f"{name}, thoroughly", marks=pytest.mark.long))
    return cases


def quick(board: Board) -> Point:
    return board.point(mhz_of(board.row))


# Up


def test_it_comes_up_and_its_chips_tell_who_they_are(bench: Bench) -> None:
    async def main() -> None:
        async with bench.opened() as (board, simulated), board.powered(quick(board)) as powered:
            assert powered.point == quick(board)
            assert powered.row is board.row
            await assert_up(powered, simulated)

    bench.run(main())


async def assert_up(powered: Powered, simulated: Simulated | None) -> None:
    chain, point = powered.chain, powered.point
    assert (chain is None) == (powered.row.chip is None)
    if simulated is not None:
        assert not simulated.board.rails.reset
        if point.volts is not None:
            assert simulated.board.rails.core_v == pytest.approx(point.volts * powered.row.domains, rel=0.05)
    if chain is not None:
        for address in addresses(chain.n_chips):
            assert await chain.read(0x00, address) >> 16 == chain.chip.id
            register = await chain.read(chain.chip.pll.register, address)
            assert frequency(chain.chip, register) == pytest.approx(point.mhz, rel=0.0035)
        if chain.tells_addresses:
            assert {a: value & 0xFF for a, value in (await chain.read_all(0x00)).items()} == {
                a: a for a in addresses(chain.n_chips)
            }


def test_the_voltage_leads_up_and_follows_down(bench: Bench) -> None:
    async def main() -> None:
        async with bench.opened() as (board, simulated):
            first = quick(board)
            async with board.powered(first) as powered:
                if not board.row.watched:
                    with pytest.raises(InputError, match=r"not watched|the frequency of .* cannot be set"):
                        await powered.set_point(first.mhz + 25)
                    return
                higher = Point(first.mhz + 50, None if first.volts is None else first.volts + 0.04)
                seen: list[tuple[float, float]] = []
                async with sampled(simulated, seen):
                    await powered.set_point(higher.mhz, higher.volts)
                await assert_up(powered, simulated)
                assert_in_order(seen)
                seen.clear()
                async with sampled(simulated, seen):
                    await powered.set_point(first.mhz, first.volts)
                await assert_up(powered, simulated)
                assert_in_order(seen[::-1])
                assert powered.point == first

    bench.run(main())


@asynccontextmanager
async def sampled(simulated: Simulated | None, seen: list[tuple[float, float]]) -> AsyncGenerator[None]:
    """(volts that are asked for, MHz of the first chip), as often as it moves."""

    async def sample() -> None:
        while simulated is not None:
            world = simulated.board.world
            seen.append((round(world.rail_set_v, 3), world.mhz[0]))
            await asyncio.sleep(STEP_S)

    sampling = asyncio.create_task(sample())
    try:
        yield
        await asyncio.sleep(2 * STEP_S)
    finally:
        sampling.cancel()


def assert_in_order(seen: list[tuple[float, float]]) -> None:
    """Rising: no MHz before all of the volts."""
    if not seen:
        return
    (first_v, first_mhz), (last_v, last_mhz) = seen[0], seen[-1]
    assert last_mhz > first_mhz
    assert {volts for volts, mhz in seen if mhz != first_mhz} == {last_v}
    assert [mhz for _, mhz in seen] == sorted(mhz for _, mhz in seen), "in steps, never back"
    assert max(after - before for (_, before), (_, after) in pairwise(seen)) < 7.0, "never by more than 6.25 MHz"
    assert last_v >= first_v


@pytest.mark.parametrize(("mhz", "volts"), [(1e6, None), (1.0, None), (None, 5.0), (None, 0.1)])
def test_what_the_row_does_not_allow_is_refused_and_nothing_happens(
    bench: Bench, mhz: float | None, volts: float | None
) -> None:
    async def main() -> None:
        async with bench.opened() as (board, simulated):
            with pytest.raises(InputError, match=r"MHz; |V; | V for a chip; "):
                board.point(mhz, volts)
            if simulated is not None and mhz is None:
                async with board.powered(quick(board)) as powered:
                    before = simulated.board.rails.core_v
                    with pytest.raises(InputError):
                        await powered.set_point(mhz, volts)
                    assert simulated.board.rails.core_v == pytest.approx(before, rel=0.001)

    bench.run(main())


def test_it_comes_up_again_and_again(bench: Bench) -> None:
    async def main() -> None:
        async with bench.opened() as (board, simulated):
            for _ in range(2):
                async with board.powered(quick(board)) as powered:
                    await assert_up(powered, simulated)
                await assert_left(simulated, board)

    bench.run(main())


# Down, on every way out


class Trouble(Exception):
    pass


async def leave(powered: Powered, simulated: Simulated) -> None:
    del powered, simulated


async def fail(powered: Powered, simulated: Simulated) -> None:
    del powered, simulated
    raise Trouble


async def be_cancelled(powered: Powered, simulated: Simulated) -> None:
    del powered, simulated
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(1)


async def be_unplugged(powered: Powered, simulated: Simulated) -> None:
    del powered
    simulated.unplug()
    await asyncio.sleep(5)


async def misuse(powered: Powered, simulated: Simulated) -> None:
    """A frequency that the chip has not: in the middle of what a bench does."""
    del simulated
    assert powered.chain is not None or powered.row.chip is None
    await powered.set_point(1e6)


@pytest.mark.parametrize("way", [leave, fail, be_cancelled, misuse])
def test_it_is_off_whatever_the_way_out(simulator: str, way: Callable[[Powered, Simulated], Awaitable[None]]) -> None:
    async def main() -> None:
        async with simulated_board(simulator) as (board, simulated):
            used = asyncio.create_task(use(board, simulated, way))
            await asyncio.wait([used])
            if way is leave:
                used.result()
            elif way is be_cancelled:
                assert used.cancelled()
            else:
                with pytest.raises((Trouble, InputError, BaseExceptionGroup)):
                    used.result()
            await assert_left(simulated, board)

    run_virtual(main())


async def use(board: Board, simulated: Simulated, way: Callable[[Powered, Simulated], Awaitable[None]]) -> None:
    async with board.powered(quick(board)) as powered:
        assert not simulated.board.rails.reset
        await way(powered, simulated)


def test_unplugged_it_ends_with_an_error_and_plugged_in_again_it_comes_up(simulator: str) -> None:
    async def main() -> None:
        async with simulated_board(simulator) as (board, simulated):
            if board.row.chip is None:
                pytest.skip("its feeder reads its port, nobody else does: test_device.py, fault unplug")
            with pytest.raises((DeviceError, BaseExceptionGroup)):
                await use(board, simulated, be_unplugged)
            assert_let_go(simulated)
            simulated.plug()
            async with board.powered(quick(board)) as powered:
                await assert_up(powered, simulated)
            await assert_left(simulated, board)

    run_virtual(main())


@pytest.mark.parametrize("name", [daily(name, name) for name in SIMULATED if name.startswith("bitaxe-")])
def test_it_is_off_when_its_first_look_fails(name: str) -> None:
    async def main() -> None:
        async with simulated_board(f"{name}?fault=i2c-dead") as (board, simulated):
            with pytest.raises(DeviceError):
                async with board.powered(quick(board)):
                    raise AssertionError("it must not come up")
            await asyncio.sleep(2 * STEP_S)
            assert simulated.board.rails.reset
            assert name in LOWEST_V or simulated.board.rails.core_v == 0.0, "but where nothing can switch it off"
            assert_let_go(simulated)

    run_virtual(main())


class SteppingLoop(VirtualLoop):
    """Cancels a task before its so many-th steps."""

    def __init__(self, steps: list[int]) -> None:
        super().__init__()
        self.steps, self.taken, self.victim = steps, 0, None

    taken: int
    victim: asyncio.Task[None] | None

    def _run_once(self) -> None:
        if self.victim is not None:
            self.taken += 1
            if self.taken in self.steps:
                self.victim.cancel()
        super()._run_once()  # type: ignore[misc]  # pyright: ignore


def stepping(main: Callable[[SteppingLoop], Coroutine[Any, Any, None]], *steps: int) -> SteppingLoop:
    loop = SteppingLoop(list(steps))
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(main(loop))
    return loop


async def up_and_down(simulator: str, loop: SteppingLoop) -> None:
    async with simulated_board(simulator) as (board, simulated):
        await asyncio.sleep(2 * STEP_S)
        untouched = simulated.board.rails
        loop.victim = asyncio.create_task(use(board, simulated, leave))
        await asyncio.wait([loop.victim])
        loop.victim = None
        await assert_left(simulated, board, untouched)


def test_it_is_off_wherever_it_was_cancelled(simulator: str, steps: int) -> None:
    """At steps of the loop from the first to the last of a power-up and the way back, as they fall."""
    whole = stepping(partial(up_and_down, simulator)).taken
    for at in range(1, whole, max(1, whole // steps)):
        stepping(partial(up_and_down, simulator), at)
    for at in range(1, 40):
        stepping(partial(up_and_down, simulator), whole - at)


def test_it_is_off_though_cancelled_again_on_its_way_to_off(simulator: str) -> None:
    whole = stepping(partial(up_and_down, simulator)).taken
    for between in (1, 2, 3, 5, 8, 13):
        stepping(partial(up_and_down, simulator), whole // 2, whole // 2 + between)


async def assert_left(simulated: Simulated | None, board: Board, untouched: Rails | None = None) -> None:
    """`untouched`: its rails as they were before it was, if it was."""
    if simulated is None:
        return
    await asyncio.sleep(2 * STEP_S)
    if simulated.board.rails != untouched:
        assert_off(simulated, board.row)
    assert_let_go(simulated)


def assert_let_go(simulated: Simulated) -> None:
    """No port is open, and no task is left but those of this test and of the simulator."""
    assert [cable.host.name for cable in simulated.cables.values() if cable.host.is_open] == []
    left = [task for task in asyncio.all_tasks() if "sim/serve.py" not in repr(task)]
    assert left == [asyncio.current_task()]


# Several


def test_boards_get_their_power_one_after_another_and_ramp_side_by_side() -> None:
    """Power: from the first volt until the chips are out of reset."""
    names = ("bitaxe-gamma", "bitaxe-hex", "bitaxe-gt")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        powering: list[tuple[float, float]] = []
        up_s: list[float] = []

        async def one(name: str) -> None:
            async with simulated_board(name) as (board, simulated):
                world = simulated.board.world
                async with asyncio.TaskGroup() as group:
                    rising = group.create_task(when(lambda: world.rail_set_v > 0))
                    let_go = group.create_task(when(lambda: world.rail_set_v > 0 and not world.reset_held))
                    async with board.powered(board.point()):
                        powering.append((await rising, await let_go))
                        up_s.append(loop.time())
                        await asyncio.sleep(30)

        async def when(it_is: Callable[[], bool]) -> float:
            while not it_is():  # noqa: ASYNC110
                await asyncio.sleep(STEP_S)
            return loop.time()

        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(one(name))
        powering.sort()
        assert all(let_go <= rising for (_, let_go), (rising, _) in pairwise(powering)), powering
        assert min(up_s) > powering[-1][1] + 5.0, "the last ramped while the first did"

    run_virtual(main())


def test_one_that_fails_to_come_up_lets_the_next_have_its_turn() -> None:
    async def main() -> None:
        async with (
            simulated_board("bitaxe-gamma?fault=no-chips") as (bad, _),
            simulated_board("compac-a1") as (good, _),
        ):
            failing = asyncio.create_task(up(bad))
            async with asyncio.timeout(30), good.powered(quick(good)):
                with suppress(BaseExceptionGroup, DeviceError):
                    await failing
            assert failing.exception() is not None

    async def up(board: Board) -> None:
        async with board.powered(quick(board)):
            raise AssertionError("it has no chips")

    run_virtual(main())
