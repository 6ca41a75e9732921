"""A simulated board with its lines in memory, to be run beside the miner that talks to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ...engine.errors import DeviceError
from ..ports.pipe import Cable
from ..ports.port import Port
from .board import CHIPS, Rails, SimulatedBoard
from .serve import STEP_S, serve


@dataclass
class Simulated:
    """`scale`: bits by which it hashes less than silicon; its driver's row is scaled by the same."""

    name: str
    board: SimulatedBoard
    scale: int
    report: Callable[[Rails], None] = lambda _: None  # is told the rails whenever they change; may be set meanwhile
    step_s: float = STEP_S  # how often its board speaks
    cables: Mapping[str, Cable] = field(init=False)

    def __post_init__(self) -> None:
        self.cables = {role: Cable(self._port_name(role)) for role in self.board.roles}

    @property
    def ports(self) -> Mapping[str, Port]:
        """The host's ends, by role: chips, control, telemetry."""
        return {role: cable.host for role, cable in self.cables.items()}

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Simulated]:
        """In the loop that it is entered in. What was wrong with the simulator itself is raised at the end."""
        serving = asyncio.create_task(serve(self.board, self.cables, self._report, self.step_s))
        try:
            yield self
        finally:
            serving.cancel()
            await asyncio.wait([serving])
            if not serving.cancelled():
                serving.result()

    def _report(self, rails: Rails) -> None:
        self.report(rails)

    async def set_pins(self, mask: int, state: int) -> None:
        """Those of a stick's USB bridge, as ports/usb.py has it for real ones. Raises DeviceError."""
        if not self.cables[CHIPS].plugged:
            raise DeviceError(f"{self._port_name(CHIPS)}: was unplugged; plug it in again")
        if self.board.pins is None:
            raise DeviceError(f"{self._port_name(CHIPS)}: has no pins that can be driven")
        self.board.world.advance(asyncio.get_running_loop().time())
        self.board.pins.set_pins(mask, state)

    async def aside(self, pin: int, baud: int, data: bytes, count: int, timeout_s: float) -> bytes:
        """While that pin is high: what whoever shares the line with the chips answers, as ports/usb.py has it."""
        await self.set_pins(pin, pin)
        try:
            answer = self.board.receive(CHIPS, data, baud, asyncio.get_running_loop().time())[:count]
            if len(answer) < count:
                await asyncio.sleep(timeout_s)
        finally:
            await self.set_pins(pin, 0)
        return answer

    def unplug(self) -> None:
        """From USB, all of its lines."""
        for cable in self.cables.values():
            cable.unplug()
        self.board.plug(False)

    def plug(self) -> None:
        self.board.plug(True)
        for cable in self.cables.values():
            cable.plug()

    def _port_name(self, role: str) -> str:
        return f"sim:{self.name}" if role == CHIPS else f"sim:{self.name} {role}"
