"""One check of one simulated board on virtual time, and what it said when.

A Trial is what a run leaves: enough to count it in any way later, and to have it again to the bit.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from ...engine.clock import run_virtual
from ...engine.errors import InputError
from ...hw.board import Board
from ...hw.boards.row import Row
from ...hw.boards.table import board_row
from ...hw.make import Connection, make_board
from ...hw.patterns.known import EACH, Known, known
from ...hw.point import Point
from ...hw.sim.run import Simulated
from ...hw.sim.table import simulate, simulator
from ...hw.spec import parse_spec
from ..check.events import CheckEvent, Done
from ..check.limits import CheckLimits, held_to, limits_of
from ..check.measuring import Plan
from ..check.procedure import Check, Named
from ..check.result import CheckResult, Verdict
from .kinds import cell_of

# Simulators speak this often: four times as seldom as they do elsewhere, for a third of the work; and more often than
# after the 50 ms of silence that end a frame (hw/chain.py), which would cut those that leave in two steps.
STEP_S = 0.04
PLAN = Plan(most_s=900.0)  # as `joulehash check` plans for simulators


class Failure(msgspec.Struct, frozen=True, array_like=True):
    """A step that failed. Virtual seconds: since the check began, and since what it judges began."""

    step: str
    at_s: float
    after_s: float


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    board: str  # as kinds.py has it
    label: str  # of the fault's kind
    seed: int  # of the silicon, of the work, and of what was drawn
    fault: str  # as it was drawn; empty: none
    verdict: Verdict | None  # None: the check itself broke
    failed: list[Failure] = []
    undecided: list[str] = []
    findings: list[tuple[str, str]] = []  # code and place
    seconds: float = 0.0  # virtual
    cpu_s: float = 0.0
    error: str = ""


def run_trial(board: str, label: str, seed: int, given: Sequence[str] = ()) -> Trial:
    """`given`: limits as `--limit` takes them. What breaks the check itself is told in the trial."""
    began_s, cell = time.process_time(), cell_of(board, label)
    try:
        result, events = checked(cell.spec(seed), seed, given)
    except Exception:
        told = traceback.format_exc(limit=-3)
        return Trial(board=board, label=label, seed=seed, fault=cell.fault(seed), verdict=None, error=told)
    return Trial(
        board=board,
        label=label,
        seed=seed,
        fault=cell.fault(seed),
        verdict=result.verdict,
        failed=_failures(result, events),
        undecided=[step.name for step in result.steps if step.verdict == "inconclusive"],
        findings=[(finding.code, finding.where) for finding in result.findings],
        seconds=round(result.seconds, 3),
        cpu_s=round(time.process_time() - began_s, 3),
    )


def checked(text: str, seed: int, given: Sequence[str] = ()) -> tuple[CheckResult, list[tuple[float, CheckEvent]]]:
    """A board as `sim:BOARD?…`: the result, and what was told, each with the virtual seconds since the beginning."""
    events: list[tuple[float, CheckEvent]] = []

    async def main() -> CheckResult:
        loop, on = asyncio.get_running_loop(), on_simulated(text, given)

        def report(event: CheckEvent) -> None:
            events.append((loop.time(), event))

        patterns = _patterns(on.row, on.point.mhz)
        check = Check(on.board, on.point, on.limits, PLAN, report, patterns, "no patterns", Named(seed, True))
        async with on.simulated.running():
            return await check.run()

    result = run_virtual(main())
    return result, events


class OnSimulated(NamedTuple):
    """A simulated board that is yet to be run, and what it is checked by."""

    simulated: Simulated
    row: Row
    board: Board
    point: Point
    limits: CheckLimits


def on_simulated(text: str, given: Sequence[str] = ()) -> OnSimulated:
    """In the loop that it will be used in. Raises InputError."""
    spec = parse_spec(text)
    if spec.kind != "sim" or spec.board is None:
        raise InputError(f"board {text!r}: is not simulated; takes sim:BOARD")
    simulated = simulate(simulator(spec.board), dict(spec.sim))
    simulated.step_s = STEP_S
    pins = simulated if simulated.board.pins is not None else None
    row = board_row(spec.board).scaled(simulated.scale)
    limits = limits_of(row, given=given)
    connection = Connection(simulated.ports, pins, pins, guarded=False)
    board = make_board(held_to(row, limits), connection, spec.name, unguarded=True)
    return OnSimulated(simulated, row, board, board.point(spec.mhz, spec.volts), limits)


@lru_cache(maxsize=64)
def _patterns(row: Row, mhz: float) -> list[Known]:
    """The search takes as long as a check does."""
    return known(row, mhz, each=EACH)


def _failures(result: CheckResult, events: Sequence[tuple[float, CheckEvent]]) -> list[Failure]:
    """What is judged at one moment began with the last judgement before."""
    began_s = events[0][0]
    told = [(at_s - began_s, event.step) for at_s, event in events if isinstance(event, Done)]
    failures: list[Failure] = []
    for name in (step.name for step in result.steps if step.verdict == "fail"):
        at_s = next(at_s for at_s, step in told if step.name == name and step.verdict == "fail")
        before_s = max((other_s for other_s, _ in told if other_s < at_s - 1e-9), default=0.0)
        failures.append(Failure(name, round(at_s, 3), round(at_s - before_s, 3)))
    return failures
