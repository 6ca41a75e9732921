"""Faults of simulated boards, by name: what a user writes after `fault=`, as values.

    sim:bitaxe-gamma?fault=dead-core:17,noise:1e-3

Each acts in one place, at its cause, and nobody else is told: what the miner or the bench sees is what follows from it.
Where it acts stands in FAULTS. All of them are this project's own words; what real boards do when they break is taken
from reports of ESP-Miner's issues and from the traps that the other files of sim/ quote.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ...engine.errors import InputError


@dataclass(frozen=True, slots=True)
class Faults:
    """What is broken. All default: nothing."""

    dead_cores: tuple[tuple[int, int], ...] = ()  # (chip, core): hashes nothing
    weak_cores: tuple[tuple[int, int, float], ...] = ()  # chip, core, what part of the core hashes
    dead_chips: tuple[int, ...] = ()  # answer registers and hash nothing
    slow: float = 1.0  # the chips' hash clock runs at this part of what their PLL is told
    no_chips: bool = False
    wrong_chip: int | None = None  # the id that the chips give as theirs
    address_stuck: bool = False
    stuck_nonce: bool = False  # chip 0 reports its first nonce for every one that follows
    duplicate_nonces: bool = False
    chain_cut: int | None = None  # this chip and those after it hear nothing and are not heard
    brown_out_s: float | None = None  # the rail sags whenever the chips have hashed for so long
    mute_s: float | None = None  # after so long on a job the board says nothing any more
    noise: float = 0.0  # probability that a byte on its way to the host has a flipped bit
    lost_bytes: float = 0.0  # probability that such a byte is lost
    overheat: bool = False
    fan_stall: bool = False
    sensor_open: bool = False
    sensor_frozen: bool = False
    i2c_dead: bool = False
    lying_counter: float | None = None  # the hash counters run so many times too fast
    slow_start_s: float | None = None  # how long the rail takes to rise
    unplug: tuple[float, float | None] | None = None  # seconds after the start; for how long, None: for good


NO_FAULTS = Faults()


@dataclass(frozen=True, slots=True)
class FaultKind:
    """Of one name: where it acts, its argument as it is written (empty: takes none), and how it is put into Faults."""

    place: str
    argument: str
    says: str
    put: Callable[[Faults, str], Faults]


def parse_faults(text: str) -> Faults:
    """`NAME[:ARG],…` as values; empty: none. Raises InputError that lists what there is."""
    faults = NO_FAULTS
    for part in filter(None, text.split(",")):
        name, colon, argument = part.partition(":")
        kind = FAULTS.get(name)
        if kind is None:
            raise InputError(f"fault {name!r}: unknown; there are {', '.join(map(_usage, FAULTS))}")
        if colon and not kind.argument:
            raise InputError(f"fault {part!r}: {name} takes no argument; leave out {colon + argument!r}")
        try:
            faults = kind.put(faults, argument)
        except ValueError as error:
            raise InputError(f"fault {part!r}: {error}; write {_usage(name)}: {kind.says}") from None
    return faults


def check_faults(faults: Faults, chips: int, cores: int) -> None:
    """Raises InputError when a fault names a chip or a core that the board does not have."""
    cores_hurt = [*faults.dead_cores, *((chip, core) for chip, core, _ in faults.weak_cores)]
    for chip in (*faults.dead_chips, *(chip for chip, _ in cores_hurt)):
        if chip >= chips:
            raise InputError(f"fault of chip {chip}: the board's chips are 0 to {chips - 1}")
    for _, core in cores_hurt:
        if core >= cores:
            raise InputError(f"fault of core {core}: the chip's cores are 0 to {cores - 1}")
    if faults.chain_cut is not None and faults.chain_cut >= chips:
        raise InputError(f"fault chain-cut:{faults.chain_cut}: the board's chips are 0 to {chips - 1}")


def _usage(name: str) -> str:
    argument = FAULTS[name].argument
    if not argument:
        return name
    optional = argument.startswith("[") and argument.endswith("]")
    return f"{name}[:{argument[1:-1]}]" if optional else f"{name}:{argument}"


def _index(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{text!r} is no number of a chip or a core, which count from 0")
    return int(text)


def _number(text: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number") from None
    if not least <= value <= most or math.isnan(value):
        raise ValueError(f"{text} is out of bounds, which are {least:g} to {most:g}")
    return value


def _core(text: str) -> tuple[int, int]:
    chip, dot, core = text.rpartition(".")
    return _index(chip) if dot else 0, _index(core)


def _dead_core(faults: Faults, text: str) -> Faults:
    return replace(faults, dead_cores=(*faults.dead_cores, _core(text)))


def _weak_core(faults: Faults, text: str) -> Faults:
    place, plus, part = text.partition("+")
    weak = (*_core(place), _number(part, 0.0, 1.0) if plus else 0.5)
    return replace(faults, weak_cores=(*faults.weak_cores, weak))


def _dead_chip(faults: Faults, text: str) -> Faults:
    return replace(faults, dead_chips=(*faults.dead_chips, _index(text)))


def _chain_cut(faults: Faults, text: str) -> Faults:
    return replace(faults, chain_cut=_index(text))


def _wrong_chip(faults: Faults, text: str) -> Faults:
    try:
        number = int(text or "1366", 16)
    except ValueError:
        raise ValueError(f"{text!r} is no chip id, four hexadecimal digits") from None
    if not 0 <= number <= 0xFFFF:
        raise ValueError(f"{text!r} is no chip id, four hexadecimal digits")
    return replace(faults, wrong_chip=number)


def _unplug(faults: Faults, text: str) -> Faults:
    at, plus, length = text.partition("+")
    back = _number(length, 0.0, 1e6) if plus else None
    return replace(faults, unplug=(_number(at, 0.0, 1e6), back))


def _flag(field: str) -> Callable[[Faults, str], Faults]:
    return lambda faults, _: _with(faults, field, True)


def _value(field: str, default: float, least: float, most: float) -> Callable[[Faults, str], Faults]:
    return lambda faults, text: _with(faults, field, _number(text, least, most) if text else default)


def _with(faults: Faults, field: str, value: object) -> Faults:
    values: dict[str, object] = {field: value}
    return replace(faults, **values)  # type: ignore[arg-type]  # the fields of the table below


FAULTS: Mapping[str, FaultKind] = {
    "dead-core": FaultKind("chip", "[CHIP.]CORE", "this core hashes nothing; of chip 0 if none is named", _dead_core),
    "weak-core": FaultKind("chip", "[CHIP.]CORE[+PART]", "only this part of the core hashes; 0.5", _weak_core),
    "slow": FaultKind("chip", "[PART]", "the hash clock runs at this part; 0.85", _value("slow", 0.85, 0.01, 1.0)),
    "dead-chip": FaultKind("chip", "CHIP", "it answers registers and hashes nothing", _dead_chip),
    "no-chips": FaultKind("chip", "", "no chip answers", _flag("no_chips")),
    "wrong-chip": FaultKind("chip", "[ID]", "chips give this id as theirs; 1366 if none is named", _wrong_chip),
    "address-stuck": FaultKind("chip", "", "chips do not take the addresses given to them", _flag("address_stuck")),
    "stuck-nonce": FaultKind("chip", "", "chip 0 reports the same nonce over and over", _flag("stuck_nonce")),
    "duplicate-nonces": FaultKind("chip", "", "each nonce is reported twice", _flag("duplicate_nonces")),
    "chain-cut": FaultKind("line", "CHIP", "from this chip on nothing is heard", _chain_cut),
    "brown-out": FaultKind(
        "world",
        "[SECONDS]",
        "the rail sags each time the chips have hashed so long; 10",
        _value("brown_out_s", 10.0, 0.1, 1e6),
    ),
    "mute": FaultKind(
        "line", "[SECONDS]", "so long after its first job the board falls silent; 5", _value("mute_s", 5.0, 0.0, 1e6)
    ),
    "noise": FaultKind(
        "line", "[PROBABILITY]", "a byte to the host has a flipped bit; 1e-3", _value("noise", 1e-3, 0.0, 1.0)
    ),
    "lost-bytes": FaultKind(
        "line", "[PROBABILITY]", "a byte to the host is lost; 1e-3", _value("lost_bytes", 1e-3, 0.0, 1.0)
    ),
    "overheat": FaultKind("world", "", "the fan turns and no air flows", _flag("overheat")),
    "fan-stall": FaultKind("world", "", "the fan does not turn", _flag("fan_stall")),
    "sensor-open": FaultKind("part", "", "the chip's temperature diode is not connected", _flag("sensor_open")),
    "sensor-frozen": FaultKind(
        "part", "", "temperatures stay at what they were when first read", _flag("sensor_frozen")
    ),
    "i2c-dead": FaultKind("part", "", "no part answers on the I2C bus", _flag("i2c_dead")),
    "lying-counter": FaultKind(
        "chip", "[FACTOR]", "hash counters run so many times too fast; 2", _value("lying_counter", 2.0, 0.0, 1e3)
    ),
    "slow-start": FaultKind(
        "world", "[SECONDS]", "the rail takes so long to rise; 2", _value("slow_start_s", 2.0, 0.0, 1e3)
    ),
    "unplug": FaultKind(
        "port", "SECONDS[+FOR]", "after so long the board is unplugged, for so long or for good", _unplug
    ),
}
