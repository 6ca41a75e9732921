from __future__ import annotations

import struct

import pytest

from joulehash.engine.errors import InputError
from joulehash.ext._scan import midstate
from joulehash.hw.sim.faults import parse_faults
from joulehash.hw.sim.icarus import BAUD, ROWS, Icarus, Row
from joulehash.hw.sim.world import Figures, World
from joulehash.hw.wire.icarus import GOLDEN_ANSWER, GOLDEN_WORK, work
from tests.support.silicon_host import header, zeros

BITS = {"icarus": 9, "lancelot": 9, "erupter": 8, "fpga": 6}


class Host:
    def __init__(self, name: str, bits: int | None = None, fault: str = "", **changes: int | bool) -> None:
        scaled = ROWS[name].scaled(BITS[name] if bits is None else bits)
        self.row: Row = scaled
        faults = parse_faults(fault)
        self.world = World(Figures(name, scaled.units, scaled.mhz, 1.2, 20.0, 12.0), faults)
        self.world.rail_set_v, self.world.reset_held = 1.2, False
        self.board = Icarus(scaled, self.world, faults)
        self.now_s, self.jobs = 0.0, 0
        self.run(0.1)

    def run(self, seconds: float, step_s: float = 0.05) -> bytes:
        data, end_s = b"", self.now_s + seconds
        while self.now_s < end_s - 1e-12:
            self.now_s = min(end_s, self.now_s + step_s)
            data += self.board.advance(self.now_s)
        return data

    def job(self) -> bytes:
        """A new one; its header with nonce 0."""
        self.jobs += 1
        head = header(0x20000000, 1_700_000_000 + self.jobs, 0)
        self.board.receive(work(struct.pack(">8I", *reversed(midstate(head[:64]))), head[64:76]), BAUD)
        return head

    def until_answer(self, most_s: float) -> bytes:
        end_s = self.now_s + most_s
        data = b""
        while len(data) < 4 and self.now_s < end_s:
            data += self.run(0.05)
        return data


@pytest.mark.parametrize("name", ROWS)
def test_the_golden_nonce_of_block_171874(name: str) -> None:
    """BFG driver-icarus.c; at the speed of the simulator it takes longer than the 0.53 ms of an Icarus."""
    host = Host(name)
    host.board.receive(GOLDEN_WORK, BAUD)
    assert host.until_answer(1.0)[:4] == GOLDEN_ANSWER


def test_the_golden_nonce_on_silicons_own_scale() -> None:
    host = Host("icarus", bits=0)
    host.board.receive(GOLDEN_WORK, BAUD)
    begun = host.run(0.0006, 0.0001)  # BFG: found after 0.53 ms
    assert host.board.hashes == pytest.approx(2 * 0x187A2, rel=0.2)
    assert begun + host.run(0.01) == GOLDEN_ANSWER  # it has stopped, so this is cheap


@pytest.mark.parametrize("name", ROWS)
def test_every_answer_is_a_true_nonce(name: str) -> None:
    host = Host(name, bits=14)
    answers: list[tuple[bytes, bytes]] = []
    for _ in range(40):
        head, data = host.job(), host.run(0.5)
        answers += [(head[:76], data[at : at + 4]) for at in range(0, len(data), 4)]
    assert all(zeros(head + nonce) >= host.row.zero_bits for head, nonce in answers)
    assert len(set(answers)) == len(answers)
    expected = host.board.hashes / 2**host.row.zero_bits
    assert abs(len(answers) - expected) < 4.5 * expected**0.5
    if not host.row.stops:
        assert host.board.hashes == pytest.approx(20.0 * host.row.rate_hps, rel=0.01)


def test_units_divide_the_nonces_by_their_top_bit() -> None:
    host = Host("icarus", bits=17)
    tops: set[int] = set()
    for _ in range(30):
        host.job()
        if answer := host.until_answer(5.0):
            tops.add(answer[0] >= 0x80)
    assert tops == {False, True}


