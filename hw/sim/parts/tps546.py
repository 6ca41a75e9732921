"""TPS546D24A or S: a regulator with its own judgement, spoken to by PMBus.

Sources: the fact sheet's section "I2C parts" for codes, units and the id; PMBus 1.3 part II for the bits of STATUS;
TI's tables of its sisters TPS546B24S and TPS546B26 for the reset values and for what is relative. What is in no source:
the level of its CONTROL pin, taken as inactive, so that a host has to allow OPERATION in ON_OFF_CONFIG before it is
obeyed; and the pin straps' voltage. Both unproven on hardware. Left out: delays and ramps (the output follows at
once), margins, PEC, the memory behind STORE, retries after a fault (it stays off until it is told off and on again).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from .bus import Nack

DEVICE_ID = bytes.fromhex("54 49 54 6D 24 41")  # …62 on another lot

_BYTES = (0x01, 0x02, 0x04, 0x10, 0x19, 0x20, 0x41, 0x45, 0x47, 0x50, 0x56, 0x5A, 0x63, 0xE4)
_BYTES_STATUS = (0x78, 0x7A, 0x7B, 0x7C, 0x7D, 0x7E, 0x80)
_WORDS = (0x21, 0x22, 0x24, 0x25, 0x26, 0x27, 0x29, 0x2B, 0x33, 0x35, 0x36, 0x37, 0x38, 0x39, 0x40, 0x42, 0x43, 0x44)
_WORDS_MORE = (0x46, 0x4A, 0x4F, 0x51, 0x55, 0x58, 0x60, 0x61, 0x62, 0x64, 0x65, 0xEC, 0xED, 0xEE)
_WORDS_READ = (0x79, 0x88, 0x8B, 0x8C, 0x8D)
_SIZES: dict[int, int] = {
    **dict.fromkeys((*_BYTES, *_BYTES_STATUS), 1),
    **dict.fromkeys((*_WORDS, *_WORDS_MORE, *_WORDS_READ), 2),
    0xB1: 6,  # COMPENSATION_CONFIG: a block, its length first
}
_READ_ONLY = frozenset((0x19, 0x20, 0xAD, *_BYTES_STATUS, *_WORDS_READ))
_SENT = frozenset((0x03, 0x15, 0x16))  # a command alone: clear faults, store, restore

# STATUS_BYTE and the high byte of STATUS_WORD (PMBus 17.1, 17.2)
_OFF, _VOUT_OV, _IOUT_OC, _VIN_UV, _TEMPERATURE, _CML, _OTHER = 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01
_HIGH_VOUT, _HIGH_IOUT, _HIGH_INPUT, _HIGH_POWER_BAD = 0x80, 0x40, 0x20, 0x08


@dataclass(frozen=True, slots=True)
class Felt:
    """What it measures: V, V, A, °C."""

    input_v: Callable[[], float]
    output_v: Callable[[], float]
    output_a: Callable[[], float]
    own_c: Callable[[], float]


class TPS546:
    """It `drive`s its output to the voltage that it wants, by what `step` finds.

    vout_mode: bits 0..4 the exponent of output voltages, bit 7 that limits of them are parts of the command.
    """

    def __init__(
        self, felt: Felt, drive: Callable[[float], None], vout_mode: int = 0x97, device_id: bytes = DEVICE_ID
    ) -> None:
        self._felt, self._drive, self._id = felt, drive, device_id
        self._pointer = 0
        self._target_v = 0.0
        self._tripped = self._fed = False
        self._risen = False  # the output came near its target since it was switched on: from now on it may not sag
        self._status = {0x7A: 0, 0x7B: 0, 0x7C: 0, 0x7D: 0, 0x7E: 0, 0x80: 0}
        self._stored = {command: b"\0" * size for command, size in _SIZES.items()}
        self._stored |= {0x01: b"\x04", 0x02: b"\x16", 0x04: b"\xff", 0x19: b"\xd0", 0x20: bytes((vout_mode,))}
        for command, volts in ((0x21, 0.8), (0x24, 1.5), (0x2B, 0.5)):
            self._stored[command] = self._vout(volts)
        for command, part in ((0x40, 1.25), (0x42, 1.15), (0x43, 0.85), (0x44, 0.75)):
            self._stored[command] = self._vout(part if self._relative else 0.8 * part)
        wide = {0x29: 0.5, 0x35: 2.75, 0x36: 2.5, 0x55: 21, 0x46: 52, 0x4A: 40, 0x4F: 150, 0x51: 125}
        self._stored |= {command: slinear11(value) for command, value in wide.items()}

    # The bus

    def write(self, data: bytes) -> None:
        if not data:
            return
        command, value = data[0], data[1:]
        self._pointer = command
        if command in _SENT:
            self._send(command, value)
            return
        if command not in _SIZES and command != 0xAD:
            raise self._refuse(0x80)  # a command that is not supported
        if not value:
            return  # a read follows
        if command in _READ_ONLY or len(value) != _SIZES[command]:
            raise self._refuse(0x40)  # data that is not supported
        self._stored[command] = value
        if command == 0x01 and not value[0] & 0x80:  # commanded off: the way out of a fault
            self._tripped = False
        self._regulate()

    def read(self, size: int) -> bytes:
        return self._value(self._pointer).ljust(size, b"\xff")[:size]

    def _value(self, command: int) -> bytes:
        match command:
            case 0x78:
                return self._word()[:1]
            case 0x79:
                return self._word()
            case 0x7A | 0x7B | 0x7C | 0x7D | 0x7E | 0x80:
                return bytes((self._status[command],))
            case 0x88:
                return slinear11(self._felt.input_v(), -5)
            case 0x8B:
                return self._vout(self._felt.output_v())
            case 0x8C:
                return slinear11(self._felt.output_a(), -4)
            case 0x8D:
                return slinear11(self._felt.own_c(), -2)
            case 0xAD:
                return bytes((len(self._id),)) + self._id
            case _:
                return self._stored.get(command, b"")

    def _send(self, command: int, value: bytes) -> None:
        if value:
            raise self._refuse(0x40)
        if command == 0x03:
            self._status = dict.fromkeys(self._status, 0)
            self._regulate()  # what is still wrong shows again

    def _refuse(self, bit: int) -> Nack:
        self._status[0x7E] |= bit
        return Nack()

    def _word(self) -> bytes:
        """Low byte first. OFF and POWER_GOOD# say how it is; the others are remembered until they are cleared."""
        vout, iout, vin, heat, cml = (self._status[command] for command in (0x7A, 0x7B, 0x7C, 0x7D, 0x7E))
        low = _OFF * (not self._target_v) | _VOUT_OV * bool(vout & 0x80) | _IOUT_OC * bool(iout & 0x80)
        low |= _VIN_UV * bool(vin & 0x10) | _TEMPERATURE * bool(heat) | _CML * bool(cml)
        high = _HIGH_VOUT * bool(vout) | _HIGH_IOUT * bool(iout) | _HIGH_INPUT * bool(vin)
        low |= _OTHER * bool(high)
        power_bad = not (self._target_v and self._risen)
        return bytes((low, high | _HIGH_POWER_BAD * power_bad))

    # The regulator

    def step(self) -> None:
        """Judge the output, then regulate anew. Whenever time has passed: the output needs some to follow."""
        if self._target_v:
            self._watch_output()
        self._regulate()

    def _regulate(self) -> None:
        """Look at the input, the load and the heat, and give or take the output."""
        felt = self._felt
        volts, amperes, celsius = felt.input_v(), felt.output_a(), felt.own_c()
        self._fed = volts >= self._limit(0x36) if self._fed else volts >= self._limit(0x35)
        self._warn(0x7C, 0x08, self._wanted and not self._fed)
        self._warn(0x7B, 0x20, amperes > self._limit(0x4A))
        self._warn(0x7D, 0x40, celsius > self._limit(0x51))
        self._trip(0x7C, 0x80, volts > self._limit(0x55))
        self._trip(0x7B, 0x80, amperes > self._limit(0x46))
        self._trip(0x7D, 0x80, celsius > self._limit(0x4F))
        target_v = self._target() if self._wanted and self._fed and not self._tripped else 0.0
        if target_v != self._target_v:
            self._target_v, self._risen = target_v, False
        self._drive(target_v)

    def _target(self) -> float:
        """VOUT_COMMAND within VOUT_MIN and VOUT_MAX."""
        volts = self._volts(0x21)
        within = min(max(volts, self._volts(0x2B)), self._volts(0x24))
        self._warn(0x7A, 0x08, within != volts)
        return within

    def _watch_output(self) -> None:
        volts, target = self._felt.output_v(), self._target_v
        self._risen = self._risen or volts >= 0.95 * target
        if not self._risen:  # soft start is no undervoltage
            return
        scale = target if self._relative else 1.0
        self._trip(0x7A, 0x80, volts > self._volts(0x40) * scale > 0)
        self._warn(0x7A, 0x40, volts > self._volts(0x42) * scale > 0)
        self._warn(0x7A, 0x20, volts < self._volts(0x43) * scale)
        if volts < self._volts(0x44) * scale:  # it goes on regulating, and says so
            self._status[0x7A] |= 0x10
            self._risen = False

    @property
    def _wanted(self) -> bool:
        """By ON_OFF_CONFIG: bit 4 not always, bit 3 OPERATION counts, bit 2 the CONTROL pin does, which is inactive."""
        config = self._stored[0x02][0]
        if not config & 0x10:
            return True
        commanded = bool(config & 0x08) and bool(self._stored[0x01][0] & 0x80)
        return commanded and not config & 0x04

    @property
    def _relative(self) -> bool:
        return bool(self._stored[0x20][0] & 0x80)

    def _warn(self, status: int, bit: int, wrong: bool) -> None:
        if wrong:
            self._status[status] |= bit

    def _trip(self, status: int, bit: int, wrong: bool) -> None:
        if wrong:
            self._status[status] |= bit
            self._tripped = True

    # Numbers

    def _limit(self, command: int) -> float:
        return from_slinear11(self._stored[command])

    def _volts(self, command: int) -> float:
        return float(int.from_bytes(self._stored[command], "little") * 2.0**self._exponent)

    def _vout(self, volts: float) -> bytes:
        return max(0, min(0xFFFF, round(volts / 2.0**self._exponent))).to_bytes(2, "little")

    @property
    def _exponent(self) -> int:
        return _signed(self._stored[0x20][0] & 0x1F, 5)


def slinear11(value: float, exponent: int | None = None) -> bytes:
    """An exponent of 5 bits and a mantissa of 11, both signed, low byte first. Without an exponent: the finest."""
    if exponent is None:
        exponent = next(e for e in range(-16, 16) if abs(value / 2.0**e) < 1023)
    mantissa = max(-1024, min(1023, round(value / 2.0**exponent)))
    return ((exponent & 0x1F) << 11 | mantissa & 0x7FF).to_bytes(2, "little")


@lru_cache(maxsize=256)  # the same few limits, over and over
def from_slinear11(word: bytes) -> float:
    raw = int.from_bytes(word, "little")
    return float(_signed(raw & 0x7FF, 11) * 2.0 ** _signed(raw >> 11, 5))


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value
