"""How each chip is brought from reset to hashing, as a table of steps; hw/chain.py carries them out.

Sources: ESP-Miner components/asic (ESP), which drives boards of a few chips; captures of Antminer chains in mujina
(MUJ: S19j Pro, S21 Pro) and bm13xx-rs (GPT: S19 XP, S21 XP); cgminer driver-gekko.c (GEK). ESP waits between no writes;
stock and GEK wait 10 ms, and so do the steps here. None of it was run on hardware here.

Leading facts: the first write after a reset may be lost, so A4 is written three times. Before chain inactive no chip
takes an address. A chip with 0 in its hash counting number does not hash, so that this comes after the ramp.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from ...engine.errors import InputError
from .chip import Chip
from .steps import (
    Addresses,
    Baud,
    BlankJob,
    Count,
    Each,
    Hcn,
    Inactive,
    Offsets,
    Pause,
    Ramp,
    Relay,
    Step,
    Ticket,
    Versions,
    Write,
)

FIRST_BAUD = 115200  # out of reset: 25 MHz / 8 / 27 = 115740


@dataclass(frozen=True, slots=True)
class Reset:
    held_s: float = 0.1  # the reset line low: ESP
    rail_s: float = 0.5  # of that, with the core voltage up: MUJ
    after_s: float = 0.2  # from its release to the first command: MUJ


def reset(chip: Chip) -> Reset:
    return Reset(held_s=1.0) if chip.name == "BM1397" else Reset()  # GEK holds sticks of BM1397 for a second


def init(chip: Chip, n: int, *, chain: bool = False, baud: int | None = None) -> tuple[Step, ...]:
    """From the release of reset to hashing, for n chips. Raises InputError for a speed that the chip has not.

    chain  a hash board of an Antminer: its domains pass signals on from one to the next
    baud   to go on at; None: as it comes out of reset, 115200
    """
    hash_board = _CHAIN.get(chip.name, ()) if chain else ()
    slots: dict[_Slot, tuple[Step, ...]] = {
        _Slot.CHAIN: hash_board,
        _Slot.CHAIN_FAST: _fast(chip, baud) if hash_board else (),
        _Slot.FAST: () if hash_board else _fast(chip, baud),
        _Slot.MANY: (BlankJob(), Offsets()) if n > 1 else (),
    }
    steps: list[Step] = []
    for step in _INIT[chip.name]:
        steps += slots[step] if isinstance(step, _Slot) else (step,)
    return tuple(steps)


def retune(chip: Chip, from_mhz: float, to_mhz: float) -> tuple[Step, ...]:
    """To another frequency. Hcn is that of the new one: a sweep must at no time be longer than the frequency allows,
    or chips repeat each other."""
    ramp = replace(next(step for step in _INIT[chip.name] if isinstance(step, Ramp)), start_mhz=from_mhz)
    if chip.midstates:
        return (ramp,)
    return (Hcn(), ramp) if to_mhz > from_mhz else (ramp, Hcn())


def rest(chip: Chip) -> tuple[Write, ...]:
    """No hashing, all else kept; empty: of this kind nobody says how. Unproven on hardware."""
    return _REST[chip.job]


def wake(chip: Chip) -> tuple[Write | Hcn, ...]:
    """Hashing again, after the job that it is to hash (MUJ, S21 Pro: job, then HCN)."""
    return _WAKE[chip.job]


def bauds(chip: Chip) -> list[int]:
    """The speeds that the chip's line can have."""
    return sorted({FIRST_BAUD, *(each.baud for each in _BAUDS[chip.name])})


def domain_ends(n: int, domains: int) -> list[int]:
    """The last chip of each domain, from the far end of the chain on. Raises InputError."""
    size = _domain_size(n, domains)
    return [(d + 1) * size - 1 for d in reversed(range(domains))]


def relays(n: int, domains: int) -> list[tuple[int, int]]:
    """(chip, register 2C), from the far end of the chain on. Raises InputError.

    A gap of 14 and the number of chips from this domain to the end, for commands and responses both. The rule is GPT's;
    it gives the values of S19 XP, S21 XP and S21 Pro.
    """
    size = _domain_size(n, domains)
    found: list[tuple[int, int]] = []
    for d in reversed(range(domains)):
        gap = 14 + size * (domains - d)
        found += [(i, gap << 16 | 0b11) for i in sorted({d * size, (d + 1) * size - 1})]
    return found


