"""`joulehash check --guided`: through the test points of a board of which no chip answers, meter in hand."""

from __future__ import annotations

import asyncio
import sys
from textwrap import wrap
from typing import TYPE_CHECKING

from ..bench.check.guided import Measured, TestPoint, conclude, judge, points
from ..engine.errors import InputError, cause
from .checkface import finding_lines
from .onbench import on_bench
from .output import write_line

if TYPE_CHECKING:
    from ..hw.chain import Chain

_WIDTH = 80
_ANSWER_BYTES, _EVERY_S = 9, 0.2  # of a chip out of reset; between two calls


def guide(text: str, *, unguarded: bool) -> int:
    """1: a cause was found; 2: none, or nothing was measured."""
    return asyncio.run(_guide(text, unguarded=unguarded))


async def _guide(text: str, *, unguarded: bool) -> int:
    on = on_bench(text)
    if on.row.chip is None:
        raise InputError(f"{on.spec.name}: has no chain of chips to be led along; check it without --guided")
    board = on.board(on.row, unguarded=unguarded)
    point = board.point(on.spec.mhz, on.spec.volts)
    _say(
        "The board is given its core voltage and asked for its chips again and again while you measure. Black probe to "
        "ground. Type what the meter shows, as in 1.18 or 620 mV; nothing to skip; Ctrl-C to end."
    )
    found: list[Measured] = []
    try:
        async with on.beside, board.powered(point, bring_up=False) as powered:
            assert powered.chain is not None
            asking = asyncio.create_task(_call(powered.chain))
            try:
                for one in points(on.row, point):
                    found.append(await _ask(one))
                    if found[-1].state in ("low", "high"):
                        break
            finally:
                asking.cancel()
                await asyncio.wait([asking])
    except BaseExceptionGroup as group:
        raise cause(group) from group
    answered = 0 if asking.cancelled() else asking.result()
    if answered:
        _say(f"{answered} of {on.row.chips} chips answer by now: check the board again, without --guided")
        return 2
    finding = conclude(found)
    for line in finding_lines(finding):
        for part in wrap(line, _WIDTH, subsequent_indent="    "):
            write_line(part)
    return 1 if any(one.state in ("low", "high") for one in found) else 2


async def _call(chain: Chain) -> int:
    """So that there is something to be measured on the line. Ends when chips answer: how many."""
    while not (ids := await chain.ask_ids(_ANSWER_BYTES, _EVERY_S)):
        pass
    return len(ids)


async def _ask(point: TestPoint) -> Measured:
    while True:
        _say(point.asked)
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            raise InputError("--guided: the readings ended; type them, a line each")
        try:
            measured = judge(point, line)
        except InputError as error:
            _say(str(error))
            continue
        _say({"good": "good", "low": "too low", "high": "too high", "skipped": "skipped"}[measured.state])
        return measured


def _say(text: str) -> None:
    for line in wrap(text, _WIDTH):
        write_line(line)
