"""The pace of a chain in memory, in a simulated clock."""

from __future__ import annotations

from random import Random

import pytest

from joulehash.engine.chain.target import bits_from_target, expected_hashes, target_from_bits
from joulehash.engine.poolserver.pace import EASIEST, Pace


def expected_s(pace: Pace, rate_hps: float) -> float:
    return float(expected_hashes(pace.target)) / rate_hps


def mine(pace: Pace, rate_hps: float, duration_s: int, start_s: float = 0.0, seed: int = 1) -> int:
    """A share a second on average, each worth what was hashed for it. How often the target changed."""
    random, changes, at = Random(seed), 0, start_s
    next_share = at + random.expovariate(1.0)
    for second in range(duration_s):
        at = start_s + second + 1
        while next_share <= at:
            pace.share(rate_hps)
            next_share += random.expovariate(1.0)
        changes += pace.tick(at)
    return changes


@pytest.mark.parametrize("rate_hps", [1e4, 2e6, 1e9, 1e14])
@pytest.mark.parametrize("every_s", [5.0, 60.0, 600.0])
def test_converges_to_the_wanted_interval(rate_hps: float, every_s: float) -> None:
    pace = Pace(every_s, 2e6)
    mine(pace, rate_hps, 120)
    assert 0.4 * every_s < expected_s(pace, rate_hps) < 2.5 * every_s


def test_starts_with_what_the_miners_are_thought_to_make() -> None:
    assert expected_s(Pace(60.0, 1e6), 1e6) == pytest.approx(60, rel=0.01)


def test_the_target_is_one_that_nbits_can_say() -> None:
    pace = Pace(60.0, 12345.678)
    assert target_from_bits(bits_from_target(pace.target)) == pace.target


def test_is_never_easier_than_regtest() -> None:
    assert Pace(0.001, 1.0).target == EASIEST == Pace(0.0, 0.0).target


def test_changes_seldom_for_a_steady_miner() -> None:
    pace = Pace(60.0, 1e6)
    assert mine(pace, 1e6, 3600) < 20


def test_time_without_shares_does_not_count() -> None:
    pace = Pace(60.0, 1e6)
    assert not any(pace.tick(float(s)) for s in range(3600))
    mine(pace, 1e6, 120, start_s=3600.0)
    assert 30 < expected_s(pace, 1e6) < 120


def test_one_lucky_share_changes_nothing() -> None:
    pace = Pace(60.0, 1e6)
    before = pace.target
    pace.tick(0.0)
    pace.share(1e15)
    assert not any(pace.tick(float(s)) for s in range(1, 600))
    assert pace.target == before
