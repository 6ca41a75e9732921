"""Every board that is driven, one row each. docs/boards.md has the same table for people, with what was proven how.

Bitaxe figures: ESP-Miner, device_config.h and the options of its web page. GekkoScience: kanoi's cgminer, driver-gekko.
Icarus and its kin: bfgminer, driver-icarus.c and driver-erupter.c. None of the rows has met its hardware yet.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ...engine.errors import InputError
from ..chips.chip import Span
from ..chips.table import CHIPS
from ..limits import Limits
from .row import Icarus, Link, Row

_AXE_DIES = "its chips go on with their last work at full voltage; the guard process "
_OFF = _AXE_DIES + "switches it off"
_LOWEST = _AXE_DIES + "holds them in reset at 0.99 V, the lowest it has: its DS4432U has no off"
_EITHER = _AXE_DIES + "switches it off; one with a DS4432U has no off, there it holds them in reset at 0.99 V"
_STICK_DIES = "its chips repeat their last work at full power; the guard process "
_RESET = _STICK_DIES + "holds them in reset, by a pin of its bridge; their voltage stays"
_LATCHED = _STICK_DIES + "switches chips and regulator off, by pins of its bridge"
_ICARUS_DIES = "it ends its nonce range, or repeats it, at full power; pull the plug"

_MHZ_1397 = Span(200.0, 400.0, 500.0)  # of sticks; the least is ours: below it a stick is no use
_MHZ_A = Span(200.0, 400.0, 525.0)  # the same
_TWO_PORTS = ("chips", "telemetry")
_5V, _12V = (4.5, 5.5), (10.8, 13.2)  # V, 10 % of what the board is made for
_MOST_MHZ = {"BM1397": 600.0, "BM1370": 625.0}  # ESP-Miner's options; on sticks these chips are let run faster
_FAST = {"BM1397": 3_125_000}  # of the line (ESP-Miner); the others are told 1.04 M, which it calls 1 M


def _axe(
    name: str,
    title: str,
    chip: str,
    volts: Span,
    watts: float,
    host_dies: str = _OFF,
    input_v: tuple[float, float] = _5V,
    vr_c: float | None = 105.0,
) -> Row:
    """A Bitaxe with one chip that runs bitaxe-raw."""
    data = CHIPS[chip]
    return Row(
        name=name,
        title=title,
        chip=data,
        chips=1,
        link="bitaxe-raw",
        ports=("control", "chips"),
        baud=115200,
        fast_baud=_FAST.get(chip, 1_000_000),
        mhz=replace(data.mhz, most=_MOST_MHZ.get(chip, data.mhz.most)),
        volts=volts,
        rail_most_v=volts.most,
        limits=Limits(chip_c=75.0, vr_c=vr_c, watts=watts, input_v=input_v, fan_rpm_least=500.0),  # ESP-Miner's
        watched=True,
        host_dies=host_dies,
    )


def _several(row: Row, chips: int, domains: int, rail_most_v: float) -> Row:
    return replace(row, chips=chips, domains=domains, rail_most_v=rail_most_v)


def _stick(
    name: str,
    title: str,
    chip: str,
    chips: int,
    link: Link,
    fast_baud: int | None,
    mhz: Span,
    ports: tuple[str, ...] = ("chips",),
) -> Row:
    """A USB stick that we drive without a kernel's serial port: a switch, and no sensors that could be trusted."""
    data = CHIPS[chip]
    return Row(
        name=name,
        title=title,
        chip=data,
        chips=chips,
        link=link,
        ports=ports,
        baud=115200,
        fast_baud=fast_baud,
        mhz=mhz,
        volts=None,
        host_dies=_RESET,
    )


def _sensing(stick: Row) -> Row:
    """One with a micro of its own that senses temperature and supply. cgminer-gekko switches off at 110 °C."""
    return replace(stick, watched=True, limits=Limits(chip_c=85.0, input_v=_5V), host_dies=_LATCHED)


def _icarus(name: str, title: str, icarus: Icarus) -> Row:
    return Row(
        name=name,
        title=title,
        chip=None,
        chips=icarus.units,
        link="serial",
        ports=("chips",),
        baud=115200,
        fast_baud=None,
        mhz=Span(0.0, 0.0, 0.0),
        volts=None,
        host_dies=_ICARUS_DIES,
        icarus=icarus,
    )


