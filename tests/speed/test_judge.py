"""`pytest tests/speed --benchmark-only`: the judge, claim by claim. `joulehash bench pipeline` tells it as a rate."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from joulehash.engine.chain.header import double_sha256, hash_number
from joulehash.engine.chain.target import MAX_TARGET
from joulehash.engine.judge import Fate, Judge, Quality, Verdict, verify
from joulehash.engine.work import Found
from tests.support.jobs import claim, job, work

pytestmark = pytest.mark.speed
ROUNDS = 20_000  # claims, one a round
OF = job(version_mask=0x1FFFE000, target=MAX_TARGET >> 8)


def judge() -> Judge:
    made = Judge()
    made.accept(OF)
    return made


def test_double_hash(benchmark: Any) -> None:
    """What hashlib alone takes: of a claim's time, the part that cannot go."""
    header = work(OF).header(OF.version, OF.ntime, 0)
    assert benchmark(lambda: hash_number(double_sha256(header))) <= MAX_TARGET


def test_fresh_claims(benchmark: Any) -> None:
    """More than a work remembers: the oldest are forgotten meanwhile."""
    mine, one, nonces = work(OF, claim_target=MAX_TARGET), judge(), count()

    def fresh() -> tuple[tuple[Found, float], dict[str, object]]:
        return (claim(mine, nonce=next(nonces)), 0.0), {}

    verdict: Verdict = benchmark.pedantic(one.judge, setup=fresh, rounds=ROUNDS)
    assert verdict.fate is Fate.FRESH
    assert verdict.quality is not Quality.FALSE


def test_a_duplicate(benchmark: Any) -> None:
    found, one = claim(work(OF, claim_target=MAX_TARGET)), judge()
    one.judge(found, 0.0)
    assert benchmark(one.judge, found, 0.0).fate is Fate.DUPLICATE


def test_a_false_claim(benchmark: Any) -> None:
    of = job(target=0)
    assert benchmark(judge().judge, claim(work(of)), 0.0).quality is Quality.FALSE


@pytest.mark.parametrize("candidates", [1, 2])
def test_verify(benchmark: Any, candidates: int) -> None:
    """Two: of devices that do not say which work they mean."""
    works = [work(OF, claim_target=MAX_TARGET, extranonce2=i) for i in range(candidates)]
    chosen, header, number = benchmark(verify, claim(*works))
    assert chosen in works
    assert number == hash_number(double_sha256(header))
