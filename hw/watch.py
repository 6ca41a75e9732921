"""The watch over a board: limits, and the fan.

From before the first volt it reads all sensors twice a second, and compares them with the limits. What is missing for
two seconds is a violation too: open, short, out of range, or not there any more. So is a temperature that does not move
whatever the fan does. A violation makes the board safe at once, and then fails. The fan runs at full speed until the
chips are up, then as fast as the target temperature needs; with a sensor that is lost, or once it has stalled, at full
speed again.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Literal, NamedTuple

from ..engine.errors import DeviceError
from .fan import Still, Thermostat
from .limits import Limits, Reading
from .patience import Patience
from .plant import Plant

PERIOD_S = 0.5
MISSING_S = 2.0
TARGET_C = 60.0
_VR_BELOW_C = 15.0  # a regulator so near to its limit wants air too
_SPIN_UP_S = 10.0  # of a fan that was told to turn at full speed
_FAN_STEP = 0.01  # smaller changes are not sent


About = Literal["chip", "regulator", "watts", "input", "fan", "sensor", "frozen"]


class Unfit(DeviceError):
    """A limit is passed, or a sensor missing: the board is off. `about`: which limit, or that it is a sensor."""

    def __init__(self, text: str, about: About = "sensor") -> None:
        super().__init__(text)
        self.about: About = about


class Violation(Unfit):
    """So it was while it had power."""


class Overheated(Violation):
    """A chip, or the regulator, is above its limit: the board is off, and may run again when it is cool, slower."""


class Watch:
    """`await run()` until it raises; `make_safe` is called first, and does not wait."""

    def __init__(self, name: str, plant: Plant, limits: Limits, make_safe: Callable[[], None]) -> None:
        self.reading = Reading()
        self.fan = 1.0
        self.full = False  # whoever measures wants the fan at full speed all the time
        self.seen = asyncio.Event()  # every sensor is there, and within its limits: there may be volts
        self._name, self._plant, self._limits, self._make_safe = name, plant, limits, make_safe
        self._thermostat = Thermostat()
        self._still = {name: Still() for name in ("chip_c", "vr_c") if getattr(limits, name) is not None}
        self._sensed: set[str] = set()  # what was there once must stay
        self._diodes = False  # those in the chips must be there
        self._warm_since_s: float | None = None  # the chips are up
        self._stalled = False
        self._good_s = self._full_s = 0.0  # the last whole reading; since when the fan is to turn at full speed
        self._turning_s = -math.inf  # when it last turned fast enough
        self._cold_s = 0.0  # when all was well first
        self._lacking = ""  # what was missing at the last look
        self._looked = asyncio.Event()

    async def run(self) -> None:
        """Raises Overheated, another Violation, or Unfit for what was wrong before there was power."""
        loop = asyncio.get_running_loop()
        self._good_s = self._full_s = loop.time()
        try:
            await self._plant.set_fan(1.0)
            while True:
                next_s = loop.time() + PERIOD_S
                await self._look(loop)
                await asyncio.sleep(max(0.0, next_s - loop.time()))
        except DeviceError:
            self._make_safe()
            raise

    async def expect_chips(self) -> None:
        """The chips' own set-up has connected their diodes; until then these may be open. Returns once they are read;
        when they are not, `run` raises."""
        self._diodes = True
        self._looked.clear()
        await self._looked.wait()

    def regulate(self) -> None:
        """The chips are up: the fan follows the temperature from now on."""
        self._diodes = True
        self._warm_since_s = asyncio.get_running_loop().time()

    async def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now_s = loop.time()  # of the reading, once there is one
        try:
            async with Patience(self._patience_s(loop.time())):
                self.reading = await self._plant.read()
                now_s = loop.time()
                self._check(now_s)
                missing = ", ".join(self._missing())
                await self._drive_fan(1.0 if missing else self._wanted(now_s), now_s)
        except Unfit:
            raise
        except TimeoutError:
            missing = self._lacking or "its sensors do not answer"
        except DeviceError as error:
            missing = str(error)
        self._lacking = missing
        if missing and loop.time() - self._good_s >= MISSING_S:
            raise self._violation(Passed("sensor", f"{missing}, for {MISSING_S:g} s"))
        if not missing:
            self._is_well(now_s)

    def _patience_s(self, now_s: float) -> float:
        """A host that was busy elsewhere has not lost a sensor: then there is time for one look."""
        left_s = self._good_s + MISSING_S - now_s
        return left_s if self._lacking else max(left_s, PERIOD_S)

    def _is_well(self, now_s: float) -> None:
        self._good_s = now_s
        if not self.seen.is_set() and self._turning_s == now_s:
            self._cold_s = now_s
            self.seen.set()
        self._looked.set()

    def _missing(self) -> list[str]:
        """What does not tell; a chip's diode is not asked before the chip has connected it."""
        missing = [fault for fault in self.reading.faults if self._diodes or not _of_diode(fault)]
        self._sensed |= {name for name in _NAMES if getattr(self.reading, name) is not None}
        if self._diodes and self._limits.chip_c is not None:
            self._sensed.add("chip_c")
        if not missing:
            due = self._sensed if self._diodes else self._sensed - {"chip_c"}
            missing = [f"{_NAMES[name]} is not told" for name in sorted(due) if getattr(self.reading, name) is None]
        return missing

    def _check(self, now_s: float) -> None:
        """Raises DeviceError for what is out of the limits, whatever else may be missing."""
        least, rpm = self._limits.fan_rpm_least, self.reading.fan_rpm
        if self.fan < 1.0 or least is None or rpm is None or rpm >= least:
            self._turning_s = now_s
        slow = now_s - self._full_s > _SPIN_UP_S and now_s - self._turning_s > MISSING_S
        if (hot := too_hot(self.reading, self._limits)) and self.seen.is_set():
            raise Overheated(self._text(hot.text), hot.about)
        if passed := hot or exceeded(self.reading, self._limits, fan_full=slow):
            raise self._violation(passed)
        for name, still in self._still.items():
            if (value := getattr(self.reading, name)) is not None:
                still.see(value, now_s)

    def _violation(self, passed: Passed) -> Unfit:
        return (Violation if self.seen.is_set() else Unfit)(self._text(passed.text), passed.about)

    def _text(self, what: str) -> str:
        return f"{self._name}: {what}; it {'was switched off' if self.seen.is_set() else 'is not switched on'}"

    # The fan

    def _wanted(self, now_s: float) -> float:
        """Raises Violation for a temperature that stands still."""
        r, warm_s = self.reading, self._warm_since_s
        if warm_s is None or self.full:
            return 1.0
        errors = [value - TARGET_C for value in (r.chip_c, r.board_c) if value is not None]
        if not errors:
            return 1.0
        if r.vr_c is not None and self._limits.vr_c is not None:
            errors.append(r.vr_c - (self._limits.vr_c - _VR_BELOW_C))
        wanted = self._thermostat.next(max(errors), PERIOD_S)
        self._stalled = self._stalled or (r.fan_rpm is not None and r.fan_rpm < 1 and self.fan < 1.0)
        return self._tried(1.0 if self._stalled else wanted, now_s, warm_s)

    def _tried(self, wanted: float, now_s: float, warm_s: float) -> float:
        has_fan = bool(self.reading.fan_rpm) and not self._stalled
        for name, still in self._still.items():
            value: float | None = getattr(self.reading, name)
            if value is None:
                continue
            speed = still.trial(wanted, now_s) if has_fan else None
            if still.is_frozen(now_s, self._cold_s, warm_s, has_fan=has_fan):
                raise Violation(
                    self._text(f"{_NAMES[name]} stays at {value:g} °C whatever the fan does: the sensor is frozen"),
                    "frozen",
                )
            if speed is not None:
                return speed
        return wanted

    async def _drive_fan(self, wanted: float, now_s: float) -> None:
        if abs(wanted - self.fan) < _FAN_STEP and (wanted < 1.0 or self.fan == 1.0):
            return
        await self._plant.set_fan(wanted)
        if wanted == 1.0:
            self._full_s = now_s
        self.fan = wanted


