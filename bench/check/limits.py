"""What a board is held to: its row's own limits, and this table's for the rest; each can be set for a bench.

    chip_c = 70          # at the top of the file: for all boards
    [bitaxe-gamma]
    watts = 25

Each limit has one side, the bad one: no board fails for hashing more, for taking less, or for staying cooler. None: the
board does not measure it, or its row has no limit. Temperatures, watts, volts and the fan's speed are also what the
watch switches off at, so that they can be lowered at will and raised only as far as the table says.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from ...engine.errors import InputError
from ...hw.boards.row import Row
from ...hw.limits import Limits
from ..decide.sprt import BAD, GOOD


class CheckLimits(msgspec.Struct, frozen=True, kw_only=True):
    chip_c: float | None = None
    vr_c: float | None = None
    watts: float | None = None
    input_least_v: float | None = None
    input_most_v: float | None = None
    fan_rpm: float | None = None  # at full speed, at least
    rail_s: float = 0.5  # for the core voltage to come; a TPS546 takes 3 ms
    rail_within: float = 0.10  # of the core voltage, under load (ESP-Miner's self test)
    rate_good: float = GOOD  # of the nominal rate, a board passes from here
    rate_bad: float = BAD  # and fails from here down
    unit_least: float = 0.8  # of what a chip, a domain or a core should give
    errors_good: float = 0.010  # part of the nonces that is false
    errors_bad: float = 0.035  # the ceiling of error-gated benchmarks of Bitaxes
    repeats_bad: float = 0.01  # part of the nonces that comes again; ours
    broken_bad: float = 0.006  # part of the frames that comes broken; ours
    counter_within: float = 0.05  # between the chips' own counters and their nonces; ours


# Of each: unit, the least and the most that can be asked for.
BOUNDS: Mapping[str, tuple[str, float, float]] = {
    "chip_c": ("°C", 30.0, 110.0),
    "vr_c": ("°C", 30.0, 125.0),
    "watts": ("W", 0.1, 10_000.0),
    "input_least_v": ("V", 0.1, 60.0),
    "input_most_v": ("V", 0.1, 60.0),
    "fan_rpm": ("rpm", 0.0, 30_000.0),
    "rail_s": ("s", 0.01, 60.0),
    "rail_within": ("of the voltage", 0.01, 0.5),
    "rate_good": ("of the nominal rate", 0.02, 1.0),
    "rate_bad": ("of the nominal rate", 0.01, 0.99),
    "unit_least": ("of what it should give", 0.01, 0.99),
    "errors_good": ("of the nonces", 0.0001, 0.9),
    "errors_bad": ("of the nonces", 0.001, 0.99),
    "repeats_bad": ("of the nonces", 0.002, 0.99),
    "broken_bad": ("of the frames", 0.002, 0.99),
    "counter_within": ("of the counted", 0.001, 0.9),
}
_PAIRS = (("rate_bad", "rate_good"), ("errors_good", "errors_bad"), ("input_least_v", "input_most_v"))


def limits_of(row: Row, file: Path | None = None, given: Iterable[str] = ()) -> CheckLimits:
    """Of the row; then what the file says, for all boards and for this one; then NAME=VALUE each. Raises InputError."""
    of = row.limits
    input_v = of.input_v or (None, None)
    limits = CheckLimits(
        chip_c=of.chip_c,
        vr_c=of.vr_c,
        watts=of.watts,
        input_least_v=input_v[0],
        input_most_v=input_v[1],
        fan_rpm=of.fan_rpm_least,
    )
    values: dict[str, float] = {}
    if file is not None:
        values |= _of_file(file, row.name)
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"--limit {text}: takes NAME=VALUE, NAME of {', '.join(BOUNDS)}")
        values[name] = _checked(f"--limit {text}", name, value)
    limits = msgspec.structs.replace(limits, **values)
    for least, most in _PAIRS:
        low, high = getattr(limits, least), getattr(limits, most)
        if low is not None and high is not None and not low < high:
            raise InputError(f"limits: {least} {low:g} and {most} {high:g}; the first takes less than the second")
    return limits


def held_to(row: Row, limits: CheckLimits) -> Row:
    """The row with these for its watch, where it has any."""
    if not row.watched:
        return row
    low, high = limits.input_least_v, limits.input_most_v
    input_v = (low, high) if low is not None and high is not None else None
    return replace(row, limits=Limits(limits.chip_c, limits.vr_c, limits.watts, input_v, limits.fan_rpm))


def _of_file(path: Path, board: str) -> dict[str, float]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"limits {path}: {error.strerror}") from None
    except RecursionError:
        raise InputError(f"limits {path}: its lists or tables lie too deep in each other") from None
    except ValueError as error:  # of TOML, UTF-8, or a number of thousands of digits
        raise InputError(f"limits {path}: {error}") from None
    own = data.pop(board, {})
    if not isinstance(own, dict):
        raise InputError(f"limits {path}: [{board}] is to be a table of limits")
    table: dict[str, object] = {name: value for name, value in data.items() if not isinstance(value, dict)}
    table |= own
    return {name: _checked(f"limits {path}", name, value) for name, value in table.items()}


def _checked(where: str, name: str, value: object) -> float:
    if name not in BOUNDS:
        raise InputError(f"{where}: {name!r} is no limit; takes {', '.join(BOUNDS)}")
    unit, least, most = BOUNDS[name]
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is None or not least <= number <= most:
        raise InputError(f"{where}: {name} {value!r}; takes {least:g} to {most:g} {unit}")
    return number
