from __future__ import annotations

import json

import pytest

from joulehash.bench import boards as measured
from joulehash.bench.boards import Boards, Claimed, Decoded, boards_json, boards_lines, measure_boards
from joulehash.bench.host_share import HostShare
from joulehash.bench.pipeline import Latencies
from joulehash.bench.wire_latency import WireLatency
from joulehash.engine.errors import DeviceError

LATENCY = WireLatency(
    "bitaxe-gamma",
    "avx512",
    2,
    Latencies([n / 1e5 for n in range(1, 101)]),
    Latencies([n / 1e4 for n in range(1, 101)]),
    1,
)
BOARDS = Boards(
    900_000.4,
    [Decoded(9, 1, 400_000.0), Decoded(11, 32, 450_000.0)],
    [Claimed(1, 20_000.0), Claimed(32, 50_000.0)],
    [
        HostShare("bitaxe-gamma", 3, 8.0, 249.0, 190.0, 0.091, 0.001),
        HostShare("bitaxe-max", 1, 8.0, 66.0, 60.0, 0.001, 0.001),
    ],
    LATENCY,
    [],
)


def test_every_figure_is_told_with_its_conditions() -> None:
    assert list(boards_lines(BOARDS)) == [
        ("double hashes by hashlib per second of CPU time", "900000"),
        ("frames decoded, 9 bytes, one a read", "400000"),
        ("frames decoded, 11 bytes, 32 a read", "450000"),
        ("nonces to judged claims, one a read", "20000"),
        ("nonces to judged claims, 32 a read", "50000"),
        ("bitaxe-gamma, 3 at once: part of a core, each", "3.00%"),
        ("the same: nonces a second, and reads, of each", "249, 190"),
        ("the same: boards a core would bear, reckoned", "33"),
        ("bitaxe-max, 1 at once: part of a core, each", "0.00%"),
        ("the same: nonces a second, and reads, of each", "66, 60"),
        ("the same: boards a core would bear, reckoned", "too many to tell"),
        ("part of a core of a miner without a board", "0.10%"),
        ("nonce to share, nothing beside it: of 100", "p50, p90, p99, most"),
        ("the same", "0.51, 0.91, 1.00, 1.00 ms"),
        ("nonce to share, 2 threads of avx512 beside it: of 100", "p50, p90, p99, most"),
        ("the same", "5.10, 9.10, 10.00, 10.00 ms"),
        ("nonces that were no share within a second", "1"),
    ]


def test_the_json_has_the_promised_names() -> None:
    told = json.loads(json.dumps(boards_json(BOARDS)))
    assert set(told) == {"hashlib_per_cpu_s", "decoded", "claimed", "host", "latency", "failures"}
    assert told["decoded"][1] == {"bytes": 11, "in_a_read": 32, "frames_per_cpu_s": 450_000.0}
    assert told["claimed"][0] == {"in_a_read": 1, "claims_per_cpu_s": 20_000.0}
    gamma, cheap = told["host"]
    assert set(gamma) == {
        *("board", "boards", "seconds", "nonces_per_s", "reads_per_s"),
        *("cpu_part", "alone_part", "board_part", "boards_a_core"),
    }
    assert gamma["board_part"] == pytest.approx(0.03)
    assert cheap["boards_a_core"] is None
    assert set(told["latency"]) == {"board", "kernel", "threads", "idle", "busy", "missing"}
    assert {name: told["latency"]["busy"][name] for name in ("p50_s", "p99_s", "most_s")} == {
        "p50_s": 0.0051,
        "p99_s": 0.01,
        "most_s": 0.01,
    }


def test_all_of_it_is_measured_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "_ROUND_S", 0.001)
    monkeypatch.setattr(measured, "_ROUNDS", 1)

    def host(boards: object, seconds: float) -> list[HostShare]:  # the true one: test_host_share.py
        assert seconds > 0
        del boards
        return BOARDS.host

    def latency(shares: int, kernel: str | None) -> WireLatency:  # test_wire_latency.py
        assert shares >= 500
        assert kernel is None
        return LATENCY

    monkeypatch.setattr(measured, "measure_host_shares", host)
    monkeypatch.setattr(measured, "measure_wire_latency", latency)
    told: list[str] = []
    boards = measure_boards(None, told.append)
    assert [(d.bytes, d.in_a_read) for d in boards.decoded] == [(9, 1), (9, 32), (11, 1), (11, 32)]
    assert [c.in_a_read for c in boards.claimed] == [1, 32]
    assert min(d.frames_per_cpu_s for d in boards.decoded) > 0
    assert min(c.claims_per_cpu_s for c in boards.claimed) > 0
    assert len(told) == 3
    assert boards.latency is LATENCY

    def failing(shares: int, kernel: str | None) -> WireLatency:
        raise DeviceError("bitaxe-gamma: its sensors are silent")

    monkeypatch.setattr(measured, "measure_wire_latency", failing)
    boards = measure_boards(None, told.append)
    assert boards.host == BOARDS.host
    assert list(boards_lines(boards))[-1] == ("not measured", "latency: bitaxe-gamma: its sensors are silent")
    assert boards_json(boards)["latency"] is None
