"""The fans and temperatures of Bitaxe boards: three kinds, by their fan controller. Who has which: equipment.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..parts import emc2101, emc2103, emc2302
from ..parts.bus import I2C
from ..parts.emc2101 import Emc2101
from ..parts.emc2103 import Emc2103
from ..parts.emc2302 import Emc2302
from ..parts.tmp1075 import ADDRESSES, Tmp1075
from .equipment import Equipment
from .senses import Senses, hottest


@dataclass(frozen=True, slots=True)
class Felt:
    chip_c: float | None
    board_c: float | None
    fan_rpm: float | None


class Cooling(Protocol):
    @property
    def full(self) -> tuple[tuple[int, bytes], ...]:
        """I2C writes (address, data) that set every fan to full speed, from any state."""
        ...

    async def prepare(self) -> None:
        """See that each part is what it should be, set it up, fans full. Raises DeviceError."""

    async def set_fan(self, part: float) -> None: ...

    async def sense(self, senses: Senses) -> Felt: ...


class OneDiode:
    """EMC2101."""

    full = (
        (emc2101.ADDRESS, bytes((emc2101.FAN_CONFIG, 0x23))),
        (emc2101.ADDRESS, bytes((emc2101.FAN_DUTY, emc2101.FULL))),
    )

    def __init__(self, bus: I2C, equipment: Equipment) -> None:
        self._emc, self._equipment = Emc2101(bus), equipment

    async def prepare(self) -> None:
        await self._emc.identify()
        await self._emc.configure(self._equipment.ideality, self._equipment.beta)
        await self._emc.set_fan(1.0)

    async def set_fan(self, part: float) -> None:
        await self._emc.set_fan(part)

    async def sense(self, senses: Senses) -> Felt:
        chip_c = board_c = await senses.celsius("board sensor", self._emc.internal_c())
        if self._equipment.chip_sensor == "diode":
            chip_c = await senses.celsius("chip diode", self._emc.external_c())
        if chip_c is not None:
            chip_c += self._equipment.chip_offset_c
        return Felt(chip_c, board_c, await senses.ask("fan tachometer", self._emc.fan_rpm()))


class TwoDiodes:
    """EMC2103."""

    full = ((emc2103.ADDRESS, bytes((emc2103.FAN_DUTY, emc2103.FULL))),)

    def __init__(self, bus: I2C, equipment: Equipment) -> None:
        self._emc, self._equipment = Emc2103(bus), equipment

    async def prepare(self) -> None:
        await self._emc.identify()
        await self._emc.configure(self._equipment.ideality, self._equipment.beta)
        await self._emc.set_fan(1.0)

    async def set_fan(self, part: float) -> None:
        await self._emc.set_fan(part)

    async def sense(self, senses: Senses) -> Felt:
        diodes = [await senses.celsius(f"chip diode {i + 1}", self._emc.external_c(i)) for i in (0, 1)]
        board_c = await senses.celsius("board sensor", self._emc.internal_c())
        return Felt(hottest(*diodes), board_c, await senses.ask("fan tachometer", self._emc.fan_rpm()))


class TwoFans:
    """EMC2302, and two TMP1075. A board may have one fan only; a fan counts from when it has been seen to turn."""

    full = tuple((emc2302.ADDRESS, bytes((register, emc2302.FULL))) for register in emc2302.FAN_DUTY)

    def __init__(self, bus: I2C, equipment: Equipment) -> None:
        self._emc, self._equipment = Emc2302(bus), equipment
        self._places = [Tmp1075(bus, address) for address in ADDRESSES]
        self._turned: set[int] = set()

    async def prepare(self) -> None:
        await self._emc.identify()
        await self._emc.configure()
        await self._emc.set_fan(1.0)
        for place in self._places:
            await place.board_c()

    async def set_fan(self, part: float) -> None:
        await self._emc.set_fan(part)

    async def sense(self, senses: Senses) -> Felt:
        places = [
            await senses.celsius(f"board sensor {i + 1}", place.board_c()) for i, place in enumerate(self._places)
        ]
        board_c = hottest(*places)
        chip_c = None if board_c is None else board_c + self._equipment.chip_offset_c
        speeds = [await senses.ask(f"fan {i + 1} tachometer", self._emc.fan_rpm(i)) for i in (0, 1)]
        return Felt(chip_c, board_c, self._slowest(speeds))

    def _slowest(self, speeds: list[float | None]) -> float | None:
        self._turned |= {i for i, speed in enumerate(speeds) if speed}
        counted = [speeds[i] for i in self._turned]
        known = [speed for speed in counted if speed is not None]
        if len(known) < len(counted) or None in speeds:
            return None
        return min(known, default=0.0)


COOLING: dict[str, type[OneDiode | TwoDiodes | TwoFans]] = {
    "emc2101": OneDiode,
    "emc2103": TwoDiodes,
    "emc2302": TwoFans,
}
