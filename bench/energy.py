"""The energy of a window, and how well it is known."""

from __future__ import annotations

import msgspec


class Energy(msgspec.Struct, frozen=True):
    joules: float
    u_joules: float  # 1 sigma
    seconds: float
    place: str  # where it was measured
    source: str  # measured, or declared
    meter: str
