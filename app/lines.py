"""Events, the state of mining and its summary, each as a line of text in the miners' vocabulary."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from ..engine.chain.target import expected_hashes
from ..engine.events import (
    CoinbaseSeen,
    Connected,
    Crash,
    DeviceAlarm,
    DeviceFailed,
    Disconnected,
    Event,
    HardwareError,
    JobReceived,
    Malformed,
    Note,
    PoolBlock,
    PoolMessage,
    PoolSwitched,
    SessionClosed,
    SessionOpened,
    ShareDone,
    Started,
    Summary,
)
from ..engine.rates import WINDOWS_S
from .energy import energy_line, used_line
from .units import difficulty_text, duration_text, pool_text, rate_text, span_text

if TYPE_CHECKING:
    from ..bench.metering import Metered
    from ..engine.miner import Miner

WINDOW_NAMES = dict(zip(("5s", "1m", "15m"), WINDOWS_S, strict=True))


def line_of(event: Event) -> str | None:
    """What a person wants to read of it; None: nothing."""
    match event:
        case Started():
            return f"joulehash {event.version} mines on {pool_text(event.pool)} with {', '.join(event.devices)}"
        case Connected():
            rolling = f"version mask {event.version_mask}" if int(event.version_mask, 16) else "no version rolling"
            return f"connected to {pool_text(event.pool)}: extranonce2 of {event.extranonce2_size} bytes, {rolling}"
        case Disconnected():
            again = "" if event.retry_s is None else f"; next try in {span_text(event.retry_s)}"
            return f"disconnected from {pool_text(event.pool)}: {event.reason.removeprefix(f'{event.pool}: ')}{again}"
        case PoolSwitched(pool=None):
            return f"no pool has work, devices are idle: {event.reason}"
        case PoolSwitched(pool=str(pool)):
            instead = "" if event.before is None else f" instead of {pool_text(event.before)}"
            return f"mining on {pool_text(pool)}{instead}: {event.reason}"
        case JobReceived() if event.new_block:
            height = "a new block" if event.height is None else f"block {event.height}"
            network, share = difficulty_text(event.network_difficulty), difficulty_text(event.difficulty)
            return f"work for {height} from {pool_text(event.pool)}, difficulty {network}; share difficulty {share}"
        case ShareDone():
            return _share_line(event)
        case HardwareError():
            return f"hardware error: {event.device} reported nonce {event.nonce}, which does not hash to its target"
        case DeviceFailed():
            again = "" if event.retry_s is None else f"; started again in {span_text(event.retry_s)}"
            return f"{event.device} failed: {event.reason.removeprefix(f'{event.device}: ')}{again}"
        case DeviceAlarm():
            text = event.text.removeprefix(f"{event.device}: ")
            return f"{event.device}: {text}" if text else f"{event.device}: is well again"
        case Crash():
            again = "" if event.retry_s is None else f"; begun again in {span_text(event.retry_s)}"
            return f"{event.part}: {event.error}{again}"
        case CoinbaseSeen():
            return _coinbase_line(event)
        case PoolMessage():
            return f"{pool_text(event.pool)} says: {event.text}"
        case Malformed():
            return f"{pool_text(event.pool)} is not understood: {event.reason}"
        case PoolBlock():
            fate = "accepted by the chain" if event.accepted else f"refused by the chain: {event.reason}"
            return f"BLOCK {event.height} {fate}: {event.hash}"
        case SessionOpened():
            return f"a miner connected from {event.address}"
        case SessionClosed():
            who = f" ({event.user})" if event.user else ""
            return f"{event.address}{who} left: {event.reason}; A {event.accepted} R {event.rejected}"
        case Note():
            return event.text
        case _:
            return None


def _share_line(event: ShareDone) -> str:
    what = "BLOCK" if event.block else "share"
    latency = "" if event.latency_s is None else f", {span_text(event.latency_s)}"
    reason = f": {event.reason}" if event.reason else ""
    return (
        f"{event.outcome} {what} of difficulty {difficulty_text(event.difficulty)} by {event.device}{latency}{reason}"
    )


def _coinbase_line(event: CoinbaseSeen) -> str:
    pool = pool_text(event.pool)
    if event.part is None or event.total is None:
        return f"the coinbase of {pool} cannot be read; it may pay anybody"
    if not event.pays:
        to = ", ".join(paid.to for paid in event.outputs[:2]) or "nobody"
        others = " and others" if event.more or len(event.outputs) > 2 else ""
        return f"blocks of {pool} pay {to}{others}, not your address"
    return f"blocks of {pool} pay you {100 * event.part:.4g} %: {event.pays / 1e8:g} of {event.total / 1e8:g} BTC"


def rates_line(miner: Miner) -> str:
    windows = [f"({name}) {rate_text(miner.meter.rate(s))}" for name, s in WINDOW_NAMES.items()]
    return "  ".join([*windows, f"(avg) {rate_text(miner.meter.average())}"])


def counts_line(miner: Miner) -> str:
    t = miner.tally
    return f"A {t.accepted}  R {t.rejected}  S {t.stale}  D {t.duplicates}  L {t.lost}  HW {t.hardware_errors}"


def status_line(miner: Miner, metered: Metered | None = None) -> str:
    energy = f" | {energy_line(metered)}" if metered is not None else ""
    return f"{rates_line(miner)} | {counts_line(miner)}{energy}"


def time_to(target: int, rate_hps: float | None) -> float | None:
    """Seconds until a hash of at most `target` is expected at this rate."""
    return float(expected_hashes(target) / Fraction(rate_hps)) if rate_hps else None


def summary_lines(summary: Summary) -> Iterator[str]:
    """The account at the end."""
    s = summary
    yield f"{duration_text(s.duration_s)} of mining, {s.hashes:,} hashes, {rate_text(s.rate_hps)} on average"
    yield f"accepted {s.accepted}, rejected {s.rejected}, stale {s.stale}, duplicate {s.duplicates}, lost {s.lost}"
    yield f"blocks {s.blocks}, hardware errors {s.hardware_errors}"
    for p in s.pools if len(s.pools) > 1 else ():
        counts = f"A {p.accepted}  R {p.rejected}  S {p.stale}  D {p.duplicates}  L {p.lost}"
        yield f"{pool_text(p.name)}: {counts}  accepted difficulty {difficulty_text(p.credited)}"
    if s.energy is not None:
        yield used_line(s.energy)
