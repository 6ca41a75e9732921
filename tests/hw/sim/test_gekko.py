"""Sticks by raw bytes and pins."""

from __future__ import annotations

import pytest

from joulehash.hw.sim.faults import Faults
from joulehash.hw.sim.gekko import FtdiPins, LatchPins, Micro, Regulator, Telemetry
from joulehash.hw.sim.world import Figures, World

A1 = Figures("a1", 1, 525.0, 0.30, 9.0)
A2 = Figures("a2", 1, 525.0, 1.15, 19.0)


class Stick:
    def __init__(self, figures: Figures = A1, levels: int = 1, faults: Faults | None = None) -> None:
        self.world = World(figures, faults or Faults())
        self.regulator = Regulator(self.world, levels)
        self.pins = LatchPins(self.world, self.regulator)
        self.chip_c: float | None = 60.0
        self.telemetry = Telemetry(self.world, self.regulator, lambda: self.chip_c, lambda: 40.0, self.drive)
        self.now = 0.0

    def drive(self, part: float) -> None:
        self.world.fan = part

    def ask(self, data: bytes, after_s: float = 1.0) -> bytes:
        self.now += after_s
        self.world.advance(self.now)
        return self.telemetry.receive(data, self.now)

    def later(self) -> None:
        self.now += 1.0
        self.world.advance(self.now)


def test_cbus1_is_the_reset_of_an_ftdi_stick() -> None:
    world = World(A1)
    pins = FtdiPins(world)
    assert not world.reset_held
    pins.set_pins(0x02, 0x00)  # F0
    assert world.reset_held
    pins.set_pins(0x02, 0x02)  # F2
    assert not world.reset_held
    assert not pins.micro_listens
    pins.set_pins(0x01, 0x01)  # F3
    assert pins.micro_listens


def test_the_latch_holds_chips_and_regulator() -> None:
    stick = Stick()
    stick.later()
    assert (stick.world.rail_v, stick.world.reset_held) == (0.0, True)
    stick.pins.set_pins(0x07, 0x00)
    stick.later()
    assert (stick.world.rail_v, stick.world.reset_held) == (0.30, False)
    stick.pins.set_pins(0x07, 0x07)
    stick.later()
    assert (stick.world.rail_v, stick.world.reset_held) == (0.0, True)
    stick.ask(b"BO")
    stick.later()
    assert stick.world.rail_v == 0.0


@pytest.mark.parametrize(("figures", "levels", "volts"), [(A1, 1, 0.275), (A2, 4, 1.1)])
def test_core_voltage_is_asked_for_in_five_millivolts_of_a_level(figures: Figures, levels: int, volts: float) -> None:
    stick = Stick(figures, levels)
    stick.pins.set_pins(0x07, 0x00)
    assert stick.ask(b"V\x37") == b"V"
    stick.later()
    assert stick.world.rail_v == pytest.approx(volts)
    vout = stick.ask(b"G.")[2] * 2.048 / 255 / 2
    assert vout == pytest.approx(0.275, abs=0.0041)
    assert stick.ask(b"B-") == b"B"
    stick.later()
    assert stick.world.rail_v == 0.0
    assert stick.ask(b"BO") == b"B"
    stick.later()
    assert stick.world.rail_v == pytest.approx(volts)


def test_readings_in_their_units() -> None:
    stick = Stick()
    stick.pins.set_pins(0x07, 0x00)
    assert stick.ask(b"?v") == b"\x20"
    assert stick.ask(b"F\x32") == b"F"
    assert stick.world.fan == 0.5
    for _ in range(10):
        stick.later()
    vin, iin, vout, iout, first, second, tach = stick.ask(b"G.")
    world = stick.world
    assert vin * 2.048 / 255 * 12 == pytest.approx(world.input_v, abs=0.05)
    assert iin * 2.048 / 255 * 20 == pytest.approx(world.input_a, abs=0.09)
    assert vout * 2.048 / 255 / 2 == pytest.approx(0.30, abs=0.0041)
    assert iout * 2.048 / 255 * 20 == pytest.approx(world.rail_a, abs=0.09)
    assert first * 175 / 218 - 50 == pytest.approx(60.0, abs=0.41)
    assert second == 0
    assert tach * 30 == pytest.approx(world.fan_rpm, abs=15)


def test_versions_differ_in_what_they_tell() -> None:
    stick = Stick()
    stick.telemetry.version = 0x21
    assert stick.ask(b"G.")[5] * 175 / 218 - 50 == pytest.approx(40.0, abs=0.41)
    assert stick.ask(b"M.") == b""
    stick.telemetry.version = 0x30
    assert stick.ask(b"M.") == b"\xff"
    stick.telemetry.version = 0x10
    assert stick.ask(b"G.")[0] * 6 / 255 == pytest.approx(stick.world.input_v, abs=0.012)


def test_a_sensor_that_fails_says_zero() -> None:
    stick = Stick()
    stick.chip_c = None
    assert stick.ask(b"G.")[4] == 0


def test_half_a_command_is_forgotten() -> None:
    stick = Stick()
    assert stick.ask(b"?") == b""
    assert stick.ask(b"v", after_s=0.05) == b"\x20"
    assert stick.ask(b"V") == b""
    assert stick.ask(b"?v") == b"\x20"


def test_the_micro_tells_whole_degrees_and_sets_the_core_voltage() -> None:
    world = World(Figures("newpac", 2, 550.0, 0.40, 15.0))
    micro = Micro(lambda: 41.4, Regulator(world))
    assert micro.receive(b"\x20") == b"\x29"
    assert micro.receive(b"\xe0") == b""
    assert micro.receive(b"\x32\x20") == b"\x29"
    world.advance(0.0)
    world.advance(1.0)
    assert world.rail_v == pytest.approx(0.40)
