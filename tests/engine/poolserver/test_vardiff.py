"""Variable difficulty in a simulated clock: to about a share a second, from anywhere, without a flood."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from random import Random

import pytest

from joulehash.engine.chain.target import DIFFICULTY_1, expected_hashes
from joulehash.engine.poolserver.vardiff import Vardiff

HASHES = float(expected_hashes(DIFFICULTY_1))
LEAST, MOST = Fraction(1, 10**12), Fraction(10**9)


@dataclass
class Miner:
    """Finds shares at random times, at the difficulty that it was last told, `delay_s` late."""

    rate_hps: float
    vardiff: Vardiff
    delay_s: float = 0.0
    seed: int = 1
    now: float = 0.0
    shares: int = 0
    changes: int = 0

    def run(self, duration_s: float) -> int:
        """The shares of `duration_s`."""
        random, end, before = Random(self.seed), self.now + duration_s, self.shares
        next_tick = self.now + 1.0
        told = [(self.now, self.vardiff.difficulty)]
        while True:
            while len(told) > 1 and told[1][0] <= self.now:
                told.pop(0)
            difficulty = told[0][1]
            found = self.now + random.expovariate(self.rate_hps / HASHES / float(difficulty))
            until = min(found, next_tick, end, told[1][0] if len(told) > 1 else end)
            self.now = until
            if until == end:
                return self.shares - before
            changed = False
            if until == found:
                self.shares += 1
                changed = self.vardiff.share(found, min(difficulty, self.vardiff.difficulty))
            elif until == next_tick:
                next_tick += 1.0
                changed = self.vardiff.tick(until)
            if changed:
                self.changes += 1
                told.append((until + self.delay_s, self.vardiff.difficulty))


def vardiff(difficulty: Fraction = Fraction(1, 1000), interval_s: float = 1.0) -> Vardiff:
    return Vardiff(difficulty, LEAST, MOST, interval_s)


@pytest.mark.parametrize("rate_hps", [1e3, 1e6, 1e9, 5e11, 1e14])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_converges_in_two_minutes_without_a_flood(rate_hps: float, seed: int) -> None:
    miner = Miner(rate_hps, vardiff(), seed=seed)
    assert miner.run(120) < 400
    assert 0.5 * 600 < miner.run(600) < 2 * 600
    assert LEAST < miner.vardiff.difficulty < MOST


@pytest.mark.parametrize("seed", range(4))
def test_shares_on_their_way_do_not_raise_it_again(seed: int) -> None:
    """100 MH/s at a CPU's difficulty, half a second away: 23 shares a second at first."""
    miner = Miner(1e8, vardiff(), delay_s=0.5, seed=seed)
    highest = Fraction(0)
    for _ in range(60):
        miner.run(1)
        highest = max(highest, miner.vardiff.difficulty)
    assert float(highest) < 6 * 1e8 / HASHES


def test_follows_a_miner_that_grows_and_shrinks() -> None:
    miner = Miner(1e6, vardiff())
    miner.run(120)
    for rate in (1e9, 1e12, 1e6):
        miner.rate_hps = rate
        miner.run(180)
        assert 0.4 * rate < float(miner.vardiff.difficulty) * HASHES < 2.5 * rate


def test_is_quiet_about_a_steady_miner() -> None:
    changes = 0
    for seed in range(5):
        miner = Miner(1e6, vardiff(Fraction(1e6 / HASHES)), seed=seed)
        miner.run(1200)
        changes += miner.changes
    assert changes / 5 < 20  # one a minute at most


def test_aims_at_another_interval() -> None:
    miner = Miner(1e9, vardiff(interval_s=10.0))
    miner.run(600)
    assert 30 < miner.run(600) < 120


def test_a_burst_after_a_stall_says_no_more_than_that() -> None:
    v = vardiff(Fraction(1))
    v.tick(0.0)
    for _ in range(1000):
        v.share(0.0, Fraction(1))  # all in one read
    assert 1 < v.difficulty < 1000


def held_up(seconds: float) -> float:
    """When a loop sees what happens then, that turns ten times a second, and each five seconds not for a whole one."""
    turn = ceil(seconds * 10) / 10
    return max(turn, turn // 5 * 5 + 1)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("interval_s", [0.02, 0.1, 1.0])
@pytest.mark.parametrize("first", ["1e-6", "1e-3"])
def test_a_loop_that_is_late_is_not_taken_for_a_miner_that_is_slow_or_fast(
    first: str, interval_s: float, seed: int
) -> None:
    rate_hps, random, v = 3.3e7, Random(seed), vardiff(Fraction(first), interval_s)
    right, now, off = rate_hps * interval_s / HASHES, 0.0, list[float]()
    while now < 300.0:
        difficulty = v.difficulty
        now += random.expovariate(rate_hps / HASHES / float(difficulty))
        v.share(held_up(now), difficulty)
        if now > 100.0:
            off.append(float(v.difficulty) / right)
    assert 0.3 < min(off) <= max(off) < 3, (min(off), max(off))


def test_keeps_its_bounds() -> None:
    v = Vardiff(Fraction(1), Fraction(1, 2), Fraction(4))
    assert v.suggest(Fraction(100), 0.0)
    assert v.difficulty == 4
    assert not v.suggest(Fraction(5), 0.0)
    assert v.suggest(Fraction(1, 100), 0.0)
    assert v.difficulty == Fraction(1, 2)
    assert not v.keep_bounds()
    v.least = Fraction(3)
    assert v.keep_bounds()
    assert v.difficulty == 3
    v.most = Fraction(2)  # blocks have become easier: the upper bound wins
    assert v.keep_bounds()
    assert v.difficulty == 2


def test_both_sides_read_the_same_number() -> None:
    v = vardiff()
    v.suggest(Fraction(1, 3), 0.0)
    assert v.difficulty == Fraction("0.333")
    assert Fraction(str(float(v.difficulty))) == v.difficulty
