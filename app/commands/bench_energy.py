"""`joulehash bench energy`: which devices, by which meter, and how its figures are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import msgspec
import typer

from ...bench.paper.per_hash import with_uncertainty
from ...engine.errors import InputError
from ..energy import meter_of
from ..options import MineOptions
from ..units import rate_text

if TYPE_CHECKING:
    from ...bench.joules import Measured
    from ...hw.meters.meter import Meter
    from ..devices import Devices

_INDENT = "    "


def bench_energy(
    devices: list[str] | None,
    kernels: list[str] | None,
    meter: str | None,
    supply: str | None,
    seconds: float,
    as_json: bool,
    progress: Callable[[str], None],
) -> int:
    """Each device by itself, for so many seconds. Raises InputError and DeviceError."""
    if devices and kernels:
        raise InputError("-k is short for -d cpu:KERNEL: give one of them")
    names = devices or [f"cpu:{kernel}" for kernel in kernels or ()] or ["cpu"]
    told: list[Measured] = []
    for name in names:
        measured, why = asyncio.run(_measure(name, meter, supply, seconds, progress))
        told.append(measured)
        progress("")
        for line in () if as_json else measured_lines(measured, why):
            typer.echo(line)
    if as_json:
        typer.echo(msgspec.json.encode({"energy": told}).decode())
    return 0


async def _measure(
    name: str, meter: str | None, supply: str | None, seconds: float, progress: Callable[[str], None]
) -> tuple[Measured, str]:
    """And why there is no meter, where there is none."""
    from ...bench.joules import IDLE_S, measure_energy
    from ..devices import Devices

    devices = Devices(MineOptions(device=[name], supply=supply))
    async with AsyncExitStack() as stack:
        for each in devices.beside:
            await stack.enter_async_context(each)
        device = devices.all[0]
        chosen, why = _meter(meter, devices)
        idle_s = 0.0 if devices.sensing else IDLE_S
        return await measure_energy(device, chosen, seconds, idle_s=idle_s, progress=progress), why


def _meter(text: str | None, devices: Devices) -> tuple[Meter | None, str]:
    """Of a board its own sensors and of a CPU its own counter, where nothing is said; and why there is none."""
    from ...hw.meters.rapl import problem

    if text is not None:
        return meter_of(text, devices.sensing), ""
    if devices.sensing:
        return meter_of("board", devices.sensing), ""
    why, remedy = problem()
    if why:
        return None, f"{why}; {remedy or 'give another by --meter'}"
    return meter_of("rapl:", ()), ""


def measured_lines(m: Measured, why: str = "") -> Iterator[str]:
    """For a terminal of 80 columns."""
    yield f"{m.device}{f': {m.note}' if m.note else ''}"
    for figure in _figures(m, why):
        yield f"{_INDENT}{figure}"


def _figures(m: Measured, why: str) -> Iterator[str]:
    if m.best is None:
        yield f"J/TH unknown: {why or 'the meter told no energy of this window; let it take longer'}"
    else:
        at_th = with_uncertainty(m.best.j_per_th, m.best.expanded, "TH")
        better = with_uncertainty(m.best.j_per_th, m.best.expanded)
        yield f"{better}{'' if better == at_th else f', that is {at_th}'} (k = 2)"
    if m.energy is not None:
        yield from _energy(m)
    claims = "no claims" if m.claimed is None else f"{rate_text(m.claimed.value)} by {m.claims} verified claims"
    yield f"{rate_text(m.counted_hps)} counted, {claims}" if m.counted_hps is not None else claims
    if m.ratio is not None:
        yield f"claims over counted: {m.ratio.value:.3f} ({m.ratio.low:.3f} to {m.ratio.high:.3f}, 95 %)"
        if m.disagrees:
            yield "that is no chance: nonces are lost, or something counts wrong"
    if m.hardware_errors:
        yield f"{m.hardware_errors} hardware errors"


def _energy(m: Measured) -> Iterator[str]:
    assert m.energy is not None
    e = m.energy
    declared = ", declared" if e.source == "declared" else ""
    yield f"{e.watts:.4g} W at the {e.place}{declared}: {e.joules:.4g} J in {e.seconds:.1f} s, by {e.meter}"
    if m.idle_w is not None:
        yield f"{m.idle_w:.4g} W while idle, not subtracted"
