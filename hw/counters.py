"""Hashes as the chips count them, in registers of 32 bits that wrap. Source: ESP-Miner, hash counters and their traps."""

from __future__ import annotations

import asyncio

from .chain import Chain

_PLAUSIBLE = 3.0  # times the nominal rate: ESP-Miner takes what is more for a misread register


class HashCounters:
    """Of a chain, from the first `read` on."""

    def __init__(self, chain: Chain) -> None:
        self.total = 0
        self.jumps = 0  # values that were not believed
        self.whole = True  # at the last read all chips have told theirs, in time
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
        now = asyncio.get_running_loop().time()
        for address, value in answers.items():
            if address in self._last:
                self._add((value - self._last[address]) % 2**32, now - self._read_s[address])
            self._last[address], self._read_s[address] = value, now
        return self.total

    def _add(self, steps: int, seconds: float) -> None:
        chip = self._chain.chip
        most = 2 + _PLAUSIBLE * chip.rate_hps(chip.mhz.most) * seconds / chip.count_hashes
        if steps > most:
            self.jumps += 1
        else:
            self.total += steps * chip.count_hashes
