"""`joulehash bench`: hashes a second, and what mining costs beside hashing."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...engine.errors import InputError
from ..options import check_writable
from ..units import rate_text

if TYPE_CHECKING:
    from ...bench.kernels import KernelRate
    from ...bench.report import Pipeline


class What(StrEnum):
    """What to measure."""

    KERNELS = "kernels"
    PIPELINE = "pipeline"
    ALL = "all"


def bench(
    what: Annotated[What, typer.Argument(help="kernels, pipeline (the miner around them), or all.")] = What.KERNELS,
    kernel: Annotated[
        list[str] | None, typer.Option("-k", "--kernel", help="Only this kernel; may be given several times.")
    ] = None,
    seconds: Annotated[float, typer.Option(metavar="S", help="For each kernel, in turns.")] = 2.0,
    midstates: Annotated[int, typer.Option(metavar="M", help="Versions hashed with each nonce.")] = 1,
    write: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the figures as a page of Markdown.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> int:
    """Measure this machine, by ratios within one run."""
    from ...bench.kernels import measure_kernels
    from ...bench.report import measure_pipeline, page, to_json

    if not 0 < seconds < 3600:
        raise InputError(f"--seconds: {seconds:g}; takes seconds above 0, below an hour")
    if not 1 <= midstates <= 256:
        raise InputError(f"--midstates: {midstates}; takes 1 to 256")
    if write is not None:
        check_writable("--write", write)
    rates: list[KernelRate] = []
    pipeline: Pipeline | None = None
    if what is not What.PIPELINE:
        rates = measure_kernels(kernel, seconds, midstates, _progress)
    if what is not What.KERNELS:
        fastest = max(rates, key=lambda rate: rate.rate_hps).name if rates else None  # which leaves the least time
        pipeline = measure_pipeline(fastest or (kernel[0] if kernel else None), _progress)
    _progress_done()
    if as_json:
        typer.echo(to_json(rates, pipeline))
    elif write is None:
        _show(rates, pipeline)
    if write is not None:
        try:
            write.write_text(page(rates, pipeline), encoding="utf-8")
        except OSError as error:
            raise InputError(f"--write {write}: {error.strerror}") from None
        typer.echo(f"written: {write}", err=True)
    return 0


def _progress(text: str) -> None:
    """One line that is written over on a terminal; in a log only what takes long, not each turn."""
    if sys.stderr.isatty():
        typer.echo(f"\r\x1b[K{text}", err=True, nl=False)
    elif ": round" not in text:
        typer.echo(text, err=True)


def _progress_done() -> None:
    if sys.stderr.isatty():
        typer.echo("\r\x1b[K", err=True, nl=False)


def _show(rates: list[KernelRate], pipeline: Pipeline | None) -> None:
    if rates:
        typer.echo(f"{'kernel':<12} {'lanes':>6} {'rate':>11} {'slowest':>11} {'fastest':>11} {'x portable':>10}")
    for rate in rates:
        low, high = (rate_text(hps) for hps in rate.spread_hps)
        typer.echo(
            f"{rate.name:<12} {rate.lanes:>6} {rate_text(rate.rate_hps):>11} {low:>11} {high:>11} {rate.ratio:>10.3g}"
        )
    if pipeline is not None:
        from ...bench.report import pipeline_lines

        for name, figure in pipeline_lines(pipeline):
            typer.echo(f"{name:<52} {figure}")
