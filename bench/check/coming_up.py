"""Steps that are judged while a board is brought up: what answers, what it senses, what comes, who is on the line.

Each takes the evidence and gives its answer; None: it has not come so far. That a step failed because the board gave up
there is attribution.py's to say.
"""

from __future__ import annotations

from ...hw.errors import Enumeration, WrongChips
from ...hw.limits import Reading
from .evidence import Evidence
from .judged import Judged, absent, passes

_PLL_WITHIN = 0.004  # of what was asked: the PLL's own grid
_NO_SENSORS = "it has no sensors"


def identify(e: Evidence) -> Judged | None:
    """It answers as the board that it is said to be, each part of it."""
    if not e.stages:
        return None
    return Judged(e.row.title, e.row.title, "", "its port opens, and every part answers", "pass")


def sensors(e: Evidence) -> Judged | None:
    if not e.row.watched:
        return absent(_NO_SENSORS)
    if e.cold is None:
        return None
    bound = "each tells something within its limits"
    return Judged("all", _told(e.cold), "", bound, "pass")


def fan(e: Evidence) -> Judged | None:
    least = e.limits.fan_rpm
    if not e.row.watched or least is None:
        return absent("it has no fan that tells its speed")
    if e.cold is None:
        return None
    rpm = e.cold.fan_rpm
    if rpm is None:
        return absent("its fan does not tell its speed")
    return Judged(least, round(rpm), "rpm", f"at full speed {least:g} or more", passes(rpm >= least))


def supply(e: Evidence) -> Judged | None:
    low, high = e.limits.input_least_v, e.limits.input_most_v
    if not e.row.watched or low is None or high is None:
        return absent("it does not measure its input")
    if e.cold is None:
        return None
    if (volts := e.cold.input_v) is None:
        return absent("it does not measure its input")
    bound = f"{low:g} to {high:g} V"
    return Judged(round((low + high) / 2, 3), round(volts, 3), "V", bound, passes(low <= volts <= high))


def rail(e: Evidence) -> Judged | None:
    """How long the core voltage takes: from when it was asked for, or from when reset let go of a regulator."""
    if e.row.link == "serial":
        return absent("its core voltage is not in our hands")
    begin, end = e.stages.get("held"), e.stages.get("rail" if e.point.volts is not None else "released")
    if begin is None or end is None:
        return None
    most = e.limits.rail_s
    if e.point.volts is None and not e.row.watched:
        return absent("its core voltage is set by a screw, and not measured")
    return Judged(most, round(end - begin, 2), "s", f"there within {most:g} s", passes(end - begin <= most))


def enumerate_slow(e: Evidence) -> Judged | None:
    """At the line's first speed. What came at the second try only is told; on a clean line the smaller number counts,
    as on the manufacturers' fixtures."""
    if e.row.chip is None:
        return absent("it has no chips that can be counted")
    bound = f"all {e.chips}, each a {e.row.chip.name}, at {e.row.baud} baud"
    if isinstance(e.failure, Enumeration):
        return Judged(e.chips, _counted(e.failure), "chips", bound, "fail")
    if "counted" not in e.stages:
        return None
    first = next((each.error for each in e.tries if isinstance(each.error, Enumeration)), None)
    if first is None:
        return Judged(e.chips, e.chips, "chips", bound, "pass")
    if e.broken is not None and e.broken.k:  # the line, which has a step of its own
        return Judged(e.chips, f"{e.chips} at the second try", "chips", bound, "pass")
    return Judged(e.chips, f"{_counted(first)}, and {e.chips} at the second try", "chips", bound, "fail")


def _counted(error: Enumeration) -> str:
    """2, chip 2 is the first that is missing; 3, as BM1366."""
    if isinstance(error, WrongChips):
        return f"{len(error.ids)}, as {', '.join(sorted({f'BM{id:04X}' for id in error.ids}))}"
    if len(error.ids) >= error.expected:
        return str(len(error.ids))
    return f"{len(error.ids)}, chip {len(error.ids)} is the first that is missing"


def addresses(e: Evidence) -> Judged | None:
    if e.row.chip is None or e.chips == 1:
        return absent("a lone chip needs none" if e.row.chip is not None else "it has no registers")
    if e.row.chip.job == "bm1387":
        return absent("chips of this kind do not tell theirs")
    if "addressed" not in e.stages:
        return None
    return Judged(e.chips, e.chips, "chips", "each takes its own", "pass")


def ramp(e: Evidence) -> Judged | None:
    if e.row.chip is None:
        return absent("its clock cannot be set")
    if "ramped" not in e.stages or e.mhz is None:
        return None
    near = abs(e.mhz - e.point.mhz) <= max(3.2, _PLL_WITHIN * e.point.mhz)
    return Judged(e.point.mhz, round(e.mhz, 3), "MHz", "in steps of 6.25 MHz, as near as its PLL comes", passes(near))


def enumerate_fast(e: Evidence) -> Judged | None:
    """Again at the speed that it works at."""
    if e.row.chip is None:
        return absent("it has no chips that can be counted")
    if e.row.fast_baud is None:
        return absent("its line has one speed")
    if e.fast_ids is None:
        return None
    bound = f"all {e.chips}, each a {e.row.chip.name}, at {e.row.fast_baud} baud"
    good = len(e.fast_ids) == e.chips and set(e.fast_ids) == {e.row.chip.id}
    return Judged(e.chips, len(e.fast_ids), "chips", bound, passes(good))


def registers(e: Evidence) -> Judged | None:
    """Ids and clocks as the chips hold them."""
    if e.row.chip is None:
        return absent("it has no registers")
    if e.row.chip.job == "bm1387":
        return absent("chips of this kind do not tell which register they answer")
    if not e.registers:
        return None
    chip = e.row.chip
    good = [
        address
        for address, (id, mhz) in e.registers.items()
        if id == chip.id and mhz is not None and e.mhz is not None and abs(mhz - e.mhz) <= 0.01 * e.mhz
    ]
    bound = f"each reads {chip.name} and {e.point.mhz:g} MHz"
    return Judged(e.chips, len(good), "chips", bound, passes(len(good) == e.chips))


def power_off(e: Evidence) -> Judged | None:
    """Off, and read back by a new look at it."""
    if e.row.link == "serial":
        return absent("nothing on it can be switched: switch its supply off")
    if not e.powered:
        return absent("it was never switched on")
    bound = "reset held and core voltage off, or as low as it goes, read back"
    if e.off is None:
        return Judged("off", e.off_error or None, "", bound, "inconclusive") if e.off_error else None
    if (volts := e.off.rail_v) is None or e.point.volts is None:
        return Judged("off", "reset held", "", bound, "pass")
    most = 0.1 * e.point.volts * e.row.domains
    return Judged(0.0, round(volts, 3), "V", bound, passes(volts <= most))


def _told(reading: Reading) -> str:
    figures = (
        (reading.chip_c, "chip", "°C"),
        (reading.vr_c, "regulator", "°C"),
        (reading.board_c, "board", "°C"),
        (reading.input_v, "input", "V"),
        (reading.fan_rpm, "fan", "rpm"),
    )
    return ", ".join(f"{what} {value:.4g} {unit}" for value, what, unit in figures if value is not None) or "nothing"


def short(error: Exception, name: str) -> str:
    """Its text without the board's name, which stands above it."""
    return str(error).removeprefix(name).removeprefix(": ").strip()
