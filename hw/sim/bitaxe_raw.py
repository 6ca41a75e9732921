"""The bitaxe-raw firmware of a simulated board: the far end of its control port. No I/O; the time is handed in.

Sources: the fact sheet's section "bitaxe-raw control protocol"; RAW (bitaxeorg/bitaxe-raw): src/main.rs (reset is low
from power-up, VDD is a 12 bit converter at 11 dB), src/control/*.rs (which pins and pages there are). Unproven on
hardware: what VDD counts (here 3.1 V is 4095, without a divider), and code and text for a part that does not answer.
It leaves out the speed of the I2C bus, the bridge's counters and safety report, and the light.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..wire.bitaxe_answers import FAULT, INVALID, TIMEOUT, Format, answer, refuse
from ..wire.bitaxe_raw import (
    NOT_UNDERSTOOD,
    PARTIAL_S,
    Adc,
    Bridge,
    Fan,
    Gpio,
    I2CFrequency,
    I2CRead,
    I2CWrite,
    I2CWriteRead,
    Led,
    Operation,
    Request,
    RequestDecoder,
    Unparsable,
)
from .parts.bus import Bus, Nack, Stuck

_INFO = b"\x01\x00\x01\x06bridge"  # schema 1, version 0.1, a text with its length
_ADC_FULL_V, _ADC_FULL = 3.1, 4095


@dataclass(frozen=True, slots=True)
class Pin:
    """A line of the board; `drive` None: it can only be read."""

    level: Callable[[], bool]
    drive: Callable[[bool], None] | None = None


@dataclass(frozen=True, slots=True)
class FanLine:
    """A fan at the firmware itself."""

    drive: Callable[[float], None]
    rpm: Callable[[], float]


class Firmware:
    """`receive` hears the host and gives what it answers; `leave` is told when the host closes the control port."""

    def __init__(
        self,
        bus: Bus,
        pins: Mapping[int, Pin],
        vdd_v: Callable[[], float],
        answers_in: Format = Format.V0,
        fan: FanLine | None = None,
        make_safe: Callable[[], None] | None = None,
    ) -> None:
        self.bus, self._pins, self._vdd_v = bus, pins, vdd_v
        self._format, self._fan, self._make_safe = answers_in, fan, make_safe
        self._requests = RequestDecoder()
        self._heard_s = 0.0

    def receive(self, data: bytes, now: float) -> bytes:
        if now - self._heard_s > PARTIAL_S:
            self._requests.silence()
        self._heard_s = now
        return b"".join(self._serve(request) for request in self._requests.feed(data))

    def leave(self) -> None:
        """Bonanza alone makes the board safe: reset, 5 V off, fan full."""
        self._requests.silence()
        if self._make_safe is not None:
            self._make_safe()

    def _serve(self, request: Request | Unparsable) -> bytes:
        if isinstance(request, Unparsable):
            return refuse(self._format, NOT_UNDERSTOOD, INVALID)
        try:
            data = self._do(request.operation)
        except Nack:
            return refuse(self._format, request.id, FAULT)
        except Stuck:
            return refuse(self._format, request.id, TIMEOUT)
        if data is None:  # not understood by this firmware: as a request that cannot be parsed
            return refuse(self._format, NOT_UNDERSTOOD, INVALID)
        return answer(self._format, request.id, data)

    def _do(self, operation: Operation) -> bytes | None:
        """What it answers; None: this firmware has no such thing."""
        match operation:
            case I2CFrequency():
                return b""
            case I2CWrite(address, data):
                self.bus.write(address, data)
                return b""
            case I2CRead(address, size):
                return self.bus.read(address, size)
            case I2CWriteRead(address, data, size):
                return self.bus.write_read(address, data, size)
            case Gpio(pin, level):
                return self._gpio(pin, level)
            case Adc(0x50):
                return min(_ADC_FULL, round(self._vdd_v() / _ADC_FULL_V * _ADC_FULL)).to_bytes(2, "little")
            case Fan(percent) if self._fan is not None:
                return self._turn(self._fan, percent)
            case Led() if self._format is Format.V1:
                return b""
            case Bridge(0x01) if self._format is Format.BONANZA:
                return _INFO
            case _:
                return None

    def _gpio(self, number: int, level: bool | None) -> bytes | None:
        pin = self._pins.get(number)
        if pin is None:
            return None
        if level is not None:
            if pin.drive is None:
                return None
            pin.drive(level)
        return bytes((pin.level(),))

    def _turn(self, fan: FanLine, percent: int | None) -> bytes:
        if percent is None:
            return round(fan.rpm()).to_bytes(2, "little")
        fan.drive(percent / 100)
        return b""
