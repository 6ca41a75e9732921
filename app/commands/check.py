"""`joulehash check`: is this board sound; if not, which chip, core or domain, and what to look at."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from ...engine.errors import InputError
from ..energy import supply_of
from ..options import check_writable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...bench.check.measuring import Plan
    from ...bench.check.procedure import Check
    from ...bench.check.result import CheckResult
    from ...hw.meters.supply import Supply
    from ..checkface import CheckFace
    from ..onbench import OnBench
    from ..signals import Signals

_LEAST_S = 480.0  # of hashing, on a real board: until its heat sink has come to rest
_LEAST_SIMULATED_S = 25.0
_MOST_S = 900.0
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_CODES = {"pass": 0, "fail": 1, "inconclusive": 2, "not applicable": 2}


def check(
    board: Annotated[
        list[str], typer.Argument(metavar="BOARD…", help="[BOARD:]PORT or sim:BOARD, with ?mhz=…&volts=… where wanted.")
    ],
    soak: Annotated[str | None, typer.Option(metavar="TIME", help="Afterwards hash so long, as in 1h.")] = None,
    least: Annotated[
        str | None,
        typer.Option("--time", metavar="TIME", help="Hash at least so long.", show_default="8m; simulated 25s"),
    ] = None,
    most: Annotated[
        str | None, typer.Option("--most", metavar="TIME", help="Decide by then.", show_default="15m")
    ] = None,
    jobs: Annotated[int, typer.Option("-j", "--jobs", metavar="N", min=1, help="So many boards at once.")] = 4,
    limit: Annotated[
        list[str] | None, typer.Option("--limit", metavar="NAME=VALUE", help="Hold the board to this, as in chip_c=70.")
    ] = None,
    limits: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The same from a TOML file; a table of its own for a board.")
    ] = None,
    patterns: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Known nonces, as joulehash patterns writes them.")
    ] = None,
    meter: Annotated[
        str | None, typer.Option(metavar="URL", help="What measures its power.", show_default="its own sensors")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the made-up work.")] = 1,
    unguarded: Annotated[
        bool, typer.Option("--unguarded", help="Check boards that have no sensors to watch, at their lowest frequency.")
    ] = False,
    supply: Annotated[
        str | None,
        typer.Option(metavar="SUPPLY", help="Bench supply that feeds the board: scpi:ADDRESS?volts=V&amps=A."),
    ] = None,
    guided: Annotated[
        bool, typer.Option("--guided", help="No chip answers: lead through the test points with a multimeter.")
    ] = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with pictures.")] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML, for production lines.")] = None,
    text: Annotated[Path | None, typer.Option(metavar="FILE", help="Write plain text.")] = None,
    passport: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Where passports are kept.", show_default="JOULEHASH_PASSPORT, or the data folder"
        ),
    ] = None,
    virtual: Annotated[
        bool | None,
        typer.Option(
            "--virtual-time/--real-time",
            help="As fast as this machine can, or as slowly as a real one.",
            show_default="virtual for sim:BOARD",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line; the last is the verdict.")] = False,
) -> int:
    """Check boards: 0 pass, 1 fail, 2 inconclusive or could not run."""
    from ..signals import noted_signals

    for option, path in (("--html", html), ("--junit", junit), ("--text", text)):
        if path is not None and not path.is_dir():
            check_writable(option, path)
    if guided:
        from ..guide import guide

        if as_json or len(board) > 1:
            raise InputError("--guided: leads a person through one board; leave out --json, and name one board")
        return guide(board[0], unguarded=unguarded)
    with noted_signals() as signals:
        from ...bench.check.measuring import Plan
        from ...engine.clock import run_virtual
        from ...hw.passport.where import passport_path
        from ..checkface import choose_face
        from ..onbench import is_virtual

        least_s = seconds_of("--time", least) if least is not None else None
        most_s = seconds_of("--most", most) if most is not None else max(_MOST_S, least_s or 0.0)
        if least_s is not None and most_s < least_s:
            raise InputError(f"--most {most}: is less than --time {least}; takes as much or more")
        soak_s = seconds_of("--soak", soak) if soak is not None else 0.0
        plans = {
            simulated: Plan(min(least_s if least_s is not None else usual_s, most_s), most_s, soak_s)
            for simulated, usual_s in ((True, _LEAST_SIMULATED_S), (False, _LEAST_S))
        }
        if meter is not None and len(board) > 1:
            raise InputError(f"--meter {meter}: measures one board; check the others without it")
        fast = is_virtual(virtual, board, [meter, supply])
        fed = supply_of(supply, len(board))
        order = _Order(plans, limits, limit or [], patterns, seed, unguarded, jobs, meter, fed)
        face = partial(choose_face, as_json=as_json, several=len(board) > 1, timed=not fast)
        checking = _check(board, order, passport_path(passport), face, signals)
        results = (run_virtual if fast else asyncio.run)(checking)
    if results and (html or junit or text):
        from ...bench.paper.write import write_reports

        write_reports(results, html, junit, text)
    return worst(results, len(board))


def worst(results: list[CheckResult], boards: int) -> int:
    """The exit code: a board that fails before one that is open, before those that pass."""
    codes = {_CODES[result.verdict] for result in results}
    if 1 in codes:
        return 1
    return 2 if 2 in codes or len(results) < boards else 0


def seconds_of(option: str, text: str) -> float:
    """90, 90s, 10m, 1h. Raises InputError."""
    number = text.rstrip("adhimns")
    factor = _UNITS.get(text[len(number) :])
    try:
        seconds = float(number) * factor if factor is not None else 0.0
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e8:
        raise InputError(f"{option} {text}: takes a time above 0, as in 90s, 10m or 1h")
    return seconds


class _Order:
    """What was asked for, of all boards alike."""

    def __init__(
        self,
        plans: dict[bool, Plan],
        file: Path | None,
        limits: list[str],
        patterns: Path | None,
        seed: int,
        unguarded: bool,
        jobs: int,
        meter: str | None,
        supply: Supply | None,
    ) -> None:
        from ...hw.meters.url import parse_meter
        from ...hw.patterns.pattern import load

        self.plans, self.file, self.limits = plans, file, limits
        self.given = load(patterns).patterns if patterns is not None else ()
        self.seed, self.unguarded, self.jobs, self.supply = seed, unguarded, jobs, supply
        self.meter = parse_meter(meter) if meter is not None else None

    def check(self, on: OnBench, face: CheckFace) -> Check:
        """Raises InputError, for whatever could be wrong with it before it is opened."""
        from ...bench.check.limits import held_to, limits_of
        from ...bench.check.procedure import Check, Named
        from ...hw.patterns.known import EACH, known

        limits = limits_of(on.row, self.file, self.limits)
        board = on.board(held_to(on.row, limits), unguarded=self.unguarded, supply=self.supply)
        point = board.point(on.spec.mhz, on.spec.volts)
        found = known(on.row, point.mhz, self.given, each=EACH)
        named = Named(self.seed, on.simulated)
        return Check(
            board, point, limits, self.plans[on.simulated], face.event, found, "no patterns", named, self.meter
        )


async def _check(
    texts: list[str], order: _Order, passport: Path, choose_face: Callable[[], CheckFace], signals: Signals
) -> list[CheckResult]:
    """Of those that were checked, in their order. Patterns are looked for before any board has power."""
    from ..onbench import all_on_bench
    from ..onpassport import keep, key_of

    boards = all_on_bench(texts)
    keys = [await key_of(on, passport, _tell) for on in boards]
    face, notes = choose_face(), list[str]()
    try:
        checks = [order.check(on, face) for on in boards]
        turns = asyncio.Semaphore(order.jobs)
        stopped = asyncio.Event()

        async def one(on: OnBench, check: Check, key: str | None) -> CheckResult | None:
            async with turns:
                if stopped.is_set():
                    return None
                async with on.beside:
                    result = replace(await check.run(), key=key)
            face.event(result)
            await keep(result, passport, notes.append)
            return result

        def stop() -> None:
            stopped.set()
            for check in checks:
                check.interrupt()

        running = [asyncio.create_task(one(*each)) for each in zip(boards, checks, keys, strict=True)]

        def hasten() -> None:
            for task in running:
                task.cancel()

        with signals.tell(stop, hasten):
            await asyncio.wait(running)
        return [result for task in running if not task.cancelled() and (result := task.result()) is not None]
    finally:
        face.close()
        for note in notes:
            _tell(note)


def _tell(note: str) -> None:
    typer.echo(f"joulehash: {note}", err=True)
