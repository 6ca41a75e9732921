"""Which kinds of meters and supplies there are, and from a URL to one of them. A new kind is a row and its module.

A module is imported when its kind is asked for: pyvisa, pymodbus and NVML are optional, and a minute's work to import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

from ...engine.errors import InputError
from .address import Address, parse_address
from .meter import Meter
from .supply import Supply


@dataclass(frozen=True, slots=True)
class Kind:
    """meter, supply: the function of the module that makes one from an Address; empty: it is none."""

    form: str
    about: str
    module: str
    meter: str = "meter"
    supply: str = ""


KINDS: Mapping[str, Kind] = {
    "rapl": Kind("rapl:[PACKAGE]", "the CPU's own counter of energy (Linux)", "rapl"),
    "nvml": Kind("nvml:[INDEX]", "an NVIDIA board's own counter", "nvml"),
    "board": Kind("board", "the sensors of the boards that are mined with", "", meter=""),
    "scpi": Kind("scpi:VISA-ADDRESS", "an analyzer, or a bench supply that measures", "scpi", supply="supply"),
    "shelly": Kind("shelly:[USER:PASSWORD@]HOST", "a Shelly plug or relay, Gen1 or Gen2+", "shelly"),
    "tasmota": Kind("tasmota:[USER:PASSWORD@]HOST", "a plug with Tasmota", "tasmota"),
    "modbus": Kind("modbus:HOST[:PORT]?model=NAME", "a power meter by Modbus TCP", "modbus"),
    "fixed": Kind("fixed:19W", "what you declare; nothing is measured", "fixed"),
}


def parse_meter(text: str, board: Callable[[Address], Meter] | None = None) -> Meter:
    """`board` makes the meter of the boards' own sensors, where there are boards. Raises InputError."""
    address = parse_address(text, "meter")
    kind = _kind(address, "meter", [name for name, kind in KINDS.items() if kind.meter or board is not None])
    if not kind.meter:
        assert board is not None
        return board(address)
    make: Callable[[Address], Meter] = getattr(import_module(f".{kind.module}", __package__), kind.meter)
    return make(address)


def parse_supply(text: str) -> Supply:
    """Raises InputError."""
    address = parse_address(text, "supply")
    kind = _kind(address, "supply", [name for name, kind in KINDS.items() if kind.supply])
    make: Callable[[Address], Supply] = getattr(import_module(f".{kind.module}", __package__), kind.supply)
    return make(address)


def _kind(address: Address, what: str, names: list[str]) -> Kind:
    if address.kind not in names:
        forms = ", ".join(KINDS[name].form for name in names)
        raise InputError(f"{what} {address.kind}:…: is unknown; choose from {forms}")
    return KINDS[address.kind]