def _domain_size(n: int, domains: int) -> int:
    if domains < 1 or n % domains:
        raise InputError(f"{n} chips in {domains} domains: takes as many chips in each; correct the board's row")
    return n // domains


def _fast(chip: Chip, baud: int | None) -> tuple[Step, ...]:
    wanted = FIRST_BAUD if baud is None else baud
    if wanted not in bauds(chip):
        raise InputError(f"{baud} baud: {chip.name} takes {', '.join(map(str, bauds(chip)))}; choose one of these")
    return tuple(each for each in _BAUDS[chip.name] if each.baud == wanted)


class _Slot(Enum):
    FAST = "to a faster line"
    CHAIN = "what only a hash board needs"
    CHAIN_FAST = "to a faster line, on a hash board"
    MANY = "what only several chips need"


def _core(register: int, value: int) -> Write:
    """Register 3C: to a core register of all cores."""
    return Write(0x3C, 0x8000_8000 | register << 8 | value)


_ROLL = Write(0xA4, 0x9000FFFF)  # answers with 11 bytes, and rolls versions
_ROLL_3 = Write(0xA4, 0x9000FFFF, times=3)
_CORES_ON = Write(0x3C, 0x800082AA)

_INIT: dict[str, tuple[Step | _Slot, ...]] = {
    "BM1387": (  # GEK
        Count(size=7),
        Inactive(times=3, pause_s=0.005),
        Addresses(pause_s=0.005),
        Pause(0.01),
        _Slot.FAST,
        Ramp(each=True),
    ),
    "BM1397": (  # ESP; chain inactive three times as in GEK and stock
        Count(size=9),
        Pause(0.02),
        Inactive(times=3, pause_s=0.1),
        Addresses(),
        Write(0x80, 0),
        Write(0x84, 0),
        Write(0x20, 0x00000001),
        Write(0x3C, 0x80008074),
        Ticket(),
        Write(0x68, 0xC0700111),
        Write(0x28, 0x0600000F),
        Write(0x18, 0x00007A31),
        Ramp(before=(Write(0x70, 0x0F0F0F00, times=2),), times=2),
        _Slot.FAST,
    ),
    "BM1362": (  # MUJ, S19j Pro; GEK much the same
        _ROLL,
        Count(size=11),
        Write(0xA4, 0x9000FFFF, times=2),
        Write(0xA8, 0),
        Write(0x18, 0xB000C100, pause_s=0.1),
        Inactive(pause_s=0.1),
        Addresses(),
        _core(5, 0x40),
        Write(0x3C, 0x80008008, pause_s=0.1),
        Ticket(),
        Write(0x54, 0x00000003, pause_s=0.05),
        Write(0x58, 0x00011111, pause_s=0.1),
        _Slot.FAST,
        Ramp(),
        Each((Write(0xA8, 0x00000002), Write(0x18, 0xB000C100), _core(5, 0x40), _core(0, 0x08), _CORES_ON)),
        Hcn(),
        Versions(),
    ),
    "BM1366": (  # ESP
        _ROLL_3,
        Count(size=11),
        Write(0xA8, 0x00070000),
        Write(0x18, 0xFF0FC100),
        Inactive(),
        Addresses(),
        _core(5, 0x40),
        _core(0, 0x20),
        Ticket(),
        Write(0x54, 0x00000003),
        Write(0x58, 0x02111111),
        Write(0x2C, 0x007C0003, to="first"),  # S19 XP's, even on a lone chip
        _Slot.CHAIN,  # relays, that chip's too
        _Slot.CHAIN_FAST,
        Each((Write(0xA8, 0x000701F0), Write(0x18, 0xF000C100), _core(5, 0x40), _core(0, 0x20), _CORES_ON)),
        Ramp(),
        Hcn(),
        Versions(),
        _Slot.FAST,
    ),
    "BM1368": (  # ESP
        Write(0xA4, 0x9000FFFF, times=4),
        Count(size=11),
        Inactive(),
        Write(0xA8, 0x00070000),
        Write(0x18, 0xFF0FC100),
        _core(0xB, 0x00),
        _core(0, 0x18),
        Write(0x14, 0x000000FF),
        Write(0x54, 0x00000003),
        Write(0x58, 0x02111111),
        Addresses(),
        _Slot.CHAIN,
        _Slot.CHAIN_FAST,
        Each((Write(0xA8, 0x000701F0), Write(0x18, 0xF000C100), _core(0xB, 0x00), _core(0, 0x18), _CORES_ON), 0.5),
        Ticket(),
        Ramp(),
        Hcn(),
        Versions(),
        _Slot.FAST,
    ),
    "BM1370": (  # ESP, the same as MUJ's capture of a Gamma
        _ROLL_3,
        Count(size=11),
        _ROLL,
        Write(0xA8, 0x00070000),
        Write(0x18, 0xF000C100),
        Inactive(),
        Addresses(),
        _core(0xB, 0x00),
        _core(0, 0x0C),
        Ticket(),
        Write(0x58, 0x00011111),
        _Slot.CHAIN,
        _Slot.CHAIN_FAST,
        Each((Write(0xA8, 0x000701F0), Write(0x18, 0xF000C100), _core(0xB, 0x00), _core(0, 0x0C), _CORES_ON)),
        Write(0xB9, 0x00004480),
        Write(0x54, 0x00000002),  # the temperature diode
        Write(0xB9, 0x00004480),
        _core(0xD, 0xEE),
        Ramp(),
        _Slot.MANY,  # MUJ, S21 Pro. ESP leaves it out on two chips, whose halves are the same by address and by offset
        Hcn(),
        _Slot.FAST,
        Versions(),
    ),
}

