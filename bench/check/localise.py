"""From what was found to what is wrong: which part, by what evidence, and what to look at first.

Errors are told apart by type, counts by units. What follows from another finding is not told beside it: the cores of a
dead chip, the false nonces of a noisy line, the low rate of either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...hw.errors import ChipReset, ChipsMissing, Mute
from . import units
from .causes import cut, of_error
from .counting import soaked
from .evidence import Evidence
from .hints import finding
from .result import Finding, Step
from .units import Unit

_OVER_AND_OVER = 8  # times in succession, of one chip
_MOST_UNITS = 16  # that are named one by one


def findings(e: Evidence, steps: Sequence[Step]) -> list[Finding]:
    """Likeliest causes first. Empty: nothing was found."""
    failed = {step.name: step for step in steps if step.verdict == "fail"}
    found = [*of_error(e), *_of_coming_up(e, failed), *_of_nonces(e, failed), *_of_senses(e, failed)]
    if any(each.code == "address-stuck" for each in found):  # of chips that do the same work the first is heard
        found = [each for each in found if each.code != "dead-chip"]
    if not found and "soak" in failed:
        found = [*_of_soak(e)]
    if not found:
        found = [
            finding("low-rate", "", str(failed[name].measured)) for name in ("hash rate", "soak") if name in failed
        ]
    if (step := failed.get("power off")) is not None:
        found.insert(0, finding("not-off", "", f"{step.measured} {step.unit}"))
    return list({(each.code, each.where): each for each in reversed(found)}.values())[::-1]


# What showed while it came up


def _of_coming_up(e: Evidence, failed: dict[str, Step]) -> Iterator[Finding]:
    for name, code, where in (
        ("core voltage comes", "slow-start", "core voltage"),
        ("fan", "bad-fan", "fan"),
        ("input voltage", "bad-supply", "input"),
    ):
        step = failed.get(name)
        if step is not None and e.failure is None:
            yield finding(code, where, f"{step.measured} {step.unit}; {step.bound}")
    if e.failure is not None:
        return
    if (step := failed.get("chips, slow line")) is not None and e.tries:
        error = e.tries[0].error
        if isinstance(error, ChipsMissing):
            yield cut(e, len(error.ids))
        else:
            yield finding("slow-start", "", f"{step.measured} answer")
    if (step := failed.get("chips, fast line")) is not None and "line" not in failed:
        yield finding("noisy-line", f"at {e.row.fast_baud} baud", f"{step.measured} of {step.expected} chips answer")


# What the nonces tell


def _of_nonces(e: Evidence, failed: dict[str, Step]) -> Iterator[Finding]:
    c = e.counts
    if c is None:
        return
    stuck = [chip for chip, times in e.runs.items() if times >= _OVER_AND_OVER]
    yield from (
        finding("stuck-nonce", f"chip {chip or 0}", f"one nonce {e.runs[chip]} times in succession") for chip in stuck
    )
    gone = units.dead(units.chips(e.row, c)) if _was_heard(e) else []
    if "repeats" in failed and not stuck and not _was_reset(e):  # after a reset all have the same address
        code = "address-stuck" if gone and e.chips > 1 else "duplicate-nonces"
        yield finding(code, "", f"{failed['repeats'].measured} come again")
        if code == "address-stuck":
            return
    if "line" in failed and not _was_reset(e):  # after a reset it speaks at another speed
        yield finding("noisy-line", "", f"{failed['line'].measured} of the frames broken")
    if e.failure is None and not stuck:
        yield from _of_units(e, failed)
    if "errors" in failed and not stuck and "line" not in failed:
        yield finding("hash-errors", _worst(e), str(failed["errors"].measured))
    if "counter" in failed and not failed.keys() & {"hash rate", "errors", "repeats", "line"}:
        yield finding("lying-counter", "", f"nonces say {failed['counter'].measured} of what it counts")


def _was_heard(e: Evidence) -> bool:
    """To the end of the window: what gave no nonce in it was silent all along."""
    error = e.failure
    return error is None or (isinstance(error, Mute) and error.because == "hash nothing")


def _was_reset(e: Evidence) -> bool:
    error = e.failure
    return isinstance(error, ChipReset) or (isinstance(error, Mute) and error.because == "reset")


def _of_units(e: Evidence, failed: dict[str, Step]) -> Iterator[Finding]:
    """What is dead, from the largest down, without what lies in it; then what is weak, where that does not say why."""
    c = e.counts
    assert c is not None
    levels = [
        (word, every)
        for word, step, every in (
            ("domain", "domains", units.domains(e.row, c)),
            ("chip", "chips", units.chips(e.row, c) if e.chips > 1 else []),
            ("core", "cores", units.cores(e.row, c)),
        )
        if step in failed
    ]
    told, new = list[Unit](), dict[str, list[Unit]]()
    alive = _alive_cores(e) if "line" in failed else set[str]()  # a line that loses jobs makes cores silent meanwhile
    for word, unit in sorted(
        ((word, unit) for word, every in levels for unit in units.dead(every)), key=lambda pair: -pair[1].size
    ):
        if unit.where not in alive and not any(whole.contains(unit) for whole in told):
            told.append(unit)
            new.setdefault(f"dead-{word}", []).append(unit)
    for word, every in levels:
        for unit in units.weak(every, e.limits.unit_least):
            if not _is_told(unit, told):
                told.append(unit)
                new.setdefault(f"weak-{word}", []).append(unit)
    for code, found in new.items():
        yield from _each(code, found)
    slow = "hash rate" in failed and not told  # as a whole: it comes too late to what is known
    if "line" not in failed and not slow:  # a line loses patterns on their way to the chips, too
        yield from _without_pattern(e, told)


def _is_told(unit: Unit, told: Sequence[Unit]) -> bool:
    """It lies in one that is, or one that is lies in it."""
    return any(other.contains(unit) or unit.contains(other) for other in told)


def _alive_cores(e: Evidence) -> set[str]:
    """Those that found the nonce that is known to be theirs."""
    return {one.where for one in e.patterns or () if one.state == "found" and one.spot[1] is not None}


def _without_pattern(e: Evidence, told: Sequence[Unit]) -> Iterator[Finding]:
    """Cores that do not find the nonce that is known to be theirs: weak if they find others, dead if they find none."""
    assert e.counts is not None
    table = units.counted(e.row, e.counts)
    for one in e.patterns or ():
        chip, core = one.spot
        cores = None if core is None else range(core, core + 1)
        unit = Unit(one.where, 0, 0.0, range(chip, chip + 1), cores)
        if one.state != "found" and not units.is_runt(e.row, core) and not _is_told(unit, told):
            told = [*told, unit]
            if len(told) <= _MOST_UNITS:
                valid, due = (table.valid[chip][core or 0], table.expected[chip][core or 0]) if table else (0, 0.0)
                yield finding(
                    f"{'weak' if valid or one.others else 'dead'}-{'chip' if core is None else 'core'}",
                    one.where,
                    f"does not find its own nonce in {one.tries} tries; {one.others} others meanwhile, and "
                    f"{valid} of {due:.1f} due in the window",
                )


def _each(code: str, found: Sequence[Unit]) -> Iterator[Finding]:
    for unit in found[:_MOST_UNITS]:
        yield finding(code, unit.where, f"{unit.valid} nonces, {unit.expected:.1f} were due")
    if len(found) > _MOST_UNITS:
        rest = found[_MOST_UNITS:]
        yield finding(code, f"{len(rest)} more", ", ".join(unit.where for unit in rest))


def _of_soak(e: Evidence) -> Iterator[Finding]:
    """What only so many nonces could show."""
    codes = dict[str, list[Unit]]()
    for unit in soaked(e):
        code = f"{'weak' if unit.valid else 'dead'}-{'chip' if unit.cores is None else 'core'}"
        codes.setdefault(code, []).append(unit)
    for code, found in codes.items():
        yield from _each(code, found)


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
            yield finding(code, where, f"{step.measured} {step.unit}; {step.bound}".strip())
