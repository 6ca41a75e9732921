"""From what was found to what is wrong: which part, by what evidence, and what to look at first.

Errors are told apart by type, counts by units. What follows from another finding is not told beside it: the cores of a
dead chip, the false nonces of a noisy line, the low rate of either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...engine.errors import DeviceAbsent
from ...hw.errors import (
    AddressStuck,
    BusDead,
    ChipReset,
    ChipsMissing,
    ControlSilent,
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
from .hints import HINTS
from .result import Finding, Step
from .units import Unit

_OVER_AND_OVER = 8  # times in succession, of one chip
_UNFIT = {
    "chip": ("overheat", "chip"),
    "regulator": ("overheat", "regulator"),
    "watts": ("over-power", ""),
    "input": ("bad-supply", "input"),
    "fan": ("bad-fan", "fan"),
    "sensor": ("bad-sensor", "sensor"),
    "frozen": ("bad-sensor", "sensor"),
}
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
_MOST_UNITS = 16  # that are named one by one


def findings(e: Evidence, steps: Sequence[Step]) -> list[Finding]:
    """Likeliest causes first. Empty: nothing was found."""
    failed = {step.name: step for step in steps if step.verdict == "fail"}
    found = [*_of_error(e), *_of_coming_up(e, failed), *_of_nonces(e, failed), *_of_senses(e, failed)]
    if not found:
        found = [
            _finding("low-rate", "", str(failed[name].measured)) for name in ("hash rate", "soak") if name in failed
        ]
    if (step := failed.get("power off")) is not None:
        found.insert(0, _finding("not-off", "", f"{step.measured} {step.unit}"))
    return list({(each.code, each.where): each for each in reversed(found)}.values())[::-1]


def _finding(code: str, where: str, evidence: str) -> Finding:
    return Finding(code, where, evidence, HINTS[code])


# What ended it


def _of_error(e: Evidence) -> Iterator[Finding]:
    error = e.failure
    if error is None or isinstance(error, DeviceAbsent):
        return
    told = short(error, e.name)
    match error:
        case Unfit():
            yield _finding(*_UNFIT[error.about], told)
        case NoChips():
            yield _finding("no-answer", "", f"0 of {e.chips} chips answer at {e.row.baud} baud{_rail(e)}")
        case WrongChips():
            yield from _wrong_chips(e, error)
        case ChipsMissing():
            yield _cut(e, len(error.ids))
        case AddressStuck():
            yield _finding("address-stuck", "", f"{error.taken} of {error.expected} chips have an address of their own")
        case RailFailed():
            measured = "nothing" if error.measured_v is None else f"{error.measured_v:.3f} V"
            yield _finding("bad-regulator", "core voltage", f"{measured}, asked for {error.asked_v:.3f} V")
        case ChipReset():
            yield _finding("brown-out", "", told)
        case Mute():
            yield from _mute(e, error, told)
        case Unplugged():
            yield _finding("unplugged", "", told)
        case ControlSilent():
            yield _finding("no-control", "", told)
        case BusDead():
            yield _finding("dead-bus", "I2C", told)
        case NoAnswer():
            code, where = _PARTS.get(error.address or 0, ("missing-part", "a part on I2C"))
            yield _finding(code, where, told)
        case NotIcarus():
            yield _finding("no-answer", "", told)
        case RegisterSilent():
            yield _finding("noisy-line", "", told)
        case _:
            pass  # it never got so far, or nobody knows


def _wrong_chips(e: Evidence, error: WrongChips) -> Iterator[Finding]:
    assert e.row.chip is not None
    others = [(index, id) for index, id in enumerate(error.ids) if id != e.row.chip.id]
    where = "" if len(others) == len(error.ids) else ", ".join(f"chip {index}" for index, _ in others)
    names = ", ".join(sorted({f"BM{id:04X}" for _, id in others}))
    yield _finding("wrong-chip", where, f"{len(others)} of {len(error.ids)} say {names}; takes {e.row.chip.name}")


def _cut(e: Evidence, answered: int) -> Finding:
    where = f"between chip {answered - 1} and chip {answered}"
    return _finding("cut-chain", where, f"{answered} of {e.chips} chips answer; missing from chip {answered} on")


def _mute(e: Evidence, error: Mute, told: str) -> Iterator[Finding]:
    if error.because == "reset":
        yield _finding("brown-out", "", told)
    elif error.because == "silent":
        yield _finding("falls-silent" if "counted" in e.stages else "no-answer", "", told)
    elif e.chips == 1:
        yield _finding("dead-chip", "chip 0", told)
    else:
        yield _finding("dead-chip", f"all {e.chips} chips", told)


def _rail(e: Evidence) -> str:
    volts = [one.reading.rail_v for one in e.felt if one.reading.rail_v is not None]
    return f"; core voltage {max(volts):.3f} V" if volts else ""


# What showed while it came up


def _of_coming_up(e: Evidence, failed: dict[str, Step]) -> Iterator[Finding]:
    for name, code, where in (
        ("core voltage comes", "slow-start", "core voltage"),
        ("fan", "bad-fan", "fan"),
        ("input voltage", "bad-supply", "input"),
    ):
        step = failed.get(name)
        if step is not None and e.failure is None:
            yield _finding(code, where, f"{step.measured} {step.unit}; {step.bound}")
    if e.failure is not None:
        return
    if (step := failed.get("chips, slow line")) is not None and e.tries:
        error = e.tries[0].error
        if isinstance(error, ChipsMissing):
            yield _cut(e, len(error.ids))
        else:
            yield _finding("slow-start", "", f"{step.measured} answer")
    if (step := failed.get("chips, fast line")) is not None:
        yield _finding("noisy-line", f"at {e.row.fast_baud} baud", f"{step.measured} of {step.expected} chips answer")


# What the nonces tell


def _of_nonces(e: Evidence, failed: dict[str, Step]) -> Iterator[Finding]:
    c = e.counts
    if c is None:
        return
    stuck = [chip for chip, times in e.runs.items() if times >= _OVER_AND_OVER]
    yield from (
        _finding("stuck-nonce", f"chip {chip or 0}", f"one nonce {e.runs[chip]} times in succession") for chip in stuck
    )
    gone = [] if e.failure is not None else units.dead(units.chips(e.row, c))
    if "repeats" in failed and not stuck:
        code = "address-stuck" if gone and e.chips > 1 else "duplicate-nonces"
        yield _finding(code, "", f"{failed['repeats'].measured} come again")
        if code == "address-stuck":
            return
    if "line" in failed and not _was_reset(e):  # after a reset it speaks at another speed
        yield _finding("noisy-line", "", f"{failed['line'].measured} of the frames broken")
    if e.failure is None and not stuck:
        yield from _of_units(e, failed)
    if "errors" in failed and not stuck and "line" not in failed:
        yield _finding("hash-errors", _worst(e), str(failed["errors"].measured))
    if "counter" in failed and not failed.keys() & {"hash rate", "errors", "repeats", "line"}:
        yield _finding("lying-counter", "", f"nonces say {failed['counter'].measured} of what it counts")


def _was_reset(e: Evidence) -> bool:
    error = e.failure
    return isinstance(error, ChipReset) or (isinstance(error, Mute) and error.because == "reset")


def _of_units(e: Evidence, failed: dict[str, Step]) -> Iterator[Finding]:
    """From the largest that is dead down: what lies in it is not told."""
    c, least = e.counts, e.limits.unit_least
    assert c is not None
    told: list[str] = []
    several = (
        ("domain", "domains", units.domains(e.row, c)),
        ("chip", "chips", units.chips(e.row, c) if e.chips > 1 else []),
        ("core", "cores", units.cores(e.row, c)),
    )
    for word, step, every in several:
        if step not in failed:
            continue
        for code, bad in ((f"dead-{word}", units.dead(every)), (f"weak-{word}", units.weak(every, least))):
            new = [unit for unit in bad if not any(_lies_in(unit, e, whole) for whole in told)]
            told += [unit.where for unit in new]
            yield from _each(code, new)
    if "patterns" in failed and e.patterns:
        missed = [one for one in e.patterns if one.state != "found"]
        rest = [one for one in missed if not any(_lies_in(Unit(one.where, 0, 0.0), e, whole) for whole in told)]
        for one in rest[:_MOST_UNITS]:
            yield _finding(
                "weak-core", one.where, f"does not find its own nonce in {one.tries} tries, {one.others} others"
            )


def _each(code: str, found: Sequence[Unit]) -> Iterator[Finding]:
    for unit in found[:_MOST_UNITS]:
        yield _finding(code, unit.where, f"{unit.valid} nonces, {unit.expected:.1f} were due")
    if len(found) > _MOST_UNITS:
        rest = found[_MOST_UNITS:]
        yield _finding(code, f"{len(rest)} more", ", ".join(unit.where for unit in rest))


def _lies_in(unit: Unit, e: Evidence, whole: str) -> bool:
    """Whether a unit is the one of that name, or a part of it."""
    if unit.where == whole or unit.where.startswith(f"{whole}, "):
        return True
    chip, _, rest = unit.where.partition(",")
    number = int(chip.rpartition(" ")[2])
    if whole.startswith("domain "):
        size = e.chips // e.row.domains
        return chip.startswith("chip") and number // size == int(whole.split()[1])
    if "hash domain" in whole and "core" in rest and whole.startswith(f"{chip},"):
        assert e.row.chip is not None
        parts = len(e.row.chip.counters.domains)
        return int(rest.split()[1]) * parts // e.row.chip.cores == int(whole.rpartition(" ")[2])
    return False


def _worst(e: Evidence) -> str:
    """The chip that most of the false nonces came from, where there are several."""
    assert e.counts is not None
    false = e.counts.false_by_chip
    if e.chips == 1 or not false:
        return ""
    chip = max(false, key=lambda one: false[one])
    return f"chip {chip}" if chip is not None and false[chip] > sum(false.values()) / 2 else ""


# What the sensors tell


def _of_senses(e: Evidence, failed: dict[str, Step]) -> Iterator[Finding]:
    if e.failure is not None:
        return
    for name, code, where in (
        ("temperature", "overheat", "chip"),
        ("regulator temperature", "overheat", "regulator"),
        ("sensors move", "bad-sensor", "sensor"),
        ("power", "over-power", ""),
        ("core voltage", "bad-regulator", "core voltage"),
    ):
        if (step := failed.get(name)) is not None:
            yield _finding(code, where, f"{step.measured} {step.unit}; {step.bound}".strip())
