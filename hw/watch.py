"""The watch over a board: limits, and the fan.

From before the first volt it reads all sensors twice a second, and compares them with the limits. What is missing for
two seconds is a violation too, and so is a temperature that does not move: one that stays the same to the bit for half
a minute is tried with another fan speed, and is frozen if it does not answer to that. A violation makes the board safe
at once, and then fails. The fan runs at full speed until there is power, then as fast as the target temperature needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..engine.errors import DeviceError
from .limits import Limits, Reading
from .plant import Plant

PERIOD_S = 0.5
MISSING_S = 2.0
TARGET_C = 60.0
_FAN_LEAST = 0.25
_GAIN, _INTEGRAL = 0.04, 0.004  # of the fan, for each degree, and for each degree and second
_STILL_S = 30.0  # a temperature that has not changed so long is tried
_TRIED_S = 60.0  # so long
_SPIN_UP_S = 10.0  # a fan that has just been switched on


class Overheated(DeviceError):
    """A chip, or the regulator, is above its limit: the board is off, and may run again when it is cool, slower."""


class Watch:
    """`await run()` until it raises; `make_safe` is called first, and does not wait."""

    def __init__(self, name: str, plant: Plant, limits: Limits, make_safe: Callable[[], None]) -> None:
        self.reading = Reading()
        self.fan = 1.0
        self.regulated = False  # full speed until the chips are up
        self.seen = asyncio.Event()  # the first reading, and it is within the limits
        self._name, self._plant, self._limits, self._make_safe = name, plant, limits, make_safe
        self._integral = 1.0
        self._missing_since: float | None = None
        self._still = _Still()

    async def run(self) -> None:
        """Raises Overheated, or DeviceError for everything else."""
        loop = asyncio.get_running_loop()
        try:
            self._missing_since = loop.time()
            began_s = loop.time()
            while True:
                next_s = loop.time() + PERIOD_S
                await self._look(loop.time, loop.time() - began_s)
                await asyncio.sleep(max(0.0, next_s - loop.time()))
        except DeviceError:
            self._make_safe()
            raise

    async def _look(self, now: Callable[[], float], age_s: float) -> None:
        missing = ""
        try:
            async with asyncio.timeout(MISSING_S):
                self.reading = await self._plant.read()
            missing = ", ".join(fault for fault in self.reading.faults if self._counts(fault))
        except TimeoutError:
            missing = "no answer from its sensors"
        except DeviceError as error:
            missing = str(error)
        if missing:
            since = self._missing_since = now() if self._missing_since is None else self._missing_since
            if now() - since >= MISSING_S:
                raise DeviceError(f"{self._name}: {missing}, for {MISSING_S:g} s; it was switched off")
            return
        self._missing_since = None
        check(self._name, self.reading, self._limits, fan_full=self.fan == 1.0 and age_s > _SPIN_UP_S)
        await self._drive_fan(now())
        self.seen.set()

    def _counts(self, fault: str) -> bool:
        """A chip's diode is open until the chip's own set-up has connected it; until then the fan is at full speed."""
        return self.regulated or not fault.startswith("chip diode")

    async def _drive_fan(self, now: float) -> None:
        hottest = max((t for t in (self.reading.chip_c, self.reading.board_c) if t is not None), default=None)
        stalled = self.reading.fan_rpm == 0
        if hottest is None or not self.regulated or stalled:
            wanted = 1.0
        else:
            error_c = hottest - TARGET_C
            self._integral = min(1.0, max(0.0, self._integral + _INTEGRAL * PERIOD_S * error_c))
            wanted = min(1.0, max(_FAN_LEAST, self._integral + _GAIN * error_c))
        if self.regulated and hottest is not None:
            wanted = self._still.fan(self._name, hottest, wanted, now)
        if wanted != self.fan or not self.seen.is_set():
            await self._plant.set_fan(wanted)
            self.fan = wanted


class _Still:
    """Whether a temperature moves at all."""

    def __init__(self) -> None:
        self._value: float | None = None
        self._since = 0.0
        self._tried_since: float | None = None
        self._tried = 1.0

    def fan(self, name: str, value: float, wanted: float, now: float) -> float:
        """The fan's speed: as wanted, or another to see what the temperature does. Raises DeviceError: nothing."""
        if value != self._value:
            self._value, self._since, self._tried_since = value, now, None
        if now - self._since < _STILL_S:
            return wanted
        if self._tried_since is None:
            self._tried_since, self._tried = now, 1.0 if wanted < 0.8 else 0.6
        if now - self._tried_since > _TRIED_S:
            raise DeviceError(
                f"{name}: its temperature stays at {value:g} °C whatever the fan does: its sensor is frozen; "
                "it was switched off"
            )
        return self._tried


def check(name: str, reading: Reading, limits: Limits, *, fan_full: bool) -> None:
    """Raises Overheated, or DeviceError, for what is out of the limits."""
    for what, value, most in (("a chip", reading.chip_c, limits.chip_c), ("its regulator", reading.vr_c, limits.vr_c)):
        if value is not None and most is not None and value > most:
            raise Overheated(f"{name}: {what} is at {value:.1f} °C; its limit is {most:g} °C; it was switched off")
    watts = reading.watts
    if limits.watts is not None and watts is not None and watts > limits.watts:
        raise DeviceError(f"{name}: takes {watts:.1f} W; its limit is {limits.watts:g} W; it was switched off")
    if limits.input_v is not None and reading.input_v is not None:
        least, most = limits.input_v
        if not least <= reading.input_v <= most:
            raise DeviceError(
                f"{name}: is supplied with {reading.input_v:.2f} V; takes {least:g} to {most:g} V; it was switched off"
            )
    slow = limits.fan_rpm_least
    if fan_full and slow is not None and reading.fan_rpm is not None and reading.fan_rpm < slow:
        raise DeviceError(
            f"{name}: its fan turns {reading.fan_rpm:.0f} times a minute at full speed; takes {slow:g} or more; "
            "it was switched off"
        )
