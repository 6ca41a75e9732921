"""Runs a simulated board on the loop: what its lines bring goes to it, and every step, 10 ms, it is brought up to date.

The loop's clock is the board's. `unplug` of the faults acts here, for it is the lines that are cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from ..ports.port import FarEnd
from .board import CHIPS, Rails, SimulatedBoard

STEP_S = 0.01
_SHOWN_V, _SHOWN_FAN = 0.01, 0.01  # what changes by less is not told anew


class Socket(FarEnd, Protocol):
    """A far end that can be pulled and put back: ports/pipe.py, ports/pty.py."""

    @property
    def baud(self) -> int:
        """That of the host."""
        ...

    @property
    def present(self) -> bool:
        """Whether a host has it open."""
        ...

    def plug(self) -> None: ...

    def unplug(self) -> None: ...


async def serve(
    board: SimulatedBoard,
    sockets: Mapping[str, Socket],
    report: Callable[[Rails], None] = lambda _: None,
    step_s: float = STEP_S,
) -> None:
    """Until it is cancelled; `report` is given the rails at the start, and whenever they change.

    `sockets` has one for each of the board's roles, plugged in; they are left as they are at the end.
    """
    async with asyncio.TaskGroup() as tasks:
        for role, socket in sockets.items():
            tasks.create_task(_listen(board, role, socket))
        tasks.create_task(_advance(board, sockets, report, step_s))
        if board.world.faults.unplug is not None:
            tasks.create_task(_unplug(board, sockets, *board.world.faults.unplug))


async def _listen(board: SimulatedBoard, role: str, socket: Socket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        data, baud = await socket.receive()
        answer = board.receive(role, data, baud, loop.time())
        _send(board, role, socket, answer)


async def _advance(
    board: SimulatedBoard, sockets: Mapping[str, Socket], report: Callable[[Rails], None], step_s: float
) -> None:
    loop = asyncio.get_running_loop()
    told: Rails | None = None
    present = dict.fromkeys(sockets, False)
    while True:
        _send(board, CHIPS, sockets[CHIPS], board.advance(loop.time()))
        for role, socket in sockets.items():
            if present[role] and not socket.present:
                board.leave(role)
            present[role] = socket.present
        rails = board.rails
        if told is None or _differ(told, rails):
            told = rails
            report(rails)
        await asyncio.sleep(step_s)


async def _unplug(board: SimulatedBoard, sockets: Mapping[str, Socket], after_s: float, back_s: float | None) -> None:
    await asyncio.sleep(after_s)
    for socket in sockets.values():
        socket.unplug()
    board.plug(False)
    if back_s is not None:
        await asyncio.sleep(back_s)
        board.plug(True)
        for socket in sockets.values():
            socket.plug()


def _send(board: SimulatedBoard, role: str, socket: Socket, data: bytes) -> None:
    if data:
        host_baud = socket.baud
        socket.send(data, board.baud(host_baud) if role == CHIPS else host_baud)


def _differ(one: Rails, other: Rails) -> bool:
    apart = abs(one.core_v - other.core_v) >= _SHOWN_V or (one.core_v == 0) != (other.core_v == 0)
    return apart or one.reset != other.reset or abs(one.fan - other.fan) >= _SHOWN_FAN
