"""What of a simulated GekkoScience stick is not its chips: pins of its USB bridge, telemetry, the micro behind a pin.

Sources: the fact sheet's section "GekkoScience over libusb"; GEK (kanoi/cgminer @d689d3a): driver-gekko.c for the two
letters of each telemetry command, what a V1, V2 or V3 answers, and what the latch does to the regulator; driver-gekko.h
for the places in an answer. Unproven on hardware, and no source says: the byte that answers V, B, L and F (here the
letter), the voltage before one is asked for (the nominal one), pins before they are driven (an FT230X lets chips run, a
CP2105 keeps them off; while it does, B changes nothing), how many levels of core voltage a chip has in series (1 on
BM1362, 4 on BM1370: the A2's 270 mV are 1.08 V then, which that chip takes). Left out: the micro's other commands,
lights, and the 1384 sticks.
"""

from __future__ import annotations

from collections.abc import Callable

from .parts.bus import Sense
from .world import World

_SILENCE_S = 0.1  # GEK waits so long for each answer; half a command is forgotten after it
_REFERENCE_V = 2.048  # of the telemetry's converter, 255 at most
_ALL = 0x7F | 0x80  # V3's mask: vin iin vout iout temp1 temp2 tach; currents of 40.96 A


class FtdiPins:
    """FT230X: CBUS1 is the chips' reset, active low; CBUS0 gives the line to the micro while it is high."""

    def __init__(self, world: World) -> None:
        self._world, self._levels = world, 0x02
        world.reset_held = False

    def set_pins(self, mask: int, state: int) -> None:
        self._levels = self._levels & ~mask | state & mask
        self._world.reset_held = not self._levels & 0x02

    def release(self) -> None:
        self.set_pins(0x03, 0x02)

    @property
    def micro_listens(self) -> bool:
        return bool(self._levels & 0x01)


class LatchPins:
    """CP2105: all three low let the chips run and start the regulator; any high one holds them and stops it."""

    def __init__(self, world: World, regulator: Regulator) -> None:
        self._world, self._regulator, self._levels = world, regulator, 0x07
        self.set_pins(0, 0)

    def set_pins(self, mask: int, state: int) -> None:
        self._levels = self._levels & ~mask | state & mask
        self._world.reset_held = bool(self._levels & 0x07)
        self._regulator.hold(bool(self._levels & 0x07))

    def release(self) -> None:
        self.set_pins(0x07, 0x00)


class Regulator:
    """Of a stick: on or off, and a voltage of one chip. While a latch holds it, it is off; let go, it is on."""

    def __init__(self, world: World, levels: int = 1) -> None:
        self.levels = levels
        self._world, self._on, self._held, self._volts = world, True, False, world.figures.volts
        self._apply()

    def hold(self, held: bool) -> None:
        self._on = self._on or (self._held and not held)
        self._held = held
        self._apply()

    def switch(self, on: bool) -> None:
        self._on = on
        self._apply()

    def ask_for(self, level_v: float) -> None:
        self._volts = level_v * self.levels
        self._apply()

    def _apply(self) -> None:
        on = self._on and not self._held
        self._world.rail_set_v = self._volts * self._world.figures.domains if on else 0.0


class Micro:
    """On NewPac and R606, 500 kbaud: 20 asks its temperature in whole degrees, E0 and a byte set the core voltage."""

    def __init__(self, celsius: Sense, regulator: Regulator) -> None:
        self._celsius, self._regulator = celsius, regulator
        self._asked = bytearray()

    def receive(self, data: bytes) -> bytes:
        self._asked += data
        out = bytearray()
        while self._asked:
            command = self._asked[0]
            if command == 0xE0 and len(self._asked) < 2:
                break
            if command == 0xE0:
                self._regulator.ask_for(0.3 + 0.002 * self._asked[1])
            elif command == 0x20 and (celsius := self._celsius()) is not None:
                out.append(max(0, min(255, round(celsius))))
            del self._asked[: 2 if command == 0xE0 else 1]
        return bytes(out)


class Telemetry:
    """The second interface of A1 and A2: a letter and a byte, answered by one byte or by seven readings."""

    def __init__(
        self, world: World, regulator: Regulator, chip_c: Sense, board_c: Sense, drive: Callable[[float], None]
    ) -> None:
        self.version = 0x20  # 10, 20, 21 or 30: which readings there are, and in what units
        self._world, self._regulator, self._drive = world, regulator, drive
        self._chip_c, self._board_c = chip_c, board_c
        self._asked = bytearray()
        self._heard_s = 0.0

    def receive(self, data: bytes, now: float) -> bytes:
        if now - self._heard_s > _SILENCE_S:
            self._asked.clear()
        self._heard_s = now
        self._asked += data
        out = bytearray()
        while len(self._asked) >= 2:
            letter, value = self._asked[0], self._asked[1]
            del self._asked[:2]
            out += self._do(chr(letter), value)
        return bytes(out)

    def leave(self) -> None:
        """It does not notice."""

    def _do(self, letter: str, value: int) -> bytes:
        match letter:
            case "?":
                return bytes((self.version,))
            case "M" if self.version >= 0x30:
                return bytes((_ALL,))
            case "G":
                return self._readings()
            case "V":
                self._regulator.ask_for(min(value, 100) * 5e-3)
            case "B":
                self._regulator.switch(value == ord("O"))
            case "F":
                self._drive(min(value, 100) / 100)
            case "L":
                pass
            case _:
                return b""
        return letter.encode()

    def _readings(self) -> bytes:
        """vin, iin, vout, iout, temperature 1, temperature 2, tachometer; 0 where this version has none."""
        world, kind = self._world, self.version & 0xF0
        input_v = _count(world.input_v, 6.0 if kind == 0x10 else 12 * _REFERENCE_V)
        level_v = _count(2 * world.volts / self._regulator.levels, _REFERENCE_V)
        first, second = _temperature(self._chip_c()), _temperature(self._board_c())
        if kind == 0x10:
            return bytes((input_v, 0, level_v, 0, first, 0, 0))
        more = self.version != 0x21
        input_a = _count(world.input_a, (20 if more else 3.125) * _REFERENCE_V)
        output_a = _count(world.rail_a, 20 * _REFERENCE_V) if more else 0
        second = 0 if self.version == 0x20 else second
        return bytes((input_v, input_a, level_v, output_a, first, second, _count(world.fan_rpm, 255 * 30.0)))


def _count(value: float, full: float) -> int:
    return max(0, min(255, round(value / full * 255)))


def _temperature(celsius: float | None) -> int:
    """218 steps from -50 to 125 °C; 0 is a sensor that fails."""
    return 0 if celsius is None else max(1, min(218, round((celsius + 50.0) * 218 / 175)))
