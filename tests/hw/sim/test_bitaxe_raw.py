"""The firmware by raw bytes, in all three formats; requests are the README's where it has them."""

from __future__ import annotations

import pytest

from joulehash.hw.sim.bitaxe_raw import FanLine, Firmware, Pin
from joulehash.hw.sim.parts.bus import Bus
from joulehash.hw.sim.parts.meters import TMP1075
from joulehash.hw.wire.bitaxe_answers import Format

FORMATS = list(Format)


class Desk:
    """A firmware with a thermometer at 4A, two pins and a fan."""

    def __init__(self, answers_in: Format) -> None:
        self.level, self.safe, self.fan, self.now = False, 0, 0.0, 1.0
        self.bus = Bus({0x4A: TMP1075(lambda: 25.0)})
        pins = {0: Pin(lambda: self.level, self.set_level), 5: Pin(lambda: True)}
        bonanza = answers_in is Format.BONANZA
        fan = FanLine(self.set_fan, lambda: 4321.0) if bonanza else None
        self.firmware = Firmware(self.bus, pins, lambda: 1.15, answers_in, fan, self.make_safe if bonanza else None)

    def set_level(self, level: bool) -> None:
        self.level = level

    def set_fan(self, part: float) -> None:
        self.fan = part

    def make_safe(self) -> None:
        self.safe += 1

    def ask(self, text: str, after_s: float = 1.0) -> str:
        self.now += after_s
        return self.firmware.receive(bytes.fromhex(text), self.now).hex()


def answered(answers_in: Format, identity: str, data: str) -> str:
    """By the sheet: V0 counts the data, the others the whole; V1 has a status."""
    size = len(data) // 2
    if answers_in is Format.V0:
        return f"{size:02x}00{identity}{data}"
    status = "00" if answers_in is Format.V1 else ""
    return f"{size + 3 + len(status) // 2:02x}00{identity}{status}{data}"


@pytest.mark.parametrize("kind", FORMATS)
def test_each_page_in_each_format(kind: Format) -> None:
    desk = Desk(kind)
    assert desk.ask("0A 00 01 00 05 10 80 1A 06 00") == answered(kind, "01", "")  # 400 kHz
    assert desk.ask("09 00 02 00 05 40 4A 00 02") == answered(kind, "02", "1900")
    assert desk.ask("0A 00 03 00 05 20 4A 02 12 34") == answered(kind, "03", "")
    assert desk.ask("08 00 04 00 05 30 4A 02") == answered(kind, "04", "1234")
    assert desk.ask("07 00 05 00 06 00 01") == answered(kind, "05", "01")
    assert desk.level
    assert desk.ask("07 00 00 00 06 00 00") == answered(kind, "00", "00")  # reset low
    assert not desk.level
    assert desk.ask("06 00 06 00 06 00") == answered(kind, "06", "00")
    assert desk.ask("06 00 00 00 07 50") == answered(kind, "00", "ef05")  # 1.15 V of 3.1, of 4095


@pytest.mark.parametrize("kind", FORMATS)
def test_refusals_look_alike_in_all(kind: Format) -> None:
    desk = Desk(kind)
    assert desk.ask("08 00 07 00 05 30 4C 01") == "04000713"  # nobody there
    assert desk.ask("06 00 08 00 55 00") == "0400ff11"  # no such page: with the id of what cannot be parsed
    assert desk.ask("07 00 09 00 06 05 01") == "0400ff11"  # a pin that can only be read
    assert desk.ask("06 00 09 00 06 07") == "0400ff11"  # no such pin
    assert desk.ask("06 00 0A 00 07 51") == "0400ff11"
    desk.bus.stuck = True
    assert desk.ask("09 00 0B 00 05 40 4A 00 02") == "04000b10"


def test_a_part_of_a_request_is_dropped_after_four_milliseconds() -> None:
    desk = Desk(Format.V0)
    assert desk.ask("06 00 06") == ""
    assert desk.ask("00 06 00", after_s=0.003) == "01000600"
    assert desk.ask("06 00 06") == ""
    assert desk.ask("06 00 07 00 06 00", after_s=0.005) == "01000700"


def test_only_a_bonanza_has_a_fan_and_a_safe_end() -> None:
    plain, bonanza = Desk(Format.V0), Desk(Format.BONANZA)
    assert plain.ask("07 00 00 00 09 10 32") == "0400ff11"
    assert bonanza.ask("07 00 00 00 09 10 32") == "030000"
    assert bonanza.fan == 0.5
    assert bonanza.ask("06 00 00 00 09 20") == "050000e110"
    assert bonanza.ask("06 00 00 00 00 01").startswith("0d000001000106")
    for desk in (plain, bonanza):
        desk.firmware.leave()
    assert (plain.safe, bonanza.safe) == (0, 1)


def test_a_closed_port_forgets_half_a_request() -> None:
    desk = Desk(Format.V0)
    assert desk.ask("06 00 06") == ""
    desk.firmware.leave()
    assert desk.ask("06 00 07 00 06 00", after_s=0.001) == "01000700"
