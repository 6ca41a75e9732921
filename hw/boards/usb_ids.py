"""What USB devices say of themselves, and which board that is: a table, the first row that fits counts.

Ids of a bridge that anybody may solder prove nothing, nor does c0de:cafe, an example's: only rows with strings name a
board. Sources: kanoi/cgminer, usbutils.c (GEK); bfgminer, the match functions of its drivers (BFG); mujina's board
patterns (MUJ); bitaxe-raw (RAW); and for generic ids the drivers that look for them. What it leaves out: probing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BITAXES = ("bitaxe-max", "bitaxe-ultra", "bitaxe-supra", "bitaxe-gamma", "bitaxe-gt", "bitaxe-hex")
FLASH = "flash bitaxe-raw (github.com/bitaxeorg/bitaxe-raw), then plug it in again"
NOT_DRIVEN = "joulehash does not drive it"


@dataclass(frozen=True, slots=True)
class UsbRow:
    """None: anything. Strings are patterns of the whole, whatever their case."""

    says: str  # what it is, where the strings do not
    vid: int | None = None
    pid: int | None = None
    manufacturer: str | None = None
    product: str | None = None
    board: str | None = None  # proven by the strings
    maybe: tuple[str, ...] = ()  # what it may be, which only its user knows
    remedy: str | None = None  # why it cannot be used, and what to do

    @property
    def has_strings(self) -> bool:
        return self.manufacturer is not None or self.product is not None

    def fits(self, vid: int | None, pid: int | None, manufacturer: str | None, product: str | None) -> bool:
        strings = (self.manufacturer, manufacturer), (self.product, product)
        return (
            (self.vid is None or self.vid == vid)
            and (self.pid is None or self.pid == pid)
            and all(want is None or re.fullmatch(want, said or "", re.IGNORECASE) for want, said in strings)
        )


def _bitaxe(board: str, model: str) -> UsbRow:
    return UsbRow("bitaxe-raw", manufacturer="OSMU", product=f"Bitaxe[ -]?{model}", board=board)


def _gekko(board: str, product: str) -> UsbRow:
    return UsbRow("", 0x0403, 0x6015, "GekkoScience", f"{product} Bitcoin Miner", board)  # GEK


def _bridge(says: str, vid: int, pid: int, *maybe: str) -> UsbRow:
    return UsbRow(says, vid, pid, maybe=maybe or ("chain:CHIPxN",))


ROWS = (
    # A Bitaxe that runs bitaxe-raw. The plain "Bitaxe" is what MUJ has seen; models in the string are our guess.
    UsbRow("", manufacturer="OSMU", product="BitaxeBonanza", remedy=NOT_DRIVEN),
    _bitaxe("bitaxe-gt", "(GT|Gamma ?Turbo)"),
    *(_bitaxe(board, board.removeprefix("bitaxe-")) for board in BITAXES if board != "bitaxe-gt"),
    UsbRow(
        "bitaxe-raw, of a model that its strings do not tell", manufacturer="OSMU", product="Bitaxe.*", maybe=BITAXES
    ),
    UsbRow("", manufacturer="256F", product="EmberOne00", remedy=NOT_DRIVEN),
    UsbRow("BIRDS", 0xC0DE, 0xB17D, remedy=NOT_DRIVEN),
    UsbRow(
        "a Bitaxe with its stock firmware, or another ESP32-S3",
        0x303A,
        0x1001,
        remedy=f"it cannot be driven over USB: {FLASH}",
    ),
    # GekkoScience.
    _gekko("compac-f", "CompacF"),
    _gekko("r909", "R909"),
    _gekko("newpac", "NewPac"),
    _gekko("r606", "R606"),
    UsbRow("", 0x10C4, 0xEA70, "Silicon Labs", "GekkoScience (Compac|Terminus) A1", "compac-a1"),
    UsbRow("", 0x10C4, 0xEA70, "Silicon Labs", "GekkoScience (Compac|Terminus) A2", "compac-a2"),
    UsbRow("BM1384", 0x10C4, 0xEA60, "GekkoScience|bitshopperde", ".* BM1384 Bitcoin Miner", remedy=NOT_DRIVEN),
    # Bridges whose maker has named the board in them (BFG).
    UsbRow("", product=".*Block.*Erupter.*", board="block-erupter"),
    UsbRow("", product=".*Icarus.*", board="icarus"),
    UsbRow("", product=".*Lancelot.*", board="lancelot"),
    UsbRow("", product=".*Antminer.*", remedy=NOT_DRIVEN),
    UsbRow("an FPGA board", product=".*Cairnsmore1.*", maybe=("fpga",)),
    # Ids alone: what has them, among much else.
    _bridge("a CP2102, as on Block Erupters and many adapters", 0x10C4, 0xEA60, "block-erupter", "chain:CHIPxN"),
    _bridge("a PL2303, as on Icarus and many adapters", 0x067B, 0x2303, "icarus", "chain:CHIPxN"),
    _bridge("Cairnsmore1's bridge", 0x067B, 0x0230, "fpga"),
    _bridge("Cairnsmore1's bridge", 0x0403, 0x8350, "fpga"),
    _bridge("an FT232R, as on X6500 and many adapters", 0x0403, 0x6001, "lancelot", "fpga", "chain:CHIPxN"),
    _bridge("an FT2232, as on Digilent and DualMiner boards", 0x0403, 0x6010, "fpga"),
    _bridge("an FT4232H, as on BitCrane", 0x0403, 0x6011),
    _bridge("an FT232H, as on BFx2", 0x0403, 0x6014),
    _bridge("an FT230X, as on GekkoScience's sticks", 0x0403, 0x6015),
    _bridge("a CP2105, as on GekkoScience's sticks", 0x10C4, 0xEA70),
    _bridge("an STM32's port, as on GridSeed and QAxe boards", 0x0483, 0x5740),
    UsbRow(
        "embassy's example id, as in bitaxe-raw and much else", 0xC0DE, 0xCAFE, remedy=f"if it is a Bitaxe, {FLASH}"
    ),
    UsbRow("Klondike", 0x04D8, 0xF60A, remedy=NOT_DRIVEN),
    UsbRow("an MCP2210, as on NanoFury and BFClarke", 0x04D8, 0x00DE, remedy=NOT_DRIVEN),
    UsbRow("ZTEX", 0x221A, 0x0100, remedy=NOT_DRIVEN),
    UsbRow("HashFast", 0x297C, remedy=NOT_DRIVEN),
    UsbRow("Cointerra's vendor id", 0x1CBE, remedy=NOT_DRIVEN),
)


def usb_row(vid: int | None, pid: int | None, manufacturer: str | None, product: str | None) -> UsbRow | None:
    return next((row for row in ROWS if row.fits(vid, pid, manufacturer, product)), None)
