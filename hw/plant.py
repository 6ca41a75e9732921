"""What of a board is not its chips: reset, core voltage, fan, sensors. One class a family of boards keeps to Plant.

They are in boards/: bitaxe.py, gekko.py. A board without any of it (a bare chain, an Icarus) has no plant.
"""

from __future__ import annotations

from typing import Protocol

from .limits import Reading


class Plant(Protocol):
    """All raise DeviceError when the board does not answer, or does not do what it was told."""

    @property
    def firmware(self) -> str:
        """What drives it, as far as it tells, once it is prepared; empty: it tells nothing."""
        ...

    async def prepare(self) -> None:
        """After its port was opened: bring it to off, see that each part answers, arm the regulator's own limits and
        read them back."""

    async def hold_reset(self, held: bool) -> None: ...

    async def set_rail(self, volts: float | None) -> None:
        """Volts of the whole rail: per chip, times the domains in series. None: off. Checked against the row's ceiling,
        and read back within 5 % where it can be measured."""

    async def set_fan(self, part: float) -> None:
        """0 to 1 of full speed."""

    async def read(self) -> Reading:
        """All sensors, now."""
        ...

    async def off(self) -> None:
        """Core voltage off, reset held, fan full: at any time, as often as wanted."""

    def off_bytes(self) -> bytes:
        """What the guard process writes to the control port, blindly, to do the same."""
        ...
