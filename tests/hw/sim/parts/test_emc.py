"""Fan controllers by raw bytes: the register values are those of the fact sheet."""

from __future__ import annotations

import pytest

from joulehash.hw.sim.parts.bus import Bus, Nack
from joulehash.hw.sim.parts.emc import EMC2101, EMC2103, EMC2302


class Air:
    """What the parts feel and drive."""

    def __init__(self) -> None:
        self.chip_c: float | None = 61.125
        self.own_c: float | None = 38.4
        self.rpm = 5000.0
        self.fan = 1.0

    def drive(self, part: float) -> None:
        self.fan = part


def emc2101(air: Air) -> Bus:
    part = EMC2101(lambda: air.chip_c, lambda: air.own_c, lambda: air.rpm, air.drive)
    return Bus({0x4C: part})


def byte(bus: Bus, address: int, register: int) -> int:
    return bus.write_read(address, bytes((register,)), 1)[0]


def test_the_emc2101_says_who_it_is() -> None:
    bus = emc2101(Air())
    assert (byte(bus, 0x4C, 0xFE), byte(bus, 0x4C, 0xFD)) == (0x5D, 0x16)


@pytest.mark.parametrize(
    ("celsius", "high", "low"),
    [
        (61.125, 0x3D, 0x20),
        (0.0, 0x00, 0x00),
        (25.875, 0x19, 0xE0),
        (-0.125, 0xFF, 0xE0),
        (-10.0, 0xF6, 0x00),
        (None, 0x7F, 0x00),  # 3F8: open
        (200.0, 0x7E, 0xE0),  # the most that it can say
    ],
)
def test_the_diode_counts_eighths_in_two_registers(celsius: float | None, high: int, low: int) -> None:
    air = Air()
    air.chip_c = celsius
    bus = emc2101(air)
    assert (byte(bus, 0x4C, 0x01), byte(bus, 0x4C, 0x10)) == (high, low)


def test_the_high_byte_holds_the_low_one() -> None:
    air = Air()
    bus = emc2101(air)
    assert byte(bus, 0x4C, 0x01) == 0x3D
    air.chip_c = 70.0
    assert byte(bus, 0x4C, 0x10) == 0x20


def test_its_own_temperature_is_whole_degrees() -> None:
    air = Air()
    bus = emc2101(air)
    assert byte(bus, 0x4C, 0x00) == 38
    air.own_c = -5.0
    assert byte(bus, 0x4C, 0x00) == 0xFB


def test_the_tachometer_counts_only_when_its_pin_is_one() -> None:
    bus = emc2101(Air())
    assert (byte(bus, 0x4C, 0x46), byte(bus, 0x4C, 0x47)) == (0xFF, 0xFF)
    bus.write(0x4C, bytes((0x03, 0x04)))
    assert byte(bus, 0x4C, 0x46) | byte(bus, 0x4C, 0x47) << 8 == 1080  # 5400000 / 5000


def test_a_fan_that_stands_counts_ffff() -> None:
    air = Air()
    bus = emc2101(air)
    bus.write(0x4C, bytes((0x03, 0x04)))
    air.rpm = 0.0
    assert (byte(bus, 0x4C, 0x46), byte(bus, 0x4C, 0x47)) == (0xFF, 0xFF)


def test_the_duty_has_six_bits() -> None:
    air = Air()
    bus = emc2101(air)
    bus.write(0x4C, bytes((0x4A, 0x23)))
    bus.write(0x4C, bytes((0x4C, 63)))
    assert air.fan == 1.0
    bus.write(0x4C, bytes((0x4C, 0x40)))
    assert air.fan == 0.0


def test_its_table_drives_the_fan_until_it_is_told_otherwise() -> None:
    air = Air()
    bus = emc2101(air)
    bus.write(0x4C, bytes((0x4A, 0x00)))
    bus.write(0x4C, bytes((0x4C, 10)))
    assert air.fan == 1.0
    bus.write(0x4C, bytes((0x4A, 0x23)))
    assert air.fan == pytest.approx(10 / 63)


def test_ideality_and_beta_are_kept() -> None:
    bus = emc2101(Air())
    bus.write(0x4C, bytes.fromhex("17 24"))
    bus.write(0x4C, bytes.fromhex("18 00"))
    assert (byte(bus, 0x4C, 0x17), byte(bus, 0x4C, 0x18)) == (0x24, 0x00)


def test_what_is_not_there_is_not_acknowledged() -> None:
    bus = emc2101(Air())
    with pytest.raises(Nack):
        bus.write(0x4C, bytes((0x99, 0)))
    with pytest.raises(Nack):
        bus.read(0x2E, 1)


def test_an_id_cannot_be_written_and_reads_do_not_run_on() -> None:
    bus = emc2101(Air())
    bus.write(0x4C, bytes((0xFE, 0)))
    assert bus.write_read(0x4C, b"\xfe", 3) == b"\x5d\xff\xff"


def test_the_emc2103_has_two_diodes() -> None:
    air = Air()
    cold: list[float | None] = [20.25]
    part = EMC2103((lambda: air.chip_c, lambda: cold[0]), lambda: air.own_c, lambda: air.rpm, air.drive)
    bus = Bus({0x2E: part})
    assert [byte(bus, 0x2E, register) for register in (2, 3, 4, 5)] == [0x3D, 0x20, 0x14, 0x40]
    cold[0] = None
    assert [byte(bus, 0x2E, register) for register in (4, 5)] == [0x80, 0x00]  # fault


def test_the_emc2103_counts_and_drives() -> None:
    air = Air()
    part = EMC2103((lambda: 20.0, lambda: 20.0), lambda: air.own_c, lambda: air.rpm, air.drive)
    bus = Bus({0x2E: part})
    reading = byte(bus, 0x2E, 0x4E) << 8 | byte(bus, 0x2E, 0x4F)
    assert 7864320 / (reading >> 3) == pytest.approx(5000, rel=1e-3)
    bus.write(0x2E, bytes((0x40, 51)))
    assert air.fan == 0.2
    air.rpm = 0.0
    assert (byte(bus, 0x2E, 0x4E), byte(bus, 0x2E, 0x4F)) == (0xFF, 0xF8)


def test_the_emc2302_has_its_fan_at_the_first_output() -> None:
    air = Air()
    bus = Bus({0x2F: EMC2302(lambda: air.rpm, air.drive)})
    bus.write(0x2F, bytes((0x30, 255)))
    assert air.fan == 1.0
    bus.write(0x2F, bytes((0x40, 10)))  # where nothing is connected
    assert air.fan == 1.0
    first = byte(bus, 0x2F, 0x3E) << 8 | byte(bus, 0x2F, 0x3F)
    second = byte(bus, 0x2F, 0x4E) << 8 | byte(bus, 0x2F, 0x4F)
    assert 7864320 / (first >> 3) == pytest.approx(5000, rel=1e-3)
    assert second == 0xFFF8
