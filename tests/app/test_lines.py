from __future__ import annotations

from msgspec.structs import replace

from joulehash.app.lines import line_of, summary_lines
from joulehash.engine.events import (
    CoinbaseSeen,
    Connected,
    Crash,
    DeviceAlarm,
    DeviceFailed,
    DeviceFigures,
    DeviceSummary,
    Disconnected,
    EnergyReport,
    Event,
    HardwareError,
    JobReceived,
    Malformed,
    Note,
    Paid,
    PoolBlock,
    PoolMessage,
    PoolShare,
    PoolSummary,
    PoolSwitched,
    PoolTemplate,
    SessionClosed,
    SessionOpened,
    ShareDone,
    Started,
    Summary,
)

HASH = "00ab"
LINES: list[tuple[Event, str | None]] = [
    (EnergyReport(None), None),
    (Started("0.1", "pool", ["cpu", "board"]), "joulehash 0.1 mines on pool with cpu, board"),
    (
        Connected("pool", "08", 4, "1fffe000"),
        "connected to pool: extranonce2 of 4 bytes, version mask 1fffe000",
    ),
    (Connected("pool", "08", 4, "00000000"), "connected to pool: extranonce2 of 4 bytes, no version rolling"),
    (
        Disconnected("stratum+tcp://a:1", "stratum+tcp://a:1: refused", 2.5),
        "disconnected from a:1: refused; next try in 2.5 s",
    ),
    (Disconnected("pool", "ended", None), "disconnected from pool: ended"),
    (
        JobReceived("pool", "1", 7, 0.001, 29588.0, True, True),
        "work for block 7 from pool, difficulty 29.6k; share difficulty 0.001",
    ),
    (
        JobReceived("pool", "1", None, 512.0, 1.0, True, True),
        "work for a new block from pool, difficulty 1; share difficulty 512",
    ),
    (JobReceived("pool", "1", 7, 0.001, 1.0, False, False), None),
    (
        ShareDone("pool", "cpu", "accepted", "", 0.5, False, HASH, 0.0123),
        "accepted share of difficulty 0.5 by cpu, 12.3 ms",
    ),
    (
        ShareDone("pool", "cpu", "rejected", "low (23)", 0.5, True, HASH, None),
        "rejected BLOCK of difficulty 0.5 by cpu: low (23)",
    ),
    (
        HardwareError("cpu", "0000abcd"),
        "hardware error: cpu reported nonce 0000abcd, which does not hash to its target",
    ),
    (DeviceFailed("cpu", "burnt", 4.0), "cpu failed: burnt; started again in 4 s"),
    (DeviceFailed("board", "board: no chip answers", None), "board failed: no chip answers"),
    (DeviceAlarm("board", "chip 2 is silent"), "board: chip 2 is silent"),
    (DeviceAlarm("board", "board: a chip is hot"), "board: a chip is hot"),
    (DeviceAlarm("board", ""), "board: is well again"),
    (DeviceFigures("board", 1e12, 525.0, 60.0, 19.2), None),
    (Crash("the screen", "a bug: KeyError: 1", "Traceback", 2.0), "the screen: a bug: KeyError: 1; begun again in 2 s"),
    (Crash("cpu", "a bug: KeyError: 1", "Traceback", None), "cpu: a bug: KeyError: 1"),
    (
        CoinbaseSeen("pool", 7, "bc1qme", 306_250_000, 0.98, 312_500_000, [Paid("bc1qme", 306_250_000)], 1),
        "blocks of pool pay you 98 %: 3.0625 of 3.125 BTC",
    ),
    (
        CoinbaseSeen("pool", 7, "bc1qme", 0, 0.0, 5, [Paid("bc1qpool", 3), Paid("script 51", 2)], 0),
        "blocks of pool pay bc1qpool, script 51, not your address",
    ),
    (
        CoinbaseSeen("pool", 7, "bc1qme", 0, 0.0, 5, [Paid("bc1qpool", 3), Paid("script 51", 2)], 1),
        "blocks of pool pay bc1qpool, script 51 and others, not your address",
    ),
    (
        CoinbaseSeen("pool", 7, "bc1qme", None, None, None, [], 0),
        "the coinbase of pool cannot be read; it may pay anybody",
    ),
    (PoolMessage("pool", "hello"), "pool says: hello"),
    (Malformed("pool", "a line that is not JSON"), "pool is not understood: a line that is not JSON"),
    (
        PoolSwitched("stratum+ssl://b:2", "stratum+tcp://a:1", "connection refused"),
        "mining on ssl://b:2 instead of a:1: connection refused",
    ),
    (PoolSwitched("b:2", None, "a:1: connection refused"), "mining on b:2: a:1: connection refused"),
    (PoolSwitched(None, "a:1", "not a word in 300 s"), "no pool has work, devices are idle: not a word in 300 s"),
    (PoolBlock(7, HASH, True, ""), "BLOCK 7 accepted by the chain: 00ab"),
    (PoolBlock(7, HASH, False, "high-hash"), "BLOCK 7 refused by the chain: high-hash: 00ab"),
    (SessionOpened("a:1"), "a miner connected from a:1"),
    (SessionClosed("a:1", "me", "x", 3, 1, "gone"), "a:1 (me) left: gone; A 3 R 1"),
    (Note("hear"), "hear"),
    (PoolShare("a:1", "me", 0, "", 1.0), None),
    (PoolTemplate("memory", 7, 5, 1.0, True), None),
]
SUMMARY = Summary(83.9, 10**9, 11_918_951.0, 9, 1, 2, 3, 4, 0, 5, 6, 0.0, [DeviceSummary("cpu", 10**9, 9, 5)])


def test_every_event_reads_as_a_person_wants_it() -> None:
    assert [line_of(event) for event, _ in LINES] == [line for _, line in LINES]


def test_no_kind_of_event_is_forgotten() -> None:
    assert {type(event) for event, _ in LINES} | {Summary} == set(Event.__subclasses__())


def test_the_summary_accounts_for_every_share() -> None:
    assert list(summary_lines(SUMMARY)) == [
        "0:01:23 of mining, 1,000,000,000 hashes, 11.9 MH/s on average",
        "accepted 9, rejected 1, stale 2, duplicate 3, lost 4",
        "blocks 6, hardware errors 5",
    ]


def test_the_summary_of_several_pools_has_a_line_for_each() -> None:
    pools = [PoolSummary("a:1", 7, 1, 0, 0, 2, 3584.0), PoolSummary("b:2", 2, 0, 2, 3, 2, 0.5)]
    assert list(summary_lines(replace(SUMMARY, pools=pools)))[3:] == [
        "a:1: A 7  R 1  S 0  D 0  L 2  accepted difficulty 3.58k",
        "b:2: A 2  R 0  S 2  D 3  L 2  accepted difficulty 0.5",
    ]
    assert len(list(summary_lines(replace(SUMMARY, pools=pools[:1])))) == 3, "of one the sums say all"
