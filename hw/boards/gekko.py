"""GekkoScience's sticks, but for their chips: reset by the pins of the USB bridge, and what their micros sense and do.

All from kanoi/cgminer @d689d3a, driver-gekko.c and .h (GEK). Unproven on hardware. Compac F and R909 have a reset and
no more. NewPac and R606 may have a micro on the same line, which GEK leaves alone by now: it is asked, and where it
does not answer there is none. A1 and A2 have one on an interface of their own; its answers to commands are not looked
at beyond their coming, for no source says what they are. It leaves out lights.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from ...engine.errors import DeviceError, InputError
from ..errors import RailFailed
from ..limits import Reading
from ..ports.bridges import BRIDGES, Bridge
from ..ports.port import Port
from ..ports.usb_off import UsbOff, Write
from .gekko_telemetry import Telemetry, fan_command

TELEMETRY_BAUD = 115200
_MICRO_BAUD = 500_000
_MICRO_S = 0.02  # GEK waits 5 ms
_MICRO_PIN = 0b01  # CBUS0
_MICRO_LEAST_V, _MICRO_STEP_V = 0.3, 0.002
_SETTLE_S = 0.1  # after the regulator was told something
_RISE_S, _RISES = 0.5, 20  # a look at a rail that is slow to come, and how many at most
_TOLERANCE = 0.05  # of the voltage that is read back
_BLIND_V = 0.1  # per level: less than this is a regulator that is off
_COOL_V = 0.1  # per level: what GEK asks for when it switches off


class Pins(Protocol):
    """Those of the bridge: UsbStick, or a simulated one."""

    async def set_pins(self, mask: int, state: int) -> None: ...


class SharedLine(Protocol):
    """The chips' line where a micro may listen, too: UsbPort."""

    async def aside(self, pin: int, baud: int, data: bytes, count: int, timeout_s: float) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Stick:
    """How one kind is held and let go, and what is on it. Volts are asked for per level: a chip may stack several."""

    bridge: Bridge
    mask: int
    held: int  # the pins' levels
    free: int
    low_s: float  # GEK: so long in reset,
    after_s: float  # and so long afterwards
    micro: bool = False
    levels: int = 1
    level_v: float | None = None  # what GEK asks for by itself; None: no telemetry


_FTDI, _CP2105 = BRIDGES[0x0403, 0x6015], BRIDGES[0x10C4, 0xEA70]
_BM1397 = Stick(_FTDI, mask=0b10, held=0b00, free=0b10, low_s=1.0, after_s=0.2)
_BM1387 = Stick(_FTDI, mask=0b10, held=0b00, free=0b10, low_s=0.03, after_s=0.2, micro=True)
STICKS = {
    "compac-f": _BM1397,
    "r909": _BM1397,
    "newpac": _BM1387,
    "r606": _BM1387,
    # All three pins high: chips off, and the regulator with them.
    "compac-a1": Stick(_CP2105, mask=0b111, held=0b111, free=0b000, low_s=0.1, after_s=0.1, level_v=0.3),
    # 270 mV can only be a fourth of what a BM1370 takes (1.08 V).
    "compac-a2": Stick(_CP2105, 0b111, 0b111, 0b000, 0.1, 0.1, levels=4, level_v=0.27),
}


