"""What goes wrong with boards, told apart by type, so that nobody need read texts: all of them are DeviceErrors.

The miner treats them alike. Who wants to know which part is at fault, as a bench does, asks for the type and its
figures. Limits that are passed are in watch.py; a part that does not acknowledge is NoAnswer of parts/bus.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ..engine.errors import DeviceError


class Unplugged(DeviceError):
    """Its port is gone while it was in use."""


class ControlSilent(DeviceError):
    """The firmware, or the micro, that has reset, voltage and sensors in its hands does not answer."""


class BusDead(DeviceError):
    """The firmware answers, and no part on its I2C bus does."""


class RailFailed(DeviceError):
    """The core voltage is not what was asked for. `measured_v` is None where nothing could be read."""

    def __init__(self, text: str, asked_v: float, measured_v: float | None) -> None:
        super().__init__(text)
        self.asked_v, self.measured_v = asked_v, measured_v


class Enumeration(DeviceError):
    """Of the chips on the line too few answered, or they are others. `ids`: what each called itself; `broken`: bytes
    that came and were no answer."""

    def __init__(self, text: str, ids: Sequence[int], expected: int, broken: int = 0) -> None:
        super().__init__(text)
        self.ids, self.expected, self.broken = tuple(ids), expected, broken


class NoChips(Enumeration):
    """None answers."""


class WrongChips(Enumeration):
    """Some call themselves something else."""


class ChipsMissing(Enumeration):
    """Some do not answer."""


class AddressStuck(DeviceError):
    """Chips do not take the addresses that they are given. `taken`: how many did, of `expected`."""

    def __init__(self, text: str, taken: int, expected: int) -> None:
        super().__init__(text)
        self.taken, self.expected = taken, expected


class RegisterSilent(DeviceError):
    """A chip does not tell what one of its registers holds."""


class ChipReset(DeviceError):
    """A chip has forgotten what it was told, as it does when its voltage breaks down."""


class Mute(DeviceError):
    """No nonce comes any more. `because`: its chips answer and hash nothing; were reset; or are silent altogether."""

    def __init__(self, text: str, because: Literal["hash nothing", "reset", "silent"]) -> None:
        super().__init__(text)
        self.because = because


class NotIcarus(DeviceError):
    """It does not find the nonce of a known block. `heard`: what came instead."""

    def __init__(self, text: str, heard: bytes) -> None:
        super().__init__(text)
        self.heard = heard
