"""Hashes as the chips count them, in registers of 32 bits that wrap. Source: ESP-Miner, its hash counters and traps."""

from __future__ import annotations

import asyncio

from .chain import Chain

_PLAUSIBLE = 3.0  # times the nominal rate: ESP-Miner takes what is more for a misread register
_MISREAD = 3


class HashCounters:
    """Of a chain, from the first `read` on."""

    def __init__(self, chain: Chain) -> None:
        self.total = 0
        self.jumps = 0  # values that were not believed
        self.whole = True  # at the last read all chips have told theirs, in time
        self._in_a_row = 0  # reads that brought values that were not believed
        self._chain = chain
        self._last: dict[int, int] = {}  # by address
        self._read_s: dict[int, float] = {}

    async def read(self) -> int | None:
        """The total. None: chips of this kind have no counter whose unit is settled."""
        chain = self._chain
        register = chain.chip.counters.total
        if register is None:
            return None
        answers = await chain.read_all(register)
        self.whole = len(answers) == chain.n_chips
        now, jumps = asyncio.get_running_loop().time(), self.jumps
        for address, value in answers.items():
            if address in self._last:
                self._add((value - self._last[address]) % 2**32, now - self._read_s[address])
            self._last[address], self._read_s[address] = value, now
        self._in_a_row = self._in_a_row + 1 if self.jumps > jumps else 0
        return self.total

    @property
    def alarm(self) -> str:
        """Empty: none. One value beyond belief is a flipped bit; one after the other is the counter."""
        return "its counter runs faster than the chips can" if self._in_a_row >= _MISREAD else ""

    def _add(self, steps: int, seconds: float) -> None:
        chip = self._chain.chip
        most = 2 + _PLAUSIBLE * chip.rate_hps(chip.mhz.most) * seconds / chip.count_hashes
        if steps > most:
            self.jumps += 1
        else:
            self.total += steps * chip.count_hashes