# A sweep without time, and on BM1397 cores without a clock: stock firmware writes 20 = 0 before its set-up (GPT).
_REST: dict[str, tuple[Write, ...]] = {"header": (Write(0x10, 0),), "midstate": (Write(0x20, 0),), "bm1387": ()}
_WAKE: dict[str, tuple[Write | Hcn, ...]] = {"header": (Hcn(),), "midstate": (Write(0x20, 1),), "bm1387": ()}

_LAST_OF_DOMAIN_1366 = Write(0x58, 0x0211F111, to="domain ends")  # GPT, S19 XP

_CHAIN: dict[str, tuple[Step, ...]] = {  # what a capture has of it; BM1362's (MUJ, S19j Pro) has none
    "BM1366": (_LAST_OF_DOMAIN_1366, Relay(), Pause(0.2)),
    "BM1368": (  # as BM1366 and BM1370: unproven on hardware
        _LAST_OF_DOMAIN_1366,
        Write(0x68, 0x5AA55AA5),
        Relay(),
        Pause(0.2),
    ),
    "BM1370": (  # MUJ, S21 Pro; S21 XP has 00013111 (GPT), and the pause
        Write(0x58, 0x0001F111, to="domain ends"),
        Write(0x68, 0x5AA55AA5),
        Relay(),
        Pause(0.2),
    ),
}

# The host's speed is the one that its source sets: the chips' own may be 4 % beside it (1041667 for 1000000).
_MEGABAUD = Baud((Write(0x28, 0x11300200),), 1_000_000)  # ESP
_PLL1_6250K = Baud(
    (Write(0x60, 0xC0700111), Write(0x28, 0x15600700)), 6_250_000
)  # GPT, S19 XP; of BM1368 and BM1370 unproven

_BAUDS: dict[str, tuple[Baud, ...]] = {
    "BM1387": (  # GEK: the divider, then the same with the gate; out of reset it is 26
        Baud((Write(0x1C, 0x00201A00),), FIRST_BAUD, then=(Write(0x1C, 0x40209A80),)),  # unproven on hardware
        Baud((Write(0x1C, 0x00200100),), 1_500_000, then=(Write(0x1C, 0x40208180),)),
    ),
    "BM1397": (
        Baud((Write(0x18, 0x00006131),), 1_500_000),  # GEK: the chips run at 1562500
        Baud((Write(0x18, 0x00006031),), 3_125_000),  # ESP
    ),
    "BM1362": (Baud((Write(0x28, 0x11300000),), 3_125_000),),  # MUJ
    "BM1366": (_MEGABAUD, Baud((Write(0x28, 0x11300000),), 3_125_000), _PLL1_6250K),
    "BM1368": (_MEGABAUD, Baud((Write(0x28, 0x11300000),), 3_125_000), _PLL1_6250K),
    "BM1370": (_MEGABAUD, Baud((Write(0x28, 0x01300000),), 3_125_000), _PLL1_6250K),  # MUJ, S21 Pro
}
