"""What becomes of each fault of the simulators: the miner goes on with two other boards beside, the right thing is
reported, nothing wrong goes to the pool, and the faulty board ends safe or keeps mining.

On virtual time, with the embedded pool over a network in memory. A sample runs always; every fault of every family of
boards in the long tier.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from joulehash.engine.errors import InputError
from joulehash.hw.boards.row import Row
from joulehash.hw.boards.table import board_row
from joulehash.hw.sim.bitaxe_raw import Firmware
from joulehash.hw.sim.board import Rails
from joulehash.hw.sim.chips import Chips
from joulehash.hw.sim.faults import FAULTS
from joulehash.hw.sim.table import simulator
from tests.support.mined import Mined, mined
from tests.support.rigs import assert_off

long, param = pytest.mark.long, pytest.param

# Little to hash: the scale of each, and a low frequency where it makes no difference. Not so little that a BM1397 has
# one nonce to a core: it gets new work after a quarter of its slice, which then would be a quarter of its cores.
BOARDS: Mapping[str, str] = {
    "bitaxe-gamma": "scale=24&mhz=200",
    "bitaxe-max": "scale=20&mhz=200",
    "bitaxe-gt": "scale=24&mhz=100",
    "bitaxe-hex": "scale=21&mhz=100",
    "compac-f": "scale=20",
    "compac-a2": "scale=24&mhz=200",
    "newpac": "scale=21",
    "chain:bm1362x3": "scale=22",
    "chain:bm1368x6": "scale=22",
}
OTHERS = ("sim:newpac?scale=21", "sim:compac-a1?scale=24&mhz=200")
INSTEAD = "sim:compac-f?scale=20"


@dataclass(frozen=True)
class Says:
    """What is to be told: in the first failure, in an alarm, among the counts. Empty: nothing of the kind."""

    reason: str = ""
    alarm: str = ""
    count: str = ""
    mines: bool = False
    seconds: float = 20.0
    failures: int | None = None  # how many there are; None: as many as there are tries


SOUND = Says(mines=True)


def says(board: str, fault: str) -> Says:
    """Of a fault on a board. What a board cannot notice, it does not tell; then it must not matter."""
    row, (name, _, argument) = board_row(board), fault.partition(":")
    assert row.chip is not None
    several, axe, old = row.chips > 1, row.link == "bitaxe-raw", row.chip.job == "bm1387"
    wrong = argument or "1366"
    said = {
        "dead-core": Says("", f"core {argument} of chip 0 is silent", "", True, 90.0),
        "weak-core": SOUND,  # the miner tells silence
        "slow": SOUND,
        "dead-chip": Says("", f"chip {argument} is silent", "", True, 40.0)
        if several
        else Says("no nonce came for 3 s|no nonce came for 4 s|: its chips answer, and hash nothing"),
        "no-chips": Says("no chip answers; is it powered, and the line whole?"),
        "wrong-chip": Says(f"a chip says that it is a BM{wrong}; {row.title} has {row.chip.name}"),
        "address-stuck": Says("no chip has taken the address") if several else SOUND,
        "stuck-nonce": Says("", "chip 0 tells one nonce over and over", "hardware_errors", several),
        "duplicate-nonces": Says("", "more than 1% of its nonces come again", "repeats", True),
        "chain-cut": Says(f"{argument} of {row.chips} chips answer; the fault is at the one after the last"),
        "brown-out": Says("a chip has reset itself; was its voltage too low?", mines=True, seconds=30.0),
        "mute": Says("no chip answers any more; is it powered, and the line whole?", mines=True, seconds=30.0),
        "noise": Says("", "of what it says comes broken: look at its cable", "bytes of broken frames", True, 40.0),
        "lost-bytes": Says("", "of what it says comes broken: look at its cable", "bytes of broken frames", True, 40.0),
        "overheat": Says("", "it was switched off; it cools down, then goes on at", "", True, 130.0) if axe else SOUND,
        "fan-stall": Says("its fan turns 0 times a minute at full speed; takes 500 or more; it is not switched on")
        if axe
        else SOUND,
        "sensor-open": Says(
            "chip diode" if axe else "temperature 1: no sensor answers, for 2 s; it is not switched on"
        ),
        "sensor-frozen": Says("stays at|whatever the fan does: the sensor is frozen", mines=True, seconds=100.0),
        "i2c-dead": Says("no part answers at I2C address"),
        "lying-counter": Says("", "its counter says", "", True) if row.chip.counters.total is not None else SOUND,
        "slow-start": SOUND,
        "unplug": Says("was unplugged; plug it in again", mines=True, seconds=45.0, failures=1),
    }[name]
    if fault == "chain-cut:0":
        return Says("no chip answers")
    if name == "slow-start" and (row.link == "serial" or old):  # nobody sees its rail: it is tried again
        return Says("no chip answers; is it powered, and the line whole?", mines=True, failures=1)
    if name == "sensor-open" and board == "bitaxe-hex":  # it has no diode, but two thermometers
        return Says("no part answers at I2C address 4A")
    if old and name == "address-stuck":  # its answers bear no addresses
        return Says("", "more than 1% of its nonces come again", "repeats", True, 40.0)
    if name.startswith("sensor-") and not row.watched:
        return SOUND
    if old and name in ("noise", "lost-bytes", "stuck-nonce"):
        return replace(said, seconds=90.0)  # it says little
    return said


ARGUMENTS = {
    "dead-core": "17",
    "weak-core": "17",
    "dead-chip": "2",
    "chain-cut": "2",
    "noise": "1e-2",
    "lost-bytes": "1e-2",
    "brown-out": "5",
    "mute": "5",
    "unplug": "5+5",
}


def faults_of(board: str) -> list[str]:
    """Of all that there are, those that it can have, with an argument."""
    row, found = board_row(board), list[str]()
    assert row.chip is not None
    for name in FAULTS:
        argument = ARGUMENTS.get(name, "")
        if name in ("dead-chip", "chain-cut"):
            argument = str(min(2, row.chips - 1))
        if name == "wrong-chip" and row.chip.name == "BM1366":
            argument = "1370"
        if name in ("dead-core", "weak-core") and (board not in ("bitaxe-gamma", "compac-a2")):
            continue  # too few nonces of a core in a test's time, or not told apart
        if name not in simulator(board).absent:
            found.append(f"{name}:{argument}" if argument else name)
    return found


SAMPLE = [
    ("compac-a2", "brown-out:5"),
    ("bitaxe-gamma", "fan-stall"),
    ("bitaxe-gamma", "sensor-open"),
    ("bitaxe-gamma", "i2c-dead"),
    ("bitaxe-gamma", "lying-counter"),
    ("bitaxe-gamma", "slow-start"),
    ("bitaxe-gamma", "unplug:5+5"),
    ("bitaxe-max", "mute:5"),
    ("compac-f", "dead-chip:0"),
    ("chain:bm1362x3", "dead-chip:2"),
    ("chain:bm1362x3", "stuck-nonce"),
    ("chain:bm1362x3", "chain-cut:2"),
    ("chain:bm1362x3", "address-stuck"),
    ("chain:bm1362x3", "duplicate-nonces"),
    ("chain:bm1362x3", "lost-bytes:1e-2"),
    ("newpac", "wrong-chip"),
    ("newpac", "no-chips"),
]
EVERY = [(board, fault) for board in BOARDS for fault in faults_of(board) if (board, fault) not in SAMPLE]


@pytest.mark.parametrize(("board", "fault"), SAMPLE)
def test_fault(board: str, fault: str) -> None:
    check_fault(board, fault)


@long
@pytest.mark.parametrize(("board", "fault"), EVERY)
def test_every_fault(board: str, fault: str) -> None:
    check_fault(board, fault)


ICARUS = [
    ("no-chips", Says("did not answer where an Icarus finds 000187a2; is it another board, or off?")),
    ("dead-chip:1", Says("", "unit 1 is silent", "", True, 900.0)),
    ("mute:120", Says("were due; is it powered, and the line whole?", mines=True, seconds=500.0)),
    ("unplug:5+5", Says("was unplugged; plug it in again", mines=True, seconds=120.0, failures=1)),
    ("brown-out:5", replace(SOUND, seconds=120.0)),  # it forgets its work, and is given the next
]


@long
@pytest.mark.parametrize(("fault", "want"), ICARUS)
def test_icarus(fault: str, want: Says) -> None:
    """One nonce in eleven seconds, which headers it gets differs: each has two minutes for its first."""
    found = mined([f"sim:icarus?scale=11&fault={fault}", OTHERS[0]], want.seconds)
    assert_told(found, "sim:icarus", want)
    assert not want.mines or found.of("sim:icarus").claimed > 0
    assert_nothing_wrong_was_sent(found, set())
    assert_clean(found, "sim:newpac")


@long
@pytest.mark.parametrize("board", BOARDS)
def test_a_sound_board_gives_no_alarm(board: str) -> None:
    found = mined([f"sim:{board}?{BOARDS[board]}"], 60.0)
    told = {text for _, text in found.alarms(f"sim:{board}")}
    assert told <= {"unguarded: neither temperature nor power is watched"}
    assert not found.failures(f"sim:{board}")
    assert_clean(found, f"sim:{board}")


def check_fault(board: str, fault: str) -> None:
    name, want = f"sim:{board}", says(board, fault)
    options = BOARDS[board]
    if fault == "overheat" or (fault.startswith("dead-core") and board == "bitaxe-gamma"):
        options = options.replace("&mhz=200", "").replace("&mhz=100", "")
    others = [INSTEAD if other.startswith(f"{name}?") else other for other in OTHERS]
    found = mined([f"{name}?{options}&fault={fault}", *others], want.seconds)
    assert_told(found, name, want)
    if want.mines:
        assert found.of(name).claimed > 0
    assert_nothing_wrong_was_sent(found, repeating={name} if fault in REPEATING else set())
    for other in others:
        assert_clean(found, other.partition("?")[0])
    assert_safe(found, name, board_row(board))


def assert_told(found: Mined, name: str, want: Says) -> None:
    failures, alarms = found.failures(name), [text for _, text in found.alarms(name)]
    if want.reason:
        assert failures, alarms
        parts = want.reason.split("|")
        assert parts[-1] in failures[0][1].reason
        assert len(parts) == 1 or any(part in failures[0][1].reason for part in parts[:-1])
    else:
        assert not failures
    if want.failures is not None:
        assert len(failures) == want.failures, failures
    if want.alarm:
        assert any(want.alarm in text for text in alarms), alarms
    else:
        assert set(alarms) <= {"", "unguarded: neither temperature nor power is watched"}
    assert len(alarms) <= 8, alarms  # and is not told over and over
    counts = {**found.of(name).errors, "repeats": found.of(name).repeats}
    counts["hardware_errors"] = found.of(name).hardware_errors
    if want.count:
        assert counts[want.count] > 0, counts


def assert_nothing_wrong_was_sent(found: Mined, repeating: set[str]) -> None:
    summary = found.summary
    assert summary is not None
    assert (summary.rejected, summary.pending, summary.lost) == (0, 0, 0), summary
    for name in found.sims:
        if name not in repeating:
            assert not [share for _, share in found.shares(name) if share.outcome == "duplicate"], name
            assert "stale" not in {share.outcome for _, share in found.shares(name)} or found.moved_on


def assert_clean(found: Mined, name: str) -> None:
    """Of a sound board: nothing of the others' faults has reached it."""
    assert not found.failures(name)
    assert found.of(name).claimed > 0
    assert (found.of(name).hardware_errors, found.of(name).repeats, dict(found.of(name).errors)) == (0, 0, {})


