from __future__ import annotations

import pytest

from joulehash.engine.errors import DeviceError, InputError
from joulehash.hw.ports.bridges import BRIDGES, Control
from joulehash.hw.ports.usb_off import UsbOff, Write, switch_off
from tests.support.usb_devices import FakeBus, FakeCp2105, FakeFt230x

RESET = BRIDGES[0x0403, 0x6015].pins(0b00, 0b10)
LATCH = BRIDGES[0x10C4, 0xEA70].pins(0b111, 0b111)


def test_it_survives_being_handed_over() -> None:
    off = UsbOff((RESET, LATCH), (Write(1, 115200, b"F\x64"),))
    assert UsbOff.decode(off.encode()) == off


@pytest.mark.parametrize("data", [b"", b"{}", b'{"controls": 3}', b"\xff"])
def test_what_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        UsbOff.decode(data)


def test_a_transfer_reaches_a_stick_that_somebody_holds() -> None:
    stick = FakeFt230x()
    stick.drive(0b10)
    stick.interfaces[0].driver, stick.interfaces[0].claimed_by = None, "a miner that is dying"
    switch_off(stick.place, UsbOff((RESET,)), FakeBus(stick))
    assert (stick.pins, stick.opened) == (0, 0)


def test_a_step_that_fails_does_not_keep_the_others() -> None:
    stick = FakeCp2105()
    unknown = Control(0x41, 0x77, 0, 0)
    with pytest.raises(DeviceError, match=r"usb:1-2: USB failed \(Pipe error\)"):
        switch_off(stick.place, UsbOff((unknown, LATCH), (Write(1, 115200, b"F\x64"),)), FakeBus(stick))
    assert stick.pins == 0b111
    assert bytes(stick.interfaces[1].received) == b"F\x64"
    assert [side.driver for side in stick.interfaces] == ["cp210x", "cp210x"]


def test_without_permission_it_says_so() -> None:
    stick = FakeCp2105()
    stick.permitted = False
    with pytest.raises(DeviceError, match="may not be opened by this user"):
        switch_off(stick.place, UsbOff((LATCH,)), FakeBus(stick))
