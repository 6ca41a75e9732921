"""A board's sessions on virtual time, over a board that fails as planned: what is tried again, where, and what is not.

What a device does when its board is sound is in tests/contract.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError
from joulehash.hw.board import Board
from joulehash.hw.boards.table import board_row
from joulehash.hw.device import BoardDevice
from joulehash.hw.feeder import Account, FeederFor, Orders, Report
from joulehash.hw.point import Point
from joulehash.hw.powered import Powered
from joulehash.hw.watch import Overheated, Unfit, Violation

HOT = Overheated("gamma: a chip is at 76.0 °C; its limit is 75 °C; it was switched off")
LOST = Violation("gamma: chip diode: open, for 2 s; it was switched off")
WARM = Unfit("gamma: a chip is at 80.0 °C; its limit is 75 °C; it is not switched on")


class FakeBoard:
    """`plan`: for each session, seconds of mining after which the error comes; a negative number: it comes while the
    board starts. Without a plan it mines for ever."""

    def __init__(self, *plan: tuple[float, Exception]) -> None:
        self.row, self.name, self.alarm = board_row("bitaxe-gamma"), "gamma", ""
        self.plan = list(plan)
        self.points: list[Point] = []  # at which it had power
        self.cooled_at: list[float] = []

    @asynccontextmanager
    async def powered(self, point: Point) -> AsyncGenerator[Powered]:
        after_s, error = self.plan.pop(0) if self.plan else (1e9, HOT)
        if isinstance(error, Violation) or after_s > 0:
            self.points.append(point)
        await asyncio.sleep(2.0)
        if after_s < 0:
            raise error
        async with asyncio.TaskGroup() as group:
            task = group.create_task(_fail(after_s, error))
            yield Powered(self.row, self.name, cast("Any", None), None, None, None, "", point)
            task.cancel()

    async def cool_down(self) -> None:
        self.cooled_at.append(asyncio.get_running_loop().time())
        await asyncio.sleep(30.0)


async def _fail(after_s: float, error: Exception) -> None:
    await asyncio.sleep(after_s)
    raise error


class FakeFeeder:
    def __init__(self, powered: Powered, orders: Orders, report: Report, account: Account, name: str) -> None: ...

    async def run(self) -> None:
        await asyncio.sleep(1e9)


class AlarmedFeeder(FakeFeeder):
    def __init__(self, powered: Powered, orders: Orders, report: Report, account: Account, name: str) -> None:
        account.alarm = "chip 0 is silent"


def trying(
    board: FakeBoard, body: Callable[[BoardDevice], Coroutine[Any, Any, None]], feeder: FeederFor = FakeFeeder
) -> None:
    run_virtual(body(BoardDevice(cast(Board, board), feeder, Point(525.0, 1.15), "gamma")))


async def failure(device: BoardDevice) -> str:
    """What a miner is told that starts it, and takes its claims."""
    try:
        await device.start()
        async for _ in device.found():
            pass
    except DeviceError as error:
        await device.stop()
        return str(error)
    raise AssertionError("it ended by itself")


def test_overheated_it_cools_down_and_goes_on_one_point_lower_three_times() -> None:
    board = FakeBoard(*[(100.0, HOT)] * 4)

    async def main(device: BoardDevice) -> None:
        await device.start()
        await asyncio.sleep(101.0)
        assert device.stats().alarm == (
            "gamma: a chip is at 76.0 °C; its limit is 75 °C; it was switched off; it cools down, then goes on at "
            "500 MHz and 1.13 V"
        )
        await asyncio.sleep(40.0)
        assert device.stats().alarm == "overheated at 525 MHz and 1.15 V: goes on at 500 MHz and 1.13 V"
        with pytest.raises(DeviceError, match="overheated 4 times: see to its cooling, then start anew"):
            async for _ in device.found():
                pass
        await device.stop()
        assert [point.mhz for point in board.points] == [525.0, 500.0, 475.0, 450.0]
        assert board.cooled_at == [102.0, 234.0, 366.0]

    trying(board, main)


def test_then_it_is_not_tried_again_whoever_tries() -> None:
    board = FakeBoard(*[(10.0, HOT)] * 4)

    async def main(device: BoardDevice) -> None:
        first = await failure(device)
        for _ in range(5):
            assert await failure(device) == first
        assert len(board.points) == 4

    trying(board, main)


def test_overheated_while_it_starts_it_fails_and_is_lower_the_next_time() -> None:
    """The miner tries again; until it is cool, the watch does not let it have volts."""
    board = FakeBoard((-1, HOT), (-1, WARM), (-1, WARM), (-1, HOT), (10.0, DeviceError("gamma: gone")))

    async def main(device: BoardDevice) -> None:
        told = [await failure(device) for _ in range(5)]
        assert told == [str(HOT), str(WARM), str(WARM), str(HOT), "gamma: gone"]
        assert [point.mhz for point in board.points] == [525.0, 500.0, 475.0]
        assert board.cooled_at == []

    trying(board, main)


def test_what_is_wrong_before_there_is_power_may_be_tried_for_ever() -> None:
    board = FakeBoard(*[(-1, WARM)] * 50)

    async def main(device: BoardDevice) -> None:
        assert {await failure(device) for _ in range(50)} == {str(WARM)}
        await device.start()
        await device.stop()
        assert board.points == [Point(525.0, 1.15)]

    trying(board, main)


def test_another_violation_is_tried_three_times_again() -> None:
    board = FakeBoard(*[(10.0, LOST)] * 9)

    async def main(device: BoardDevice) -> None:
        told = [await failure(device) for _ in range(6)]
        assert told[:3] == [str(LOST)] * 3
        assert set(told[3:]) == {f"{LOST}; it was so 4 times: see to it, then start anew"}
        assert len(board.points) == 4

    trying(board, main)


def test_an_hour_of_running_well_forgives_it() -> None:
    board = FakeBoard(*[(10.0, LOST)] * 3, (4000.0, LOST), *[(10.0, LOST)] * 9)

    async def main(device: BoardDevice) -> None:
        told = [await failure(device) for _ in range(7)]
        assert told[:6] == [str(LOST)] * 6
        assert "4 times" in told[6]

    trying(board, main)


def test_a_failed_board_has_no_alarm_left() -> None:
    board = FakeBoard((10.0, DeviceError("gamma: gone")))

    async def main(device: BoardDevice) -> None:
        await device.start()
        await asyncio.sleep(5.0)
        assert device.stats().alarm == "chip 0 is silent"
        with pytest.raises(DeviceError, match="gone"):
            async for _ in device.found():
                pass
        assert device.stats().alarm == ""
        await device.stop()

    trying(board, main, AlarmedFeeder)


def test_it_can_be_stopped_while_it_cools_down() -> None:
    board = FakeBoard((10.0, HOT))

    async def main(device: BoardDevice) -> None:
        await device.start()
        await asyncio.sleep(15.0)
        await device.stop()
        assert asyncio.get_running_loop().time() == 17.0
        assert [found async for found in device.found()] == []

    trying(board, main)