def assert_safe(found: Mined, name: str, row: Row) -> None:
    """Off within 0.2 s of each failure, until it is tried again; and off in the end."""
    for at, failure in found.failures(name):
        if "unplugged" not in failure.reason and row.link != "serial":  # who switches a board that is not connected?
            rails = rails_at(found, name, at + 0.2)
            assert rails.reset, (at, failure, rails)
            if row.link == "bitaxe-raw" and row.limits.watts != 25.0:
                assert rails.core_v < 0.05, (at, failure, rails)
    plugged = all(cable.plugged for cable in found.sims[name].cables.values())
    gone_s = [at for at, failure in found.failures(name) if "unplugged" in failure.reason][-1:]
    if gone_s and not any(rails.reset for at, rails in found.rails[name] if at > gone_s[0]):
        return  # plugged in again in the last seconds, before the miner looked for it
    if plugged and not found.sims[name].board.world.faults.i2c_dead:  # of which not even the fan hears
        assert_off(found.sims[name], row)


def rails_at(found: Mined, name: str, second: float) -> Rails:
    return [rails for at, rails in found.rails[name] if at <= second][-1]


# What must be exact


@pytest.mark.parametrize("fault", [param("noise:1e-2", marks=long), "lost-bytes:1e-2", param("noise:1e-1", marks=long)])
def test_a_damaged_byte_costs_no_more_than_its_frame(fault: str) -> None:
    said = damaged = 0

    def meddle(found: Mined) -> None:
        chips = found.sims["sim:bitaxe-gamma"].board.line
        assert isinstance(chips, Chips)
        line = chips.line
        say, hurt = line.say, line.hurt

        def say_and_count(frame: bytes, *, nonce: bool = False) -> None:
            nonlocal said
            said += nonce
            say(frame, nonce=nonce)

        def hurt_and_count(data: bytes) -> bytes:
            nonlocal damaged
            after = hurt(data)
            damaged += len(data) - len(after) or sum(a != b for a, b in zip(data, after, strict=True))
            return after

        line.say, line.hurt = say_and_count, hurt_and_count  # type: ignore[method-assign]

    found = mined([f"sim:bitaxe-gamma?scale=24&mhz=200&fault={fault}"], 30.0, meddle)
    of = found.of("sim:bitaxe-gamma")
    heard = of.claimed / 2**8 + of.hardware_errors + of.repeats  # 8 zero bits, no ticket
    assert said > 1000
    assert damaged > 100
    assert said - damaged - 10 <= heard <= said  # the last ones were on their way


