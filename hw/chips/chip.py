"""What a chip is to the drivers, the cadence, the checks and the simulators: one row of figures.

The rows are in table.py, the arithmetic over them in the other modules here. A row says nothing of a board: how many
chips, which supply, which line. Scale is data in the row too: `scaled` gives a chip whose work is smaller by a power
of two, so that a simulator can do it, with the epoch, the cadence and the nonces a second of the real one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import gcd
from typing import Literal

from ...engine.errors import InputError

CLKI_MHZ = 25.0  # the crystal of every board in the table; the PLL and the hash counting number count it
CLKI_HZ = 25_000_000


@dataclass(frozen=True, slots=True)
class Span:
    least: float
    usual: float
    most: float


@dataclass(frozen=True, slots=True)
class PllLimits:
    """f = 25 MHz x fb / (ref x pd1 x pd2), and what of it the chip takes."""

    register: int = 0x08
    fb: tuple[int, int] = (0x10, 0xFF)
    vco_mhz: tuple[float, float] = (1600.0, 3200.0)  # 25 MHz x fb / ref
    refs: tuple[int, ...] = (2, 1)
    fixed: tuple[tuple[float, int, int], ...] = ()  # (from MHz on, pd1, pd2); empty: 7 to 1 both, pd1 > pd2
    one_less: bool = True  # the register holds each divider less one
    low_flag: int = 0x40  # top byte of the register
    high_flag: int = 0x50  # the same where the VCO runs at 2400 MHz or more


@dataclass(frozen=True, slots=True)
class Counters:
    """Registers that count on while the chip hashes; 32 bits that wrap. One step is `Chip.count_hashes` hashes."""

    total: int | None = None  # of the whole chip
    domains: tuple[int, ...] = ()  # of its hash domains
    errors: int | None = None  # hashes that came out wrong


@dataclass(frozen=True, slots=True)
class Chip:
    """One row. "h" is the nonce read big-endian from the header's four bytes, as the chip counts it."""

    name: str
    id: int  # the upper half of register 0
    job: Literal["header", "midstate", "bm1387"]  # what a job carries, and in which frames
    midstates: int  # versions that a midstate job carries at most; 0: the chip rolls versions itself
    cores: int
    small_per_core: int
    small_cores: int  # that hash at all: what counts for the rate
    core_bits: int  # the top bits of h, which the core stamps; 0: no source says how
    chip_shift: int | None  # h >> this & 0xFF is at or above the chip's address; None: by register 0C (nonce offset)
    id_step: int  # from one job's id byte to the next
    id_mask: int  # of the id byte in a response: the job's
    id_shift: int  # to the right, after the mask
    response_size: int  # bytes of a nonce's frame, once versions are rolled
    mhz: Span
    volts: Span  # across one chip
    pll: PllLimits
    counters: Counters
    sources: str
    id_mod: int = 128
    ticket_most: int = 32  # bits of its ticket mask: as wide as the register
    hcn_overrun: int = 0  # ticks that a sweep runs beyond its deadline
    zero_bits: int = 32  # leading zero bits of every nonce that is reported, the ticket's not counted
    slice_bits: int = 25  # nonces that a core tries, as a power of two, before they are divided among the chips
    version_bits: int = 16  # of the version that one job of it can use

    def rate_hps(self, mhz: float) -> float:
        """Hashes a second of one chip: each small core does one a clock."""
        return mhz * 1e6 * self.small_cores / (1 << (32 - self.zero_bits))

    @property
    def count_hashes(self) -> int:
        """Hashes to one step of a counter: 2^32 on silicon (ESP hashCounterToGhs)."""
        return 1 << self.zero_bits

    @property
    def ids(self) -> tuple[int, ...]:
        """Job ids in the order of use; then it begins anew."""
        return tuple(i * self.id_step % self.id_mod for i in range(self.id_mod // gcd(self.id_step, self.id_mod)))

    @property
    def silicon_slice(self) -> int:
        """Nonces of one core on silicon, whatever the scale: its sweep takes as long as this."""
        return 1 << (self.slice_bits + 32 - self.zero_bits)

    def scaled(self, bits: int) -> Chip:
        """The same with 2^bits fewer hashes to a second, to a nonce and to a core's slice, of which every 2^bits-th
        nonce is tried. Raises InputError."""
        most = min(self.zero_bits, self.slice_bits)
        if not 0 <= bits <= most:
            raise InputError(f"scale 2^-{bits}: {self.name} takes 2^0 to 2^-{most}")
        return replace(self, zero_bits=self.zero_bits - bits, slice_bits=self.slice_bits - bits)
