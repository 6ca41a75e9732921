"""How often: the block target of a chain in memory, so that its miners find a block about so often, and the time
between shares of our own devices. Pure arithmetic."""

from __future__ import annotations

from ..chain.target import MAX_TARGET, bits_from_target, target_from_bits
from ..pool import Demand

EASIEST = target_from_bits(0x207FFFFF)  # regtest's
_WINDOW_S = 20.0
_WINDOW_SHARES = 32  # fewer tell too little: the window waits for them
_CHANGE = 1.5  # the target follows when it is off by this factor
_SLOWEST_S = 4.0  # between shares of the slowest device, about; a slow board beside a fast CPU is seen to work too
_INTERVAL_S = (0.02, 1.0)  # between shares of all, within which that is kept


class Pace:
    def __init__(self, every_s: float, rate_hps: float) -> None:
        """every_s: seconds between blocks; rate_hps: what the miners together are thought to make until measured."""
        self._every_s = every_s
        self._rate_hps = rate_hps
        self._target = self._wanted()
        self._opened_s: float | None = None
        self._hashes, self._shares = 0.0, 0

    @property
    def target(self) -> int:
        return self._target

    def share(self, hashes: float) -> None:
        """An accepted share stands for so many hashes."""
        self._hashes += hashes
        self._shares += 1

    def tick(self, now: float) -> bool:
        """To be called now and then. True when the target has changed."""
        if self._opened_s is None or not self._shares:
            self._opened_s = now  # the clock starts with the first share
            return False
        took_s = now - self._opened_s
        if took_s < _WINDOW_S or self._shares < _WINDOW_SHARES:
            return False
        self._rate_hps = self._hashes / took_s
        self._opened_s, self._hashes, self._shares = now, 0.0, 0
        wanted = self._wanted()
        if 1 / _CHANGE < wanted / self._target < _CHANGE:
            return False
        self._target = wanted
        return True

    def _wanted(self) -> int:
        hashes = max(1, round(self._rate_hps * self._every_s))  # for each block
        target = min(EASIEST, MAX_TARGET // hashes)
        return target_from_bits(bits_from_target(target))


def interval_of(demand: Demand) -> float:
    """Seconds wanted between shares of all devices together."""
    least, most = _INTERVAL_S
    if not demand.rate_hps or not demand.least_hps:
        return most
    return min(most, max(least, _SLOWEST_S * demand.least_hps / demand.rate_hps))
