"""From the error that ended a check to what is wrong: by its type and its figures, never by its text."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.errors import DeviceAbsent
from ...hw.chips.table import CHIPS
from ...hw.errors import (
    AddressStuck,
    BusDead,
    ChipReset,
    ChipsMissing,
    ControlSilent,
    Enumeration,
    Mute,
    NoChips,
    NotIcarus,
    RailFailed,
    RegisterSilent,
    Unplugged,
    WrongChips,
)
from ...hw.parts.bus import NoAnswer
from ...hw.watch import Unfit
from . import units
from .coming_up import short
from .evidence import Evidence
from .hints import finding
from .result import Finding

_FLIPPED = 2  # bits of a name; more are another name

_UNFIT = {
    "chip": ("overheat", "chip"),
    "regulator": ("overheat", "regulator"),
    "watts": ("over-power", ""),
    "input": ("bad-supply", "input"),
    "fan": ("bad-fan", "fan"),
    "sensor": ("bad-sensor", "sensor"),
    "frozen": ("bad-sensor", "sensor"),
}
_LEAST_ANSWER = 5  # bytes that are left of an answer of 7 to 11 that came broken
_PARTS = {  # by I2C address
    0x24: ("bad-regulator", "regulator TPS546 (24)"),
    0x48: ("bad-regulator", "DAC of the core voltage, DS4432U (48)"),
    0x40: ("missing-part", "power meter INA260 (40)"),
    0x4A: ("bad-sensor", "thermometer TMP1075 (4A)"),
    0x4B: ("bad-sensor", "thermometer TMP1075 (4B)"),
    0x4C: ("missing-part", "fan controller EMC2101 (4C)"),
    0x2E: ("missing-part", "fan controller EMC2103 (2E)"),
    0x2F: ("missing-part", "fan controller EMC2302 (2F)"),
}


def of_error(e: Evidence) -> Iterator[Finding]:
    error = e.failure
    if error is None or isinstance(error, DeviceAbsent):
        return
    told = short(error, e.name)
    match error:
        case Unfit():
            yield finding(*_UNFIT[error.about], told)
        case NoChips() | ChipsMissing() if _is_garbled(error):
            told = f"{len(error.ids)} of {e.chips} chips answer at {e.row.baud} baud; {error.broken} bytes came broken"
            yield finding("noisy-line", "", told)
        case NoChips():
            yield finding("no-answer", "", f"0 of {e.chips} chips answer at {e.row.baud} baud{_rail(e)}")
        case WrongChips() if _is_misread(e, error):
            yield finding(
                "noisy-line", "", f"names that no chip has: {', '.join(f'{id:04X}' for id in _odd(e, error))}"
            )
        case WrongChips():
            yield from _wrong_chips(e, error)
        case ChipsMissing():
            yield cut(e, len(error.ids))
        case AddressStuck():
            yield finding("address-stuck", "", f"{error.taken} of {error.expected} chips have an address of their own")
        case RailFailed():
            measured = "nothing" if error.measured_v is None else f"{error.measured_v:.3f} V"
            yield finding("bad-regulator", "core voltage", f"{measured}, asked for {error.asked_v:.3f} V")
        case ChipReset():
            yield finding("brown-out", "", told)
        case Mute():
            yield from _mute(e, error, told)
        case Unplugged():
            yield finding("unplugged", "", told)
        case ControlSilent():
            yield finding("no-control", "", told)
        case BusDead():
            yield finding("dead-bus", "I2C", told)
        case NoAnswer():
            code, where = _PARTS.get(error.address or 0, ("missing-part", "a part on I2C"))
            yield finding(code, where, told)
        case NotIcarus():
            yield finding("no-answer", "", told)
        case RegisterSilent():
            yield finding("noisy-line", "", told)
        case _:
            pass  # it never got so far, or nobody knows


def _is_garbled(error: Enumeration) -> bool:
    """Whether as much came broken as those say who are missing; a stray byte after reset is nothing."""
    return error.broken >= _LEAST_ANSWER * max(1, error.expected - len(error.ids))


def _is_misread(e: Evidence, error: WrongChips) -> bool:
    """Whether each odd name is that of no other chip, and the right one with a bit or two flipped; or anything, where
    others have the right one and bytes came broken: answers without a preamble are read from their middle on, when a
    byte of them is lost (BM1387)."""
    assert e.row.chip is not None
    right, known = e.row.chip.id, {chip.id for chip in CHIPS.values()}
    shifted = right in error.ids and error.broken > 0
    return all(id not in known and (shifted or (id ^ right).bit_count() <= _FLIPPED) for id in _odd(e, error))


def _odd(e: Evidence, error: WrongChips) -> list[int]:
    """What else they call themselves, each once."""
    assert e.row.chip is not None
    return sorted(set(error.ids) - {e.row.chip.id})


def _wrong_chips(e: Evidence, error: WrongChips) -> Iterator[Finding]:
    assert e.row.chip is not None
    others = [(index, id) for index, id in enumerate(error.ids) if id != e.row.chip.id]
    where = "" if len(others) == len(error.ids) else ", ".join(f"chip {index}" for index, _ in others)
    names = ", ".join(sorted({f"BM{id:04X}" for _, id in others}))
    yield finding("wrong-chip", where, f"{len(others)} of {len(error.ids)} say {names}; takes {e.row.chip.name}")


def cut(e: Evidence, answered: int) -> Finding:
    where = f"between chip {answered - 1} and chip {answered}"
    return finding("cut-chain", where, f"{answered} of {e.chips} chips answer; missing from chip {answered} on")


def _mute(e: Evidence, error: Mute, told: str) -> Iterator[Finding]:
    if error.because == "reset":
        yield finding("brown-out", "", told)
    elif error.because == "silent":
        yield finding("falls-silent" if "counted" in e.stages else "no-answer", "", told)
    elif silent := units.dead(units.chips(e.row, e.counts)) if e.counts is not None else []:
        yield from (finding("dead-chip", unit.where, told) for unit in silent)  # it fell on them that all were silent
    else:
        yield finding("dead-chip", "chip 0" if e.chips == 1 else f"all {e.chips} chips", told)


def _rail(e: Evidence) -> str:
    volts = [one.reading.rail_v for one in e.felt if one.reading.rail_v is not None]
    return f"; core voltage {max(volts):.3f} V" if volts else ""