def test_an_icarus_stops_after_a_nonce_and_an_erupter_goes_on() -> None:
    icarus, erupter = Host("icarus", bits=17), Host("erupter", bits=17)
    for host in (icarus, erupter):
        host.job()
    assert len(icarus.run(40.0)) == 4
    assert icarus.world.busy == [0.0, 0.0]
    icarus.job()
    icarus.run(0.02)
    assert icarus.world.busy == [1.0, 1.0]
    counts: list[int] = []
    for _ in range(10):
        erupter.job()
        counts.append(len(erupter.run(12.0)) // 4)
    assert max(counts) > 1


def test_a_range_lasts_as_long_as_on_silicon() -> None:
    host = Host("icarus", bits=16, fault="")
    for _ in range(20):  # about one in three has no nonce
        host.job()
        if host.run(11.0) == b"":
            break
    assert host.world.busy == [1.0, 1.0]
    host.run(0.3)
    assert host.world.busy == [1.0, 1.0]
    host.run(0.1)  # 2^32 nonces of 2.64 ns are 11.34 s
    assert host.world.busy == [0.0, 0.0]


def test_a_clone_begins_again_with_a_false_answer() -> None:
    """Teknohog's design, simulated."""
    host = Host("fpga", bits=20)
    head = host.job()
    data = host.run(110.0, 0.1)
    nonces = [data[at : at + 4] for at in range(0, len(data), 4)]
    ends = [at for at, nonce in enumerate(nonces) if nonce.hex() == "fffffffa"]
    assert len(ends) == 2  # 2^32 hashes of 12.5 ns are 53.7 s
    assert nonces[: ends[0]] == nonces[ends[0] + 1 : ends[1]]
    assert zeros(head[:76] + nonces[ends[0]]) < host.row.zero_bits


def test_new_work_ends_the_old() -> None:
    host = Host("erupter", bits=12)
    host.job()
    host.run(3.0)
    head = host.job()
    data = host.run(3.0)
    assert all(zeros(head[:76] + data[at : at + 4]) >= host.row.zero_bits for at in range(0, len(data), 4))
    assert len(data) % 4 == 0


def test_a_part_of_work_is_dropped_after_80_ms() -> None:
    host = Host("erupter")
    host.board.receive(GOLDEN_WORK[:40], BAUD)
    host.run(0.05)
    host.board.receive(GOLDEN_WORK[40:], BAUD)  # in time
    assert host.until_answer(1.0) == GOLDEN_ANSWER
    host.board.receive(GOLDEN_WORK[:40], BAUD)
    host.run(0.1)
    host.board.receive(GOLDEN_WORK, BAUD)
    assert host.until_answer(1.0) == GOLDEN_ANSWER


def test_at_another_speed_it_hears_nothing() -> None:
    host = Host("erupter")
    host.board.receive(GOLDEN_WORK, 57600)
    assert host.run(1.0) == b""


def test_without_power_it_forgets() -> None:
    host = Host("erupter", bits=12)
    host.job()
    host.world.rail_set_v = 0.0
    host.run(0.1)
    host.world.rail_set_v = 1.2
    assert host.run(5.0) == b""
    assert host.world.busy == [0.0]


# Faults


def test_a_dead_unit_leaves_its_half() -> None:
    host = Host("icarus", bits=17, fault="dead-chip:1")
    firsts: list[int] = []
    for _ in range(10):
        host.job()
        firsts += host.until_answer(11.0)[:1]
    assert firsts
    assert max(firsts) < 0x80
    assert host.world.busy[1] == 0.0


@pytest.mark.parametrize("fault", ["no-chips", "mute:0"])
def test_a_silent_board(fault: str) -> None:
    host = Host("erupter", fault=fault)
    host.board.receive(GOLDEN_WORK, BAUD)
    assert host.run(0.4) == b""


def test_stuck_and_duplicate_nonces() -> None:
    twice = Host("icarus", fault="duplicate-nonces")
    twice.board.receive(GOLDEN_WORK, BAUD)
    assert twice.run(1.0) == 2 * GOLDEN_ANSWER
    stuck = Host("icarus", bits=17, fault="stuck-nonce")
    answers: set[bytes] = set()
    for _ in range(10):
        stuck.job()
        answers.add(stuck.until_answer(11.0))
    assert len(answers - {b""}) == 1


def test_the_scale_has_bounds() -> None:
    with pytest.raises(InputError, match="2\\^-32: icarus takes 2\\^0 to 2\\^-31"):
        ROWS["icarus"].scaled(32)
    with pytest.raises(InputError, match="chip 2: the board's chips are 0 to 1"):
        Host("icarus", fault="dead-chip:2")
