"""Every simulated board by its name, and `sim:BOARD?fault=NAME[:ARG],…&scale=K` as a board that can be run.

Figures: the fact sheet's section "Chip table", for the Bitaxes ESP-Miner's frequencies, voltages and target powers;
where it has none, the power is the chips' rate times the J/TH of the machine that they are known from (the same
section), and stands as "ours". A board that is not in this table is not simulated; a new one is a row here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from ...engine.errors import InputError
from ..chips.chip import Chip
from ..chips.table import CHIPS
from ..query import values_of, whole
from ..wire.bitaxe_answers import Format
from .bitaxe import Around, bitaxe
from .bm1387 import Chips1387
from .board import Line, SimulatedBoard
from .chips import Chips
from .faults import FAULTS, Faults, parse_faults
from .icarus import ROWS as ICARUS
from .icarus import Icarus
from .run import Simulated
from .sticks import always_on, ftdi_stick, latch_stick
from .world import Figures, World

_HASHED_HPS = 2.5e5  # what a simulator hashes if nothing else is said: several and a miner share two cores
_KEYS = ("fault", "scale", "seed", "format")
_MOST_CHIPS = 126  # of a chain: so many ids of two addresses each (S19j Pro)


@dataclass(frozen=True, slots=True)
class Options:
    """What a user wrote after the question mark."""

    faults: Faults
    scale: int | None = None  # bits less than silicon; None: so that it hashes 250 kH/s, or as little as it can
    seed: int = 1
    answers_in: Format = Format.V0


@dataclass(frozen=True, slots=True)
class Simulator:
    """A row. `hps`: at its nominal point, of silicon; `silicon` makes what hashes, `around` what stands about it."""

    figures: Figures
    hps: float
    silicon: Callable[[World, int, Options], Line]  # with the scale in bits
    around: Callable[[World, Line, Options], SimulatedBoard]
    absent: frozenset[str] = frozenset()  # faults of what it does not have
    slice_bits: int = 25  # nonces of a core; 24 on BM1397

    def build(self, options: Options) -> Simulated:
        """Raises InputError for a scale that the chip cannot take, and a fault of what the board does not have."""
        scale = self._usual_scale if options.scale is None else options.scale
        world = World(self.figures, options.faults, options.seed)
        board = self.around(world, self.silicon(world, scale, options), options)
        return Simulated(self.figures.name, board, scale)

    @property
    def _usual_scale(self) -> int:
        """In bits; at most so many that each chip has a nonce of every core's slice to itself."""
        most = self.slice_bits - (self.figures.chips - 1).bit_length()
        return max(0, min(most, round(math.log2(self.hps / _HASHED_HPS))))


def simulated(text: str) -> Simulated:
    """`[sim:]BOARD[?KEY=VALUE&…]`. Raises InputError that says what there is."""
    name, _, query = text.removeprefix("sim:").partition("?")
    return simulate(simulator(name), values_of(f"simulator {text!r}", query, _KEYS))


def simulate(row: Simulator, given: Mapping[str, str]) -> Simulated:
    """By options as they were written."""
    name, fault = row.figures.name, given.get("fault", "")
    what = f"sim:{name}"
    for part in fault.split(","):
        if part.partition(":")[0] in row.absent:
            raise InputError(f"{what}: has nothing that {part.partition(':')[0]} could break; leave it out")
    options = Options(parse_faults(fault), whole(what, given, "scale", 32))
    if (seed := whole(what, given, "seed", 2**32)) is not None:
        options = replace(options, seed=seed)
    if "format" in given:
        if name not in _BITAXES:
            raise InputError(f"{what}: format is for boards with a control port, {', '.join(_BITAXES)}")
        if given["format"] not in list(Format):
            raise InputError(f"{what}: format {given['format']!r} is unknown; takes {', '.join(Format)}")
        options = replace(options, answers_in=Format(given["format"]))
    return row.build(options)


def simulator(name: str) -> Simulator:
    """The row of that name; `chain:bm1368x6` is a bare chain of six. Raises InputError."""
    if (row := SIMULATORS.get(name)) is not None:
        return row
    match = _CHAIN.match(name)
    chip = match["chip"].upper() if match is not None else ""
    if match is None or chip not in _POINTS:
        boards, chips = ", ".join(SIMULATORS), ", ".join(_POINTS).lower()
        raise InputError(f"sim:{name}: is unknown; there are {boards}, and chain:CHIPxN with N chips of {chips}")
    count = int(match["chips"] or 1)
    if not 1 <= count <= _MOST_CHIPS:
        raise InputError(f"sim:{name}: {count} chips; takes 1 to {_MOST_CHIPS}")
    point = _POINTS[chip]
    watts = count * point.watts / 0.9 + 2.0
    figures = Figures(f"chain:{chip.lower()}x{count}", count, point.mhz, point.volts, watts, 12.0, 1, 2.0)
    absent = _NO_PARTS | _NO_FAN
    return Simulator(figures, count * point.hps, partial(_chips, chip), _alone, absent, point.slice_bits)


def _chips(chip: str, world: World, scale: int, options: Options) -> Line:
    row: Chip = CHIPS[chip].scaled(scale)
    make = Chips1387 if chip == "BM1387" else Chips
    return make(row, world.figures.chips, world, options.faults, options.seed)


def _icarus(row: str, world: World, scale: int, options: Options) -> Line:
    return Icarus(ICARUS[row].scaled(scale), world, options.faults, options.seed)


# The rows


