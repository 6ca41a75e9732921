"""What the drivers' rows say in their way, computed a second time for the chips of simulators: registers as they are
after reset, where addresses and ids stand in a nonce and its answer, clocks and line speeds from their registers.

Sources: ESP (ESP-Miner components/asic), GPT (GPTechinno bm13xx-rs, whose bm1366/src/lib.rs has all reset values of
that chip; bm1397-protocol), MUJ (mujina BM13xx reference, captures), GEK (cgminer driver-gekko.c), SKOT (skot/BM1397).
Of BM1362, BM1368 and BM1370 no source has the reset values: those of BM1366 stand for them, unproven on hardware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CLKI_HZ = 25e6
TICK_S = 1 / CLKI_HZ  # of the hash counting number

CHIP_ID, HASH_RATE, PLL0, NONCE_OFFSET, HCN, TICKET_MASK, MISC = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18
FAST_UART, CORE_CONTROL, CORE_VALUE, ERRORS, OVERFLOWS = 0x28, 0x3C, 0x40, 0x4C, 0x50
PLL1, PLL3, PLL0_DIVIDERS, DOMAINS, TOTAL, VERSIONS = 0x60, 0x68, 0x70, 0x88, 0x8C, 0xA4
CLOCKS = 0x20  # BM1397: ordered clock enable
SENSOR_START, SENSOR = 0xB0, 0xB4
CORE_ENABLE = 0x02  # a core register


@dataclass(frozen=True, slots=True)
class Silicon:
    """Of one kind of chip. Positions are bits of h, the nonce as the message word that SHA-256 takes in."""

    reset: Mapping[int, int]
    core_byte: int  # the third byte of register 0
    counter_bits: int  # of h: what stands below the core
    id_bits: tuple[int, int]  # of a job's id byte: its lowest id bit and how many; they lead in the answer's id byte
    rolls_versions: bool = True
    divider_less_one: bool = True
    addressed: bool = True  # the address decides where in the counter a chip begins; else register 0C
    counts: bool = False  # has the counters of hashes
    overrun: int = 0  # ticks that a sweep goes on beyond its deadline
    sensor: bool = False  # of temperature, on the die
    quarters: bool = False  # of the cores are enabled one by one (MUJ); else any of the four bits lets all report


def answer_id(silicon: Silicon, job_id: int, small_core: int) -> int:
    """The id byte of an answer: the job's id in the upper bits, the small core in the lower ones."""
    lowest, count = silicon.id_bits
    return (job_id >> lowest & (1 << count) - 1) << (8 - count) | small_core


def mhz(silicon: Silicon, registers: Mapping[int, int]) -> float:
    """Of the hash clock. PLL0 is [flags][feedback][reference][post dividers], f = 25 MHz * fb / (ref * pd1 * pd2).

    The lowest byte of register 70, plus one, divides it further (GPT): BM1397 begins with 8, so that it begins at 50
    MHz, and does what PLL0 says from when 0F0F0F00 is written there, as ESP does before each change.
    """
    value = registers[PLL0]
    feedback, reference = value >> 16 & 0xFF, value >> 8 & 0x3F
    less = 1 if silicon.divider_less_one else 0
    divided = reference * ((value >> 4 & 0x7) + less) * ((value & 0x7) + less)
    output = (registers.get(PLL0_DIVIDERS, 0) & 0xFF) + 1
    return 25.0 * feedback / (divided * output) if divided else 0.0


def baud(silicon: Silicon, registers: Mapping[int, int]) -> float:
    """That the chip speaks and hears."""
    fast, misc = registers[FAST_UART], registers[MISC]
    if silicon.rolls_versions:
        # ESP, GPT: divider in bits 15..8; with bit 26 set it divides PLL1's VCO over bits 23..20 + 1 (400 MHz)
        clock = _vco_hz(registers[PLL1]) / ((fast >> 20 & 0xF) + 1) if fast >> 26 & 1 else CLKI_HZ
        return clock / (8 * ((fast >> 8 & 0xFF) + 1))
    # BM1397 (SKOT, GPT): divider's low bits in 12..8 of register 18, its high ones in 27..24; bit 16 takes PLL3
    clock = _vco_hz(registers[PLL3]) / ((fast >> 24 & 0xF) + 1) if misc >> 16 & 1 else CLKI_HZ
    return clock / (8 * ((misc >> 24 & 0xF) << 5 | misc >> 8 & 0x1F) + 8)


