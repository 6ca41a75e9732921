"""`joulehash bench`: hashes a second, how near that is to the machine's limit, and what mining costs beside hashing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ...engine.errors import InputError
from ..options import check_writable

if TYPE_CHECKING:
    from ...bench.page import Findings
    from ...bench.results import Machine, Results
    from ..faces import Face

T = TypeVar("T")

_SECONDS = 24.0  # of bench/kernels.py, which is not imported for --help
_MIDSTATES = (1, 8)
_MUCH_STOLEN = 0.02


class What(StrEnum):
    """What to measure."""

    KERNELS = "kernels"
    PIPELINE = "pipeline"
    COPIES = "copies"
    ENERGY = "energy"
    BOARDS = "boards"
    ALL = "all"


def bench(
    what: Annotated[
        What,
        typer.Argument(
            help="kernels, pipeline (the miner around them), copies (where their code lies), boards, all of these; or "
            "energy (J/TH of a device).",
        ),
    ] = What.KERNELS,
    device: Annotated[
        list[str] | None,
        typer.Option("-d", "--device", metavar="DEVICE", help="Energy: of cpu[:KERNEL], [BOARD:]PORT or sim:BOARD."),
    ] = None,
    meter: Annotated[
        str | None,
        typer.Option(metavar="METER", help="Energy: what tells it. Default: a board's sensors, or the CPU's counter."),
    ] = None,
    supply: Annotated[str | None, typer.Option(metavar="SUPPLY", help="Energy: what feeds the board.")] = None,
    kernel: Annotated[
        list[str] | None, typer.Option("-k", "--kernel", help="Only this kernel; may be given several times.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(metavar="S", help="For all kernels together, or all copies; energy: each device.")
    ] = _SECONDS,
    midstates: Annotated[
        list[int] | None,
        typer.Option(metavar="M", help="Versions hashed with each nonce; give it twice for two. Default: 1 and 8."),
    ] = None,
    compare: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Compare with what --json wrote earlier: ratios, intervals.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the kernels, as .svg or .png.")] = None,
    write: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the figures as a page of Markdown.")] = None,
    suites: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For --write: what pytest --benchmark-json wrote.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> int:
    """Measure this machine, by ratios within one run."""
    from ...bench import plot as picture
    from ...bench.results import load
    from ...bench.suites import load_suites

    if what is What.ENERGY:
        from .bench_energy import bench_energy

        _check(what, seconds, midstates or [], compare, plot, write)
        return bench_energy(device, kernel, meter, supply, seconds, as_json, _progress_or_done)
    if device is not None or meter is not None or supply is not None:
        raise InputError(f"-d, --meter and --supply: are for energy; leave them out with {what}")
    _check(what, seconds, midstates or [], compare, plot, write)
    earlier = _read("--compare", compare, load)
    parts = _read("--suites", suites, load_suites)

    found = _measure(what, kernel, seconds, midstates or list(_MIDSTATES), earlier)
    if earlier is not None:
        _tell_of_another_machine(found.machine, earlier.machine)
    if plot is not None:
        _leave("--plot", plot, lambda: picture.draw(found.machine, found.kernels, plot))
    if write is not None:
        text = _page(replace(found, suites=parts), what, write, plot)
        _leave("--write", write, lambda: write.write_text(text, encoding="utf-8"))
    if found.stolen is not None and found.stolen > _MUCH_STOLEN:
        typer.echo(
            f"the host gave {found.stolen:.0%} of the time to others: trust the ratios, and no latency", err=True
        )
    if as_json:
        from ...bench.page import to_json

        typer.echo(to_json(found))
    elif write is None:
        for line in _lines(found):
            typer.echo(line)
    return 0


def _check(
    what: What, seconds: float, midstates: list[int], compare: Path | None, plot: Path | None, write: Path | None
) -> None:
    """What can be known before minutes are spent on measuring."""
    from ...bench import plot as picture

    if not 0 < seconds < 3600:
        raise InputError(f"--seconds: {seconds:g}; takes seconds above 0, below an hour")
    for m in midstates:
        if not 1 <= m <= 256:
            raise InputError(f"--midstates: {m}; takes 1 to 256")
    for option, path in (("--compare", compare), ("--plot", plot)):
        if path is not None and what in (What.PIPELINE, What.COPIES, What.BOARDS, What.ENERGY):
            raise InputError(f"{option}: is for the kernels; leave it out with {what}")
    for option, path in (("--write", write), ("--plot", plot)):
        if path is not None:
            check_writable(option, path)
    if plot is not None:
        picture.check("--plot", plot)


def _read(option: str, path: Path | None, load: Callable[[Path], T]) -> T | None:
    try:
        return load(path) if path is not None else None
    except InputError as error:
        raise InputError(f"{option} {error}") from None


def _measure(
    what: What, kernel: list[str] | None, seconds: float, midstates: list[int], earlier: Results | None
) -> Findings:
    from ...bench.boards import measure_boards
    from ...bench.compare import compare
    from ...bench.copies import SECONDS as COPIES_S
    from ...bench.copies import measure_copies
    from ...bench.kernels import measure_kernels
    from ...bench.page import Findings
    from ...bench.report import measure_pipeline
    from ...bench.results import Results, cpu_ticks, this_machine

    first = kernel[0] if kernel else None
    stolen, ticks = cpu_ticks()
    found = Findings(this_machine(), [])
    if what in (What.KERNELS, What.ALL):
        found = Findings(*measure_kernels(kernel, seconds, midstates, _progress))
    if what in (What.COPIES, What.ALL):
        alone = (first, seconds) if what is What.COPIES else (None, COPIES_S)
        found = replace(found, copies=measure_copies(*alone, progress=_progress))
    if what in (What.PIPELINE, What.ALL):
        found = replace(found, pipeline=measure_pipeline(first, _screen, _progress))
    if what in (What.BOARDS, What.ALL):
        found = replace(found, boards=measure_boards(first, _progress))
    if earlier is not None:
        _progress("comparing")
        found = replace(found, changes=compare(Results(found.machine, found.kernels), earlier))
    _progress_done()
    now_stolen, now = cpu_ticks()
    return replace(found, stolen=(now_stolen - stolen) / (now - ticks) if now > ticks else None)


def _screen() -> Face:
    """The live screen as `joulehash mine` has it, on a terminal that nobody sees."""
    from io import StringIO

    from rich.console import Console

    from ..screen import ScreenFace

    return ScreenFace(console=Console(file=StringIO(), force_terminal=True, width=80, height=24, highlight=False))


def _progress(text: str) -> None:
    """One line that is written over on a terminal; in a log only what takes long, not each turn."""
    if sys.stderr.isatty():
        typer.echo(f"\r\x1b[K{text}", err=True, nl=False)
    elif "round " not in text:
        typer.echo(text, err=True)


def _progress_done() -> None:
    if sys.stderr.isatty():
        typer.echo("\r\x1b[K", err=True, nl=False)


def _progress_or_done(text: str) -> None:
    _progress(text) if text else _progress_done()


def _tell_of_another_machine(now: Machine, then: Machine) -> None:
    from ...bench.compare import other_machine

    if (other := other_machine(now, then)) is not None:
        typer.echo(f"another machine: the earlier run had {other}; cycles are compared as they are", err=True)


def _leave(option: str, path: Path, write: Callable[[], object]) -> None:
    try:
        write()
    except OSError as error:
        raise InputError(f"{option} {path}: {error.strerror}") from None
    typer.echo(f"written: {path}", err=True)


def _page(found: Findings, what: What, write: Path, plot: Path | None) -> str:
    from ...bench.page import page

    picture = Path(os.path.relpath(plot, write.parent)) if plot is not None else None
    return page(found, f"joulehash bench {what}", picture)


def _lines(found: Findings) -> Iterator[str]:
    """For a terminal of 80 columns."""
    from ...bench.boards import boards_lines
    from ...bench.report import pipeline_lines
    from ...bench.tables import changes_table, copies_table, kernels_table

    if found.kernels:
        yield from kernels_table(found.kernels).lines()
    if found.changes:
        yield ""
        yield from changes_table(found.changes).lines()
    elif found.changes is not None:
        yield "nothing to compare: the earlier run has none of these kernels with as many midstates and threads"
    if found.copies is not None:
        yield from copies_table(found.copies).lines()
    for name, figure in pipeline_lines(found.pipeline) if found.pipeline is not None else ():
        yield f"{name:<52} {figure}"
    for name, figure in boards_lines(found.boards) if found.boards is not None else ():
        yield f"{name:<52} {figure}"