def test_a_counter_beyond_belief_is_told_and_does_not_count() -> None:
    found = mined(["sim:bitaxe-gamma?scale=24&mhz=200&fault=lying-counter:50"], 30.0)
    of = found.of("sim:bitaxe-gamma")
    assert of.errors["counter values beyond belief"] > 10
    assert any("its counter runs faster than the chips can" in text for _, text in found.alarms("sim:bitaxe-gamma"))
    assert of.hashes is not None
    assert of.hashes < of.claimed


def test_sensors_that_die_while_it_runs() -> None:
    """I2C falls silent: what is switched by it cannot be switched any more, but reset has a pin of its own."""

    def meddle(found: Mined) -> None:
        firmware = found.sims["sim:bitaxe-gamma"].board.talkers["control"]
        assert isinstance(firmware, Firmware)

        def fall_silent() -> None:
            firmware.bus.stuck = True

        asyncio.get_running_loop().call_later(10.0, fall_silent)

    found = mined(["sim:bitaxe-gamma?scale=24&mhz=200", OTHERS[0]], 20.0, meddle)
    (at, failure), *_ = found.failures("sim:bitaxe-gamma")
    assert "it was switched off" in failure.reason
    assert 11.5 < at < 14.5
    assert rails_at(found, "sim:bitaxe-gamma", at + 0.2).reset
    assert_clean(found, "sim:newpac")


