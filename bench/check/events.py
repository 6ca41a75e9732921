"""What a check tells while it runs: values, which the faces of the program draw as they like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from .result import CheckResult, Step


class Began(msgspec.Struct, frozen=True, kw_only=True):
    """seconds: how long it is planned for."""

    event: Literal["began"] = "began"
    board: str
    title: str
    point: str
    steps: int
    seconds: float


class Doing(msgspec.Struct, frozen=True, kw_only=True):
    """A step that takes its time. part: 0 to 1 of it is done; left_s: until the end of the whole check."""

    event: Literal["doing"] = "doing"
    board: str
    step: str
    part: float
    left_s: float
    note: str = ""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A step has its verdict. The same step may come again: a fan that turned may stall later."""

    event: Literal["step"] = "step"
    board: str
    step: Step


CheckEvent: TypeAlias = Began | Doing | Done | CheckResult
Report: TypeAlias = Callable[[CheckEvent], None]