_ROWS = (
    _axe("bitaxe-max", "Bitaxe Max", "BM1397", Span(1.10, 1.40, 1.50), 25.0, _LOWEST, vr_c=None),
    _axe("bitaxe-ultra", "Bitaxe Ultra", "BM1366", Span(1.10, 1.20, 1.30), 25.0, _EITHER),
    _axe("bitaxe-supra", "Bitaxe Supra", "BM1368", Span(1.10, 1.166, 1.30), 40.0, _EITHER),
    _axe("bitaxe-gamma", "Bitaxe Gamma", "BM1370", Span(1.00, 1.15, 1.25), 40.0),
    _several(_axe("bitaxe-gt", "Bitaxe GT", "BM1370", Span(1.00, 1.15, 1.25), 60.0, input_v=_12V), 2, 1, 1.25),
    _several(_axe("bitaxe-hex", "Bitaxe Hex", "BM1366", Span(1.10, 1.20, 1.30), 90.0, input_v=_12V), 6, 3, 3.9),
    # cgminer's FTDI divisor 1 is 1.5 Mbaud; the chips are told 1.56 M, register 18 = 00006131.
    _stick("compac-f", "GekkoScience Compac F", "BM1397", 1, "ftdi", 1_500_000, _MHZ_1397),
    _stick("r909", "GekkoScience R909", "BM1397", 6, "ftdi", 1_500_000, _MHZ_1397),
    _stick("newpac", "GekkoScience NewPac", "BM1387", 2, "ftdi", 1_500_000, Span(100.0, 100.0, 900.0)),
    _stick("r606", "GekkoScience R606", "BM1387", 12, "ftdi", 1_500_000, Span(100.0, 550.0, 900.0)),
    _sensing(_stick("compac-a1", "GekkoScience Compac A1", "BM1362", 1, "cp210x", None, _MHZ_A, _TWO_PORTS)),
    _sensing(_stick("compac-a2", "GekkoScience Compac A2", "BM1370", 1, "cp210x", None, _MHZ_A, _TWO_PORTS)),
    # 2.64083 ns a hash, two FPGAs that share the nonces; it waits after a nonce.
    _icarus("icarus", "Icarus", Icarus(1e9 / 2.64083, units=2, goes_on=False)),
    # To bfgminer the same; that it waits, too, is not told: new work does no harm to one that goes on.
    _icarus("lancelot", "Lancelot", Icarus(1e9 / 2.64083, units=2, goes_on=False)),
    _icarus("block-erupter", "Block Erupter", Icarus(1e9 / 2.9761)),
    # Open FPGA cores that speak Icarus: 80 MH/s, 12.5 ns a hash.
    _icarus("fpga", "FPGA that speaks Icarus", Icarus(80e6)),
)
BOARDS = {row.name: row for row in _ROWS}
_CHAIN = re.compile(r"chain:(?P<chip>bm\d{4})(?:x(?P<chips>\d{1,3}))?$", re.IGNORECASE)
_MOST_CHIPS = 126  # of a chain, as on an S19j Pro


def board_row(name: str) -> Row:
    """The row of that name; `chain:bm1368x6` is a bare chain of six. Raises InputError."""
    if (row := BOARDS.get(name)) is not None:
        return row
    match = _CHAIN.match(name)
    chip = CHIPS.get(match["chip"].upper()) if match is not None else None
    if match is None or chip is None:
        raise InputError(f"board {name!r}: is unknown; takes {', '.join(BOARDS)}, chain:CHIPxN of {', '.join(CHIPS)}")
    chips = int(match["chips"] or 1)
    if not 1 <= chips <= _MOST_CHIPS:
        raise InputError(f"board {name}: {chips} chips; takes 1 to {_MOST_CHIPS}")
    return Row(
        name=f"chain:{chip.name.lower()}x{chips}",
        title=f"chain of {chips} {chip.name}",
        chip=chip,
        chips=chips,
        link="serial",
        ports=("chips",),
        baud=115200,
        fast_baud=None,  # what the adapter and the wires stand is not known
        mhz=chip.mhz,
        volts=None,
        host_dies="its chips repeat their last work at whatever voltage they have; switch the supply off",
    )
