"""What a Bitaxe has besides its chips, as data. A new one is a row.

Source: ESP (ESP-Miner, main/device_config.h, main/power/vcore.c, main/thermal/thermal.c), by way of the fact sheet. The
numbers in the titles are those printed on the boards. The regulator's settings are ESP's but for one thing: it starts
at the least voltage, not at 1.2 V.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..parts.tps546 import Settings


@dataclass(frozen=True, slots=True)
class Equipment:
    title: str
    regulator: Settings | None  # of a TPS546; None: a DS4432U sets the supply, and an INA260 measures the input
    fan: str = "emc2101"  # or emc2103, emc2302
    chip_sensor: str = "diode"  # in each chip; or "case": the fan controller's own, or "board": two TMP1075
    chip_offset_c: float = 0.0  # what ESP adds to a sensor that is not in the chip
    ideality: int | None = None  # of the diode, as EMC2101 and EMC2103 want it
    beta: int | None = None
    power_offset_w: float = 5.0  # besides its chips: ESP's estimate, where the input is not measured


_5_V = Settings(vin_on=4.8, vin_off=4.5, vin_ov_fault=6.5, vout_min=1.0, vout_max=2.0)
_GT = Settings(
    vin_on=11.0,
    vin_off=10.5,
    vin_uv_warn=11.0,
    vin_ov_fault=14.8,
    vout_min=1.0,
    vout_max=3.0,
    oc_warn=50.0,
    oc_fault=55.0,
    phase=0xFF,
    stack=0x0001,
    sync=0xD0,
    compensation=bytes.fromhex("1234422104"),
)
_HEX = Settings(
    vin_on=11.5, vin_off=11.0, vin_uv_warn=11.0, vin_ov_fault=14.8, vout_min=2.5, vout_max=4.5, scale_loop=0.125
)

# Where a board came with two kinds of supply both are listed, and the plant asks which it is.
EQUIPMENT: dict[str, tuple[Equipment, ...]] = {
    "bitaxe-max": (Equipment("Max 2.2, 102", None),),
    "bitaxe-ultra": (
        Equipment("Ultra 207", _5_V),
        Equipment("Ultra 0.11, 201–205", None, chip_sensor="case", chip_offset_c=5.0),
    ),
    "bitaxe-supra": (
        Equipment("Supra 402, 403", _5_V),
        Equipment("Supra 400, 401", None, chip_sensor="case", chip_offset_c=5.0),
    ),
    "bitaxe-gamma": (Equipment("Gamma 600–603", _5_V, ideality=0x24, beta=0x00),),
    "bitaxe-gt": (Equipment("Gamma Turbo 801", _GT, fan="emc2103", power_offset_w=10.0),),
    "bitaxe-hex": (
        Equipment("Hex 302, 303", _HEX, fan="emc2302", chip_sensor="board", chip_offset_c=10.0, power_offset_w=12.0),
    ),
}
