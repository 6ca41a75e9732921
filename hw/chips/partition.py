"""How the chips of a chain divide the nonces, and how long a job lasts them.

Each core has its own slice of the nonces (its number stands in the top bits), and each chip of n a part of each slice:
by its address, or on BM1370 by register 0C. BM1362, 66, 68 and 70 sweep the part once for every version; register 10,
the hash counting number (HCN), is the time that a sweep is given. Sources: ESP-Miner (ESP), mujina (MUJ), the factory
values in bm13xx-rs and cgminer-gekko (GEK).
"""

from __future__ import annotations

from ...engine.errors import InputError
from .chip import CLKI_HZ, CLKI_MHZ, Chip

MOST_CHIPS = 256  # an address is a byte
_OFFSETS = 1 << 16  # BM1370: register 0C counts in 2^-16 of the slice


def addresses(n: int) -> list[int]:
    """One for each chip, in the order of the chain, 256 / n apart and rounded down (ESP, GEK). Raises InputError."""
    step = address_step(n)
    return [i * step for i in range(n)]


def address_step(n: int) -> int:
    _check(n)
    return MOST_CHIPS // n


def offsets(n: int) -> list[int]:
    """BM1370: where in the slice each chip begins, for the low half of register 0C (S21 Pro: 0000, 03F1 ... FC10)."""
    _check(n)
    return [-(-i * _OFFSETS // n) for i in range(n)]


def chip_at_offset(n: int, counter: int) -> int:
    """BM1370: which chip had that part of the slice. `counter`: the low 25 bits of the nonce."""
    return (counter >> 9) * n // _OFFSETS


def hcn(chip: Chip, n: int, mhz: float) -> int:
    """Ticks of 25 MHz for one sweep, so that it ends before the next chip's part begins. Raises InputError.

    ESP's: 2^32 / np2(cores) / np2(n) x 25 / f x 0.5, np2 being the next power of two; less 268 on BM1370, whose sweep
    runs on beyond the deadline. Factory values for BM1362, 66 and 68 are 78 to 83 % of it; S21 Pro's, whose chips
    part the slice by n and not by np2, is 1.5 times it. Why the half is unsettled: one source has each core do two
    nonces a clock; at one, which is what the rates say, half of each part is never swept. Where the nonces of the main
    chain's blocks lie speaks for two: docs/patterns.md. Unproven on hardware.
    """
    _check(n)
    ticks = int(chip.silicon_slice / _next_power_of_two(n) * CLKI_MHZ / mhz * 0.5) - chip.hcn_overrun
    if ticks < 1:
        raise InputError(f"{n} chips {chip.name} at {mhz:g} MHz: leave no time for a sweep; use a lower frequency")
    return ticks


def versions_per_job(chip: Chip, granted_bits: int) -> int:
    """How many versions one job has, when the pool grants so many bits that the chip can roll."""
    if not chip.midstates:
        return 1 << min(granted_bits, chip.version_bits)
    return chip.midstates if granted_bits >= chip.version_bits else 1  # a job carries one midstate, or all


def epoch_s(chip: Chip, n: int, mhz: float, granted_bits: int) -> float:
    """Seconds until a chip has used up a job, and hashes the same headers again.

    Chips that roll versions share them among the small cores of a core: ESP. The others: 2^24 clocks on a lone BM1397
    with its four midstates, 39.5 ms at 425 MHz (ESP); fewer with one midstate, and BM1387: unproven on hardware.
    """
    versions = versions_per_job(chip, granted_bits)
    if chip.midstates:
        clocks = versions * chip.silicon_slice / _next_power_of_two(n) / chip.small_per_core
        return clocks / (mhz * 1e6)
    return versions / chip.small_per_core * hcn(chip, n, mhz) / CLKI_HZ


def _next_power_of_two(n: int) -> int:
    return 1 << (n - 1).bit_length()


def _check(n: int) -> None:
    if not 1 <= n <= MOST_CHIPS:
        raise InputError(f"{n} chips: a chain takes 1 to {MOST_CHIPS}")