@dataclass(frozen=True, slots=True)
class _Point:
    """Of one chip: where it usually runs, and the watts that it takes there."""

    mhz: float
    volts: float
    small_cores: int
    j_th: float  # of its machine: S17, S19j Pro, S19 XP, S21, S21 Pro, S9
    slice_bits: int = 25

    @property
    def hps(self) -> float:
        return self.mhz * 1e6 * self.small_cores

    @property
    def watts(self) -> float:
        return self.hps * 1e-12 * self.j_th


_POINTS: Mapping[str, _Point] = {
    "BM1387": _Point(550.0, 0.40, 114, 98.0),
    "BM1397": _Point(425.0, 1.40, 672, 40.0, 24),
    "BM1362": _Point(525.0, 0.30, 514, 29.5),
    "BM1366": _Point(485.0, 1.20, 894, 21.5),
    "BM1368": _Point(490.0, 1.166, 1276, 17.5),
    "BM1370": _Point(525.0, 1.15, 2040, 15.0),
}
_CHAIN = re.compile(r"chain:(?P<chip>bm\d{4})(?:x(?P<chips>\d{1,3}))?$", re.IGNORECASE)
_NO_I2C = frozenset(("i2c-dead",))
_NO_PARTS = frozenset(name for name, kind in FAULTS.items() if kind.place == "part")
_NO_FAN = frozenset(("fan-stall",))
_NO_DIODE = frozenset(("sensor-open",))  # it is the fan controller's own temperature that stands for the chip's
_NO_1387 = _NO_I2C | _NO_FAN | {"lying-counter"}
_NO_REGISTERS = frozenset(("dead-core", "weak-core", "wrong-chip", "address-stuck", "chain-cut", "lying-counter"))

_OLD_AXE = Around("emc2101", "ds4432u")
_Surroundings = Callable[[World, Line, Options], SimulatedBoard]


def _alone(world: World, line: Line, _: Options) -> SimulatedBoard:
    return always_on(world, line)


def _screwed(*, usb_powered: bool, micro: bool = False) -> _Surroundings:
    return lambda world, line, _: ftdi_stick(world, line, usb_powered=usb_powered, micro=micro)


def _latched(levels: int) -> _Surroundings:
    return lambda world, line, _: latch_stick(world, line, levels)


def _axe(
    name: str,
    chip: str,
    watts: float,
    around: Around,
    chips: int = 1,
    domains: int = 1,
    input_v: float = 5.0,
    absent: frozenset[str] = frozenset(),
) -> Simulator:
    point = _POINTS[chip]
    figures = Figures(name, chips, point.mhz, point.volts, watts, input_v, domains)
    return Simulator(
        figures,
        chips * point.hps,
        partial(_chips, chip),
        lambda world, line, options: bitaxe(world, line, around, options.answers_in),
        absent,
        point.slice_bits,
    )


def _stick(
    name: str,
    chip: str,
    chips: int,
    around: _Surroundings,
    absent: frozenset[str] = _NO_PARTS | _NO_FAN,
    input_v: float = 5.0,
) -> Simulator:
    """Its power is ours: no source has it."""
    point = _POINTS[chip]
    watts = chips * point.watts / 0.9 + 1.0
    figures = Figures(name, chips, point.mhz, point.volts, watts, input_v)
    return Simulator(figures, chips * point.hps, partial(_chips, chip), around, absent, point.slice_bits)


def _works(name: str, row: str, volts: float, watts: float, input_v: float) -> Simulator:
    """A board that speaks Icarus. Its voltage and power are ours: no source has them."""
    icarus = ICARUS[row]
    figures = Figures(name, icarus.units, icarus.mhz, volts, watts, input_v)
    return Simulator(figures, icarus.rate_hps, partial(_icarus, row), _alone, _NO_PARTS | _NO_FAN | _NO_REGISTERS)


_ROWS = (
    _axe("bitaxe-max", "BM1397", 12.0, _OLD_AXE),
    _axe("bitaxe-ultra", "BM1366", 12.0, _OLD_AXE, absent=_NO_DIODE),
    _axe("bitaxe-supra", "BM1368", 12.0, _OLD_AXE, absent=_NO_DIODE),  # ours: the sheet has 8 W, for a later revision
    _axe("bitaxe-gamma", "BM1370", 19.0, Around("emc2101")),
    _axe("bitaxe-gt", "BM1370", 36.0, Around("emc2103"), chips=2, input_v=12.0),
    _axe("bitaxe-hex", "BM1366", 40.0, Around("emc2302"), chips=6, domains=3, input_v=12.0),
    _stick("compac-f", "BM1397", 1, _screwed(usb_powered=True)),
    _stick("r909", "BM1397", 6, _screwed(usb_powered=False), input_v=12.0),
    _stick("newpac", "BM1387", 2, _screwed(usb_powered=True, micro=True), _NO_1387),
    _stick("r606", "BM1387", 12, _screwed(usb_powered=False, micro=True), _NO_1387, input_v=12.0),
    _stick("compac-a1", "BM1362", 1, _latched(1), _NO_I2C),
    _stick("compac-a2", "BM1370", 1, _latched(4), _NO_I2C),
    _works("icarus", "icarus", 1.2, 19.0, 12.0),
    _works("lancelot", "lancelot", 1.2, 26.0, 12.0),
    _works("block-erupter", "erupter", 1.05, 2.5, 5.0),
    _works("fpga", "fpga", 1.2, 5.0, 5.0),
)
SIMULATORS: Mapping[str, Simulator] = {row.figures.name: row for row in _ROWS}
_BITAXES = tuple(name for name in SIMULATORS if name.startswith("bitaxe-"))
