"""An interval: a value and what it lies between, at a level of confidence."""

from __future__ import annotations

import msgspec


class Interval(msgspec.Struct, frozen=True):
    low: float
    value: float
    high: float
    level: float
