"""The watch on virtual time, over a plant that says and does what the test wants."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError
from joulehash.hw.limits import Limits, Reading
from joulehash.hw.watch import Overheated, Unfit, Violation, Watch
from tests.support.standstill import still, still_then

LIMITS = Limits(chip_c=75.0, vr_c=105.0, watts=40.0, input_v=(4.5, 5.5), fan_rpm_least=500.0)
WELL = Reading(chip_c=50.0, vr_c=55.0, board_c=35.0, input_v=5.0, rail_v=1.15, rail_a=13.0, rail_w=15.0, fan_rpm=6000.0)
Say = Callable[[float], Reading]


@dataclass
class FakePlant:
    """`say`: the reading at a second since the start; it may raise. `hangs_at_s`: from then on it never answers."""

    say: Say = lambda _: WELL
    hangs_at_s: float = math.inf
    fans: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    deaf_fan_at_s: float = math.inf
    firmware: str = ""

    async def prepare(self) -> None: ...
    async def hold_reset(self, held: bool) -> None: ...
    async def set_rail(self, volts: float | None) -> None: ...
    async def off(self) -> None: ...

    def off_bytes(self) -> bytes:
        return b""

    async def set_fan(self, part: float) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s >= self.deaf_fan_at_s:
            raise DeviceError("the fan controller does not answer")
        self.fans.append((now_s, part))

    async def read(self) -> Reading:
        now_s = asyncio.get_running_loop().time()
        if now_s >= self.hangs_at_s:
            await asyncio.sleep(3600.0)
        return self.say(now_s)


@dataclass
class Course:
    """What came of it. `at_s`: when it was made safe; None: it was not."""

    error: Unfit | None
    at_s: float | None
    seen_s: float | None
    watch: Watch


def run(
    plant: FakePlant, seconds: float = 30.0, limits: Limits = LIMITS, *, up_at_s: float = 3.0, chips: bool = True
) -> Course:
    """Watch for so long; the chips are up at `up_at_s` if there was leave for volts."""

    async def main() -> Course:
        loop = asyncio.get_running_loop()
        safe: list[float] = []
        watch = Watch("board", plant, limits, lambda: safe.append(loop.time()))
        seen: list[float] = []

        async def bring_up() -> None:
            await watch.seen.wait()
            seen.append(loop.time())
            await asyncio.sleep(up_at_s - loop.time())
            if chips:
                await watch.expect_chips()
                watch.regulate()

        running, coming = asyncio.create_task(watch.run()), asyncio.create_task(bring_up())
        await asyncio.wait([running], timeout=seconds)
        error: Unfit | None = None
        if running.done():
            with suppress(asyncio.CancelledError):
                failure = running.exception()
                assert isinstance(failure, Unfit), failure
                error = failure
        for task in (running, coming):
            task.cancel()
        await asyncio.gather(running, coming, return_exceptions=True)
        return Course(error, safe[0] if safe else None, seen[0] if seen else None, watch)

    return run_virtual(main())


def moving(base: Reading = WELL) -> Say:
    """As live sensors are: never twice the same."""

    def say(now_s: float) -> Reading:
        off_c = 0.125 * (int(now_s * 2) % 3)
        return replace(
            base,
            chip_c=None if base.chip_c is None else base.chip_c + off_c,
            vr_c=None if base.vr_c is None else base.vr_c + off_c,
        )

    return say


def from_(second: float, say: Say, **changes: object) -> Say:
    return lambda now_s: replace(say(now_s), **changes) if now_s >= second else say(now_s)  # type: ignore[arg-type]


# Before the first volt


def test_volts_are_allowed_after_the_first_good_reading() -> None:
    course = run(FakePlant(moving()))
    assert course.seen_s == 0.0
    assert course.error is None
    assert course.at_s is None


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"chip_c": 75.5}, "board: a chip is at 75.5 °C; its limit is 75 °C; it is not switched on"),
        ({"vr_c": 106.0}, "its regulator is at 106.0 °C"),
        ({"rail_w": 41.0}, "takes 41.0 W; its limit is 40 W"),
        ({"input_v": 4.4}, "is supplied with 4.40 V; takes 4.5 to 5.5 V"),
        ({"input_v": 12.0}, "is supplied with 12.00 V"),
        ({"chip_c": math.nan}, "a chip is at nan °C"),
        ({"rail_w": math.nan}, "takes nan W"),
    ],
)
def test_what_is_out_of_the_limits_from_the_start_never_gets_a_volt(changes: dict[str, float], text: str) -> None:
    course = run(FakePlant(from_(0.0, moving(), **changes)))
    assert course.seen_s is None
    assert type(course.error) is Unfit  # no overheating of ours
    assert text in str(course.error)
    assert course.at_s == 0.0


def test_nor_does_a_board_whose_fan_does_not_turn() -> None:
    course = run(FakePlant(moving(replace(WELL, fan_rpm=0.0))))
    assert course.seen_s is None
    assert type(course.error) is Unfit
    assert str(course.error) == (
        "board: its fan turns 0 times a minute at full speed; takes 500 or more; it is not switched on"
    )


def test_a_fan_has_time_to_come_to_speed() -> None:
    course = run(FakePlant(lambda now_s: replace(moving()(now_s), fan_rpm=min(6000.0, 150.0 * now_s))), up_at_s=6.0)
    assert course.seen_s == 3.5
    assert course.error is None


def test_a_sensor_that_is_missing_from_the_start_ends_it_after_two_seconds() -> None:
    silent = replace(WELL, vr_c=None, faults=("regulator temperature: does not answer",))
    course = run(FakePlant(lambda _: silent))
    assert course.seen_s is None
    assert course.at_s == 2.0
    assert str(course.error) == ("board: regulator temperature: does not answer, for 2 s; it is not switched on")


def test_diodes_may_be_open_until_the_chips_have_connected_them() -> None:
    apart = replace(WELL, chip_c=None, faults=("chip diode: open",))
    course = run(FakePlant(lambda now_s: apart if now_s < 4.0 else moving()(now_s)), up_at_s=4.0)
    assert course.seen_s == 0.0
    assert course.error is None


def test_diodes_that_stay_open_then_are_a_violation() -> None:
    apart = replace(WELL, chip_c=None, faults=("chip diode: open",))
    course = run(FakePlant(lambda _: apart), up_at_s=4.0)
    assert isinstance(course.error, Violation)
    assert "chip diode: open, for 2 s; it was switched off" in str(course.error)
    assert course.at_s is not None
    assert 4.0 < course.at_s <= 6.5


def test_a_board_that_never_tells_its_chips_temperature_is_not_left_running() -> None:
    course = run(FakePlant(moving(replace(WELL, chip_c=None))), up_at_s=4.0)
    assert "its chip temperature is not told, for 2 s" in str(course.error)


# While it runs


@pytest.mark.parametrize(
    ("changes", "kind", "text"),
    [
        ({"chip_c": 75.125}, Overheated, "a chip is at 75.1 °C; its limit is 75 °C; it was switched off"),
        ({"vr_c": 105.5}, Overheated, "its regulator is at 105.5 °C; its limit is 105 °C"),
        ({"rail_w": 40.5}, Violation, "takes 40.5 W; its limit is 40 W"),
        ({"input_w": 41.0}, Violation, "takes 41.0 W; its limit is 40 W"),
        ({"input_v": 5.6}, Violation, "is supplied with 5.60 V"),
        ({"input_v": math.nan}, Violation, "is supplied with nan V"),
    ],
)
def test_a_limit_passed_makes_the_board_safe_at_the_next_look(
    changes: dict[str, float], kind: type[Violation], text: str
) -> None:
    course = run(FakePlant(from_(10.2, moving(), **changes)))
    assert type(course.error) is kind
    assert text in str(course.error)
    assert course.at_s == 10.5


def test_a_limit_counts_though_another_sensor_is_missing() -> None:
    course = run(FakePlant(from_(10.0, moving(), chip_c=90.0, fan_rpm=None, faults=("fan tachometer: reads nothing",))))
    assert type(course.error) is Overheated
    assert course.at_s == 10.0


@pytest.mark.parametrize(
    "fault", ["chip diode: open", "chip diode: short", "chip diode: 151 °C is out of range", "chip diode: no answer"]
)
def test_a_sensor_that_is_lost_gives_full_air_at_once_and_ends_it_after_two_seconds(fault: str) -> None:
    plant = FakePlant(from_(10.2, moving(), chip_c=None, faults=(fault,)))
    course = run(plant)
    assert type(course.error) is Violation
    assert fault in str(course.error)
    assert course.at_s == 12.0  # the last good look was at 10
    assert plant.fans[-1] == (10.5, 1.0)


def test_a_sensor_that_comes_back_within_two_seconds_is_no_violation() -> None:
    lost = replace(WELL, chip_c=None, faults=("chip diode: open",))
    plant = FakePlant(lambda now_s: lost if 10.2 < now_s < 11.8 else moving()(now_s))
    assert run(plant).error is None
    assert plant.fans[-1][1] < 1.0  # and the fan goes on where it was


def test_a_value_that_is_not_told_any_more_is_missing_though_nothing_is_said_of_it() -> None:
    course = run(FakePlant(from_(10.2, moving(), vr_c=None)))
    assert str(course.error) == ("board: its regulator's temperature is not told, for 2 s; it was switched off")


def test_what_was_never_there_is_not_missed() -> None:
    """An old Ultra has no temperature of its regulator."""
    assert run(FakePlant(moving(replace(WELL, vr_c=None, rail_w=None, input_w=12.0)))).error is None


def test_a_bus_that_hangs_is_a_violation_after_two_seconds() -> None:
    course = run(FakePlant(moving(), hangs_at_s=10.2))
    assert course.at_s == 12.0
    assert "its sensors do not answer, for 2 s; it was switched off" in str(course.error)


def test_so_is_one_that_fails() -> None:
    def say(now_s: float) -> Reading:
        if now_s > 10.2:
            raise DeviceError("board control: gave no answer")
        return moving()(now_s)

    course = run(FakePlant(say))
    assert course.at_s == 12.0
    assert "board control: gave no answer, for 2 s" in str(course.error)


def test_a_fan_that_cannot_be_set_is_one_too() -> None:
    """From 10 s on the temperature falls, and the fan with it."""
    plant = FakePlant(lambda now_s: replace(moving()(now_s), chip_c=60.0 - max(0.0, now_s - 10.0)), deaf_fan_at_s=12.0)
    course = run(plant)
    assert "the fan controller does not answer, for 2 s" in str(course.error)


def test_a_host_that_was_busy_has_lost_no_sensor() -> None:
    """The loop stands still for five seconds, before a look, or while the answer to it comes."""

    class Late(FakePlant):
        answers = False

        async def read(self) -> Reading:
            reading, loop = await super().read(), asyncio.get_running_loop()
            if 10.0 <= loop.time() < 10.5:
                if self.answers:
                    came = asyncio.Event()
                    loop.call_soon(still_then, 5.0, came.set)
                    await came.wait()
                else:
                    still(5.0)
            return reading

    late = Late(moving())
    assert run(late).error is None
    late.answers = True
    assert run(late).error is None


# The fan


def test_the_fan_is_full_until_the_chips_are_up_and_then_follows() -> None:
    plant = FakePlant(moving(replace(WELL, chip_c=45.0)))
    run(plant, up_at_s=10.0)
    assert {part for now_s, part in plant.fans if now_s < 10.0} == {1.0}
    assert plant.fans[-1][1] < 0.27  # cold: as slow as it goes


def test_a_hot_regulator_gets_air_too() -> None:
    plant = FakePlant(moving(replace(WELL, chip_c=45.0, vr_c=103.0)))
    assert run(plant).error is None
    assert plant.fans[-1][1] == 1.0


def test_a_stalled_fan_is_given_all_and_not_slowed_again() -> None:
    """It stands at slow speed, and turns at full."""
    plant = FakePlant()

    def say(now_s: float) -> Reading:
        stands = 10.0 <= now_s < 12.0 and plant.fans[-1][1] < 1.0
        return replace(moving()(now_s), fan_rpm=0.0 if stands else 3000.0)

    plant.say = say
    assert run(plant, 60.0).error is None
    assert plant.fans[-1] == (10.0, 1.0)


def test_one_that_stands_even_so_is_a_violation() -> None:
    plant = FakePlant(from_(10.0, moving(), fan_rpm=0.0))
    course = run(plant, 60.0)
    assert plant.fans[-1] == (10.0, 1.0)
    assert type(course.error) is Violation
    assert "its fan turns 0 times a minute at full speed; takes 500 or more; it was switched off" in str(course.error)
    assert course.at_s is not None
    assert 20.0 < course.at_s < 21.0


@pytest.mark.parametrize("frozen", ["chip_c", "vr_c"])
def test_a_frozen_sensor_is_tried_and_then_a_violation(frozen: str) -> None:
    """The other one moves, and the first does not, whatever the fan does."""
    plant = FakePlant(from_(0.0, moving(), **{frozen: 58.0}))
    course = run(plant, 200.0)
    assert type(course.error) is Violation
    assert "stays at 58 °C whatever the fan does: the sensor is frozen; it was switched off" in str(course.error)
    assert course.at_s is not None
    assert 90.0 < course.at_s < 95.0
    tried = [part for now_s, part in plant.fans if now_s > 29.0]
    assert tried in ([0.6], [1.0])


def test_a_coarse_sensor_that_answers_to_the_fan_is_sound() -> None:
    """Whole degrees; another speed makes two of them within 20 s."""
    plant = FakePlant()

    def say(now_s: float) -> Reading:
        since_s, part = plant.fans[-1]
        moved = 2.0 if part in (0.6, 1.0) and now_s - since_s > 20.0 else 0.0
        return replace(moving()(now_s), chip_c=58.0 + moved)

    plant.say = say
    course = run(plant, 900.0)
    assert course.error is None
    trials = sum(part in (0.6, 1.0) for now_s, part in plant.fans if now_s > 10.0)
    assert 1 <= trials <= 3


def test_a_board_without_a_fan_is_judged_by_its_warming_up() -> None:
    bare = replace(WELL, fan_rpm=0.0)
    limits = Limits(chip_c=85.0)
    stays = run(FakePlant(lambda _: bare), 200.0, limits)
    assert "the sensor is frozen" in str(stays.error)
    warms = run(FakePlant(lambda now_s: replace(bare, chip_c=25.0 if now_s < 5.0 else 51.0)), 200.0, limits)
    assert warms.error is None
