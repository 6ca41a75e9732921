"""What stands around the chips of a simulated Bitaxe: its I2C parts, by kind of board, and its control firmware.

Sources: the fact sheet's sections "Chip table" (which board has which parts) and "I2C parts" (where they answer).
Unproven on hardware: that the diode of every EMC2101 is wired to the chip, what the two TMP1075 of a Hex lie at, and,
of a Bonanza, that 5 V and the regulator are off until they are enabled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..wire.bitaxe_answers import Format
from .bitaxe_raw import FanLine, Firmware, Pin
from .board import CONTROL, Line, SimulatedBoard
from .parts.bus import Bus, Part
from .parts.ds4432u import DS4432U
from .parts.emc import EMC2101, EMC2103, EMC2302
from .parts.meters import INA260, TMP1075
from .parts.sense import thermometer
from .parts.tps546 import TPS546, Felt
from .world import World


@dataclass(frozen=True, slots=True)
class Around:
    """The parts on a kind of Bitaxe."""

    fan: Literal["emc2101", "emc2103", "emc2302"]
    regulator: Literal["tps546", "ds4432u"] = "tps546"  # the second has an INA260 beside it
    vout_mode: int = 0x97


def bitaxe(world: World, line: Line, around: Around, answers_in: Format) -> SimulatedBoard:
    world.fan = 0.0  # as the fan controllers have it after power-up
    enables = _Enables(world) if answers_in is Format.BONANZA else None
    drive = _rail(world) if enables is None else enables.drive
    parts: dict[int, Part] = _fans(world, around)
    regulate: Callable[[], None]
    if around.regulator == "tps546":
        felt = Felt(lambda: world.input_v, lambda: world.rail_v, lambda: world.rail_a, lambda: world.vr_c)
        regulator = TPS546(felt, drive, around.vout_mode)
        parts[0x24], regulate = regulator, regulator.step
    else:
        source = DS4432U()
        parts[0x48], regulate = source, lambda: drive(source.output_v)
        parts[0x40] = INA260(lambda: world.input_v, lambda: world.input_a)
    bus = Bus(parts)
    bus.stuck = world.faults.i2c_dead
    regulate()
    return SimulatedBoard(world, line, {CONTROL: _firmware(world, bus, answers_in, enables)}, regulate)


def _firmware(world: World, bus: Bus, answers_in: Format, enables: _Enables | None) -> Firmware:
    def release(level: bool) -> None:
        world.reset_held = not level

    reset = Pin(lambda: not world.reset_held, release)
    if enables is None:
        return Firmware(bus, {0: reset}, lambda: world.volts, answers_in)
    pins = {
        0: reset,
        1: Pin(lambda: enables.five_volts, enables.set_five_volts),
        2: reset,
        3: Pin(lambda: False),  # tripped
        4: Pin(lambda: enables.regulator, enables.set_regulator),
        5: Pin(lambda: world.powered),
    }
    fan = FanLine(_air(world), lambda: world.fan_rpm)
    return Firmware(bus, pins, lambda: world.volts, answers_in, fan, enables.make_safe)


def _fans(world: World, around: Around) -> dict[int, Part]:
    """The fan controller, and the thermometers that come with it."""
    faults, drive = world.faults, _air(world)
    diode = thermometer(lambda: world.chip_c(0), faults, "chip 0", diode=True)
    own = thermometer(lambda: world.board_c, faults, "board")

    def rpm() -> float:
        return world.fan_rpm

    if around.fan == "emc2101":
        return {0x4C: EMC2101(diode, own, rpm, drive)}
    if around.fan == "emc2103":
        last = world.figures.chips - 1
        other = thermometer(lambda: world.chip_c(last), faults, "chip 1", diode=True)
        return {0x2E: EMC2103((diode, other), own, rpm, drive)}
    # A Hex has no diode: for `sensor-open` it is the first of these that is torn off.
    near = thermometer(lambda: world.board_c, faults, "left", diode=True)
    far = thermometer(lambda: world.board_c, faults, "right")
    return {0x2F: EMC2302(rpm, drive), 0x4A: TMP1075(near), 0x4B: TMP1075(far)}


def _air(world: World) -> Callable[[float], None]:
    def drive(part: float) -> None:
        world.fan = part

    return drive


def _rail(world: World) -> Callable[[float], None]:
    def drive(volts: float) -> None:
        world.rail_set_v = volts

    return drive


class _Enables:
    """Of a Bonanza, before its regulator: nothing reaches the rail unless both are on."""

    def __init__(self, world: World) -> None:
        self.five_volts = self.regulator = False
        self._world, self._wanted_v = world, 0.0

    def drive(self, volts: float) -> None:
        self._wanted_v = volts
        self._world.rail_set_v = volts if self.five_volts and self.regulator else 0.0

    def set_five_volts(self, level: bool) -> None:
        self.five_volts = level
        self.drive(self._wanted_v)

    def set_regulator(self, level: bool) -> None:
        self.regulator = level
        self.drive(self._wanted_v)

    def make_safe(self) -> None:
        self._world.reset_held, self._world.fan = True, 1.0
        self.set_five_volts(False)
