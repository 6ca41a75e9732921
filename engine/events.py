"""What happens while mining, as values: the faces show them, `--json` writes them one a line.

Each class is one kind of event; its fields are the stable names of the JSON. Rates are in hashes a second, times in
seconds, difficulties are numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec


class Event(msgspec.Struct, frozen=True, tag_field="event"):
    """One line of `--json`: {"event": kind, …}."""


class Started(Event, frozen=True, tag="started"):
    version: str
    pool: str
    devices: list[str]


class Connected(Event, frozen=True, tag="connected"):
    pool: str
    extranonce1: str
    extranonce2_size: int
    version_mask: str


class Disconnected(Event, frozen=True, tag="disconnected"):
    pool: str
    reason: str
    retry_s: float | None  # None: not again


class PoolSwitched(Event, frozen=True, tag="pool_switched"):
    """Of several pools another one gives the work. pool: None: none has any, devices are idle."""

    pool: str | None
    before: str | None
    reason: str


class JobReceived(Event, frozen=True, tag="job"):
    pool: str
    job: str
    height: int | None
    difficulty: float
    network_difficulty: float
    clean: bool
    new_block: bool


class ShareDone(Event, frozen=True, tag="share"):
    pool: str
    device: str
    outcome: str
    reason: str
    difficulty: float
    block: bool
    hash: str
    latency_s: float | None


class HardwareError(Event, frozen=True, tag="hardware_error"):
    device: str
    nonce: str


class DeviceFailed(Event, frozen=True, tag="device_failed"):
    device: str
    reason: str
    retry_s: float | None


class DeviceAlarm(Event, frozen=True, tag="device_alarm"):
    """What a person must know of a device that runs; empty: it is over."""

    device: str
    text: str


class DeviceFigures(Event, frozen=True, tag="device_figures"):
    """What a device tells of itself while it runs: the frequency of its chips, the hottest of them, and the whole
    device's power. None: it does not tell, or its rate is not known yet."""

    device: str
    rate_hps: float | None
    mhz: float | None
    celsius: float | None
    watts: float | None


class Crash(Event, frozen=True, tag="crash"):
    """A part of joulehash itself has failed, and is begun again; a bug, to be reported with its traceback. retry_s is
    None where something else tells when, or nothing waits."""

    part: str
    error: str
    traceback: str
    retry_s: float | None


class Paid(msgspec.Struct, frozen=True):
    """An output of a coinbase. to: an address, or "script" and its first bytes in hex; satoshi."""

    to: str
    value: int


class CoinbaseSeen(Event, frozen=True, tag="coinbase"):
    """Whom the blocks of a pool pay, by the coinbase of its first job; once a connection. Amounts are in satoshi.

    address: that of the user name, and `part` what it is paid of all, 0 to 1. null: the coinbase cannot be read.
    outputs: the largest; `more` are not in it.
    """

    pool: str
    height: int | None
    address: str
    pays: int | None
    part: float | None
    total: int | None
    outputs: list[Paid]
    more: int


class PoolMessage(Event, frozen=True, tag="message"):
    pool: str
    text: str  # printable characters only


class Malformed(Event, frozen=True, tag="malformed"):
    pool: str
    reason: str


class Note(Event, frozen=True, tag="note"):
    """Something a person should know; not an error."""

    text: str


class SessionOpened(Event, frozen=True, tag="session_opened"):
    """A miner has connected to our pool server."""

    address: str


class SessionClosed(Event, frozen=True, tag="session_closed"):
    address: str
    user: str
    agent: str
    accepted: int
    rejected: int
    reason: str


class PoolShare(Event, frozen=True, tag="pool_share"):
    """Our pool server weighed a share; code is 0 when it was accepted."""

    address: str
    user: str
    code: int
    reason: str
    difficulty: float


class PoolBlock(Event, frozen=True, tag="pool_block"):
    """A block was handed to the chain behind our pool server; reason is empty when the chain took it."""

    height: int
    hash: str
    accepted: bool
    reason: str


class PoolTemplate(Event, frozen=True, tag="pool_template"):
    source: str
    height: int
    transactions: int
    network_difficulty: float
    clean: bool


class DeviceSummary(msgspec.Struct, frozen=True):
    """hashes: as the device counts them; claimed: those that its claims stand for."""

    name: str
    hashes: int | None
    accepted: int
    hardware_errors: int
    claimed: float = 0.0
    repeats: int = 0
    errors: dict[str, int] = {}


class PoolSummary(msgspec.Struct, frozen=True):
    """Of one pool that shares were found for. credited: the sum of the difficulties that accepted shares were asked
    to have."""

    name: str
    accepted: int
    rejected: int
    stale: int
    duplicates: int
    lost: int
    credited: float


class EnergyUsed(msgspec.Struct, frozen=True):
    """J/TH ± expanded (k = 2) of a window: joules over hashes. by: counted or claims; source: measured or declared."""

    j_per_th: float
    expanded: float
    seconds: float
    joules: float
    hashes: float
    u_hashes: float  # one standard deviation
    by: str
    place: str
    source: str
    meter: str


class EnergyReport(Event, frozen=True, tag="energy"):
    """Of the last minute, where there is a meter; null: not known."""

    used: EnergyUsed | None


class Summary(Event, frozen=True, tag="summary"):
    """The last line of `joulehash mine --json`."""

    duration_s: float
    hashes: int
    rate_hps: float
    accepted: int
    rejected: int
    stale: int
    duplicates: int
    lost: int
    pending: int
    hardware_errors: int
    blocks: int
    starved_s: float
    devices: list[DeviceSummary]
    energy: EnergyUsed | None = None  # of all that was mined, or since the last time that the meter did not answer
    pools: list[PoolSummary] = []  # by the order in which shares were found for them


Report = Callable[[Event], None]
