"""The current source by its code: the formula of the fact sheet, backwards."""

from __future__ import annotations

import math

import pytest

from joulehash.hw.sim.parts.bus import Bus
from joulehash.hw.sim.parts.ds4432u import DS4432U


@pytest.mark.parametrize("volts", [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6])
def test_the_sheets_code_gives_the_voltage_it_is_for(volts: float) -> None:
    amperes = abs(0.6 / 3320 - (volts - 0.6) / 4750)
    code = math.ceil(amperes / 98.921e-6 * 127) | (0x80 if volts < 1.451 else 0)
    part = DS4432U()
    Bus({0x48: part}).write(0x48, bytes((0xF8, code)))
    assert part.output_v == pytest.approx(volts, abs=0.0045)  # one step is 3.7 mV


def test_after_power_up_it_does_nothing_and_the_rail_lives() -> None:
    assert DS4432U().output_v == pytest.approx(1.4584, abs=1e-4)


def test_it_cannot_reach_zero() -> None:
    part = DS4432U()
    part.write(b"\xf8\xff")
    assert part.output_v == pytest.approx(0.9886, abs=1e-4)
    assert Bus({0x48: part}).write_read(0x48, b"\xf8", 1) == b"\xff"