class GekkoPlant:
    """A Plant. Its ports are open when it is used: `telemetry`, the second of an A1 or A2; `line`, the first of others.

    What a stick cannot do: `set_rail` raises DeviceError for a voltage and takes None, `set_fan` does nothing, and
    `read` has None.
    """

    def __init__(
        self,
        board: str,
        name: str,
        pins: Pins,
        telemetry: Port | None = None,
        line: SharedLine | None = None,
        *,
        domains: int = 1,
        rail_most_v: float | None = None,
    ) -> None:
        self.name = name
        self._stick, self._pins, self._line = STICKS[board], pins, line
        if (self._stick.level_v is None) != (telemetry is None):
            raise InputError(f"{name}: {board} has {'a' if telemetry is None else 'no'} telemetry port")
        self._telemetry = Telemetry(telemetry) if telemetry is not None else None
        self._per_level = domains * self._stick.levels
        self._rail_most_v = rail_most_v
        self._micro = self._held = False
        self._asked_v: float | None = None  # per level

    @property
    def firmware(self) -> str:
        return "" if self._telemetry is None else self._telemetry.firmware

    async def prepare(self) -> None:
        await self._hold()
        if self._telemetry is not None:
            await self._telemetry.identify()
            await self.off()
            await self._telemetry.set_volts(self._stick.level_v or _COOL_V)
        elif self._stick.micro and self._line is not None:
            self._micro = bool(await self._line.aside(_MICRO_PIN, _MICRO_BAUD, b"\x20", 1, _MICRO_S))
            await self.off()

    async def hold_reset(self, held: bool) -> None:
        """Of an A1 or A2 the pins switch the regulator, too: its voltage is read back when they let go."""
        if held:
            await self._hold()
            await asyncio.sleep(self._stick.low_s)
            return
        await self._pins.set_pins(self._stick.mask, self._stick.free)
        self._held = False
        await asyncio.sleep(self._stick.after_s)
        if self._telemetry is None:
            return
        await self._rise(self._telemetry, self._asked_v or self._stick.level_v or _COOL_V)
        if self._asked_v is not None:
            await self._check(self._asked_v)

    async def set_rail(self, volts: float | None) -> None:
        if volts is None:
            await self._rail_off()
            return
        if self._rail_most_v is not None and volts > self._rail_most_v:
            raise DeviceError(f"{self.name}: rail {volts:.3f} V: takes at most {self._rail_most_v:.3f} V")
        level_v = volts / self._per_level
        if self._telemetry is not None:
            await self._telemetry.set_volts(level_v)
            await self._telemetry.switch(True)
            self._asked_v = level_v
            await asyncio.sleep(_SETTLE_S)
            await self._check(level_v)
        elif self._micro:
            await self._set_micro(level_v)
        else:
            raise DeviceError(f"{self.name}: has no voltage that can be set; leave volts out")

    async def set_fan(self, part: float) -> None:
        if self._telemetry is not None:
            await self._telemetry.set_fan(part)

    async def read(self) -> Reading:
        if self._telemetry is not None:
            return await self._telemetry.read(self._per_level)
        if self._micro:
            answer = await self._ask_micro(b"\x20", 1)
            return Reading(chip_c=float(answer[0])) if answer else Reading(faults=("the micro does not answer",))
        return Reading()

    async def off(self) -> None:
        """Reset first; it needs nobody's answer."""
        await self._hold()
        await self._rail_off()
        if self._telemetry is not None:
            await self._telemetry.set_fan(1.0)

    def off_action(self) -> UsbOff:
        """The same for the guard process, which knows no more of the stick than this (ports/usb_off.py)."""
        stick = self._stick
        controls = (stick.bridge.pins(stick.held, stick.mask),)
        writes = () if self._telemetry is None else (Write(1, TELEMETRY_BAUD, fan_command(1.0)),)
        return UsbOff(controls, writes)

    def off_bytes(self) -> bytes:
        """`off_action`, encoded: a stick has no port whose bytes would do it."""
        return self.off_action().encode()

    async def _hold(self) -> None:
        self._held = True
        await self._pins.set_pins(self._stick.mask, self._stick.held)

    async def _rail_off(self) -> None:
        self._asked_v = None
        if self._telemetry is not None:
            await self._telemetry.set_volts(_COOL_V)
            await self._telemetry.switch(False)
        elif self._micro:
            await self._set_micro(_MICRO_LEAST_V)  # as low as it goes

    async def _rise(self, telemetry: Telemetry, level_v: float) -> None:
        """Wait for a rail that comes slowly, as long as it comes."""
        for _ in range(_RISES):
            before_v = (await telemetry.read(1)).rail_v
            if before_v is None or before_v >= (1 - _TOLERANCE) * level_v:
                return
            await asyncio.sleep(_RISE_S)
            after_v = (await telemetry.read(1)).rail_v
            if after_v is None or after_v <= before_v:
                return

    async def _check(self, level_v: float) -> None:
        """Raises DeviceError, after holding the chips: the rail is not what was asked for."""
        assert self._telemetry is not None
        found_v = (await self._telemetry.read(1)).rail_v
        if self._held and (found_v is None or found_v < _BLIND_V):
            return  # nothing to measure before the pins let go
        if found_v is None or abs(found_v - level_v) > _TOLERANCE * level_v:
            await self._hold()
            found = "nothing" if found_v is None else f"{found_v * self._per_level:.3f} V"
            asked_v = level_v * self._per_level
            raise RailFailed(
                f"{self.name}: rail reads {found} where {asked_v:.3f} V was set, and 5 % is allowed; check the board",
                asked_v,
                None if found_v is None else found_v * self._per_level,
            )

    async def _set_micro(self, volts: float) -> None:
        """E0, then (V - 0.3) / 0.002 (GEK)."""
        steps = round((volts - _MICRO_LEAST_V) / _MICRO_STEP_V)
        if not 0 <= steps <= 255:
            raise DeviceError(f"{self.name}: core voltage {volts:.3f} V: takes 0.300–0.810 V")
        await self._ask_micro(bytes((0xE0, steps)), 0)

    async def _ask_micro(self, command: bytes, count: int) -> bytes:
        assert self._line is not None
        return await self._line.aside(_MICRO_PIN, _MICRO_BAUD, command, count, _MICRO_S)
