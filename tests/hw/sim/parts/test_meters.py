"""Meters by raw bytes."""

from __future__ import annotations

import pytest

from joulehash.hw.sim.parts.bus import Bus, Nack
from joulehash.hw.sim.parts.meters import INA260, TMP1075


@pytest.mark.parametrize(
    ("amperes", "volts", "words"),
    [
        (2.4, 5.0, ("0780", "0fa0", "04b0")),  # 1920 × 1.25 mA, 4000 × 1.25 mV, 1200 × 10 mW
        (-0.5, 5.0, ("fe70", "0fa0", "00fa")),  # current is signed, power is not
        (0.0, 0.0, ("0000", "0000", "0000")),
        (0.0, 60.0, ("0000", "7fff", "0000")),
    ],
)
def test_the_ina260_in_its_units(amperes: float, volts: float, words: tuple[str, str, str]) -> None:
    bus = Bus({0x40: INA260(lambda: volts, lambda: amperes)})
    assert tuple(bus.write_read(0x40, bytes((register,)), 2).hex() for register in (1, 2, 3)) == words


def test_the_ina260_keeps_its_configuration_and_not_its_readings() -> None:
    bus = Bus({0x40: INA260(lambda: 5.0, lambda: 1.0)})
    bus.write(0x40, bytes.fromhex("00 6527"))
    bus.write(0x40, bytes.fromhex("02 0000"))
    assert bus.write_read(0x40, b"\x00", 2).hex() == "6527"
    assert bus.write_read(0x40, b"\x02", 2).hex() == "0fa0"


@pytest.mark.parametrize(
    ("celsius", "word"), [(25.0, "1900"), (0.0625, "0010"), (-0.0625, "fff0"), (-25.0, "e700"), (127.9375, "7ff0")]
)
def test_the_tmp1075_in_sixteenths(celsius: float, word: str) -> None:
    bus = Bus({0x4A: TMP1075(lambda: celsius)})
    assert bus.write_read(0x4A, b"\x00", 2).hex() == word


def test_a_broken_tmp1075_does_not_answer() -> None:
    bus = Bus({0x4A: TMP1075(lambda: None)})
    with pytest.raises(Nack):
        bus.write_read(0x4A, b"\x00", 2)
