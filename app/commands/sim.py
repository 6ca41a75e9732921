"""`joulehash sim`: a simulated board in a process of its own, on pseudo-terminals, for any program to talk to."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import write_line

if TYPE_CHECKING:
    from ...hw.sim.board import Rails
    from ...hw.sim.run import Simulated
    from ..signals import Signals


def sim(
    board: Annotated[
        str, typer.Argument(metavar="BOARD", help="As in sim:BOARD, with ?fault=NAME[:ARG],…&scale=K where wanted.")
    ],
    pty: Annotated[
        str, typer.Option("--pty", metavar="PATH", help="Where its chips' line shall be; others at PATH.control, …")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")] = False,
) -> int:
    """Run a simulated board until Ctrl-C, and tell its core voltage, reset and fan whenever they change."""
    from ...hw.sim.table import simulated
    from ..signals import noted_signals

    made = simulated(board)
    with noted_signals() as signals:
        asyncio.run(_serve(made, pty, _Face(as_json=as_json), signals))
    return 0


def paths_of(simulated: Simulated, path: str) -> dict[str, str]:
    """Where each of its lines is, by role: the chips' line has the path itself."""
    from ...hw.sim.board import CHIPS

    return {role: path if role == CHIPS else f"{path}.{role}" for role in simulated.board.roles}


async def _serve(simulated: Simulated, path: str, face: _Face, signals: Signals) -> None:
    from ...hw.ports.pty import PtyEnd
    from ...hw.sim.serve import serve

    board, paths = simulated.board, paths_of(simulated, path)
    sockets = {role: PtyEnd(where) for role, where in paths.items()}
    if board.pins is not None:
        board.pins.release()  # a pseudo-terminal has none
    with ExitStack() as plugged:
        for socket in sockets.values():
            plugged.callback(socket.unplug)
            socket.plug()
        face.ready(simulated, paths)
        serving = asyncio.create_task(serve(board, sockets, face.rails))
        with signals.tell(serving.cancel):
            await asyncio.wait([serving])
        if not serving.cancelled():
            serving.result()  # it ends by itself only with an error


class _Face:
    """What is told of it: plain lines, or JSON."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def ready(self, simulated: Simulated, paths: dict[str, str]) -> None:
        if self._as_json:
            self._json(event="ready", board=simulated.name, scale=simulated.scale, ports=paths)
            return
        lines = ", ".join(f"{role} at {path}" for role, path in paths.items())
        write_line(f"{simulated.name}, hashing 2^{simulated.scale} times less than silicon: {lines}; Ctrl-C ends it")
        devices = ",".join(path for _, path in sorted(paths.items(), key=lambda pair: pair[0] != "control"))
        write_line(f"to mine with it: joulehash mine -d '{simulated.name}:{devices}?scale={simulated.scale}'")
        if simulated.board.pins is not None:
            write_line("its reset is on pins of USB, which a pseudo-terminal has not: the chips run from the start")

    def rails(self, rails: Rails) -> None:
        if self._as_json:
            self._json(event="rails", core_v=round(rails.core_v, 3), reset=rails.reset, fan=round(rails.fan, 3))
            return
        reset = "held" if rails.reset else "released"
        write_line(f"{datetime.now():%H:%M:%S} core {rails.core_v:.3f} V, reset {reset}, fan {rails.fan:.0%}")

    def _json(self, **fields: object) -> None:
        write_line(json.dumps(fields))
