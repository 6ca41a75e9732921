"""A simulated board: its world, its chips, and what moves its rails, tied together. No I/O; the time is handed in.

Bytes come in and go out by role: "chips" is the chips' line; "control" (bitaxe-raw) and "telemetry" (A1, A2) are the
other port of a board that has two. It leaves out the time that bytes take on a line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from .silicon import same_speed
from .world import World

CHIPS, CONTROL, TELEMETRY = "chips", "control", "telemetry"


class Line(Protocol):
    """The chips, as their line knows them: chips.py, icarus.py."""

    @property
    def baud(self) -> float:
        """That they hear and speak now."""
        ...

    def receive(self, data: bytes, baud: int) -> None:
        """At the moment of the last `advance`."""

    def advance(self, now_s: float) -> bytes:
        """Hash until then; what they have said by then."""
        ...


class Talker(Protocol):
    """What sits at another port of the board, and answers at once."""

    def receive(self, data: bytes, now: float) -> bytes: ...

    def leave(self) -> None:
        """The host has closed the port."""


class Pins(Protocol):
    """Those of the USB bridge, where a stick has its reset on them."""

    def set_pins(self, mask: int, state: int) -> None: ...

    def release(self) -> None:
        """As they stand while chips run: for a line that has no pins."""


@dataclass(frozen=True, slots=True)
class Rails:
    """What it would say to a voltmeter: volts of the whole chain, whether its chips are held in reset, 0..1 of air."""

    core_v: float
    reset: bool
    fan: float


@dataclass
class SimulatedBoard:
    world: World
    line: Line
    talkers: Mapping[str, Talker] = field(default_factory=dict[str, Talker])
    regulate: Callable[[], None] = lambda: None  # what the regulator does by itself when time has passed
    pins: Pins | None = None
    micro: Callable[[bytes], bytes | None] = lambda _: None  # it has the line instead of the chips, or gives None
    usb_powered: bool = False  # without USB it has no power

    def __post_init__(self) -> None:
        self._plugged, self._asked_v = True, 0.0

    @property
    def roles(self) -> tuple[str, ...]:
        return (CHIPS, *self.talkers)

    @property
    def rails(self) -> Rails:
        return Rails(self.world.rail_v, self.world.reset_held, self.world.fan)

    def baud(self, host_baud: int) -> int:
        """That the chips speak; the host's own where a UART there understands them."""
        return host_baud if same_speed(self.line.baud, host_baud) else round(self.line.baud)

    def receive(self, role: str, data: bytes, baud: int, now: float) -> bytes:
        """From the host; what the board answers on the same line at once."""
        self._move(now)
        if role != CHIPS:
            return self.talkers[role].receive(data, now)
        if (answer := self.micro(data)) is not None:
            return answer
        said = self.line.advance(now)
        self.line.receive(data, round(self.line.baud) if same_speed(self.line.baud, baud) else baud)
        return said

    def advance(self, now: float) -> bytes:
        """What the chips say meanwhile."""
        self._move(now)
        return self.line.advance(now)

    def leave(self, role: str) -> None:
        """The host has closed that port."""
        if role in self.talkers:
            self.talkers[role].leave()

    def plug(self, plugged: bool) -> None:
        """Into USB. A board with a supply of its own goes on without: nobody is there to tell it otherwise."""
        if plugged == self._plugged:
            return
        self._plugged = plugged
        for role in self.talkers:
            self.leave(role)
        if self.usb_powered and not plugged:
            self._asked_v, self.world.rail_set_v = self.world.rail_set_v, 0.0
        elif self.usb_powered:
            self.world.rail_set_v = self._asked_v

    def _move(self, now: float) -> None:
        self.world.advance(now)
        self.regulate()
