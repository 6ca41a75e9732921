"""What a nonce's frame says beside the nonce: which job, which version, which chip and core.

Nonces are taken as the codec gives them: the number that the header's four bytes are, little-endian. The chips count
them big-endian; that view is called h. Sources: ESP-Miner (ESP), mujina (MUJ), bm13xx-rs (GPT), cgminer-gekko (GEK).
"""

from __future__ import annotations

from functools import lru_cache

from ...engine.work import Origin
from .chip import Chip
from .partition import address_step, chip_at_offset

_ROLLED = 0xFFFF  # the bits that a chip rolls, as its registers and frames have them ...
_SHIFT = 13  # ... and where they stand in the version: 28 to 13
_ROLL = 0x9000_0000  # register A4: roll versions, and answer with 11 bytes (ESP, MUJ, GEK)


def job_id(chip: Chip, id_byte: int) -> int:
    """The id that the job was sent with."""
    return (id_byte & chip.id_mask) >> chip.id_shift


def midstate_index(chip: Chip, id_byte: int) -> int:
    """Which of the job's midstates; 0 on chips that take none."""
    return id_byte & (chip.midstates - 1) if chip.midstates else 0


def origin(chip: Chip, n_chips: int, nonce: int, id_byte: int) -> Origin:
    """As far as it can be told; what names no chip or core of this chain is None too."""
    h = int.from_bytes(nonce.to_bytes(4, "little"), "big")
    at = _chip(chip, n_chips, h) if n_chips > 1 else 0
    core = h >> 32 - chip.core_bits if chip.core_bits else chip.cores
    # ESP: the low bits of the id byte, which are the version's (MUJ: in 8 % of BM1362's they differ by 4). On
    # BM1397 ESP takes four bits, two of which are the job's; these two are the midstate's. Unproven on hardware.
    small_core = id_byte & chip.small_per_core - 1 if chip.small_per_core > 1 else None
    return _origin(at if at < n_chips else None, core if core < chip.cores else None, small_core)


def granted_bits(chip: Chip, mask: int) -> int:
    """How many bits of a pool's mask the chip can use."""
    usable = mask if chip.midstates else mask & _ROLLED << _SHIFT
    return min(usable.bit_count(), chip.version_bits)


def versions_register(mask: int) -> int:
    """Register A4 for a pool's mask. That a chip counts through a mask with holes as through one without is unproven
    on hardware."""
    return _ROLL | mask >> _SHIFT & _ROLLED


def sent_version(version: int, mask: int) -> int:
    """The version to send in a job: the bits that the chip rolls are clear."""
    return version & ~(mask & _ROLLED << _SHIFT)


def version(base_version: int, mask: int, field: int) -> int:
    """The header's version, from the job's and the frame's 16 bits. It may be outside the mask: the judge will say."""
    return base_version & ~(mask & _ROLLED << _SHIFT) | field << _SHIFT


def _chip(chip: Chip, n: int, h: int) -> int:
    if chip.chip_shift is None:
        return chip_at_offset(n, h & 0x1FF_FFFF)
    # A chip counts up from its address. MUJ has the lowest bit of the address left out, ESP has it in: the bit set
    # here makes both fall to the same chip, also where addresses are an odd number apart.
    step = address_step(n)
    return (h >> chip.chip_shift & 0xFF | int(step > 1)) // step


@lru_cache(maxsize=1 << 16)
def _origin(chip: int | None, core: int | None, small_core: int | None) -> Origin:
    """One for all nonces of a small core: to make one takes as long as all else here."""
    return Origin(chip, core, small_core)
