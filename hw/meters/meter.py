"""What a meter is to the bench and to the miner: three verbs, and what is known of its figures.

A new one is a module with a class that keeps to Meter, and a row in url.py. docs/meters.md has the table for people.
Who reads a meter in time, and what energy its readings make, is bench/metering.py and bench/energy.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, get_args

Place = Literal["chip", "VR output", "board input", "DC input", "wall", "CPU package", "GPU board"]
Source = Literal["measured", "declared"]

PLACES: tuple[Place, ...] = get_args(Place)


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading. None: the meter does not tell that.

    at_s    the loop's clock, half way between question and answer
    joules  since the meter was first opened, wraps undone. Less than before, or None once it was told: the counter was
            reset, and what ran through it meanwhile is not known
    """

    at_s: float
    watts: float | None = None
    joules: float | None = None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What is known of a meter's errors, each as one standard deviation or as the step that causes it.

    gain       of its scale, as a part: 0.01 is 1 %
    quantum_j  the step of its counter
    quantum_w  the step of its power
    delay_s    by how much a window as the meter sees it may be longer or shorter than ours
    tick_s     how often its counter goes on: up to so long it is late
    """

    gain: float
    quantum_j: float = 0.0
    quantum_w: float = 0.0
    delay_s: float = 0.0
    tick_s: float = 0.0


class Meter(Protocol):
    """All verbs raise DeviceError, in a few seconds at most, with what to do about it."""

    @property
    def name(self) -> str:
        """Its URL, without secrets."""
        ...

    @property
    def place(self) -> Place:
        """Where the energy is measured; of a board's own sensors known once they have been read."""
        ...

    @property
    def source(self) -> Source: ...

    @property
    def accuracy(self) -> Accuracy: ...

    @property
    def period_s(self) -> float:
        """How often it wants to be read; more often is no use, less often may miss a wrap."""
        ...

    async def open(self) -> None:
        """Make it ready to be read. It may be opened again after it was closed, and its joules go on."""

    async def read(self) -> Sample: ...

    async def close(self) -> None:
        """At any time, as often as wanted. Raises nothing."""
