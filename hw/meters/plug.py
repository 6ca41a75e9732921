"""What plugs have in common: figures by JSON, and a counter of their own that began long ago."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from .address import Address
from .http import JsonDevice
from .meter import Accuracy, Place, Sample, Source

MOST_W = 1e6
MOST_J = 1e15


@dataclass(frozen=True, slots=True)
class Told:
    """By a plug, at one moment; None: it does not tell."""

    watts: float | None
    joules: float | None


class Firmware(Protocol):
    """How a family is asked. Both raise DeviceError."""

    @property
    def accuracy(self) -> Accuracy:
        """Known after `meet`."""
        ...

    async def meet(self) -> None:
        """Find out what it is."""

    async def ask(self) -> Told: ...


class Plug:
    """A Meter."""

    source: Source = "measured"
    period_s = 2.0

    def __init__(self, address: Address, device: JsonDevice, firmware: Firmware) -> None:
        self.name = address.name
        self.place: Place = address.place("wall")
        self._address, self._device, self._firmware = address, device, firmware
        _ = self.accuracy  # that a gain which is none is told now
        self._first_j: float | None = None  # by its own counter

    @property
    def accuracy(self) -> Accuracy:
        return self._address.accuracy(self._firmware.accuracy)

    async def open(self) -> None:
        await self._firmware.meet()

    async def read(self) -> Sample:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        told = await self._firmware.ask()
        at_s = (began_s + loop.time()) / 2
        if told.watts is None and told.joules is None:
            raise self._device.error("tells neither power nor energy; is it one that measures?")
        if self._first_j is None:
            self._first_j = told.joules
        joules = None if told.joules is None or self._first_j is None else told.joules - self._first_j
        return Sample(at_s, told.watts, joules)

    async def close(self) -> None:
        await self._device.close()


def figure(device: JsonDevice, value: float | None, most: float) -> float | None:
    """As it is. Raises DeviceError for what no plug can measure."""
    if value is not None and not abs(value) <= most:
        raise device.error(f"tells {value:g}, which no plug can measure; is it broken?")
    return value
