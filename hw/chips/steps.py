"""What it takes to bring a chip up, one step a class: a closed union of values, which init.py puts in order.

Registers are named by number, values as the wire has them. A pause follows what its step sends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

_GAP_S = 0.01  # between writes: stock, GEK


@dataclass(frozen=True, slots=True)
class Write:
    """To all chips at once; to the first; or to the last chip of each domain, from the far end of the chain on."""

    register: int
    value: int
    to: Literal["all", "first", "domain ends"] = "all"
    times: int = 1
    pause_s: float = _GAP_S  # after each


@dataclass(frozen=True, slots=True)
class Each:
    """Chip by chip: all these writes to the one before the next has its turn. What they are `to` is of no account."""

    writes: tuple[Write, ...]
    pause_s: float = 0.0  # after each chip


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class Inactive:
    times: int = 1
    pause_s: float = _GAP_S  # after each


@dataclass(frozen=True, slots=True)
class Count:
    """Read register 0 of all chips, and count the answers until there is silence."""

    size: Literal[7, 9, 11]  # bytes of an answer by now
    quiet_s: float = 1.0  # ESP


@dataclass(frozen=True, slots=True)
class Addresses:
    """partition.addresses, one after the other."""

    pause_s: float = _GAP_S  # after each


@dataclass(frozen=True, slots=True)
class Ticket:
    """Register 14 to all: ticket.ticket_register."""

    pause_s: float = _GAP_S


@dataclass(frozen=True, slots=True)
class Ramp:
    """The PLL's register (chip.pll.register), for each frequency of pll.ramp: to all chips, or to each of them."""

    start_mhz: float = 50.0  # out of reset
    before: tuple[Write, ...] = ()  # before each frequency
    times: int = 1
    gap_s: float = _GAP_S  # after each write
    pause_s: float = 0.1  # after each frequency: ESP
    each: bool = False


@dataclass(frozen=True, slots=True)
class Hcn:
    """Register 10 to all: partition.hcn at the frequency that is aimed at."""

    pause_s: float = _GAP_S


@dataclass(frozen=True, slots=True)
class Versions:
    """Register A4 to all: nonce.versions_register of the mask that the pool grants."""

    pause_s: float = _GAP_S


@dataclass(frozen=True, slots=True)
class Baud:
    """The writes, then the host goes on at another speed."""

    writes: tuple[Write, ...]
    baud: int  # that the host sets
    then: tuple[Write, ...] = ()  # at the other speed
    pause_s: float = 0.06  # before them, once the host has changed: MUJ


@dataclass(frozen=True, slots=True)
class Relay:
    """Register 2C of the first and the last chip of each domain: `relays`."""

    pause_s: float = _GAP_S


@dataclass(frozen=True, slots=True)
class BlankJob:
    """A job of zeros, which no chip hashes yet: in the S21 Pro capture one precedes the offsets."""

    pause_s: float = _GAP_S


@dataclass(frozen=True, slots=True)
class Offsets:
    """Register 0C of each chip: 80000000 | partition.offsets."""

    pause_s: float = _GAP_S


Step: TypeAlias = (
    Write
    | Each
    | Pause
    | Inactive
    | Count
    | Addresses
    | Ticket
    | Ramp
    | Hcn
    | Versions
    | Baud
    | Relay
    | BlankJob
    | Offsets
)
