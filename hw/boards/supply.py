"""The chips' supply on Bitaxe boards: two kinds. See equipment.py for who has which."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from ...engine.errors import InputError
from ..errors import RailFailed
from ..parts import ds4432u, tps546
from ..parts.bus import I2C, NoAnswer
from ..parts.ds4432u import Ds4432u
from ..parts.ina260 import Ina260
from ..parts.tps546 import Settings, Tps546
from .senses import Senses

SETTLE_S = 0.5  # without coming nearer; a TPS546 takes 3 ms to rise, and 1 us for each mV of a step
SETTLE_MOST_S = 10.0  # a rail may be slow to rise, by whatever hangs on it
NEARER = 0.02  # of what was asked
POLL_S = 0.02
WITHIN = 0.05  # of what was asked


@dataclass(frozen=True, slots=True)
class Measured:
    vr_c: float | None = None
    input_v: float | None = None
    input_a: float | None = None
    input_w: float | None = None
    rail_v: float | None = None
    rail_a: float | None = None


class Supply(Protocol):
    @property
    def lowest(self) -> tuple[tuple[int, bytes], ...]:
        """I2C writes (address, data) that turn it off, or as low as it goes, from any state."""
        ...

    async def prepare(self) -> None:
        """See that each part is what it should be, off, the regulator's own limits armed. Raises DeviceError."""

    async def set(self, volts: float) -> None:
        """On, at so much; read back where it can be. Raises InputError for what it cannot, DeviceError if it fails."""

    async def off(self) -> None: ...

    async def sense(self, senses: Senses) -> Measured: ...


class Switched:
    """TPS546: is switched, and measures what it gives."""

    lowest = ((tps546.ADDRESS, bytes((tps546.OPERATION, tps546.OFF))),)

    def __init__(self, bus: I2C, settings: Settings) -> None:
        self._tps, self._settings = Tps546(bus), settings
        self._on = False

    async def prepare(self) -> None:
        await self._tps.identify()
        await self._tps.configure(self._settings)
        self._on = False

    async def set(self, volts: float) -> None:
        least, most = self._settings.vout_min, self._settings.vout_max
        if not least <= volts <= most:
            raise InputError(f"rail {volts:g} V: the regulator of {self._tps.bus.name} is set to {least:g}–{most:g} V")
        await self._tps.set_voltage(volts)
        if not self._on:
            self._on = True  # before it is: if the answer is lost, it counts as on
            await self._tps.on()
        await self._settle(volts)

    async def off(self) -> None:
        await self._tps.off()
        self._on = False

    async def sense(self, senses: Senses) -> Measured:
        measured = Measured(
            vr_c=await senses.celsius("regulator temperature", self._tps.temperature_c()),
            input_v=await senses.ask("input voltage", self._tps.input_v()),
            rail_v=await senses.ask("rail voltage", self._tps.rail_v()),
            rail_a=await senses.ask("rail current", self._tps.rail_a()),
        )
        try:
            senses.faults += [f"regulator: {trouble}" for trouble in await self._tps.troubles(on=self._on)]
        except NoAnswer:
            senses.faults.append("regulator status: does not answer")
        return measured

    async def _settle(self, volts: float) -> None:
        clock = asyncio.get_running_loop()
        began_s = nearer_s = clock.time()
        nearest_v = volts
        while True:
            await asyncio.sleep(POLL_S)
            rail_v = await self._tps.rail_v()
            if abs(rail_v - volts) <= WITHIN * volts:
                return
            now_s = clock.time()
            if abs(rail_v - volts) < nearest_v - NEARER * volts:
                nearest_v, nearer_s = abs(rail_v - volts), now_s
            if now_s >= min(nearer_s + SETTLE_S, began_s + SETTLE_MOST_S):
                break
        troubles = ", ".join(await self._tps.troubles(on=True)) or "and it reports no fault"
        await self.off()
        told = self._tps.error(
            f"rail {rail_v:.3f} V after {volts:.3f} V was asked for ({troubles}); "
            "it was turned off: look at the power supply and at the board"
        )
        raise RailFailed(str(told), volts, rail_v)


class Adjusted:
    """DS4432U and INA260: cannot be switched off, nor its output read; the input is measured."""

    lowest = ((ds4432u.ADDRESS, bytes((ds4432u.OUT0, ds4432u.LOWEST))),)

    def __init__(self, bus: I2C) -> None:
        self._dac, self._meter = Ds4432u(bus), Ina260(bus)

    async def prepare(self) -> None:
        await self._dac.set_lowest()
        await self._meter.identify()

    async def set(self, volts: float) -> None:
        await self._dac.set_voltage(volts)
        await asyncio.sleep(POLL_S)

    async def off(self) -> None:
        """Not off: 0.99 V."""
        await self._dac.set_lowest()

    async def sense(self, senses: Senses) -> Measured:
        return Measured(
            input_v=await senses.ask("input voltage", self._meter.input_v()),
            input_a=await senses.ask("input current", self._meter.input_a()),
            input_w=await senses.ask("input power", self._meter.input_w()),
        )


def supplies(bus: I2C, settings: Settings | None) -> Switched | Adjusted:
    return Adjusted(bus) if settings is None else Switched(bus, settings)
