"""What a controllable supply is: the switch of a board that has none, and a meter of what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .meter import Meter


@dataclass(frozen=True, slots=True)
class Rail:
    """What a supply is to give: volts at its output, and the current at which it limits."""

    volts: float
    amps: float

    @property
    def watts(self) -> float:
        """The most that it can give."""
        return self.volts * self.amps


@dataclass(frozen=True, slots=True)
class Given:
    """What a supply gives at a moment, by its own meters."""

    at_s: float
    volts: float
    amps: float

    @property
    def watts(self) -> float:
        return self.volts * self.amps


@dataclass(frozen=True, slots=True)
class SupplyOff:
    """What another process needs to switch it off, when this one is dead: lines, written to a VISA address. `state` is
    then asked, `bit` and `channel` say how the answer is read (dialects.py)."""

    name: str
    address: str
    library: str
    lines: tuple[str, ...]
    state: str
    bit: int | None
    channel: int


class Supply(Protocol):
    """All verbs raise DeviceError, in a few seconds at most."""

    @property
    def name(self) -> str: ...

    @property
    def rail(self) -> Rail:
        """As the user asked for it in the URL."""
        ...

    async def open(self) -> None:
        """Find it, and switch its output off."""

    async def set(self, volts: float, amps_limit: float) -> None:
        """Read back."""

    async def output(self, on: bool) -> None:
        """Read back."""

    async def read(self) -> Given: ...

    async def off(self) -> None:
        """At any time, as often as wanted."""

    async def close(self) -> None:
        """Without a word to its output. Raises nothing."""

    def off_action(self) -> SupplyOff: ...

    def meter(self) -> Meter:
        """Of what it gives, through the same session."""
        ...
