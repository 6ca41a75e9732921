"""What boards sense themselves, as a meter: `board[?gain=…]`, of all boards that are mined with.

Where a board measures its input (INA260), that is the place. A TPS546 measures what it gives to the chips: "VR output"
is the place then, and the regulator's own loss, the fan and the controller are not in it; the constant that firmwares
add for them is a guess, and left out. Of a board that a supply feeds and that senses nothing itself, it is that supply.
Users tell of TPS546 figures that were wrong: 5 % are assumed there, 0.5 % of an INA260 with its board around it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from ...engine.errors import DeviceError
from ..limits import Reading
from .address import Address
from .meter import Accuracy, Meter, Place, Sample, Source

_ACCURACY: dict[Place, Accuracy] = {
    "DC input": Accuracy(gain=0.002, quantum_w=0.01, delay_s=0.5),
    "board input": Accuracy(gain=0.005, quantum_w=0.01, delay_s=0.5),
    "VR output": Accuracy(gain=0.05, quantum_w=0.05, delay_s=0.5),
}


class Sensing(Protocol):
    """A board that is mined with (hw/device.py), or one on the bench (hw/powered.py)."""

    @property
    def reading(self) -> Reading: ...


class BoardSensors:
    """A Meter. `boards` is asked each time, for those of a miner are made later than their meter."""

    name = "board"
    source: Source = "measured"
    period_s = 1.0

    def __init__(self, boards: Callable[[], Sequence[Sensing]], gain: float | None = None) -> None:
        self._boards, self._gain = boards, gain
        self._place: Place = "board input"

    @property
    def place(self) -> Place:
        return self._place

    @property
    def accuracy(self) -> Accuracy:
        usual = _ACCURACY[self._place]
        return usual if self._gain is None else replace(usual, gain=self._gain)

    async def open(self) -> None: ...

    async def read(self) -> Sample:
        """No watts while one of them has no power. Raises DeviceError where a board measures none, or two of them at
        different places."""
        now_s = asyncio.get_running_loop().time()
        readings = [board.reading for board in self._boards()]
        if Reading() in readings or not readings:
            return Sample(now_s)
        figures = [power(reading) for reading in readings]
        places: set[Place] = {figure[1] for figure in figures if figure is not None}
        if None in figures and not all(reading.faults for reading in readings):
            raise DeviceError("board: one of the boards does not measure its power; take another meter")
        if len(places) > 1:
            raise DeviceError("board: the boards measure at different places; take another meter, or one of them")
        if None in figures:
            return Sample(now_s)
        self._place = places.pop()
        return Sample(now_s, sum(figure[0] for figure in figures if figure is not None))

    async def close(self) -> None: ...


def power(reading: Reading) -> tuple[float, Place] | None:
    """Watts, and where; None: neither is sensed."""
    if reading.input_w is not None:
        return reading.input_w, "DC input" if reading.by_supply else "board input"
    return None if reading.rail_w is None else (reading.rail_w, "VR output")


def meter(address: Address, boards: Callable[[], Sequence[Sensing]]) -> Meter:
    address.only("gain")
    if address.rest:
        raise address.error("takes no address: it is all boards that are mined with")
    return BoardSensors(boards, address.gain(0.0) if "gain" in address.values else None)
