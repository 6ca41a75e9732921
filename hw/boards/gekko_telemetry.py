"""The telemetry micro of GekkoScience's A1 and A2: commands of a letter and a byte, on the stick's second interface.

From kanoi/cgminer @d689d3a, driver-gekko.c and .h (GEK): what a version 1, 2, 2.1 or 3 senses, and in which units.
What it answers to a command is one byte, of which no source says more. Unproven on hardware.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ...engine.errors import DeviceError
from ..errors import ControlSilent
from ..limits import Reading
from ..patience import Patience
from ..ports.port import Port

_ANSWER_S = 0.3  # GEK sleeps 0.1 s, and waits another 0.1 s
_QUIET_S = 0.03  # an answer is over when nothing more comes
_STEP_V, _STEPS = 0.005, 100  # of a voltage that is asked for
_VIN, _IIN, _VOUT, _IOUT, _TEMP1, _TEMP2, _TACH, _HIGH = (1 << bit for bit in range(8))  # of version 3's mask
_READINGS = 7
_REFERENCE_V = 2.048
_MASKS = {0x10: _VIN | _VOUT | _TEMP1, 0x20: _VIN | _IIN | _HIGH | _VOUT | _IOUT | _TEMP1 | _TACH}
_MASK_2_1 = _VIN | _IIN | _VOUT | _TEMP1 | _TEMP2 | _TACH


@dataclass(frozen=True, slots=True)
class Version:
    """Of the micro: what it senses, a bit each; and what volt of the input its full scale is."""

    mask: int
    input_v: float


def version_of(code: int, mask: int | None = None) -> Version | None:
    """`mask` is what a version 3 says of itself. None: unknown."""
    kind = code & 0xF0
    if kind == 0x30 and mask is not None:
        return Version(mask, 12 * _REFERENCE_V)
    if kind not in _MASKS:
        return None
    return Version(_MASK_2_1 if code == 0x21 else _MASKS[kind], 6.0 if kind == 0x10 else 12 * _REFERENCE_V)


def decode(version: Version, data: bytes, per_level: int) -> Reading:
    """`per_level`: what the rail has for each level that the micro measures, of which it sees two in series."""
    values = {1 << place: value for place, value in enumerate(data[:_READINGS]) if version.mask >> place & 1}
    lacking = [name for bit, name in _NAMES.items() if version.mask & bit and bit not in values]
    faults = [f"{name}: not told" for name in lacking]
    faults += [f"{name}: no sensor answers" for bit, name in _SENSORS.items() if values.get(bit) == 0]
    factor = 20.0 if version.mask & _HIGH else 3.125
    input_v, input_a = _scaled(values, _VIN, version.input_v), _scaled(values, _IIN, factor * _REFERENCE_V)
    rail_v, rail_a = _scaled(values, _VOUT, _REFERENCE_V / 2 * per_level), _scaled(values, _IOUT, 20 * _REFERENCE_V)
    return Reading(
        chip_c=_celsius(values.get(_TEMP1)),  # where on the board, GEK does not say; it switches off by it at 110
        board_c=_celsius(values.get(_TEMP2)),
        input_v=input_v,
        input_a=input_a,
        input_w=input_v * input_a if input_v is not None and input_a is not None else None,
        rail_v=rail_v,
        rail_a=rail_a,
        rail_w=rail_v * rail_a if rail_v is not None and rail_a is not None else None,
        fan_rpm=_scaled(values, _TACH, 255 * 30.0),
        faults=tuple(faults),
    )


_SENSORS = {_TEMP1: "temperature 1", _TEMP2: "temperature 2"}  # which tell 0 when they fail
_NAMES = {_VIN: "input volts", _IIN: "input amps", _VOUT: "rail volts", _IOUT: "rail amps", **_SENSORS, _TACH: "fan"}


def _scaled(values: dict[int, int], bit: int, full: float) -> float | None:
    return values[bit] * full / 255 if bit in values else None


def _celsius(value: int | None) -> float | None:
    """-50 to 125 °C in 218 steps; more is as much."""
    return min(value, 218) * 175 / 218 - 50 if value else None


def fan_command(part: float) -> bytes:
    return bytes((ord("F"), round(100 * min(1.0, max(0.0, part)))))


class Telemetry:
    """One command at a time; each raises DeviceError when the micro does not answer."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._version: Version | None = None
        self.firmware = ""  # once it is identified
        self._turn = asyncio.Lock()
        self._fan = True

    async def identify(self) -> None:
        """Which version it is. Raises DeviceError for one that is not known."""
        code = (await self._ask(b"?v", 1, 8))[0]
        mask = (await self._ask(b"M.", 1, 1))[0] if code & 0xF0 == 0x30 else None
        self._version = version_of(code, mask)
        self.firmware = f"telemetry {code >> 4}.{code & 0xF}"
        if self._version is None:
            raise DeviceError(f"{self._port.name}: telemetry of version {code:02x}; 10, 20, 21 and 3x are known")
        try:
            await self._ask(fan_command(1.0), 1, 1)
            self._fan = True
        except DeviceError:  # older ones have no fan to set; a port that is lost says so again
            self._fan = False

    async def set_volts(self, level_v: float) -> None:
        """Raises DeviceError for what the stick does not take, too."""
        steps = round(level_v / _STEP_V)
        if not 0 <= steps <= _STEPS:
            most_v = _STEPS * _STEP_V
            raise DeviceError(f"{self._port.name}: core voltage {level_v:.3f} V a level: takes 0–{most_v} V")
        await self._ask(bytes((ord("V"), steps)), 1, 1)

    async def switch(self, on: bool) -> None:
        """The regulator."""
        await self._ask(b"BO" if on else b"B-", 1, 1)

    async def set_fan(self, part: float) -> None:
        if self._fan:
            await self._ask(fan_command(part), 1, 1)

    async def read(self, per_level: int) -> Reading:
        """A micro that is silent is a reading of faults, so that what watches it counts the time."""
        if self._version is None:
            await self.identify()
            assert self._version is not None
        data = await self._ask(b"G.", 0, _READINGS)
        if not data:
            return Reading(faults=("telemetry does not answer",))
        return decode(self._version, data, per_level)

    async def _ask(self, command: bytes, least: int, most: int) -> bytes:
        async with self._turn:
            await self._drop_old()
            self._port.write(command)
            answer = b""
            while len(answer) < most:
                try:
                    async with Patience(_QUIET_S if answer else _ANSWER_S):
                        answer += await self._port.read()
                except TimeoutError:
                    break
        if len(answer) < least:
            raise ControlSilent(
                f"{self._port.name}: telemetry does not answer {command!r}; unplug it and plug it in again"
            )
        return answer[:most]

    async def _drop_old(self) -> None:
        """What came too late for an earlier command."""
        try:
            async with asyncio.timeout(0):
                while True:
                    await self._port.read()
        except TimeoutError:
            pass
