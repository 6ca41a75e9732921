"""Asking many sensors, so that one that fails is named and the others are still heard."""

from __future__ import annotations

from collections.abc import Awaitable

from ..parts.bus import Fault, NoAnswer

COLDEST_C, HOTTEST_C = -40.0, 150.0  # beyond, it is the sensor


class Senses:
    """`faults`: what failed, each in a few words. A dead bus is no sensor's fault, and raises DeviceError."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.heard = 0  # how many answered, be it with a fault

    async def ask(self, name: str, reading: Awaitable[float | Fault | None]) -> float | None:
        """None: it failed."""
        try:
            value = await reading
        except NoAnswer:
            self.faults.append(f"{name}: does not answer")
            return None
        self.heard += 1
        if isinstance(value, Fault):
            self.faults.append(f"{name}: {value}")
            return None
        if value is None:
            self.faults.append(f"{name}: reads nothing")
        return value

    async def celsius(self, name: str, reading: Awaitable[float | Fault | None]) -> float | None:
        value = await self.ask(name, reading)
        if value is not None and not COLDEST_C <= value <= HOTTEST_C:
            self.faults.append(f"{name}: {value:g} °C is out of range")
            return None
        return value


def hottest(*temperatures: float | None) -> float | None:
    """None: one of them failed, and it may have been the hottest."""
    known = [one for one in temperatures if one is not None]
    return max(known) if len(known) == len(temperatures) and known else None