def test_one_chip_of_several_that_resets_itself() -> None:
    """Its line is as slow as it was, so it goes on answering: with another frequency, in short frames, at address 0."""

    def meddle(found: Mined) -> None:
        chips = found.sims["sim:chain:bm1362x3"].board.line
        assert isinstance(chips, Chips)
        asyncio.get_running_loop().call_later(8.0, chips.dies[1].reset)

    found = mined(["sim:chain:bm1362x3?scale=22"], 20.0, meddle)
    (at, failure), *more = found.failures("sim:chain:bm1362x3")
    assert failure.reason == "sim:chain:bm1362x3: a chip has reset itself; was its voltage too low?"
    assert at < 14.5
    assert not more  # and it is well after it was set up again
    assert found.of("sim:chain:bm1362x3").hardware_errors == 0


@long
def test_overheated_four_times_it_stays_off() -> None:
    found = mined(["sim:bitaxe-gamma?scale=24&fault=overheat", OTHERS[0]], 320.0)
    name = "sim:bitaxe-gamma"
    cooled = [text for _, text in found.alarms(name) if "it cools down" in text]
    assert [text.partition("then ")[2] for text in cooled] == [
        "goes on at 500 MHz and 1.13 V",
        "goes on at 475 MHz and 1.11 V",
        "goes on at 450 MHz and 1.09 V",
    ]
    ((failed_s, failure),) = found.failures(name)  # told once
    assert "it overheated 4 times: see to its cooling, then start anew" in failure.reason
    assert failure.retry_s is None
    assert {rails.core_v for at, rails in found.rails[name] if at > failed_s + 0.1} <= {0.0}  # not tried again
    hot = [sum(1 for _, rails in found.rails[name] if rails.fan == 1.0 and rails.core_v == 0.0)]
    assert hot[0] >= 4
    assert_nothing_wrong_was_sent(found, set())
    assert_clean(found, "sim:newpac")


