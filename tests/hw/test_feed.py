"""A supply that feeds a board: on after all is armed, off whatever happens, the process's sudden death included."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError, InputError
from joulehash.hw.boards.table import board_row
from joulehash.hw.feed import Feed, fed
from joulehash.hw.guard.guarded import Guard
from joulehash.hw.make import Connection, make_board
from joulehash.hw.meters.meter import Meter
from joulehash.hw.meters.sensors import power
from joulehash.hw.meters.supply import Given, Rail, SupplyOff
from joulehash.hw.meters.url import parse_supply
from joulehash.hw.sim.table import simulate, simulator
from joulehash.hw.watch import Violation
from tests.support.command import Command
from tests.support.project import HOUSE
from tests.support.scpi_server import Bench

ICARUS = board_row("icarus")
RAIL = Rail(12.0, 3.0)


@dataclass
class Fake:
    """A Supply, and the guard beside it, that write down what is done to them."""

    rail: Rail = RAIL
    name: str = "fake"
    done: list[str] = field(default_factory=list[str])
    given: Callable[[float], tuple[float, float]] = lambda _: (12.0, 2.0)

    async def open(self) -> None:
        self.done.append("open")

    async def set(self, volts: float, amps_limit: float) -> None:
        self.done.append(f"set {volts:g} V {amps_limit:g} A")

    async def output(self, on: bool) -> None:
        self.done.append("on" if on else "off")

    async def read(self) -> Given:
        now_s = asyncio.get_running_loop().time()
        return Given(now_s, *self.given(now_s))

    async def off(self) -> None:
        self.done.append("off")

    async def close(self) -> None:
        self.done.append("close")

    def off_action(self) -> SupplyOff:
        raise NotImplementedError

    def meter(self) -> Meter:
        raise NotImplementedError

    @asynccontextmanager
    async def guard(self, _: Callable[[str], None]) -> AsyncGenerator[Guard]:
        self.done.append("guard")
        yield cast("Guard", Told(self.done))
        self.done.append("guard ends")


@dataclass
class Told:
    """What a guard process is told when all is safe."""

    said: list[str]

    async def done(self) -> None:
        self.said.append("safe")


async def feed_for(supply: Fake, seconds: float) -> Feed:
    async with fed(supply, ICARUS, "icarus", supply.guard, print) as feed:
        async with asyncio.timeout(seconds):
            await feed.run()
        raise AssertionError
    return feed


def test_the_order_from_off_to_off() -> None:
    supply = Fake()

    async def run() -> None:
        async with fed(supply, ICARUS, "icarus", supply.guard, print) as feed:
            supply.done.append("used")
            assert feed.reading.input_w == 24.0

    run_virtual(run())
    assert supply.done == ["open", "guard", "set 12 V 3 A", "on", "used", "off", "safe", "close", "guard ends", "close"]


@pytest.mark.parametrize("error", [DeviceError("board: gone"), asyncio.CancelledError(), KeyboardInterrupt()])
def test_whatever_ends_it_it_is_off(error: BaseException) -> None:
    supply = Fake()

    async def run() -> None:
        with pytest.raises(type(error)):
            async with fed(supply, ICARUS, "icarus", supply.guard, print):
                raise error

    run_virtual(run())
    assert supply.done[4:6] == ["off", "safe"]


def test_a_current_limit_that_is_reached_is_a_violation() -> None:
    supply = Fake(given=lambda now_s: (12.0, 2.0) if now_s < 5 else (9.0, 3.0))
    with pytest.raises(Violation, match=r"its supply gives 9.00 V of 12 V; it limits at 3 A; it was switched off"):
        run_virtual(feed_for(supply, 60.0))
    assert supply.done.count("off") >= 2  # at once, and again in good order


def test_a_supply_that_does_not_come_up_is_one_too() -> None:
    supply = Fake(given=lambda _: (0.0, 0.0))
    with pytest.raises(Violation, match=r"gives 0.00 V of 12 V; it was switched off"):
        run_virtual(feed_for(supply, 60.0))


def test_two_seconds_of_silence_are_a_violation_and_one_is_none() -> None:
    def given(now_s: float) -> tuple[float, float]:
        if 5 < now_s < 6 or now_s > 20:
            raise DeviceError("fake: does not answer")
        return 12.0, 2.0

    supply = Fake(given=given)

    async def run() -> float:
        with pytest.raises(Violation, match="icarus: fake: does not answer, for 2 s; it was switched off"):
            await feed_for(supply, 60.0)
        return asyncio.get_running_loop().time()

    assert 21.5 < run_virtual(run()) < 23.5


def test_a_voltage_that_the_board_does_not_take() -> None:
    row = board_row("bitaxe-gamma")

    async def run() -> None:
        supply = Fake()
        async with fed(supply, row, "gamma", supply.guard, print):
            raise AssertionError

    with pytest.raises(InputError, match=r"gamma: a supply of 12 V; .* takes 4.5 to 5.5 V"):
        run_virtual(run())


def test_a_board_without_a_switch_runs_on_a_supply_and_says_what_is_not_watched() -> None:
    """A real instrument's wire, and a real guard process."""

    async def run() -> None:
        async with Bench().running() as bench:
            supply = parse_supply(f"scpi:{bench.address}?volts=12&amps=3")
            simulated = simulate(simulator("icarus"), {})
            async with simulated.running():
                row = ICARUS.scaled(simulated.scale)
                board = make_board(
                    row, Connection(simulated.ports, guarded=False), "icarus", unguarded=False, supply=supply
                )
                async with board.powered(board.point()) as powered:
                    assert bench.on
                    assert powered.alarm == "its temperature is not watched; its supply is, 12 V and at most 3 A"
                    assert powered.reading.input_w == pytest.approx(28.8)
                    assert power(powered.reading) == (powered.reading.input_w, "DC input")
                assert not bench.on

                async def too_much() -> None:
                    async with board.powered(board.point()):
                        bench.load_a = lambda volts: 5.0
                        await asyncio.sleep(5.0)

                with pytest.raises(Violation, match="it limits at 3 A"):
                    await too_much()
                assert not bench.on

    asyncio.run(run())


@contextmanager
def supply_process(file: Path) -> Generator[str]:
    """Its VISA address."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.scpi_server", str(file)], stdout=subprocess.PIPE, text=True, cwd=HOUSE
    ) as process:
        try:
            assert process.stdout is not None
            yield f"TCPIP::127.0.0.1::{int(process.stdout.readline())}::SOCKET"
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_when_the_miner_dies_its_supply_goes_off(number: signal.Signals, tmp_path: Path) -> None:
    file = tmp_path / "output"
    with supply_process(file) as address:
        arguments = ("-d", "sim:icarus", "--supply", f"scpi:{address}?volts=12&amps=3", "--meter", "board", "--json")
        with Command("mine", *arguments) as miner:
            miner.wait_for("job")
            assert file.read_text().splitlines() == ["on"]
            began_s = time.monotonic()
            os.kill(miner.pid, number)
            while file.read_text().splitlines()[-1] != "off":
                assert time.monotonic() < began_s + 10
                time.sleep(0.02)


def test_a_supply_feeds_one_board() -> None:
    for devices in ((), ("-d", "cpu"), ("-d", "sim:icarus", "-d", "sim:compac-f")):
        with Command("mine", *devices, "--supply", "scpi:X::INSTR?volts=5&amps=1", "--duration", "1") as miner:
            code, said = miner.end()
        assert code == 2
        assert "--supply: feeds one board, and " in said
