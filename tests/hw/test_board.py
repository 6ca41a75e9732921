"""The order in which a board is given power and taken from it, on parts that write down what they are told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError, InputError, cause
from joulehash.hw.board import Board
from joulehash.hw.boards.table import board_row
from joulehash.hw.limits import Reading
from joulehash.hw.peace import in_peace
from joulehash.hw.plant import Plant
from joulehash.hw.point import Point
from joulehash.hw.ports.pipe import Cable
from joulehash.hw.powered import Powered

ROW = replace(board_row("bitaxe-hex"), chip=None)  # three domains; its chips are another test's
OFF_BYTES = b"\xff\xfeoff"
WELL = Reading(chip_c=40.0, vr_c=50.0, board_c=30.0, input_v=12.0, rail_w=30.0, fan_rpm=4000.0)


@dataclass
class FakePlant:
    """`failing`: what of it fails. `slow`: how long off takes."""

    told: list[object] = field(default_factory=list[object])
    failing: tuple[str, ...] = ()
    slow_s: float = 0.01
    reading: Reading = WELL
    firmware: str = ""

    async def prepare(self) -> None:
        await self._do("prepare")

    async def hold_reset(self, held: bool) -> None:
        await self._do("reset" if held else "release")

    async def set_rail(self, volts: float | None) -> None:
        await self._do("rail", volts)

    async def set_fan(self, part: float) -> None:
        self.told.append(("fan", round(part, 2)))

    async def read(self) -> Reading:
        await asyncio.sleep(0.01)
        wobble = asyncio.get_running_loop().time() % 1
        return replace(self.reading, chip_c=None if self.reading.chip_c is None else self.reading.chip_c + wobble)

    async def off(self) -> None:
        await asyncio.sleep(self.slow_s)
        await self._do("off")

    def off_bytes(self) -> bytes:
        return OFF_BYTES

    async def _do(self, what: str, *values: object) -> None:
        self.told.append((what, *values) if values else what)
        await asyncio.sleep(0.01)
        if what in self.failing:
            raise DeviceError(f"hex: {what} failed")

    @property
    def steps(self) -> list[object]:
        return [each for each in self.told if not isinstance(each, tuple) or each[0] == "rail"]


@dataclass
class Bench:
    plant: FakePlant
    board: Board
    control: Cable
    chips: Cable

    async def sent(self) -> bytes:
        """To the control port."""
        data = b""
        while self.control.waiting:
            data += (await self.control.receive())[0]
        return data


def bench(**changes: Any) -> Bench:
    plant, control, chips = FakePlant(**changes), Cable("hex control"), Cable("hex")
    as_plant: Plant = plant
    row = replace(ROW, chip=board_row("bitaxe-hex").chip)
    return Bench(
        plant, Board(row, {"control": control.host, "chips": chips.host}, "hex", lambda: as_plant), control, chips
    )


POINT = Point(100.0, 1.2)


def test_volts_while_reset_is_held_and_never_before_the_first_look() -> None:
    async def main() -> None:
        b = bench()
        with pytest.raises(BaseExceptionGroup, match="TaskGroup") as raised:
            async with b.board.powered(POINT):
                raise AssertionError("no chip answers here")
        assert "no chip answers" in str(cause(raised.value))
        assert b.plant.steps == ["prepare", "reset", ("rail", pytest.approx(3.6)), "release", "off"]
        assert b.plant.told.index(("fan", 1.0)) < b.plant.told.index("reset")
        assert OFF_BYTES in await b.sent()
        assert not b.control.host.is_open
        assert not b.chips.host.is_open

    run_virtual(main())


@pytest.mark.parametrize(
    ("reading", "says"),
    [
        (replace(WELL, chip_c=80.0), "80."),
        (replace(WELL, input_v=9.0), "9.00 V"),
        (
            replace(WELL, chip_c=None, faults=("chip temperature: does not answer",)),
            "chip temperature: does not answer",
        ),
    ],
    ids=["too hot", "undervoltage", "no sensor"],
)
def test_no_volts_for_a_board_that_is_not_well(reading: Reading, says: str) -> None:
    async def main() -> None:
        b = bench(reading=reading)
        with pytest.raises((DeviceError, BaseExceptionGroup)) as raised:
            async with b.board.powered(POINT):
                raise AssertionError("it must not come up")
        error = cause(raised.value) if isinstance(raised.value, BaseExceptionGroup) else raised.value
        assert says in str(error)
        assert b.plant.steps in (["prepare", "off"], ["prepare", "reset", "off"]), "no volts"
        assert b.plant.steps[-1] == "off"

    run_virtual(main())


@pytest.mark.parametrize("failing", ["prepare", "reset", "rail", "release"])
def test_whatever_fails_on_the_way_up_it_is_brought_to_off_and_that_is_what_is_told(failing: str) -> None:
    async def main() -> None:
        b = bench(failing=(failing, "off"))
        with pytest.raises((DeviceError, BaseExceptionGroup)) as raised:
            async with b.board.powered(POINT):
                raise AssertionError("it must not come up")
        error = cause(raised.value) if isinstance(raised.value, BaseExceptionGroup) else raised.value
        assert str(error) == f"hex: {failing} failed"
        assert b.plant.steps[-1] == "off"
        assert not b.control.host.is_open

    run_virtual(main())


def test_the_off_bytes_are_sent_at_once_and_off_in_good_order_comes_after() -> None:
    async def main() -> None:
        b = bench()
        cutting: list[float] = []
        task = asyncio.create_task(powered_forever(b))
        await asyncio.sleep(0.3)  # reset is held, volts are on
        await b.sent()
        task.cancel()
        await asyncio.sleep(0)
        cutting.append(len(await b.sent()))
        await asyncio.wait([task])
        assert cutting == [len(OFF_BYTES)]
        assert task.cancelled()
        assert b.plant.steps[-1] == "off"

    run_virtual(main())


async def powered_forever(b: Bench) -> None:
    async with b.board.powered(POINT):
        await asyncio.sleep(1e9)


# The way to off


def test_off_that_fails_is_told_when_nothing_else_is() -> None:
    async def off() -> None:
        await asyncio.sleep(0.1)
        raise DeviceError("hex: off failed")

    async def main() -> None:
        with pytest.raises(DeviceError, match="off failed"):
            await in_peace(off)

    run_virtual(main())


def test_off_that_never_ends_is_left_after_two_seconds() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(DeviceError, match="within 2 s; cut its power"):
            await in_peace(lambda: asyncio.sleep(1e9))
        assert loop.time() == pytest.approx(2.0)

    run_virtual(main())


@pytest.mark.parametrize("times", [1, 2, 5])
def test_it_is_done_though_cancelled_and_then_cancelled_it_is(times: int) -> None:
    async def main() -> None:
        done: list[bool] = []

        async def off() -> None:
            await asyncio.sleep(1.0)
            done.append(True)

        task = asyncio.create_task(in_peace(off))
        for _ in range(times):
            await asyncio.sleep(0.1)
            task.cancel()
        await asyncio.wait([task])
        assert done == [True]
        assert task.cancelled()

    run_virtual(main())


# Cooling down


def test_it_cools_down_with_its_fan_at_full_speed_until_it_is_well_below_its_limits() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        b = bench(reading=replace(WELL, chip_c=74.0))
        loop.call_later(20.0, setattr, b.plant, "reading", replace(WELL, chip_c=61.0))
        loop.call_later(40.0, setattr, b.plant, "reading", replace(WELL, chip_c=50.0))
        await b.board.cool_down()
        assert 40.0 <= loop.time() < 43.0
        assert b.plant.steps == ["prepare", "off"]
        assert not b.control.host.is_open

    run_virtual(main())


def test_one_that_stays_hot_though_it_is_off_is_told() -> None:
    async def main() -> None:
        b = bench(reading=replace(WELL, chip_c=74.0))
        with pytest.raises(DeviceError, match="has not cooled down in 600 s, though it is off"):
            await b.board.cool_down()
        assert b.plant.steps[-1] == "off"

    run_virtual(main())


def test_that_it_cannot_be_brought_to_off_is_told_when_all_else_went_well() -> None:
    async def main() -> None:
        b = bench(failing=("off",))
        with pytest.raises(DeviceError, match="off failed"):
            await b.board.cool_down()
        assert not b.control.host.is_open

    run_virtual(main())


# Points


class FakeChain:
    def __init__(self, told: list[object]) -> None:
        self._told = told

    async def set_frequency(self, mhz: float) -> None:
        self._told.append(("mhz", mhz))


def to(b: FakePlant, *points: tuple[float | None, float | None]) -> Powered:
    chain: Any = FakeChain(b.told)
    powered = Powered(board_row("bitaxe-hex"), "hex", Cable("hex").host, b, chain, None, "", Point(400.0, 1.2))

    async def main() -> None:
        for mhz, volts in points:
            await powered.set_point(mhz, volts)

    run_virtual(main())
    return powered


@pytest.mark.parametrize(
    ("point", "told"),
    [
        ((500.0, 1.25), [("rail", 3.75), ("mhz", 500.0)]),
        ((300.0, 1.15), [("mhz", 300.0), ("rail", 3.45)]),
        ((300.0, 1.25), [("rail", 3.75), ("mhz", 300.0)]),
        ((500.0, 1.15), [("mhz", 500.0), ("rail", 3.45)]),
        ((500.0, None), [("mhz", 500.0)]),
        ((None, 1.25), [("rail", 3.75)]),
        ((None, None), []),
        ((400.0, 1.2), []),
    ],
)
def test_voltage_rises_first_and_falls_last(
    point: tuple[float | None, float | None], told: list[tuple[str, float]]
) -> None:
    plant = FakePlant()
    powered = to(plant, point)
    assert plant.told == [(what, pytest.approx(value)) for what, value in told]
    mhz, volts = point
    assert powered.point == Point(mhz or 400.0, volts or 1.2)


@pytest.mark.parametrize("point", [(576.0, 1.25), (500.0, 1.31), (49.0, None), (None, 1.0)])
def test_what_the_row_has_not_is_refused_before_anything_is_done(point: tuple[float | None, float | None]) -> None:
    plant = FakePlant()
    with pytest.raises(InputError):
        to(plant, point)
    assert plant.told == []


def test_a_voltage_that_does_not_come_leaves_the_frequency_as_it_is() -> None:
    plant = FakePlant(failing=("rail",))
    with pytest.raises(DeviceError):
        to(plant, (500.0, 1.25))
    assert plant.told == [("rail", 3.75)]
