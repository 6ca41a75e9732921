"""What a board is, as data: a new one is a row in table.py, and a page of code only where its family is new."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ..chips.chip import Chip, Span
from ..limits import NO_LIMITS, Limits

Link = Literal["bitaxe-raw", "ftdi", "cp210x", "serial"]


@dataclass(frozen=True, slots=True)
class Icarus:
    """A board that takes 64 bytes of work and answers with nonces, whatever hashes on it."""

    hps: float  # hashes a second, of all units
    units: int = 1  # that share the nonces, by their top bits
    goes_on: bool = True  # after a nonce; False: it waits for new work
    answer_bytes: int = 4  # of which the first four are the nonce
    zero_bits: int = 32  # that a hash has for a nonce to be told; fewer in a simulator's row
    slice_bits: int = 32  # nonces that are searched, of all units

    def scaled(self, bits: int) -> Icarus:
        """So many bits fewer of everything: the same nonces a second, of fewer hashes."""
        return replace(self, hps=self.hps / 2**bits, zero_bits=self.zero_bits - bits, slice_bits=self.slice_bits - bits)


@dataclass(frozen=True, slots=True)
class Row:
    """A board. Voltages are a chip's own; the rail carries `domains` times as much."""

    name: str
    title: str
    chip: Chip | None  # None: it speaks Icarus
    chips: int
    link: Link
    ports: tuple[str, ...]  # the roles of its lines
    baud: int  # after power-up
    fast_baud: int | None  # None: it stays at the first
    mhz: Span
    volts: Span | None  # None: it has no regulator that we can set
    host_dies: str  # what becomes of it when the host dies
    domains: int = 1  # in series
    rail_most_v: float | None = None  # the regulator's ceiling, for good
    limits: Limits = NO_LIMITS
    watched: bool = False  # it has sensors and a switch; else it runs unguarded only, at its lowest frequency
    icarus: Icarus | None = None
    dtr_rts: tuple[bool, bool] = (True, True)  # lines of its serial port when it is opened
    quirks: tuple[str, ...] = ()

    def scaled(self, bits: int) -> Row:
        """The row of a simulator: the same in everything but how many hashes there are."""
        return replace(
            self,
            chip=self.chip.scaled(bits) if self.chip is not None else None,
            icarus=self.icarus.scaled(bits) if self.icarus is not None else None,
        )

    @property
    def zero_bits(self) -> int:
        """Leading zero bits of every nonce that it tells, without a ticket."""
        if self.icarus is not None:
            return self.icarus.zero_bits
        assert self.chip is not None
        return self.chip.zero_bits

    def rate_hps(self, mhz: float) -> float:
        """Nominal."""
        if self.icarus is not None:
            return self.icarus.hps
        assert self.chip is not None
        return self.chips * self.chip.rate_hps(mhz)
