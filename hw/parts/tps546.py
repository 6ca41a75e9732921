"""TPS546D24A or S: the regulator of the chips' supply. Late Ultra and Supra, Gamma, GT (two of them stacked), Hex.

Sources: ESP (ESP-Miner, main/power/TPS546.c and .h, vcore.c, pmbus_commands.h); PMBus part II for the meaning of bits.
ESP warns never to store to its memory, which can ruin it: nothing here does; the settings are written at each start.
Left out: what ESP leaves as it comes, alerts, and stacks of more than two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...engine.errors import InputError
from .bus import I2C, Part
from .pmbus import exponent_of, slinear11, to_slinear11, to_ulinear16, ulinear16

ADDRESS = 0x24
IDENTITIES = (bytes.fromhex("5449546D2441"), bytes.fromhex("5449546D2462"))  # D24A, D24S

OPERATION, ON_OFF_CONFIG, CLEAR_FAULTS, PHASE = 0x01, 0x02, 0x03, 0x04
VOUT_MODE, VOUT_COMMAND, VOUT_MAX, VOUT_SCALE_LOOP, VOUT_MIN = 0x20, 0x21, 0x24, 0x29, 0x2B
FREQUENCY_SWITCH, VIN_ON, VIN_OFF = 0x33, 0x35, 0x36
VOUT_OV_FAULT, VOUT_OV_WARN, VOUT_UV_WARN, VOUT_UV_FAULT = 0x40, 0x42, 0x43, 0x44
IOUT_OC_FAULT, IOUT_OC_RESPONSE, IOUT_OC_WARN = 0x46, 0x47, 0x4A
OT_FAULT, OT_RESPONSE, OT_WARN = 0x4F, 0x50, 0x51
VIN_OV_FAULT, VIN_OV_RESPONSE, VIN_UV_WARN = 0x55, 0x56, 0x58
STATUS_WORD, READ_VIN, READ_VOUT, READ_IOUT, READ_TEMPERATURE_1 = 0x79, 0x88, 0x8B, 0x8C, 0x8D
IC_DEVICE_ID, COMPENSATION, SYNC_CONFIG, STACK_CONFIG, PIN_DETECT_OVERRIDE = 0xAD, 0xB1, 0xE4, 0xEC, 0xEE

OFF, ON = 0x00, 0x80
_RELATIVE = 0x80  # of VOUT_MODE: the limits of the output are parts of VOUT_COMMAND

STATUS = {  # bits of STATUS_WORD that say something of themselves; the others point to further registers
    0x8000: "output voltage fault or warning",
    0x4000: "output current fault or warning",
    0x2000: "input fault or warning",
    0x0800: "power not good",
    0x0040: "output is off",
    0x0020: "output overvoltage",
    0x0010: "output overcurrent",
    0x0008: "input undervoltage",
    0x0004: "temperature fault or warning",
    0x0002: "communication fault",
}
SERIOUS = 0x0040 | 0x0020 | 0x0010 | 0x0008 | 0x0004  # ESP TPS546_check_status; 0040 only while it should be on
_IS_OFF = 0x0040


@dataclass(frozen=True, slots=True)
class Settings:
    """A regulator's own limits on one kind of board. Volts, amperes, degrees Celsius."""

    vin_on: float
    vin_off: float
    vin_ov_fault: float
    vout_min: float
    vout_max: float
    oc_warn: float = 25.0
    oc_fault: float = 30.0
    vin_uv_warn: float | None = None
    scale_loop: float = 0.25
    ot_warn: float = 105.0
    ot_fault: float = 145.0
    phase: int = 0x00
    stack: int = 0x0000
    sync: int = 0x10
    frequency_khz: float = 650.0
    compensation: bytes = b""


