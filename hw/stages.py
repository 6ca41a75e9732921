"""How far a board has come on its way to hashing: what whoever brings it up may be told, in this order.

A board leaves out what it has no use for: one without a regulator has no rail, one without registers is up at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

Stage: TypeAlias = Literal[
    "open",  # its ports are
    "prepared",  # its firmware and every part on it answer; it is off
    "sensed",  # every sensor tells something within its limits
    "held",  # in reset; its core voltage is asked for next
    "rail",  # the core voltage is there
    "released",  # from reset, with what its regulator does by then
    "counted",  # all chips have told their names, at the first speed of the line
    "addressed",  # and taken their addresses
    "ramped",  # to the frequency
    "up",
]
Tell: TypeAlias = Callable[[Stage], None]


def nobody(_: Stage) -> None:
    """Is told."""
