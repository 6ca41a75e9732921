"""A sweep as the command line runs it: around bench/sweep the board, its meter, the progress file and the passport."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..bench.metering import metering
from ..bench.sweep.book import Kept, Progress, Whose, load, save
from ..bench.sweep.frontier import best_of
from ..bench.sweep.grid import Range, grid_of
from ..bench.sweep.plan import known, whole
from ..bench.sweep.result import SweepResult
from ..bench.sweep.rules import Rules, limits_of
from ..bench.sweep.sweep import Ended, Sensed, Sweep
from .energy import meter_of
from .onbench import OnBench, on_bench
from .onpassport import keep, key_of
from .sweepface import SweepFace

if TYPE_CHECKING:
    from ..hw.meters.meter import Meter
    from ..hw.meters.supply import Supply
    from .signals import Signals

NO_METER = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was asked for. `passport`: its file, beside which progress files are kept."""

    board: str
    mhz: Range = field(default_factory=Range)
    volts: Range = field(default_factory=Range)
    rules: Rules = field(default_factory=Rules)  # but for the limits
    chip_c: float | None = None
    vr_c: float | None = None
    watts: float | None = None
    meter: str = "board"
    supply: Supply | None = None
    every: bool = False
    resume: bool = False
    progress: Path | None = None
    passport: Path
    seed: int = 1


async def sweep(order: Order, face: SweepFace, signals: Signals) -> SweepResult:
    """Raises InputError for what cannot be asked of this board, DeviceError where nothing could be measured or the
    board cannot be brought to off."""
    on = on_bench(order.board)
    grid = grid_of(on.row, on.spec.name, order.mhz, order.volts)
    limits = limits_of(on.row.limits, order.chip_c, order.vr_c, order.watts)
    rules, sensed = replace(order.rules, limits=limits), Sensed()
    meter = None if order.meter == NO_METER else meter_of(order.meter, [sensed])
    key = await key_of(on, order.passport, face.note)
    name = NO_METER if meter is None else meter.name
    whose = Whose.of(key or on.spec.name, on.row.name, grid, rules.told(), name, every=order.every)
    kept = _kept(order, whose, face)
    board = on.board(on.row, unguarded=False, supply=order.supply)
    made = Sweep(board, grid, rules, kept, sensed, kept.progress.cells, every=order.every, seed=order.seed)
    ended = await _run(made, meter, on, kept, signals)
    result = SweepResult(
        board=on.spec.name,
        title=on.row.title,
        key=key,
        began=kept.progress.began,
        seconds=kept.seconds,
        ended=ended.how,
        why=ended.why,
        mhz=[*grid.mhz],
        volts=[*grid.volts],
        cells=whole(grid, known(grid, made.cells)),
        best=best_of(made.cells),
        usual=(made.usual.mhz, made.usual.volts),
        rules=rules.told(),
        simulated=on.simulated or on.spec.scale > 0,
        seed=order.seed,
    )
    if ended.how == "done":
        if result.best.rate is not None:
            await keep(result, order.passport, face.note)
        kept.end()
    return result


async def _run(made: Sweep, meter: Meter | None, on: OnBench, kept: Kept, signals: Signals) -> Ended:
    """Beside the simulator, if it is one, and the meter."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(on.beside)
        metered = None if meter is None else await stack.enter_async_context(metering(meter, tell=kept.note))
        running = asyncio.create_task(made.run(metered))
        with signals.tell(made.stop, running.cancel):
            await asyncio.wait([running])
        return Ended("interrupted") if running.cancelled() else running.result()


def _kept(order: Order, whose: Whose, face: SweepFace) -> Kept:
    """With what was measured before, if that is to go on. Raises InputError."""
    path = order.progress or usual_path(order.passport, whose.board)
    before = load(path, whose) if order.resume else None
    if before is not None:
        face.note(f"goes on after {len(before.cells)} cells")
    elif order.resume:
        face.note(f"there is no {path} to go on with: it begins anew")
    elif path.exists():
        face.note(f"{path}: the sweep that was cut off is forgotten; --resume would have gone on with it")
    progress = before or Progress(whose, datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"))
    save(path, progress)
    return Kept(path, progress, face)


def usual_path(passport: Path, board: str) -> Path:
    """Of the progress file, beside the passport."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", board).strip("-.") or "board"
    return passport.parent / "sweeps" / f"{safe[:80]}.json"