class Tps546(Part):
    title = "TPS546"

    def __init__(self, bus: I2C, address: int = ADDRESS) -> None:
        super().__init__(bus, address)

    async def identify(self) -> None:
        raw = await self.get_bytes(IC_DEVICE_ID, 7)
        if raw[0] != 6 or raw[1:] not in IDENTITIES:
            raise self.error(f"IC_DEVICE_ID reads {raw.hex()}, no TPS546D24; is it the board that was named?")

    async def configure(self, settings: Settings) -> None:
        """Off, then its settings, each read back. Raises DeviceError when one is not taken."""
        await self.off()
        await self.put_checked(ON_OFF_CONFIG, 0x1B)  # by OPERATION alone, and at once
        await self.put_checked(STACK_CONFIG, *settings.stack.to_bytes(2, "little"))
        await self.put_checked(SYNC_CONFIG, settings.sync)
        await self.put_checked(PHASE, settings.phase)
        await self._put_linear(FREQUENCY_SWITCH, settings.frequency_khz, exponent=0)
        if settings.compensation:
            await self.put_checked(COMPENSATION, len(settings.compensation), *settings.compensation)
        for register, value, exponent in _limits(settings):
            await self._put_linear(register, value, exponent)
        for register, response in ((VIN_OV_RESPONSE, 0xB7), (IOUT_OC_RESPONSE, 0xC0), (OT_RESPONSE, 0xFF)):
            await self.put_checked(register, response)
        await self._put_output_limits(settings)
        await self.put_checked(PIN_DETECT_OVERRIDE, 0xFF, 0xFF)
        await self.bus.write(self.address, bytes((CLEAR_FAULTS,)))

    async def off(self) -> None:
        await self.put_checked(OPERATION, OFF)

    async def on(self) -> None:
        await self.put_checked(OPERATION, ON)

    async def set_voltage(self, rail_v: float) -> None:
        """What it gives while on. Raises InputError when that cannot be written, DeviceError when it is not taken."""
        exponent = await self._exponent()
        try:
            await self._put_volts(VOUT_COMMAND, rail_v, exponent, within=0.01)
        except ValueError as error:
            raise InputError(f"{self.bus.name}: {error}; choose a lower voltage") from None

    async def rail_v(self) -> float:
        exponent = await self._exponent()
        return ulinear16(await self._word(READ_VOUT), exponent)

    async def rail_a(self) -> float:
        """Of a stack the whole (PHASE is FF)."""
        return slinear11(await self._word(READ_IOUT))

    async def input_v(self) -> float:
        return slinear11(await self._word(READ_VIN))

    async def temperature_c(self) -> float:
        return slinear11(await self._word(READ_TEMPERATURE_1))

    async def troubles(self, *, on: bool) -> tuple[str, ...]:
        """What STATUS_WORD complains of in earnest. `on`: it should be."""
        word = await self._word(STATUS_WORD)
        return words(word & (SERIOUS if on else SERIOUS & ~_IS_OFF))

    async def _put_output_limits(self, settings: Settings) -> None:
        mode = await self.get(VOUT_MODE)
        exponent = await self._exponent()
        await self._put_volts(VOUT_MAX, settings.vout_max, exponent)
        await self._put_volts(VOUT_COMMAND, settings.vout_min, exponent)  # before VOUT_MIN, which may be above it
        await self._put_volts(VOUT_MIN, settings.vout_min, exponent)
        if mode & _RELATIVE:  # as parts of VOUT_COMMAND; where they are volts, they stay as they come
            for register, part in (
                (VOUT_OV_FAULT, 1.25),
                (VOUT_OV_WARN, 1.16),
                (VOUT_UV_WARN, 0.90),
                (VOUT_UV_FAULT, 0.75),
            ):
                await self._put_volts(register, part, exponent)

    async def _put_volts(self, register: int, value: float, exponent: int, within: float = 0.04) -> None:
        await self.put(register, *to_ulinear16(value, exponent).to_bytes(2, "little"))
        self._same(register, value, ulinear16(await self._word(register), exponent), within)

    async def _put_linear(self, register: int, value: float, exponent: int | None = None) -> None:
        await self.put(register, *to_slinear11(value, exponent).to_bytes(2, "little"))
        self._same(register, value, slinear11(await self._word(register)))

    def _same(self, register: int, written: float, held: float, within: float = 0.04) -> None:
        """It rounds to steps of its own (how wide they are is unproven on hardware), but never by much."""
        if abs(held - written) > (1.0 if register in (OT_FAULT, OT_WARN) else within * written):
            raise self.error(
                f"limit {register:02X} reads {held:g} after {written:g} was written; "
                "the regulator is not protected, do not use the board"
            )

    async def _exponent(self) -> int:
        try:
            return exponent_of(await self.get(VOUT_MODE))
        except ValueError as error:
            raise self.error(f"{error}; power-cycle the board") from None

    async def _word(self, register: int) -> int:
        return int.from_bytes(await self.get_bytes(register, 2), "little")


def _limits(settings: Settings) -> Iterator[tuple[int, float, int | None]]:
    """Registers, values, and the exponent where ESP gives one."""
    if settings.vin_uv_warn is not None:
        yield VIN_UV_WARN, settings.vin_uv_warn, None
    yield VIN_ON, settings.vin_on, None
    yield VIN_OFF, settings.vin_off, None
    yield VIN_OV_FAULT, settings.vin_ov_fault, None
    yield VOUT_SCALE_LOOP, settings.scale_loop, None
    yield IOUT_OC_WARN, settings.oc_warn, None
    yield IOUT_OC_FAULT, settings.oc_fault, None
    yield OT_WARN, settings.ot_warn, 0
    yield OT_FAULT, settings.ot_fault, 0


def words(status: int) -> tuple[str, ...]:
    """STATUS_WORD in words, most significant first."""
    return tuple(text for bit, text in STATUS.items() if status & bit)
