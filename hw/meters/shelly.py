"""Shelly plugs and relays: `shelly:[USER:PASSWORD@]HOST[:PORT][?channel=0&component=switch&gain=…&place=…]`

Facts, by way of the fact sheet: Gen2 and later, GET /rpc/Switch.GetStatus?id=0: `apower` W, `aenergy.total` Wh (a PM
Mini: PM1.GetStatus, the same names). Gen1, GET /meter/0: `power` W, `total` in watt-minutes. GET /shelly says which it
is, `gen` being absent from Gen1. Login: Gen1 Basic, Gen2 Digest with SHA-256 and the user admin.

Steps are those the sheet warns of: 1 Wh, and 1 W. Gen1's counter is taken to go on by the minute. 1 % is assumed, as no
data sheet was at hand. Left out: three-phase meters, covers and lights. Unproven on hardware.
"""

from __future__ import annotations

import msgspec

from .address import Address
from .http import JsonDevice
from .meter import Accuracy, Meter
from .plug import MOST_J, MOST_W, Plug, Told, figure

GEN1 = Accuracy(gain=0.01, quantum_j=60.0, quantum_w=1.0, delay_s=1.0, tick_s=60.0)
GEN2 = Accuracy(gain=0.01, quantum_j=3600.0, quantum_w=1.0, delay_s=1.0)
WATT_MINUTE, WATT_HOUR = 60.0, 3600.0
_COMPONENTS = {"switch": "Switch", "pm1": "PM1"}


class Who(msgspec.Struct):
    gen: int = 1


class Meter1(msgspec.Struct):
    """Gen1."""

    power: float | None = None
    total: float | None = None
    is_valid: bool = True


class Energy2(msgspec.Struct):
    total: float | None = None


class Status2(msgspec.Struct):
    """Gen2 and later."""

    apower: float | None = None
    aenergy: Energy2 | None = None


class Shelly:
    """A Firmware, of whichever generation answers."""

    def __init__(self, device: JsonDevice, channel: int, component: str) -> None:
        self._device, self._channel, self._component = device, channel, component
        self._gen = 2

    @property
    def accuracy(self) -> Accuracy:
        return GEN1 if self._gen == 1 else GEN2

    async def meet(self) -> None:
        """It says what it is to anybody."""
        self._gen = (await self._device.get("/shelly", {}, Who)).gen
        await self._device.login("basic" if self._gen == 1 else "digest")

    async def ask(self) -> Told:
        watts, joules = await (self._ask_gen1() if self._gen == 1 else self._ask_gen2())
        return Told(figure(self._device, watts, MOST_W), figure(self._device, joules, MOST_J))

    async def _ask_gen1(self) -> tuple[float | None, float | None]:
        told = await self._device.get(f"/meter/{self._channel}", {}, Meter1)
        if not told.is_valid:
            raise self._device.error("says that its meter is not valid; switch it off and on")
        return told.power, None if told.total is None else told.total * WATT_MINUTE

    async def _ask_gen2(self) -> tuple[float | None, float | None]:
        status = await self._device.get(f"/rpc/{self._component}.GetStatus", {"id": str(self._channel)}, Status2)
        total = None if status.aenergy is None else status.aenergy.total
        return status.apower, None if total is None else total * WATT_HOUR


def meter(address: Address) -> Meter:
    address.only("channel", "component", "gain", "place")
    host, port = address.host(80)
    component = _COMPONENTS[address.choice("component", "switch", _COMPONENTS)]
    device = JsonDevice(address.name, host, port, address.user, address.password)
    firmware = Shelly(device, address.whole("channel", 0, 0, 15), component)
    return Plug(address, device, firmware)