def same_speed(one: float, other: float) -> bool:
    """Whether a UART at one hears the other: less than half a bit in 9.5. ESP runs chips at 1.0417 M from 1 M."""
    return abs(one - other) <= 0.045 * other


def ticket_bits(register: int) -> int:
    """Which of the 32 bits that follow a hash's zero bits must be zero too, the first of them topmost.

    The register is a number whose bytes go last byte first, each with its bits reversed: 000000FF is the first eight
    bits, 000080FF the first nine (ESP, GEK).
    """
    return int.from_bytes(register.to_bytes(4, "big"), "little")


def sensor_value(celsius: float) -> int:
    """Of register B4 on BM1368 (ESP, PIA): valid, and the temperature's code."""
    return 1 << 31 | max(0, min(0xFFFF, round((celsius + 299.5144) / 0.171342)))


def _vco_hz(pll: int) -> float:
    return CLKI_HZ * (pll >> 16 & 0xFF) / max(1, pll >> 8 & 0x3F)


# GPT, bm1366/src/lib.rs; what is not here is 0.
_BM1366_RESET = {
    0x04: 0x00012A89,
    PLL0: 0xC0540165,
    MISC: 0x0000C100,
    0x20: 0x00000003,
    0x24: 0x00100000,
    FAST_UART: 0x01301A00,
    0x2C: 0x000F0000,
    0x30: 0x00000070,
    CORE_VALUE: 0x1EAF5FBE,
    0x58: 0x00012111,
    0x5C: 0x0000FFFF,
    PLL1: 0x20500174,
    0x64: 0x00010200,
    0x9C: 0x00FD0077,
    VERSIONS: 0x0000FFFF,
    0xA8: 0x00070000,
    0xBC: 0x00003313,
    0xC0: 0x00002000,
    0xD0: 0x00000070,
    0xD4: 0x00376400,
    0xD8: 0x30303030,
    0xDC: 0x0000FFFF,
    0xEC: 0x00000008,
}

_BM1397_RESET = {  # GPT, bm1397/src/lib.rs
    HASH_RATE: 0x80000000,
    PLL0: 0xC0600161,
    MISC: 0x00003A01,
    0x1C: 0x01000000,
    0x20: 0x0000FFFF,
    FAST_UART: 0x0600000F,
    0x2C: 0x000F0000,
    CORE_CONTROL: 0x00004000,
    0x44: 0x00000100,
    0x48: 0xFF000000,
    0x58: 0x02112111,
    0x5C: 0x0000FFFF,
    PLL1: 0x00640111,
    0x64: 0x00680111,
    PLL3: 0x00700111,
    PLL0_DIVIDERS: 0x03040607,
    0x74: 0x03040506,
    0x78: 0x03040506,
    0x7C: 0x03040506,
    0x80: 0xD95C8410,
    0x84: 0xFB73EA62,
    0x90: 0x00000070,
    0x94: 0x00376400,
    0x98: 0x30303030,
    0x9C: 0x0000FFFF,
}

SILICON: Mapping[str, Silicon] = {
    "BM1397": Silicon(
        _BM1397_RESET,
        core_byte=0x18,  # GPT
        counter_bits=24,  # GPT; ESP reads seven bits of core, which cannot count to 168
        id_bits=(2, 6),  # ESP: the two below are the midstate's index
        rolls_versions=False,
        divider_less_one=False,
    ),
    "BM1362": Silicon(_BM1366_RESET, core_byte=0x03, counter_bits=25, id_bits=(3, 5)),
    "BM1366": Silicon(_BM1366_RESET, core_byte=0x00, counter_bits=25, id_bits=(3, 5), counts=True),
    "BM1368": Silicon(_BM1366_RESET, core_byte=0x00, counter_bits=25, id_bits=(3, 4), counts=True, sensor=True),
    "BM1370": Silicon(
        _BM1366_RESET,
        core_byte=0x00,
        counter_bits=25,
        id_bits=(3, 4),  # MUJ's captures: 68 comes back as D2, id 13 and small core 2
        addressed=False,  # MUJ: only the core is stamped
        counts=True,
        overrun=134,  # MUJ measured about 130, ESP reckons with 134
        quarters=True,
    ),
}