# Schedules by chance

CHANCE = ("bitaxe-gamma", "bitaxe-max", "compac-f", "compac-a2", "newpac", "chain:bm1362x3")


def check_schedule(seed: int) -> None:
    """Two boards with faults at random, up to two each and at random times, and one without."""
    rng = random.Random(seed)
    chosen = rng.sample(CHANCE, 3)
    names, broken = list[str](), dict[str, str]()
    for board in chosen[:2]:
        faults = [fault for fault in faults_of(board) if not fault.startswith(("overheat", "sensor-frozen"))]
        picked = ",".join(at_random(fault, rng) for fault in rng.sample(faults, rng.choice((1, 1, 2))))
        names.append(f"sim:{board}?{BOARDS[board]}&seed={seed}&fault={picked}")
        broken[f"sim:{board}"] = picked
    sound = f"sim:{chosen[2]}"
    found = mined([*names, f"{sound}?{BOARDS[chosen[2]]}"], rng.uniform(12.0, 22.0))
    repeating = {name for name, fault in broken.items() if any(word in fault for word in REPEATING)}
    assert_nothing_wrong_was_sent(found, repeating)
    assert_clean(found, sound)
    for name in broken:
        assert_safe(found, name, board_row(name.removeprefix("sim:")))
        of = found.of(name)
        assert not of.hardware_errors or any(word in broken[name] for word in FALSIFYING), (broken, of)
        assert len(found.alarms(name)) < 12


REPEATING = ("duplicate-nonces", "stuck-nonce", "address-stuck")
FALSIFYING = ("stuck-nonce", "noise", "lost-bytes", "brown-out", "slow-start")


def at_random(fault: str, rng: random.Random) -> str:
    name = fault.partition(":")[0]
    if name in ("brown-out", "mute"):
        return f"{name}:{rng.uniform(0.5, 15.0):.2f}"
    if name in ("noise", "lost-bytes"):
        return f"{name}:{10 ** rng.uniform(-4, -1):.5f}"
    if name == "unplug":
        back = f"+{rng.uniform(0.0, 8.0):.2f}" if rng.random() < 0.7 else ""
        return f"{name}:{rng.uniform(0.0, 15.0):.2f}{back}"
    return fault


@pytest.mark.parametrize("seed", [0, *(param(seed, marks=long) for seed in range(1, 60))])
def test_schedule(seed: int) -> None:
    check_schedule(seed)


def test_a_fault_of_what_a_board_does_not_have_is_refused() -> None:
    with pytest.raises(InputError, match="has nothing that i2c-dead could break"):
        mined(["sim:compac-a2?fault=i2c-dead"], 1.0)
