"""`pytest tests/speed --benchmark-only`: Stratum lines through the protocols that read them in earnest."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from joulehash.engine.chain.target import DIFFICULTY_1
from joulehash.engine.poolserver.book import JobBook, hash_share
from joulehash.engine.poolserver.session import Accepted, Event, Limits, Rejected, Session
from joulehash.engine.poolserver.vardiff import Vardiff
from joulehash.engine.stratum.client import NewJob
from joulehash.engine.stratum.lines import LineBuffer
from joulehash.engine.stratum.messages import Submit
from joulehash.engine.stratum.server import Asked, ServerProtocol
from joulehash.engine.templates.memory import MemoryChain
from tests.support.stratum import ANY_HASH, connected, line

pytestmark = pytest.mark.speed
KAT = json.loads((Path(__file__).parent.parent / "data" / "kat.json").read_text(encoding="utf-8"))
RECORDED = KAT["bitaxe-gamma-2025-06-19"]  # of a pool on mainnet: 12 branches
SUBMIT = line("mining.submit", RECORDED["submit"], 77)
ROUNDS = 5_000  # shares, one a round


def test_notify_with_12_branches(benchmark: Any) -> None:
    """From bytes to a job, by the client."""
    client = connected(extranonce1=RECORDED["extranonce1"], size=4)
    written = line("mining.notify", RECORDED["notify"])
    events = benchmark(client.receive, written, 0.0)
    assert [type(event) for event in events] == [NewJob]
    assert client.job is not None
    assert len(client.job.branches) == 12


@pytest.mark.parametrize("lines", [1, 16])
def test_submits(benchmark: Any, lines: int) -> None:
    """From bytes to requests, by the server; 16 in one read."""
    benchmark.extra_info["lines"] = lines
    asked = benchmark(ServerProtocol().receive, SUBMIT * lines)
    assert asked == [Asked(77, Submit.decode(RECORDED["submit"]))] * lines


def test_a_submit_that_is_not_plain(benchmark: Any) -> None:
    """One more field than usual: it is read step by step."""
    (asked,) = benchmark(ServerProtocol().receive, SUBMIT.replace(b"{", b'{"jsonrpc":"2.0",'))
    assert asked == Asked(77, Submit.decode(RECORDED["submit"]))


@pytest.mark.parametrize("chunk", [16, 1460, 4096])
def test_lines(benchmark: Any, chunk: int) -> None:
    """A stream of 100 submits, cut as a network might."""
    stream = SUBMIT * 100
    chunks = [stream[at : at + chunk] for at in range(0, len(stream), chunk)]
    cut = benchmark(lambda: [one for buffer in [LineBuffer()] for part in chunks for one in buffer.feed(part)])
    assert cut == [SUBMIT.strip()] * 100


# What the pool makes of a share: 12 branches, a fresh extranonce2 each.

CHAIN = MemoryChain(DIFFICULTY_1, clock=lambda: 1_700_000_000, transactions=2048)


def test_hash_share(benchmark: Any) -> None:
    job, _ = JobBook().add(CHAIN.template)
    assert len(job.template.branches) == 12
    extranonces2 = count()

    def fresh() -> tuple[tuple[object, ...], dict[str, object]]:
        extranonce2 = next(extranonces2).to_bytes(8, "big")
        return (job, Submit("u", job.id, extranonce2, 1_700_000_000, 0), bytes(4), 0), {}

    hashed = benchmark.pedantic(hash_share, setup=fresh, rounds=ROUNDS)
    assert hashed.hash > 0


def session() -> tuple[Session, str]:
    """One that is ready, and the name of its job."""
    book = JobBook()
    job, _ = book.add(CHAIN.template)
    ready = Session(bytes(4), book, Vardiff(ANY_HASH, ANY_HASH, Fraction(1000)), Limits(1e9, 1e9, 1 << 30), 0.0)
    ready.receive(line("mining.subscribe", [], 1) + line("mining.authorize", ["u"], 2), 0.0)
    ready.outgoing()
    return ready, job.id


def submit(job: str, extranonce2: int) -> bytes:
    return line("mining.submit", ["u", job, f"{extranonce2:016x}", f"{1_700_000_000:08x}", "00000000"], 9)


def test_a_share_accepted(benchmark: Any) -> None:
    """From its bytes to the answer's."""
    ready, job = session()
    extranonces2 = count()

    def fresh() -> tuple[tuple[bytes], dict[str, object]]:
        return (submit(job, next(extranonces2)),), {}

    def weigh(written: bytes) -> tuple[list[Event], bytes]:
        return ready.receive(written, 0.0), ready.outgoing()

    (event,), answered = benchmark.pedantic(weigh, setup=fresh, rounds=ROUNDS)
    assert isinstance(event, Accepted)
    assert answered.startswith(b'{"id":9,"result":true')
    assert ready.accepted == ROUNDS


def test_a_share_that_came_before(benchmark: Any) -> None:
    ready, job = session()
    written = submit(job, 0)
    ready.receive(written, 0.0)
    (event,) = benchmark(ready.receive, written, 0.0)
    assert isinstance(event, Rejected)
    assert event.fault.code == 22
