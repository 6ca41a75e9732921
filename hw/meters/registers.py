"""Where a power meter keeps its figures in Modbus registers, and what is in them: words to values, without I/O.

Sources: the protocol's public specification (registers of 16 bits, big-endian; two and more of them make a value, most
significant first on most devices); Eastron's register maps of SDM120 and SDM630, by way of programs of others: input
registers, IEEE 754 in two of them, 12 or 52 power in W, 72 imported energy in kWh.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from .address import Address

KINDS = {"s16": ">h", "u16": ">H", "s32": ">i", "u32": ">I", "f32": ">f", "s64": ">q", "u64": ">Q", "f64": ">d"}
UNITS = {"J": 1.0, "Wh": 3600.0, "kWh": 3.6e6, "W": 1.0, "kW": 1e3, "mW": 1e-3}
TABLES = ("input", "holding")
_STEP_J, _STEP_W = 36_000.0, 0.1  # 0.01 kWh, and a tenth of a watt, where nothing else is known
_FORM = "takes ADDRESS:TYPE:UNIT, as watts=12:f32:W"


@dataclass(frozen=True, slots=True)
class Value:
    """One figure: where it begins, its type, and what one of it is in J or W."""

    address: int
    kind: str
    unit: float

    @property
    def words(self) -> int:
        return struct.calcsize(KINDS[self.kind]) // 2

    def decode(self, words: Sequence[int], *, little: bool) -> float | None:
        """None: it is no number, or not so many words of 16 bits."""
        if len(words) != self.words or not all(0 <= word <= 0xFFFF for word in words):
            return None
        data = b"".join(word.to_bytes(2, "big") for word in (reversed(words) if little else words))
        value = float(struct.unpack(KINDS[self.kind], data)[0]) * self.unit
        return value if math.isfinite(value) else None

    def encode(self, value: float, *, little: bool) -> list[int]:
        """As a device has it; for simulators."""
        number = value / self.unit
        data = struct.pack(KINDS[self.kind], number if self.kind[0] == "f" else int(number))
        words = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
        return words[::-1] if little else words


@dataclass(frozen=True, slots=True)
class Map:
    """quantum_j: the step of the counter as the meter counts, which may be coarser than its type."""

    table: str = "input"
    little: bool = False  # the least significant word first
    watts: Value | None = None
    joules: Value | None = None
    quantum_j: float = _STEP_J
    quantum_w: float = _STEP_W


MODELS = {
    "sdm120": Map(watts=Value(12, "f32", 1.0), joules=Value(72, "f32", 3.6e6)),
    "sdm630": Map(watts=Value(52, "f32", 1.0), joules=Value(72, "f32", 3.6e6)),
}


def map_of(address: Address) -> Map:
    """From model=, or watts=, energy=, table= and words=. Raises InputError."""
    if "model" in address.values:
        if others := {"watts", "energy", "table", "words"} & set(address.values):
            raise address.error(f"model says where everything is; leave out {', '.join(sorted(others))}")
        return MODELS[address.choice("model", "", MODELS)]
    watts, joules = _value(address, "watts", ("W", "kW", "mW")), _value(address, "energy", ("J", "Wh", "kWh"))
    if watts is None and joules is None:
        raise address.error(f"takes model= ({', '.join(MODELS)}), or watts= and energy= as ADDRESS:TYPE:UNIT")
    little = address.choice("words", "big", {"big": 0, "little": 0}) == "little"
    steps = [value.unit if value is not None and value.kind[0] != "f" else 0.0 for value in (joules, watts)]
    table = address.choice("table", "input", dict.fromkeys(TABLES))
    return Map(table, little, watts, joules, steps[0] or _STEP_J, steps[1] or _STEP_W)


def _value(address: Address, key: str, units: tuple[str, ...]) -> Value | None:
    if (text := address.values.get(key)) is None:
        return None
    where, _, rest = text.partition(":")
    kind, _, unit = rest.partition(":")
    if not (where.isascii() and where.isdigit() and len(where) < 6 and int(where) <= 65532):
        raise address.error(f"{key} {text[:40]!r}: {_FORM}; addresses are 0 to 65532")
    if kind not in KINDS or unit not in units:
        raise address.error(f"{key} {text[:40]!r}: {_FORM}; types {', '.join(KINDS)}; units {', '.join(units)}")
    return Value(int(where), kind, UNITS[unit])
