"""J/TH as people read it, and what of it the miner's faces show and write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from ..bench.paper.per_hash import with_uncertainty
from ..engine.errors import InputError
from ..engine.events import EnergyReport, EnergyUsed, Note, Report

if TYPE_CHECKING:
    from ..bench.energy import Efficiency
    from ..bench.metering import Counts, Metered
    from ..engine.miner import Miner
    from ..hw.meters.meter import Meter
    from ..hw.meters.sensors import Sensing
    from ..hw.meters.supply import Supply

REPORT_S = 60.0


def meter_of(text: str, boards: Sequence[Sensing]) -> Meter:
    """From --meter. Raises InputError."""
    from ..hw.meters.sensors import meter as sensors
    from ..hw.meters.url import parse_meter

    return parse_meter(text, lambda address: sensors(address, lambda: boards))


def supply_of(text: str | None, boards: int) -> Supply | None:
    """From --supply. It feeds one board, and is switched off with it. Raises InputError."""
    from ..hw.meters.url import parse_supply

    if text is None:
        return None
    if boards != 1:
        raise InputError(f"--supply: feeds one board, and {boards or 'none'} are named; run one, or each by itself")
    return parse_supply(text)


@asynccontextmanager
async def metered_miner(meter: Meter | None, miner: Miner, report: Report) -> AsyncGenerator[Metered | None]:
    """Beside a miner: the meter is read, and J/TH reported once a minute. None without a meter. Raises DeviceError for
    one that cannot be read at the start."""
    from ..bench.metering import counts, metering

    if meter is None:
        yield None
        return

    def done() -> Counts:
        return counts((state.device, state.tally) for state in (*miner.devices.values(), *miner.removed))

    async with metering(meter, done, lambda text: report(Note(text))) as metered:
        reporting = asyncio.create_task(_report(metered, report))
        try:
            yield metered
        finally:
            reporting.cancel()


async def _report(metered: Metered, report: Report) -> None:
    while True:
        await asyncio.sleep(REPORT_S)
        report(EnergyReport(used(metered.over(REPORT_S))))


def used(efficiency: Efficiency | None) -> EnergyUsed | None:
    """As it is written in JSON."""
    return None if efficiency is None else EnergyUsed(**msgspec.structs.asdict(efficiency))


def energy_cells(metered: Metered) -> list[tuple[str, str]]:
    """(window, J/TH) of the last minute and of all, as rates have it."""
    return [("1m", efficiency_text(metered.over(60.0))), ("avg", efficiency_text(metered.over(None)))]


def point_text(metered: Metered) -> str:
    """Where it was measured, and by what."""
    meter = metered.meter
    return f"{meter.place}, {meter.name}" + (" (declared)" if meter.source == "declared" else "")


def energy_line(metered: Metered) -> str:
    """For the status line."""
    cells = "  ".join(f"({name}) {text}" for name, text in energy_cells(metered))
    return f"{cells}  at {point_text(metered)}"


def used_line(energy: EnergyUsed) -> str:
    """For the account at the end: of whom, where, how long, by what."""
    joules = with_uncertainty(energy.j_per_th, energy.expanded)
    declared = " as declared" if energy.source == "declared" else ""
    return (
        f"{joules} (k = 2): {energy.joules:.6g} J{declared} at the {energy.place} in {energy.seconds:.0f} s, "
        f"hashes {'counted' if energy.by == 'counted' else 'by claims'}, {energy.meter}"
    )


def efficiency_text(efficiency: Efficiency | EnergyUsed | None) -> str:
    """unknown; 16.3 ± 0.4 J/TH; 2.47 ± 0.15 J/MH."""
    return "unknown" if efficiency is None else with_uncertainty(efficiency.j_per_th, efficiency.expanded)
