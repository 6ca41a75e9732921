"""One simulated chip: its address, its registers, and what of them decides how it hashes and speaks. No line, no hash.

Sources: ESP (ESP-Miner components/asic), MUJ (mujina BM13xx reference), GPT (GPTechinno bm13xx-rs). A register that no
source knows keeps what is written to it. A counter's step is 2^zero_bits hashes: 2^32 on silicon (ESP). Cores hash
once register 2 of theirs is written AA, as every init sequence of BM1362 to BM1370 does; that they would not without
it is our guess, and so is that BM1397 stands still without a clock in register 20. Not modelled: the first write after
reset that may get lost, the analog registers, the self-test.
"""

from __future__ import annotations

from ..chips.chip import Chip
from . import silicon as s
from .header import Header
from .search import Progress, Task

HASH_DOMAINS = 4  # each with a counter


class Die:
    def __init__(self, chip: Chip, index: int) -> None:
        self.chip, self.index = chip, index
        self.silicon = s.SILICON[chip.name]
        self.given_id = chip.id
        self.counters_lie = self.slow = 1.0
        self.reset()

    def reset(self) -> None:
        """As after power-up."""
        self.registers: dict[int, int] = dict(self.silicon.reset)
        self.core_registers: dict[int, int] = {}
        self.address, self.inactive = 0, False
        self.header: Header | None = None
        self.progress = Progress()
        self.hashes = [0] * HASH_DOMAINS  # by domain
        self.wrong = 0.0  # hashes that came out wrong
        self.overflows = 0  # nonces that found no room on the line
        self.first_report: tuple[int, int] | None = None  # word and version bits

    def take(self, header: Header) -> None:
        """A new job: the sweep of the one before ends, and its own begins with the first versions."""
        self.header, self.progress = header, Progress()

    def write(self, register: int, value: int) -> int | None:
        """What the chip answers unasked: a core's register, when that is to be read."""
        self.registers[register] = value
        if register != s.CORE_CONTROL:
            return None
        number = value >> 8 & 0x1F
        if value >> 15 & 1:
            self.core_registers[number] = value & 0xFF
            return None
        return value & 0x00FF1F00 | self.core_registers.get(number, 0)

    def read(self, register: int, chip_c: float) -> int:
        if register == s.CHIP_ID:
            return self.given_id << 16 | self.silicon.core_byte << 8 | self.address
        if self.silicon.counts and s.DOMAINS <= register < s.DOMAINS + HASH_DOMAINS:
            return self._counted(self.hashes[register - s.DOMAINS])
        if self.silicon.counts and register == s.TOTAL:
            return self._counted(sum(self.hashes))
        if register == s.ERRORS:
            return int(self.wrong) >> self.chip.zero_bits & 0xFFFFFFFF
        if register == s.OVERFLOWS:
            return self.overflows & 0xFFFFFFFF
        if register == s.HASH_RATE and not self.silicon.rolls_versions:
            return self._measured_rate()
        if register == s.SENSOR and self.silicon.sensor and self.registers.get(s.SENSOR_START, 0):
            return s.sensor_value(chip_c)
        return self.registers.get(register, 0)

    @property
    def mhz(self) -> float:
        """Of the hash clock, which need not be what the PLL's register says."""
        return s.mhz(self.silicon, self.registers) * self.slow

    @property
    def baud(self) -> float:
        return s.baud(self.silicon, self.registers)

    @property
    def long_frames(self) -> bool:
        """11 bytes, from when version rolling is enabled."""
        return self.silicon.rolls_versions and bool(self.registers[s.VERSIONS] >> 31)

    def task(self) -> Task | None:
        """What it hashes at the moment; None: nothing."""
        if self.header is None or self.mhz <= 0:
            return None
        window_s: float | None = None
        if self.silicon.rolls_versions:
            ticks = self.registers.get(s.HCN, 0)
            if ticks == 0 or self.core_registers.get(s.CORE_ENABLE) != 0xAA:
                return None
            window_s = (ticks + self.silicon.overrun) * s.TICK_S
        elif self.registers[s.CLOCKS] == 0:
            return None
        versions = self.registers.get(s.VERSIONS, 0)
        ticket = s.ticket_bits(self.registers.get(s.TICKET_MASK, 0))
        return Task(self.header, self.mhz, window_s, self.long_frames, versions & 0xFFFF, ticket)

    def reports(self, core: int) -> bool:
        """Bits 31 to 28 of register 18: a quarter of the cores each (MUJ, BM1370). Without them a chip is silent.

        On BM1362 they cannot be quarters: an S19j Pro has B000C100 there, and loses nothing of its 104 TH/s.
        """
        if not self.silicon.rolls_versions:
            return True
        enables = self.registers[s.MISC] >> 28
        return bool(enables >> core * 4 // self.chip.cores & 1) if self.silicon.quarters else enables > 0

    @property
    def offset(self) -> int:
        return self.registers.get(s.NONCE_OFFSET, 0)

    def _counted(self, hashes: int) -> int:
        return int(hashes * self.counters_lie) >> self.chip.zero_bits & 0xFFFFFFFF

    def _measured_rate(self) -> int:
        """ESP: in 2^20 H/s, and bit 31 while it is measured; SKOT has a unit 16 times that. As of the silicon row."""
        if self.task() is None:
            return 0x80000000
        return int(self.mhz * 1e6 * self.chip.small_cores / 2**20) & 0x7FFFFFFF