_NAMES = {
    "chip_c": "its chip temperature",
    "vr_c": "its regulator's temperature",
    "board_c": "its board temperature",
    "input_v": "its input voltage",
    "input_w": "its input power",
    "rail_w": "its rail power",
    "fan_rpm": "its fan's speed",
}


def _of_diode(fault: str) -> bool:
    return fault.startswith("chip diode")


class Passed(NamedTuple):
    """A limit that is."""

    about: About
    text: str


def too_hot(reading: Reading, limits: Limits) -> Passed | None:
    """Which temperature is above its limit. A value that is no number is above every limit."""
    if _above(reading.chip_c, limits.chip_c):
        return Passed("chip", f"a chip is at {reading.chip_c:.1f} °C; its limit is {limits.chip_c:g} °C")
    if _above(reading.vr_c, limits.vr_c):
        return Passed("regulator", f"its regulator is at {reading.vr_c:.1f} °C; its limit is {limits.vr_c:g} °C")
    return None


def exceeded(reading: Reading, limits: Limits, *, fan_full: bool) -> Passed | None:
    """Which other limit is not kept. `fan_full`: it has had the time to come to full speed."""
    watts = reading.watts
    if _above(watts, limits.watts):
        return Passed("watts", f"takes {watts:.1f} W; its limit is {limits.watts:g} W")
    if limits.input_v is not None and reading.input_v is not None:
        least, most = limits.input_v
        if not least <= reading.input_v <= most:
            return Passed("input", f"is supplied with {reading.input_v:.2f} V; takes {least:g} to {most:g} V")
    slow = limits.fan_rpm_least
    if fan_full and slow is not None and reading.fan_rpm is not None and not reading.fan_rpm >= slow:
        told = f"its fan turns {reading.fan_rpm:.0f} times a minute at full speed; takes {slow:g} or more"
        return Passed("fan", told)
    return None


def _above(value: float | None, most: float | None) -> bool:
    return value is not None and most is not None and not value <= most
