"""`pytest tests/speed --benchmark-only`: what comes before hashing: coinbase and branches to header, header to work."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from joulehash.engine.chain.header import Header, double_sha256
from joulehash.engine.chain.merkle import fold
from joulehash.engine.space import HeaderSpace
from joulehash.engine.work import Job, Work
from tests.support.jobs import assignment, claim, job, work
from tests.support.stratum import connected

pytestmark = pytest.mark.speed
KAT = json.loads((Path(__file__).parent.parent / "data" / "kat.json").read_text(encoding="utf-8"))
RECORDED = KAT["bitaxe-gamma-2025-06-19"]  # of a pool on mainnet: 12 branches
_, _, EXTRANONCE2, NTIME, NONCE, BITS = RECORDED["submit"]


def recorded_job() -> Job:
    client = connected(extranonce1=RECORDED["extranonce1"], size=4)
    notify = json.dumps({"id": None, "method": "mining.notify", "params": RECORDED["notify"]})
    client.receive(notify.encode() + b"\n", 0.0)
    assert client.job is not None
    assert len(client.job.branches) == 12
    return client.job


def test_header_from_coinbase_and_12_branches(benchmark: Any) -> None:
    """As a pool rebuilds one for each share, and a miner for each extranonce2: 14 double hashes but the header's."""
    of = recorded_job()
    numbers = (of.version ^ int(BITS, 16), int(NTIME, 16), int(NONCE, 16))

    def header() -> bytes:
        return of.header(bytes.fromhex(EXTRANONCE2), *numbers).pack()

    assert benchmark(header).hex() == RECORDED["header"]


def test_fold_12_branches(benchmark: Any) -> None:
    of = recorded_job()
    coinbase = of.coinb1 + of.extranonce1 + bytes.fromhex(EXTRANONCE2) + of.coinb2
    root = benchmark(fold, double_sha256(coinbase), of.branches)
    assert root == Header.parse(bytes.fromhex(RECORDED["header"])).merkle_root


def test_header_of_a_work(benchmark: Any) -> None:
    """As the judge makes one for each claim: the merkle root is there."""
    mine = Work(recorded_job(), bytes.fromhex(EXTRANONCE2), int(NTIME, 16), (0,), 0, 2**32, 0)
    header = benchmark(mine.header, mine.job.version ^ int(BITS, 16), mine.ntime, int(NONCE, 16))
    assert header.hex() == RECORDED["header"]


@pytest.mark.parametrize("versions", [1, 8, 64])
def test_midstates(benchmark: Any, versions: int) -> None:
    of = job(version_mask=0x1FFFE000)
    drawn = assignment(of).draw(versions)
    assert drawn is not None
    assert drawn.merkle_root  # worked out before
    benchmark.extra_info["versions"] = versions
    assert len(benchmark(drawn.midstates)) == 8 * versions


@pytest.mark.parametrize("versions", [1, 8, 65_536])
def test_draw(benchmark: Any, versions: int) -> None:
    """From the space that all devices share; 65 536 are what chips roll by themselves."""
    of = job(version_mask=0x1FFFE000, extranonce2_size=8)
    drawn = benchmark(assignment(of, space=HeaderSpace(8)).draw, versions)
    assert len(drawn.versions) == versions


def test_draw_to_kernel_arguments(benchmark: Any) -> None:
    """All that a CPU thread does between two headers: draw, 14 double hashes, midstates of 8 versions, tail."""
    plain = recorded_job()
    source = assignment(plain, space=HeaderSpace(plain.extranonce2_size))

    def turn() -> int:
        drawn = source.draw(8)
        assert drawn is not None
        return len(drawn.midstates()) + len(drawn.tail())

    assert benchmark(turn) == 8 * 8 + 3


def test_found(benchmark: Any) -> None:
    """A claim as a device makes it."""
    mine, nonces = work(), count()
    assert benchmark(lambda: claim(mine, nonce=next(nonces) % 2**32)).works == (mine,)
