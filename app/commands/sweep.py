"""`joulehash sweep`: the map of frequency and voltage, its best J/TH, its best rate, and the frontier between them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...engine.errors import InputError
from ..options import check_writable

if TYPE_CHECKING:
    from ...bench.sweep.result import SweepResult
    from ...bench.sweep.rules import Rules

_CEILING, _PRECISION, _SETTLE_S = "3.5%", "3%", 10.0


def sweep(
    board: Annotated[
        str, typer.Argument(metavar="BOARD", help="[BOARD:]PORT or sim:BOARD, with ?label=NAME where wanted.")
    ],
    mhz: Annotated[
        str | None, typer.Option(metavar="LOW..HIGH:STEP", help="Frequencies.", show_default="all, by 25")
    ] = None,
    volts: Annotated[
        str | None, typer.Option(metavar="LOW..HIGH:STEP", help="Of a chip.", show_default="all, by 0.02")
    ] = None,
    errors: Annotated[str, typer.Option(metavar="PART", help="So many nonces may be false.")] = _CEILING,
    precision: Annotated[str, typer.Option(metavar="PART", help="Know the rate within ± this.")] = _PRECISION,
    settle: Annotated[
        float, typer.Option(metavar="S", help="Let a cell settle, and measure it, at least so long each.")
    ] = _SETTLE_S,
    chip_c: Annotated[
        float | None, typer.Option("--chip-c", metavar="C", help="End a cell there.", show_default="below the board's")
    ] = None,
    vr_c: Annotated[float | None, typer.Option("--vr-c", metavar="C", help="The same of its regulator.")] = None,
    watts: Annotated[float | None, typer.Option(metavar="W", help="The same of its power.")] = None,
    meter: Annotated[
        str, typer.Option(metavar="METER", help="What tells the energy: board, shelly:HOST and others, or none.")
    ] = "board",
    supply: Annotated[
        str | None,
        typer.Option(metavar="SUPPLY", help="Bench supply that feeds the board: scpi:ADDRESS?volts=V&amps=A."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Measure what cannot win, too: the whole map.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the sweep that was cut off.")] = False,
    progress: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where it is kept meanwhile.", show_default="beside the passport"),
    ] = None,
    passport: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Where passports are kept.", show_default="JOULEHASH_PASSPORT, or the data folder"
        ),
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with pictures.")] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the made-up work.")] = 1,
    virtual: Annotated[
        bool | None,
        typer.Option(
            "--virtual-time/--real-time",
            help="As fast as this machine can, or as slowly as a real one.",
            show_default="virtual for sim:BOARD",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line; the last is the result.")] = False,
) -> int:
    """Sweep frequency and voltage: 0 done, 1 no point is sound, 2 cut off or could not run."""
    from ..signals import noted_signals

    with noted_signals() as signals:
        from ...bench.sweep.grid import parse_range
        from ...engine.clock import run_virtual
        from ...hw.passport.where import passport_path
        from ..energy import supply_of
        from ..onbench import is_virtual
        from ..sweepface import choose_face
        from ..sweeping import Order
        from ..sweeping import sweep as run

        if report is not None:
            check_writable("--report", report)
        fast = is_virtual(virtual, [board], [meter, supply])
        order = Order(
            board=board,
            mhz=parse_range("--mhz", mhz),
            volts=parse_range("--volts", volts),
            rules=_rules(errors, precision, settle),
            chip_c=chip_c,
            vr_c=vr_c,
            watts=watts,
            meter=meter,
            supply=supply_of(supply, 1),
            every=every,
            resume=resume,
            progress=progress,
            passport=passport_path(passport),
            seed=seed,
        )
        face = choose_face(as_json=as_json, timed=not fast)
        try:
            result = (run_virtual if fast else asyncio.run)(run(order, face, signals))
            if report is not None:
                _write(report, result)
            face.result(result)
        finally:
            face.close()
    if result.ended != "done":
        return 2
    return 0 if result.best.rate is not None else 1


def _write(path: Path, result: SweepResult) -> None:
    from ...bench.paper.sweep_html import sweep_html
    from ...bench.paper.write import replace_text

    try:
        replace_text(path, sweep_html(result))
    except OSError as error:
        raise InputError(f"--report {path}: {error.strerror}") from None


def _rules(errors: str, precision: str, settle_s: float) -> Rules:
    from ...bench.sweep.rules import Rules

    if not 1 <= settle_s <= 600:
        raise InputError(f"--settle {settle_s:g}: takes 1 to 600 s")
    return Rules(
        ceiling=_part("--errors", errors),
        precision=_part("--precision", precision),
        settle_s=settle_s,
        settle_most_s=12 * settle_s,
        window_s=settle_s,
        window_most_s=30 * settle_s,
    )


def _part(option: str, text: str) -> float:
    """3.5%, 0.035. Raises InputError."""
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise InputError(f"{option} {text!r}: takes a part, as in 3.5% or 0.035") from None
