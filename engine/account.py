"""The account of a miner: what is known of each device, and of all together at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .device import Device
from .errors import DeviceAbsent, DeviceError, DeviceFaulty
from .events import DeviceSummary, PoolSummary, Summary
from .rates import RateMeter
from .shares import Shares
from .tally import Tally


@dataclass(slots=True)
class DeviceState:
    """What the miner knows of a device."""

    device: Device
    tally: Tally = field(default_factory=Tally)
    meter: RateMeter = field(default_factory=RateMeter)
    failure: str = ""  # empty while it runs
    absent: bool = False  # that is why
    faulty: bool = False  # and may not be started again
    open: bool = False  # it was started, or tried to, and has not been stopped
    starting: bool = False
    running: bool = False  # it takes work
    alarm: str = ""  # as it was last told
    figures_s: float | None = None  # when its figures were
    worked: bool = False  # it has taken work, once at least
    leaving: bool = False  # it is to end, while the others go on

    def failed(self, error: DeviceError, otherwise: str) -> None:
        """`otherwise`: of an error without words."""
        self.failure = str(error) or otherwise
        self.absent, self.faulty = isinstance(error, DeviceAbsent), isinstance(error, DeviceFaulty)

    @property
    def hashes(self) -> int | None:
        """As the device counts them, or those that its claims stand for where it cannot; None: neither says."""
        counted = self.device.stats().hashes
        return int(self.tally.claimed) or None if counted is None else counted


def summary_of(shares: Shares, devices: Sequence[DeviceState], duration_s: float) -> Summary:
    """Of now, after so long."""
    t, hashes = shares.tally, sum(state.hashes or 0 for state in devices)
    return Summary(
        duration_s=round(duration_s, 3),
        hashes=hashes,
        rate_hps=round(hashes / duration_s, 1) if duration_s > 0 else 0.0,
        accepted=t.accepted,
        rejected=t.rejected,
        stale=t.stale,
        duplicates=t.duplicates,
        lost=t.lost,
        pending=t.pending,
        hardware_errors=t.hardware_errors,
        blocks=t.blocks,
        starved_s=round(sum(state.device.stats().starved_s for state in devices), 3),
        devices=[_device(state) for state in devices],
        pools=[
            PoolSummary(name, p.accepted, p.rejected, p.stale, p.duplicates, p.lost, p.credited)
            for name, p in shares.pools.items()
        ],
    )


def _device(state: DeviceState) -> DeviceSummary:
    stats, t = state.device.stats(), state.tally
    return DeviceSummary(
        state.device.name, stats.hashes, t.accepted, t.hardware_errors, t.claimed, t.repeats, dict(stats.errors)
    )
