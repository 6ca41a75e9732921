"""The study of the validator, for who changes it, its limits or the table of boards; `make validate` runs it.

    python -m joulehash.app.validate --jobs 2 --duration 2h --page docs/bench.md

No command of joulehash: who checks boards has no use for it. It needs nothing but what is installed, so that it can be
run anywhere, with other limits (--limit) and for one board (--board). It goes on with what an earlier run left.
"""

from __future__ import annotations

import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from .. import __version__
from ..bench.validate.book import Book, digest
from ..bench.validate.kinds import BOARDS, KINDS, SOUND, Cell, cells
from ..bench.validate.page import Made, page
from ..bench.validate.picture import heat_map
from ..bench.validate.study import Aim, run
from ..bench.validate.trial import Trial, run_trial
from ..engine.errors import InputError
from .commands.check import seconds_of

_PAGE_EVERY_S = 60.0


def validate(
    jobs: Annotated[int, typer.Option("-j", "--jobs", metavar="N", min=1, help="So many processes.")] = 1,
    duration: Annotated[str | None, typer.Option(metavar="TIME", help="Start no run after that: 90s, 2h.")] = None,
    faulty: Annotated[int, typer.Option("--runs", metavar="N", min=0, help="Of each fault on each board.")] = 50,
    sound: Annotated[int, typer.Option("--sound", metavar="N", min=0, help="Of each sound board.")] = 150,
    first: Annotated[int, typer.Option(metavar="N", min=1, help="Seeds from this one on.")] = 1,
    board: Annotated[
        list[str] | None, typer.Option(metavar="BOARD[?…]", help="Only this one; may be given several times.")
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help=f"Only this one, as in the table, or {SOUND!r}.")
    ] = None,
    limit: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="As joulehash check takes it.")] = None,
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="Where runs are kept.")] = Path("build/validate"),
    to: Annotated[Path | None, typer.Option("--page", metavar="FILE", help="Write it, and FILE's .svg.")] = None,
    once: Annotated[
        str | None, typer.Option(metavar="BOARD[?…]", help="One run of --fault, at --seed, and no page.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=1, help="Of --once.")] = 1,
) -> None:
    """Check simulated boards, sound and broken, and tell how often that was right."""
    every, given = _asked(board or list(BOARDS), fault or []), limit or []
    if once is not None:
        print(_told(run_trial(once, (fault or [SOUND])[0], seed, given), long=True))
        return
    book, aim = Book(data, digest(given)), Aim(faulty, sound, first)
    until_s = time.monotonic() + seconds_of("--duration", duration) if duration is not None else float("inf")
    written_s = time.monotonic()

    def tell(trial: Trial) -> None:
        nonlocal written_s
        print(_told(trial), flush=True)
        if to is not None and time.monotonic() - written_s > _PAGE_EVERY_S:
            written_s = time.monotonic()
            _write(to, book, every, aim, given)

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run(book, every, aim, jobs, lambda: time.monotonic() > until_s, tell, given)
    except KeyboardInterrupt:
        print("stopped; what was done is kept", file=sys.stderr)
    finally:
        if to is not None:
            _write(to, book, every, aim, given)


def _asked(boards: list[str], labels: list[str]) -> list[Cell]:
    """Raises InputError for a name that there is not."""
    known = [SOUND, *(kind.label for kind in KINDS)]
    for label in labels:
        if label not in known:
            raise InputError(f"--fault {label!r}: is unknown; takes {', '.join(known)}")
    return [cell for cell in cells(boards) if not labels or cell.label in labels]


def _write(to: Path, book: Book, every: list[Cell], aim: Aim, given: list[str]) -> None:
    keys = {(cell.board, cell.label) for cell in every}
    trials = [
        trial
        for (board, label, seed), trial in sorted(book.trials.items())
        if (board, label) in keys and seed >= aim.first
    ]
    picture = to.with_suffix(".svg")
    command = f'make validate ARGS="--first {aim.first}"' if aim.first > 1 else "make validate"
    made = Made(command, datetime.now(UTC).strftime("%Y-%m-%d"), __version__, book.code, given, aim, every)
    to.write_text(page(trials, made, Path(picture.name)), encoding="utf-8")
    picture.write_text(heat_map(trials, every), encoding="utf-8")


def _told(trial: Trial, *, long: bool = False) -> str:
    findings = ", ".join(f"{code} ({where})" if where else code for code, where in trial.findings)
    line = f"{trial.board} {trial.fault or SOUND} seed {trial.seed}: {trial.verdict or trial.error.splitlines()[-1]}"
    line += f", {trial.seconds:.0f} s, {trial.cpu_s:.1f} s of a core" + (f": {findings}" if findings else "")
    if not long:
        return line
    steps = [f"  {each.step} failed at {each.at_s:g} s, after {each.after_s:g} s" for each in trial.failed]
    return "\n".join([line, *steps, *(f"  {name} is inconclusive" for name in trial.undecided), trial.error]).rstrip()


def main() -> None:
    """Errors of what was asked for are one line."""
    try:
        typer.run(validate)
    except InputError as error:
        sys.exit(f"joulehash.app.validate: {error}")


if __name__ == "__main__":
    main()
