"""Chips and cores that are silent, boards that are mute, counters that lie: by how many nonces were due."""

from __future__ import annotations

import random

import pytest

from joulehash.engine.work import Origin
from joulehash.hw.chips.table import CHIPS
from joulehash.hw.health import Health, least_core


def mined(
    health: Health, seconds: int, silent: set[tuple[int, int | None]], chips: int = 3, cores: int = 4, seed: int = 1
) -> Health:
    """30 nonces a second, from anywhere but what is silent: (chip, core), or (chip, None)."""
    rng = random.Random(seed)
    for _ in range(seconds):
        for _ in range(30):
            chip, core = rng.randrange(chips), rng.randrange(cores)
            if (chip, core) not in silent and (chip, None) not in silent:
                health.note(Origin(chip=chip, core=core), 1.0)
        health.pass_time(1.0, 30.0)
    return health


def test_a_sound_chain_is_not_silent() -> None:
    health = mined(Health(3, 4, 0.25), 600, set())
    assert (health.silent_chips(), health.silent_cores(), health.mute) == ("", "", "")


def test_a_chip_that_never_says_anything_is_silent() -> None:
    health = mined(Health(3, 4, 0.25), 60, {(2, None)})
    assert health.silent_chips() == "chip 2 is silent"
    assert health.silent_cores() == ""  # those of a chip that is silent need not be told


def test_so_is_one_that_falls_silent_after_hours() -> None:
    health = mined(Health(3, 4, 0.25), 3600, set())
    assert mined(health, 60, {(0, None), (1, None)}).silent_chips() == "chip 0, chip 1 are silent"
    assert mined(health, 60, set()).silent_chips() == ""  # and is heard again


def test_a_core() -> None:
    assert mined(Health(3, 4, 0.25), 60, {(1, 3)}).silent_cores() == "core 3 of chip 1 is silent"


def test_many_are_counted() -> None:
    health = Health(1, 100, 0.01)
    for _ in range(4):
        health.note(Origin(chip=0, core=5), 1.0)
        health.pass_time(1.0, 1500.0)
    text = health.silent_cores()
    assert text.startswith("core 0 of chip 0, core 1 of chip 0, ")
    assert text.endswith(" and 91 more are silent")


def test_what_cannot_be_told_apart_is_not_called_silent() -> None:
    health = Health(2)
    health.note(Origin(), 1.0)
    health.pass_time(10.0, 1000.0)
    health.pass_time(10.0, 1000.0)
    assert (health.silent_chips(), health.silent_cores()) == ("", "")


def test_all_of_them_silent_is_mute() -> None:
    health = Health(2)
    for second in range(5):
        health.pass_time(1.0, 20.0)
        assert bool(health.mute) is (second >= 3), second
    assert health.mute == "no nonce came for 5 s, though 80 were due"
    assert health.silent_chips() == ""
    health.note(Origin(chip=0), 1.0)
    assert health.mute == ""


def test_slow_boards_are_given_the_time() -> None:
    health = Health(1)
    for _ in range(250):
        health.pass_time(1.0, 0.1)  # an Icarus: one in ten seconds
        assert health.mute == ""
    for _ in range(10):
        health.pass_time(1.0, 0.1)
    assert health.mute


@pytest.mark.parametrize(("part", "text"), [(1.0, ""), (1.05, ""), (2.0, "2"), (0.5, "0.5")])
def test_a_counter_that_says_other_than_the_nonces(part: float, text: str) -> None:
    health = mined(Health(3, 4, 0.25), 60, set())
    told = health.lies(int(part * 1800))
    assert told == (f"its counter says {text} times what its nonces do" if text else "")


def test_what_is_told_of_a_counter_does_not_change_with_every_nonce() -> None:
    health = mined(Health(3, 4, 0.25), 60, set())
    assert health.lies(3600) == health.lies(3800) == "its counter says 2 times what its nonces do"
    assert health.lies(7200) == "its counter says 4 times what its nonces do"


def test_the_smallest_core_of_a_bm1362_is_a_runt() -> None:
    """MUJ: 514 small cores in 65 cores of 8; the last has two."""
    assert least_core(CHIPS["BM1362"]) == 2 / 514
