"""The ticket mask, register 14: how many zero bits beyond the chip's own 32 a nonce must have to be reported.

Only powers of two are used, as everybody does (ESP-Miner, mujina, cgminer-gekko).
"""

from __future__ import annotations

from ...engine.errors import InputError
from .chip import Chip

MOST_BITS = 32  # as wide as the register
LINE_PART = 0.25  # of what the line carries: the most that nonces may fill
_BIT_TIMES = 10  # to a byte: start, eight, stop


def ticket_register(bits: int) -> int:
    """2^bits - 1, with the bits of each byte reversed in place: 8 gives 000000FF, 9 gives 000080FF (ESP, GEK).
    Raises InputError."""
    if not 0 <= bits <= MOST_BITS:
        raise InputError(f"ticket of {bits} bits: a chip takes 0 to {MOST_BITS}")
    return _reverse_each_byte((1 << bits) - 1)


def ticket_bits(register: int) -> int:
    """What ticket_register made of it. Raises InputError for another value."""
    mask = _reverse_each_byte(register)
    if mask & (mask + 1):
        raise InputError(f"ticket mask {register:08X}: not of a power of two; was it misread?")
    return mask.bit_length()


def ticket_target(chip: Chip, bits: int) -> int:
    """The highest hash that is reported."""
    return (1 << (256 - chip.zero_bits - bits)) - 1


def nonces_per_s(chip: Chip, chips: int, mhz: float, bits: int) -> float:
    """Of the whole chain, when it is sound."""
    return chips * chip.rate_hps(mhz) / (1 << (chip.zero_bits + bits))


def best_ticket(chip: Chip, chips: int, mhz: float, baud: int, share_target: int) -> int:
    """Bits: as few as keep the nonces within a quarter of the line, and never so many that a share is withheld.

    A share target so easy that the line would carry nothing but nonces is served as well as the full line allows. A
    chip without a ticket reports all it finds.
    """
    seconds_each = chip.response_size * _BIT_TIMES / baud

    def fewest(part: float) -> int:
        fits = (bits for bits in range(chip.ticket_most) if nonces_per_s(chip, chips, mhz, bits) * seconds_each <= part)
        return next(fits, chip.ticket_most)

    every_share = max(0, 256 - chip.zero_bits - share_target.bit_length())
    return max(min(fewest(LINE_PART), every_share), fewest(1.0))


def _reverse_each_byte(value: int) -> int:
    return int.from_bytes((int(f"{byte:08b}"[::-1], 2) for byte in value.to_bytes(4, "big")), "big")
