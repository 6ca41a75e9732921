"""Chips of the older form by their frames: they enumerate, and what they find is there."""

from __future__ import annotations

from hashlib import sha256

import pytest

from joulehash.ext._scan import midstate
from joulehash.hw.chips.table import CHIPS
from joulehash.hw.sim.bm1387 import Chips1387
from joulehash.hw.sim.faults import Faults, parse_faults
from joulehash.hw.sim.world import Figures, World
from joulehash.hw.wire import bm1387 as wire
from joulehash.hw.wire.bm13xx import MidstateJob, Nonce

SCALE = 16
NEWPAC = Figures("newpac", 2, 550.0, 0.40, 15.0)
HEADER = bytes(range(76))  # any


class Stick:
    def __init__(self, faults: Faults) -> None:
        self.world = World(NEWPAC, faults)
        self.world.rail_set_v, self.world.reset_held = 0.40, False
        self.chips = Chips1387(CHIPS["BM1387"].scaled(SCALE), 2, self.world, faults)
        self.now = 0.0
        self.pass_time(0.1)

    def pass_time(self, seconds: float) -> bytes:
        said = b""
        for _ in range(max(1, round(seconds / 0.01))):
            self.now += 0.01
            said += self.chips.advance(self.now)
        return said

    def tell(self, data: bytes, baud: int = 115200) -> bytes:
        self.chips.receive(data, baud)
        return self.pass_time(0.1)

    def nonces(self, jobs: int, midstates: int = 1) -> list[tuple[bytes, Nonce]]:
        """Of so many jobs, each for a tenth of a second: its header, and what was found in it."""
        state = b"".join(word.to_bytes(4, "big") for word in reversed(midstate(HEADER[:64])))
        found: list[tuple[bytes, Nonce]] = []
        for ntime in range(jobs):
            self.pass_time(0.02)  # what is left of the job before
            tail = HEADER[64:68] + ntime.to_bytes(4, "little") + HEADER[72:76]
            nbits = int.from_bytes(HEADER[72:76], "little")
            said = self.tell(wire.job(MidstateJob(8, nbits, ntime, tail[:4], (state,) * midstates)))
            frames = wire.ResponseDecoder().feed(said)
            found += [(HEADER[:64] + tail, frame) for frame in frames if isinstance(frame, Nonce)]
        return found

    def enumerate(self) -> None:
        for _ in range(3):
            self.tell(bytes.fromhex("5505000010"))
        for address in (0, 128):
            self.tell(wire.set_address(address))


def top_byte(nonce: Nonce) -> int:
    """Of the word that the chip counts."""
    return nonce.nonce & 0xFF


def stick(fault: str = "") -> Stick:
    return Stick(parse_faults(fault))


def test_they_enumerate_and_take_addresses() -> None:
    made = stick()
    answers = made.tell(wire.read(0x00))
    assert [
        answer.value for answer in wire.ResponseDecoder().feed(answers) if isinstance(answer, wire.RegisterValue)
    ] == [
        0x13870000,
        0x13870000,
    ]
    made.enumerate()
    one = wire.ResponseDecoder().feed(made.tell(wire.read(0x00, 128)))
    assert [answer.value for answer in one if isinstance(answer, wire.RegisterValue)] == [0x13870080]


@pytest.mark.parametrize(("value", "mhz"), [(0x00600241, 300.0), (0x00580221, 550.0), (0x00200241, 100.0)])
def test_the_clock_is_that_of_register_0c(value: int, mhz: float) -> None:
    made = stick()
    made.tell(wire.write(0x0C, value))
    assert made.world.mhz == [mhz, mhz]


def test_the_line_follows_its_divider() -> None:
    made = stick()
    made.tell(wire.write(0x1C, 0x00200100))
    assert made.chips.baud == 1_562_500
    assert made.tell(wire.read(0x00)) == b""
    assert len(made.tell(wire.read(0x00), 1_562_500)) == 14


@pytest.mark.parametrize("midstates", [1, 4])
def test_nonces_are_real_and_tell_their_chip(midstates: int) -> None:
    made = stick()
    made.enumerate()
    made.tell(wire.write(0x0C, 0x00200241))
    found = made.nonces(60, midstates)
    for header, nonce in found:
        digest = sha256(sha256(header + nonce.nonce.to_bytes(4, "little")).digest()).digest()
        assert int.from_bytes(digest, "little") >> (256 - 32 + SCALE) == 0
        assert 8 <= nonce.id < 8 + midstates
    assert {top_byte(nonce) >> 7 for _, nonce in found} == {0, 1}
    nonces = 60 * 0.1 * 2 * 100e6 * 114 / 2**32 / midstates  # of which each is found so many times
    assert len(found) / midstates == pytest.approx(nonces, abs=4 * nonces**0.5)


def test_faults_are_where_they_belong() -> None:
    assert stick("no-chips").tell(wire.read(0x00)) == b""
    assert len(stick("chain-cut:1").tell(wire.read(0x00))) == 7
    cold = stick("dead-chip:1")
    cold.enumerate()
    cold.tell(wire.write(0x0C, 0x00200241))
    assert {top_byte(nonce) >> 7 for _, nonce in cold.nonces(20)} == {0}
    assert cold.world.busy == [1.0, 0.0]
    twice = stick("duplicate-nonces")
    twice.enumerate()
    twice.tell(wire.write(0x0C, 0x00200241))
    numbers = [nonce.nonce for _, nonce in twice.nonces(20)]
    assert numbers
    assert numbers[::2] == numbers[1::2]


def test_reset_forgets_everything() -> None:
    made = stick()
    made.enumerate()
    made.tell(wire.write(0x0C, 0x00600241))
    made.world.reset_held = True
    made.pass_time(0.1)
    made.world.reset_held = False
    made.pass_time(0.1)
    answers = wire.ResponseDecoder().feed(made.tell(wire.read(0x00)))
    assert [answer.value for answer in answers if isinstance(answer, wire.RegisterValue)] == [0x13870000] * 2


def test_a_dead_core_is_missing_in_the_rate() -> None:
    whole, part = stick(), stick("dead-core:3")
    for made in (whole, part):
        made.enumerate()
        made.tell(wire.write(0x0C, 0x00200241))
    everything = {(header, nonce.nonce) for header, nonce in whole.nonces(30)}
    without = {(header, nonce.nonce) for header, nonce in part.nonces(30)}
    assert without <= everything
    weak = stick("weak-core:3+0.5")
    weak.enumerate()
    weak.tell(wire.write(0x0C, 0x00200241))
    half = {(header, nonce.nonce) for header, nonce in weak.nonces(30)}
    assert without <= half <= everything


def test_a_slow_clock_is_told_as_it_should_be() -> None:
    made = stick("slow:0.5")
    made.tell(wire.write(0x0C, 0x00580221))
    assert made.world.mhz == [275.0, 275.0]
