"""The guard process in this process: what it does to a stick on USB, which needs a stand-in for the stick."""

from __future__ import annotations

import json
import signal
from collections.abc import Generator

import pytest

from joulehash.engine.errors import DeviceError
from joulehash.hw.guard import process
from joulehash.hw.guard.plan import StickOff, encoded
from joulehash.hw.ports import usb_off
from joulehash.hw.ports.bridges import BRIDGES
from joulehash.hw.ports.usb_off import UsbOff
from tests.support.usb_devices import FakeBus, FakeFt230x

RESET = BRIDGES[0x0403, 0x6015].pins(0b00, 0b10)


@pytest.fixture(autouse=True)
def alarm() -> Generator[None]:
    before = signal.getsignal(signal.SIGALRM)
    yield
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    signal.signal(signal.SIGALRM, before)


def plan(stick: FakeFt230x) -> process.Plan:
    line, fds = encoded(StickOff("stick", stick.place, UsbOff((RESET,))), 10.0)
    assert fds == ()
    made: process.Plan = json.loads(line)
    return made


def test_a_stick_is_switched_off_when_the_miner_has_let_go_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stick, tries = FakeFt230x(), list[str]()
    stick.drive(0b10)
    switch_off = usb_off.switch_off

    def try_it(place: str, off: UsbOff) -> None:
        tries.append(place)
        if len(tries) < 3:
            raise DeviceError(f"usb:{place}: another program has it")
        switch_off(place, off, FakeBus(stick))

    monkeypatch.setattr(usb_off, "switch_off", try_it)
    assert process.make_safe(plan(stick)) == ""
    assert (stick.pins, tries) == (0, [stick.place] * 3)


def test_what_cannot_be_done_is_told_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(place: str, off: UsbOff) -> None:
        raise DeviceError(f"usb:{place}: is not there;\nplug it in")

    monkeypatch.setattr(usb_off, "switch_off", fail)
    monkeypatch.setattr(process, "PATIENCE_S", 0.1)
    stick = FakeFt230x()
    assert process.make_safe(plan(stick)) == f"usb:{stick.place}: is not there; plug it in"
