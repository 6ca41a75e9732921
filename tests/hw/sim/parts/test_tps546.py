"""The regulator by raw PMBus: golden words of the fact sheet, and what it does on its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.hw.sim.parts.bus import Bus, Nack
from joulehash.hw.sim.parts.tps546 import TPS546, Felt, from_slinear11, slinear11


class Bench:
    """A regulator whose output follows at once, on a supply and a load that a test turns at."""

    def __init__(self, vout_mode: int = 0x97) -> None:
        self.input_v, self.amperes, self.celsius, self.volts, self.sag = 5.0, 0.0, 40.0, 0.0, 1.0
        felt = Felt(lambda: self.input_v, lambda: self.volts * self.sag, lambda: self.amperes, lambda: self.celsius)
        self.part = TPS546(felt, self.drive, vout_mode)
        self.bus = Bus({0x24: self.part})

    def drive(self, volts: float) -> None:
        self.volts = volts

    def write(self, text: str) -> None:
        self.bus.write(0x24, bytes.fromhex(text))

    def read(self, command: int, size: int = 2) -> str:
        return self.bus.write_read(0x24, bytes((command,)), size).hex()

    def on(self) -> None:
        for text in ("02 1a", "24 00 04", "21 4d 02", "01 80"):  # by OPERATION, at most 2 V, 1.15 V, on
            self.write(text)
        self.part.step()


def test_who_it_is() -> None:
    assert Bench().read(0xAD, 7) == "0654 49546d2441".replace(" ", "")


def test_operation_counts_only_when_it_is_allowed_to() -> None:
    bench = Bench()
    bench.write("01 80")
    assert bench.volts == 0.0
    bench.write("02 1a")
    assert bench.volts == pytest.approx(0.8, abs=0.002)
    bench.write("01 00")
    assert bench.volts == 0.0


@pytest.mark.parametrize(("mode", "exponent"), [(0x17, -9), (0x97, -9), (0x16, -10), (0x18, -8)])
def test_voltages_have_the_exponent_of_vout_mode(mode: int, exponent: int) -> None:
    bench = Bench(mode)
    assert bench.read(0x20, 1) == f"{mode:02x}"
    code = round(1.15 / 2.0**exponent)
    for command, value in ((0x24, round(2.0 / 2.0**exponent)), (0x21, code)):
        bench.bus.write(0x24, bytes((command,)) + value.to_bytes(2, "little"))
    bench.write("02 1a")
    bench.write("01 80")
    assert bench.volts == code * 2.0**exponent
    assert int.from_bytes(bytes.fromhex(bench.read(0x8B)), "little") == code


@given(st.floats(-30000, 30000))
def test_slinear11_comes_back_within_its_mantissa(value: float) -> None:
    assert from_slinear11(slinear11(value)) == pytest.approx(value, rel=1 / 500, abs=1e-5)


def test_slinear11_of_the_standard() -> None:
    """11.0 V is 2^-6 × 704: exponent 11010, mantissa 01011000000."""
    assert from_slinear11(bytes.fromhex("c0d2")) == 11.0
    assert from_slinear11(bytes.fromhex("04e8")) == 0.5  # SCALE_LOOP after power-up: 2^-3 × 4
    assert slinear11(5.0, -5).hex() == "a0d8"


def test_readings() -> None:
    bench = Bench()
    bench.on()
    bench.amperes, bench.celsius, bench.input_v = 12.5, 51.25, 4.96875
    assert [bench.read(command) for command in (0x88, 0x8B, 0x8C, 0x8D)] == ["9fd8", "4d02", "c8e0", "cdf0"]
    assert bench.read(0x79) == "0000"


def test_limits_are_kept_and_read_back() -> None:
    bench = Bench()
    bench.write("46 1ef8")  # IOUT_OC_FAULT 30 A, 2^-1 × 30
    bench.write("29 01f0")
    assert (bench.read(0x46), bench.read(0x29)) == ("1ef8", "01f0")


def test_the_output_stays_within_its_own_limits() -> None:
    bench = Bench()
    bench.on()
    bench.write("24 00 02")  # VOUT_MAX 1.0 V
    assert bench.volts == 1.0
    assert bench.read(0x7A, 1) == "08"
    assert bench.read(0x79)[2:] == "88"  # VOUT, and power is not good until the output has followed


def test_too_much_current_trips_it_until_it_is_told_off_and_on() -> None:
    bench = Bench()
    bench.on()
    bench.write("46 1ef8")  # a part's own: 2^-1 × 30 = 15 A
    bench.amperes = 16.0
    bench.part.step()
    assert (bench.volts, bench.read(0x7B, 1)) == (0.0, "80")
    bench.amperes = 0.0
    bench.write("03")
    assert (bench.volts, bench.read(0x7B, 1)) == (0.0, "00")
    bench.write("01 00")
    bench.write("01 80")
    assert bench.volts == 589 / 512


def test_heat_warns_and_then_trips() -> None:
    bench = Bench()
    bench.on()
    bench.celsius = 130.0
    bench.part.step()
    assert (bench.volts, bench.read(0x7D, 1)) == (589 / 512, "40")
    bench.celsius = 151.0
    bench.part.step()
    assert (bench.volts, bench.read(0x7D, 1)) == (0.0, "c0")
    assert int(bench.read(0x79)[:2], 16) & 0x44 == 0x44  # OFF, TEMPERATURE


def test_the_input_must_be_there() -> None:
    bench = Bench()
    bench.write("35 cdd2")  # VIN_ON 11.2 V on a supply of 5
    bench.on()
    assert (bench.volts, bench.read(0x7C, 1)) == (0.0, "08")
    bench.input_v = 12.0
    bench.part.step()
    assert bench.volts == 589 / 512
    bench.input_v = 22.0
    bench.part.step()
    assert (bench.volts, int(bench.read(0x7C, 1), 16) & 0x80) == (0.0, 0x80)


def test_a_sagging_output_is_noted_and_comes_back() -> None:
    bench = Bench()
    bench.on()
    bench.part.step()
    bench.sag = 0.3
    bench.part.step()
    assert int(bench.read(0x7A, 1), 16) & 0x10
    assert int(bench.read(0x79)[2:], 16) & 0x88 == 0x88
    bench.sag = 1.0
    bench.part.step()
    assert bench.volts == 589 / 512


@pytest.mark.parametrize("text", ["F7 00", "20 17", "88 0000", "21 4d", "03 00"])
def test_what_it_cannot_do_is_refused_and_noted(text: str) -> None:
    bench = Bench()
    with pytest.raises(Nack):
        bench.write(text)
    assert int(bench.read(0x7E, 1), 16) & 0xC0
    bench.write("03")
    assert bench.read(0x7E, 1) == "00"
