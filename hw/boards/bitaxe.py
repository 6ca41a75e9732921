"""Bitaxe boards with bitaxe-raw firmware: reset, supply, fans and sensors, by what each of them has.

Sources: ESP (ESP-Miner, main/device_config.h, main/power, main/thermal), RAW (bitaxe-raw: pin 0 resets the chips
while low). Early Max, Ultra and Supra boards have a DS4432U, which sets the supply and cannot switch it off: there
`off` holds the chips in reset at the lowest supply, 0.99 V. The pin by which stock firmware cuts it (ESP, ASIC_ENABLE)
is not among RAW's. Which kind an Ultra or Supra is, is found out by asking.

A chip's diode reads open until the chip's own set-up has connected it (BM1370: register 54); that is a fault in `read`
like any other, and for whoever watches to expect.

Unproven on hardware, all of it. Left out: Gamma Duo, Supra Hex, and the ADC, whose counts no source turns into volts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from ...engine.errors import DeviceError, InputError
from ..errors import BusDead
from ..limits import Reading
from ..parts.bus import NoAnswer
from ..wire.bitaxe_raw import PARTIAL_S, USB_PACKET, Gpio, I2CWrite, Operation, encode
from .control import GUARD_ID, Control
from .cooling import COOLING
from .equipment import Equipment
from .senses import Senses
from .supply import supplies

RESET_PIN = 0


class BitaxePlant:
    """A Plant. `kinds`: what the board may have (a row of EQUIPMENT); rail_most_v: never more than this, of the whole
    rail."""

    def __init__(self, control: Control, kinds: tuple[Equipment, ...], rail_most_v: float) -> None:
        self._control, self._kinds, self._rail_most_v = control, kinds, rail_most_v
        self._settle_on(kinds[0])
        self._known = len(kinds) == 1

    @property
    def equipment(self) -> Equipment:
        """What it has; where there was a choice, known after `prepare`."""
        return self._equipment

    @property
    def firmware(self) -> str:
        """It tells no version, but the versions of its protocol can be told apart."""
        answers = self._control.format
        return "" if answers is None else f"bitaxe-raw, control protocol {answers.value}"

    async def prepare(self) -> None:
        self._known = len(self._kinds) == 1
        for operation in self._off_operations():
            try:
                await self._control.request(operation)
            except NoAnswer:
                continue  # of a kind that this is not; or it is missing, which comes to light below
        await self.hold_reset(True)
        try:
            await self._prepare_parts()
        except NoAnswer as error:
            if await self._anybody():
                raise
            raise BusDead(str(error)) from error

    async def _prepare_parts(self) -> None:
        for kind in self._kinds:
            self._settle_on(kind)
            try:
                await self._supply.prepare()
                break
            except NoAnswer:
                if kind is self._kinds[-1]:
                    raise
        self._known = True
        await self._cooling.prepare()

    async def _anybody(self) -> bool:
        """Whether any part answers on I2C."""
        self._known = False
        for operation in self._off_operations():
            if isinstance(operation, I2CWrite):
                with suppress(NoAnswer):
                    await self._control.request(operation)
                    return True
        return False

    async def hold_reset(self, held: bool) -> None:
        await self._control.gpio(RESET_PIN, not held)
        if await self._control.gpio(RESET_PIN) is held:
            raise DeviceError(
                f"{self._control.name}: the reset pin stays {'high' if held else 'low'}; do not use the board"
            )

    async def set_rail(self, volts: float | None) -> None:
        if volts is None:
            await self._supply.off()
            return
        if volts > self._rail_most_v:
            raise InputError(f"rail {volts:g} V: {self._control.name} takes at most {self._rail_most_v:g} V")
        await self._supply.set(volts)

    async def set_fan(self, part: float) -> None:
        await self._cooling.set_fan(part)

    async def read(self) -> Reading:
        senses = Senses()
        felt = await self._cooling.sense(senses)
        measured = await self._supply.sense(senses)
        if not senses.heard:
            raise BusDead(f"{self._control.name}: no part answers on I2C; reset the board, or plug it in again")
        known = measured.rail_v is not None and measured.rail_a is not None
        return Reading(
            chip_c=felt.chip_c,
            vr_c=measured.vr_c,
            board_c=felt.board_c,
            input_v=measured.input_v,
            input_a=measured.input_a,
            input_w=measured.input_w,
            rail_v=measured.rail_v,
            rail_a=measured.rail_a,
            rail_w=(measured.rail_v or 0.0) * (measured.rail_a or 0.0) if known else None,
            other_w=self._equipment.power_offset_w if self._equipment.regulator is not None else 0.0,
            fan_rpm=felt.fan_rpm,
            faults=tuple(senses.faults),
        )

    async def off(self) -> None:
        """Each step is tried though another failed; then the first failure is raised. The off bytes may have been
        written just before: the firmware is given time to drop what it does not take of them."""
        await asyncio.sleep(2 * PARTIAL_S)
        failed: list[DeviceError] = []
        steps: list[Callable[[], Awaitable[object]]] = [partial(self.hold_reset, True)]
        if self._known:
            steps += [self._supply.off, partial(self._cooling.set_fan, 1.0)]
        else:
            steps += [partial(self._control.request, operation) for operation in self._off_operations()]
        for step in steps:
            try:
                await step()
            except NoAnswer as error:
                if self._known:
                    failed.append(error)
            except DeviceError as error:
                failed.append(error)
        if failed:
            raise failed[0]

    def off_bytes(self) -> bytes:
        """Reset low, supply off (or lowest), fans full. The firmware takes one request from a USB packet and drops what
        is left 4 ms after the last (RAW): so all of it is repeated until there is a packet for each request. Whoever
        writes it holds the port open until it has left, and reads meanwhile: answers that nobody takes would stop the
        firmware (RAW: it waits to send)."""
        requests = [encode(operation, GUARD_ID) for operation in self._off_operations()]
        once = b"".join(requests)
        return once * -(-len(requests) * USB_PACKET // len(once))

    def _off_operations(self) -> list[Operation]:
        """Of every kind that this may be."""
        kinds = (self._equipment,) if self._known else self._kinds
        writes: dict[tuple[int, bytes], None] = {}
        for kind in kinds:
            writes |= dict.fromkeys(supplies(self._control, kind.regulator).lowest)
        for kind in kinds:
            writes |= dict.fromkeys(COOLING[kind.fan].full)
        return [Gpio(RESET_PIN, level=False), *(I2CWrite(address, data) for address, data in writes)]

    def _settle_on(self, kind: Equipment) -> None:
        self._equipment = kind
        self._supply = supplies(self._control, kind.regulator)
        self._cooling = COOLING[kind.fan](self._control, kind)
