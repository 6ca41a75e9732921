"""The chips' hash clock: the register that gives a frequency, and the frequency that a register gives.

Several registers give the same frequency, and stock firmware, ESP-Miner (ESP), piaxe-miner and bm13xx-rs choose
differently: compare frequencies, never registers. The search prefers as ESP does (components/asic/pll.c): the smallest
error, then the lowest VCO, then the smallest dividers, then ref 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor

from ...engine.errors import InputError
from .chip import CLKI_MHZ, Chip

STEP_MHZ = 6.25  # of a ramp: ESP, PIA, and the stock captures
_HIGH_VCO_MHZ = 2400.0  # ESP: from it on, it included, the other flag


@dataclass(frozen=True, slots=True)
class Pll:
    register: int
    mhz: float  # as the register gives it


@dataclass(frozen=True, slots=True)
class _Divided:
    fb: int
    ref: int
    pd1: int
    pd2: int

    @property
    def vco_mhz(self) -> float:
        return CLKI_MHZ * self.fb / self.ref

    @property
    def mhz(self) -> float:
        return CLKI_MHZ * self.fb / (self.ref * self.pd1 * self.pd2)


def pll(chip: Chip, mhz: float) -> Pll:
    """The nearest that the chip's PLL gives. Raises InputError outside the chip's span.

    Within 0.35 %, and exact on the grid of 6.25 MHz up to 750 MHz; BM1387, with its fixed dividers, within 3.2 MHz.
    """
    _check(chip, mhz)
    best = min(
        _candidates(chip, mhz), key=lambda each: (abs(each.mhz - mhz), each.vco_mhz, each.pd1 * each.pd2), default=None
    )
    if best is None:
        raise InputError(f"frequency {mhz:g} MHz: {chip.name}'s PLL has no setting for it; choose another")
    limits = chip.pll
    flag = limits.high_flag if best.vco_mhz >= _HIGH_VCO_MHZ else limits.low_flag
    less = int(limits.one_less)
    register = flag << 24 | best.fb << 16 | best.ref << 8 | (best.pd1 - less) << 4 | (best.pd2 - less)
    return Pll(register, best.mhz)


def frequency(chip: Chip, register: int) -> float:
    """MHz. The top byte says nothing of it. Raises InputError for a register that divides by nothing."""
    more = int(chip.pll.one_less)
    divided = _Divided(
        fb=register >> 16 & 0xFF,
        ref=register >> 8 & 0xFF,
        pd1=(register >> 4 & 0xF) + more,
        pd2=(register & 0xF) + more,
    )
    if not divided.ref * divided.pd1 * divided.pd2:
        raise InputError(f"PLL register {register:08X}: a divider of 0; {chip.name} takes none, was it misread?")
    return divided.mhz


def ramp(chip: Chip, start_mhz: float, target_mhz: float) -> list[float]:
    """Where to stop on the way: each on the grid, the last exact. Always at least the target. Raises InputError."""
    _check(chip, target_mhz)
    if target_mhz >= start_mhz:
        steps = range(floor(start_mhz / STEP_MHZ) + 1, ceil(target_mhz / STEP_MHZ))
    else:
        steps = range(ceil(start_mhz / STEP_MHZ) - 1, floor(target_mhz / STEP_MHZ), -1)
    return [step * STEP_MHZ for step in steps] + [target_mhz]


def _check(chip: Chip, mhz: float) -> None:
    span = chip.mhz
    if not span.least <= mhz <= span.most:
        raise InputError(
            f"frequency {mhz:g} MHz: {chip.name} takes {span.least:g} to {span.most:g} MHz; choose in there"
        )


def _candidates(chip: Chip, mhz: float) -> Iterator[_Divided]:
    limits = chip.pll
    for ref in limits.refs:
        for pd1, pd2 in _dividers(chip, mhz):
            divided = _Divided(round(mhz / CLKI_MHZ * ref * pd1 * pd2), ref, pd1, pd2)
            if limits.fb[0] <= divided.fb <= limits.fb[1] and limits.vco_mhz[0] <= divided.vco_mhz <= limits.vco_mhz[1]:
                yield divided


def _dividers(chip: Chip, mhz: float) -> list[tuple[int, int]]:
    if chip.pll.fixed:
        _, pd1, pd2 = max(row for row in chip.pll.fixed if row[0] <= mhz)
        return [(pd1, pd2)]
    return [(pd1, pd2) for pd1 in range(7, 0, -1) for pd2 in range(pd1 - 1, 0, -1)]
