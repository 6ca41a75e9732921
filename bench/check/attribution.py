"""Which step an error belongs to, and whether the board is to blame for it at all: by its type, never by its text."""

from __future__ import annotations

from ...engine.errors import DeviceAbsent, DeviceError
from ...hw.errors import (
    AddressStuck,
    BusDead,
    ChipReset,
    ControlSilent,
    Enumeration,
    Mute,
    NotIcarus,
    RailFailed,
    RegisterSilent,
    Unplugged,
)
from ...hw.parts.bus import NoAnswer
from ...hw.watch import Unfit
from .result import Verdict

_UNFIT = {
    "chip": "temperature",
    "regulator": "regulator temperature",
    "watts": "power",
    "input": "input voltage",
    "fan": "fan",
    "sensor": "sensors",
    "frozen": "sensors move",
}
_STEPS: tuple[tuple[type[DeviceError], str], ...] = (
    (Enumeration, "chips, slow line"),
    (AddressStuck, "addresses"),
    (RegisterSilent, "registers"),
    (RailFailed, "core voltage comes"),
    (ChipReset, "resets"),
    (NotIcarus, "identify"),
    (ControlSilent, "identify"),
    (BusDead, "identify"),
    (NoAnswer, "identify"),
)


def step_of(error: Exception, doing: str) -> str:
    """`doing`: the step that was going on."""
    if isinstance(error, Unfit):
        return _UNFIT[error.about]
    if isinstance(error, Mute):
        return "resets" if error.because == "reset" else "hash rate"
    return next((step for kind, step in _STEPS if isinstance(error, kind)), doing)


def verdict_of(error: Exception, *, opened: bool) -> Verdict:
    """A board that was never reached is not judged by that."""
    if isinstance(error, DeviceAbsent) or not isinstance(error, DeviceError):
        return "inconclusive"
    return "fail" if opened or isinstance(error, Unplugged) else "inconclusive"


def may_be_chance(error: Exception) -> bool:
    """Worth a second try before it is held against the board, as on the manufacturers' fixtures: the count of chips."""
    return isinstance(error, Enumeration | AddressStuck | RegisterSilent)
