"""Simulated boards without control firmware, put together: GekkoScience's sticks, bare chains, Icarus and its kin.

A bare chain and an Icarus have nothing that a host could switch: their rail lives as long as they have input.
"""

from __future__ import annotations

from .board import TELEMETRY, Line, SimulatedBoard
from .gekko import FtdiPins, LatchPins, Micro, Regulator, Telemetry
from .parts.bus import Sense
from .parts.sense import thermometer
from .world import World


def always_on(world: World, line: Line) -> SimulatedBoard:
    world.rail_set_v, world.reset_held = world.figures.rail_v, False
    _has_been_on(world)
    return SimulatedBoard(world, line)


def ftdi_stick(world: World, line: Line, *, usb_powered: bool, micro: bool = False) -> SimulatedBoard:
    """Reset on a pin; the voltage is a screw's on the board, or by the micro behind another pin."""
    pins, regulator = FtdiPins(world), Regulator(world)
    _has_been_on(world)
    if not micro:
        return SimulatedBoard(world, line, pins=pins, usb_powered=usb_powered)
    behind = Micro(_diode(world), regulator)

    def answer(data: bytes) -> bytes | None:
        return behind.receive(data) if pins.micro_listens else None

    return SimulatedBoard(world, line, pins=pins, micro=answer, usb_powered=usb_powered)


def latch_stick(world: World, line: Line, levels: int) -> SimulatedBoard:
    """A1, A2. `levels` of core voltage that its chip has in series."""
    regulator = Regulator(world, levels)
    pins = LatchPins(world, regulator)

    def drive(part: float) -> None:
        world.fan = part

    board = thermometer(lambda: world.board_c, world.faults, "board")
    telemetry = Telemetry(world, regulator, _diode(world), board, drive)
    return SimulatedBoard(world, line, {TELEMETRY: telemetry}, pins=pins, usb_powered=True)


def _has_been_on(world: World) -> None:
    """It was plugged in before anybody looked, and its rail has risen."""
    if world.faults.slow_start_s is None:
        world.rail_v = world.rail_set_v


def _diode(world: World) -> Sense:
    return thermometer(lambda: world.hottest_c, world.faults, "chip", diode=True)
