"""Plugs with Tasmota: `tasmota:[USER:PASSWORD@]HOST[:PORT][?channel=1&gain=…&place=…]`

Facts, by way of the fact sheet: GET /cm?cmnd=Status%208 answers {"StatusSNS": {"ENERGY": {"Power" W, "Total" kWh, …}}};
a plug without a meter has no ENERGY; Tasmota 14 made strings of figures that had been numbers; those of several
channels are lists. Login: user and password in the query, and without them a "WARNING". `Total` has three digits
by default: steps of 1 Wh. 2 % are assumed, for many are never calibrated. Unproven on hardware.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .address import Address
from .http import JsonDevice
from .meter import Accuracy, Meter
from .plug import MOST_J, MOST_W, Plug, Told, figure

ACCURACY = Accuracy(gain=0.02, quantum_j=3600.0, quantum_w=1.0, delay_s=1.0)
KILOWATT_HOUR = 3.6e6
_MOST_CHANNELS = 8

Told8 = float | str | list[float | str] | None


class Figures(msgspec.Struct):
    power: Told8 = msgspec.field(name="Power", default=None)
    total: Told8 = msgspec.field(name="Total", default=None)


class Sensors(msgspec.Struct):
    energy: Figures | None = msgspec.field(name="ENERGY", default=None)


class Answer(msgspec.Struct):
    sensors: Sensors | None = msgspec.field(name="StatusSNS", default=None)
    warning: Any = msgspec.field(name="WARNING", default=None)


class Tasmota:
    """A Firmware. `channel` from 1; None: all of them together."""

    accuracy = ACCURACY

    def __init__(self, device: JsonDevice, login: dict[str, str], channel: int | None) -> None:
        self._device, self._login, self._channel = device, login, channel

    async def meet(self) -> None: ...

    async def ask(self) -> Told:
        answer = await self._device.get("/cm", {**self._login, "cmnd": "Status 8"}, Answer)
        if answer.sensors is None:
            if answer.warning is not None:
                raise self._device.error(
                    "does not let us in; give USER:PASSWORD@ before its host, as its web page takes"
                )
            raise self._device.error("does not tell its sensors; is it a Tasmota device?")
        if (energy := answer.sensors.energy) is None:
            raise self._device.error("has no meter (no ENERGY among its sensors); take one that has")
        kilowatt_hours = self._number(energy.total)
        joules = None if kilowatt_hours is None else kilowatt_hours * KILOWATT_HOUR
        return Told(figure(self._device, self._number(energy.power), MOST_W), figure(self._device, joules, MOST_J))

    def _number(self, told: Told8) -> float | None:
        if told is None:
            return None
        every = told if isinstance(told, list) else [told]
        if len(every) > _MOST_CHANNELS:
            raise self._device.error(f"tells of {len(every)} channels; takes at most {_MOST_CHANNELS}")
        if self._channel is not None:
            if self._channel > len(every):
                raise self._device.error(f"has {len(every)} channels, and no channel {self._channel}")
            every = every[self._channel - 1 : self._channel]
        try:
            return sum(float(value) for value in every)
        except ValueError:
            raise self._device.error("tells what is no number; is it a Tasmota device?") from None


def meter(address: Address) -> Meter:
    address.only("channel", "gain", "place")
    host, port = address.host(80)
    device = JsonDevice(address.name, host, port, address.user, address.password)
    login = {"user": address.user, "password": address.password} if address.user else {}
    channel = address.whole("channel", 1, 1, _MOST_CHANNELS) if "channel" in address.values else None
    return Plug(address, device, Tasmota(device, login, channel))
