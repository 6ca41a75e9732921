"""The simulated chips by their frames alone. Sources are those of the fact sheet: ESP, MUJ, GPT."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.errors import InputError
from joulehash.hw.wire import bm13xx as wire
from tests.support.silicon_host import Host, core_view, zeros

ALL = ("BM1397", "BM1362", "BM1366", "BM1368", "BM1370")
ROLLING = ALL[1:]
READ_IDS = bytes.fromhex("55aa520500000a")


# Recorded exchanges: what was sent, what came


@pytest.mark.parametrize(
    ("name", "sent", "answer"),
    [
        ("BM1397", "55aa520500000a", "aa55139718000000 06"),
        ("BM1370", "55aa520500000a", "aa55137000000000 06"),
        ("BM1370", "55aa510900a49000ffff1c 55aa520500000a", "aa551370000000000000 10"),
    ],
)
def test_a_chip_gives_its_id_as_captured(name: str, sent: str, answer: str) -> None:
    host = Host(name)
    host.send(bytes.fromhex(sent))
    assert host.run(0.05) == bytes.fromhex(answer)


def test_the_captured_share_of_a_gamma() -> None:
    """MUJ test_data.rs, pool accepted: on silicon's own scale, near its cell of the space."""
    host = Host("BM1370", bits=0, ticket=0xFF).bring_up()
    host.send(
        bytes.fromhex(
            "55aa215668010000000004 3a0217d768546855 19a7cb044f88726355919e61a98bcf71a0c28795ea54db8c36414b06ddf5f0"
            "0000000000000000965201 001d3996bca3f4670dfcd4f201c162b96dfd55646b00000020721c"
        )
    )
    host.chips.skip(0x5A * host.sweep_s + (0x00035275 - 2) / 525e6)  # the sweep of versions 05A0 to 05AF
    assert answer_to_a_few_clocks(host) == bytes.fromhex("aa554c0352750cd205a29c")


def test_four_midstates_of_block_2() -> None:
    """ESP components/asic/test/test_job_command.c, by which the third midstate is the one."""
    host = Host("BM1397", bits=0, ticket=0xFF).bring_up()
    third = bytes.fromhex("7e027035b1acbaf23ea01a527344faf76ab476d328216118b7760f7b1b22d229")
    nbits, ntime = (int.from_bytes(bytes.fromhex(text), "little") for text in ("3aae0517", "a0847364"))
    midstates = (bytes(32), bytes(32), third, bytes(32))
    host.send(wire.MidstateJob(0x18, nbits, ntime, bytes.fromhex("50e37161"), midstates).encode())
    host.chips.skip((0x00044C0A - 2) / 425e6)
    (found,) = wire.ResponseDecoder(9).feed(answer_to_a_few_clocks(host))
    assert isinstance(found, wire.Nonce)
    assert (found.nonce.to_bytes(4, "little"), found.id) == (bytes.fromhex("9b044c0a"), 0x1A)


def answer_to_a_few_clocks(host: Host) -> bytes:
    """Then the hash clock is stopped, for nobody could hash at its speed while the answer is on the line."""
    assert host.run(10e-9, 10e-9) == b""
    host.send(wire.write(0x08, 0))
    return host.run(0.01)


# Addresses


@pytest.mark.parametrize("name", ALL)
def test_chips_take_addresses_one_after_another(name: str) -> None:
    host = Host(name, n=3)
    assert len(host.ask(0)) == 3  # all are at 0
    host.send(wire.set_address(4))
    assert [value & 0xFF for value in host.ask(0)] == [0, 0, 0]  # none was told to wait for one
    host.address()
    assert [value & 0xFF for value in host.ask(0)] == [0, 85, 170]
    assert [value & 0xFF for value in host.ask(0, 85)] == [85]
    host.send(wire.set_address(7))
    assert [value & 0xFF for value in host.ask(0)] == [0, 85, 170]  # all have one
    assert host.ask(0, 7) == []


def test_a_write_to_one_chip_leaves_the_others() -> None:
    host = Host("BM1366", n=2)
    host.address()
    host.send(wire.write(0x10, 0x151C), wire.write(0x10, 0x115A, 128))
    assert (host.ask(0x10, 0), host.ask(0x10, 128)) == ([0x151C], [0x115A])


def test_registers_are_as_after_reset() -> None:
    """GPT's maps."""
    assert Host("BM1366").ask(0x28) == [0x01301A00]
    assert Host("BM1397").ask(0x18) == [0x00003A01]
    assert Host("BM1397").ask(0x20) == [0x0000FFFF]


def test_reading_a_core_register_is_answered_as_register_40() -> None:
    host = Host("BM1370")
    host.send(wire.write(0x3C, 0x80008B5A), wire.write(0x3C, 0x00000BFF))
    (value,) = host.values(0.01)
    assert isinstance(value, wire.RegisterValue)
    assert (value.register, value.value & 0xFF) == (0x40, 0x5A)


# The line


@pytest.mark.parametrize(
    ("name", "register", "value", "baud"),
    [
        ("BM1366", 0x28, 0x11300200, 1_000_000),  # ESP: it is 1.0417 M
        ("BM1370", 0x28, 0x11300000, 3_125_000),
        ("BM1397", 0x18, 0x00006031, 3_125_000),
        ("BM1397", 0x18, 0x00006131, 1_562_500),  # GEK
    ],
)
def test_a_chip_changes_its_speed_and_hears_no_other(name: str, register: int, value: int, baud: int) -> None:
    host = Host(name)
    assert len(host.ask(0)) == 1
    host.send(wire.write(register, value))
    assert host.ask(0) == []
    host.baud = baud
    assert len(host.ask(0)) == 1
    assert host.chips.baud == pytest.approx(baud, rel=0.045)


def test_6_25_megabaud_comes_from_another_pll() -> None:
    host = Host("BM1366")
    host.send(wire.write(0x60, 0xC0700111), wire.write(0x28, 0x15600700))
    assert host.chips.baud == 6_250_000
    host = Host("BM1397")
    host.send(wire.write(0x68, 0xC0700111), wire.write(0x18, 0x00016731))
    assert host.chips.baud == 6_250_000


def test_answers_take_their_time() -> None:
    host = Host("BM1362", n=126)
    host.send(READ_IDS)
    came = [len(host.run(0.01)) for _ in range(11)]
    assert all(113 <= count <= 117 for count in came[:9])
    assert sum(came) == 126 * 9


def test_nonces_that_find_no_room_are_counted() -> None:
    host = Host("BM1370", bits=21, ticket=0).bring_up()
    host.send(wire.write(0x28, 0x0130FF00))  # 12 kbaud
    host.baud = 12207
    host.job()
    host.run(2.0)
    host.send(wire.write(0x10, 0))
    host.values(1.0)
    overflows = host.ask(0x50)[0]
    assert overflows > 100
    assert host.hashes / 2**host.row.zero_bits == pytest.approx(overflows + 12207 / 110 * 2, rel=0.5)


@given(garbage=st.binary(max_size=60))
def test_garbage_hurts_nothing(garbage: bytes) -> None:
    host = Host("BM1397")
    host.send(garbage, bytes(160), READ_IDS)  # so many zeros end whatever frame the garbage began
    assert host.run(0.02).endswith(bytes.fromhex("aa5513971800000006"))


# What they find


@pytest.mark.parametrize(("name", "n"), [(name, n) for name in ALL for n in (1, 3)])
def test_every_nonce_is_true_and_none_comes_twice(name: str, n: int) -> None:
    host = Host(name, n, bits=20 + (n > 1)).bring_up()
    least = host.row.zero_bits + 4
    seconds = 1.0 if host.rolls else 0.4
    interval_s = 0.25 if host.rolls else 0.01
    seen: list[bytes] = []
    for _ in range(round(seconds / interval_s)):
        host.job()
        seen += [host.header_of(nonce) for nonce in host.nonces(interval_s)]
    host.send(wire.write(0x08, 0))  # stop, and let the rest come
    seen += [host.header_of(nonce) for nonce in host.nonces(0.1)]
    # a share of a job that has just been replaced goes by the id, so all are looked up in the right one
    assert [zeros(header) >= least for header in seen] == [True] * len(seen)
    assert len(set(seen)) == len(seen)
    assert host.hashes == pytest.approx(host.rate_hps * seconds, rel=0.002)
    expected = host.hashes / 2**least
    assert abs(len(seen) - expected) < 4.5 * expected**0.5


@pytest.mark.parametrize("name", ROLLING)
def test_a_simulator_that_was_late_has_lost_no_nonce(name: str) -> None:
    """Its host was busy for two seconds: the line has gone on meanwhile."""

    def told(step_s: float) -> Counter[int]:
        host = Host(name, bits=20, ticket=0).bring_up()
        host.job()
        return Counter(nonce.nonce for nonce in host.nonces(2.0, step_s))

    late, in_time = told(2.0), told(0.01)
    assert late.total() > 100
    assert (late - in_time).total() + (in_time - late).total() <= 2  # those on their way at the end


@pytest.mark.parametrize("name", ROLLING)
def test_a_nonce_tells_core_chip_and_version(name: str) -> None:
    host = Host(name, n=4, bits=21, ticket=0).bring_up()
    host.job()
    nonces = host.nonces(0.3)
    views = [core_view(nonce.nonce) for nonce in nonces]
    assert {view >> 25 for view in views} <= set(range(host.row.cores))
    assert {(view & 0x1FFFFFF) * 4 >> 25 for view in views} == {0, 1, 2, 3}  # parts of the counter
    assert {view % 2**21 for view in views} == {0}  # of its nonces a core tries every 2^21-th,
    assert len({view & 0x1FFFFFF for view in views}) > 4  # and not the first of each part alone
    low = host.row.small_per_core - 1
    assert all(nonce.id & low == (nonce.version or 0) & low for nonce in nonces)
    groups = [(nonce.version or 0) // host.row.small_per_core for nonce in nonces]
    assert groups == sorted(groups)
    assert groups[-1] == pytest.approx(0.3 / host.sweep_s, abs=3)


def test_the_byte_before_the_id_tells_by_how_much_a_hash_beats_the_ticket() -> None:
    host = Host("BM1370", bits=21, ticket=0xC0).bring_up()  # two bits
    host.job()
    nonces = host.nonces(0.5)
    assert [nonce.midstate for nonce in nonces] == [
        2 * (zeros(host.header_of(nonce)) - host.row.zero_bits - 2) for nonce in nonces
    ]


@pytest.mark.parametrize(("register", "bits"), [(0, 0), (0x80, 1), (0xF0, 4), (0x80FF, 9)])
def test_the_ticket_mask(register: int, bits: int) -> None:
    host = Host("BM1370", bits=22, ticket=register).bring_up()
    host.job()
    found = [zeros(host.header_of(nonce)) - host.row.zero_bits for nonce in host.nonces(0.5)]
    assert min(found, default=bits) == bits
    expected = host.hashes / 2 ** (host.row.zero_bits + bits)
    assert abs(len(found) - expected) < 4.5 * expected**0.5 + 1


@pytest.mark.parametrize("mask", [0xFFFF, 0x00FF, 0xF0F0, 0x8421 | 0x0030])
def test_versions_stay_in_the_mask(mask: int) -> None:
    host = Host("BM1366", bits=21, ticket=0).bring_up(mask)
    host.job(version=0x3FFFE000)  # what is set under the mask counts for nothing
    nonces = host.nonces(0.1)
    assert nonces
    assert all((nonce.version or 0) & ~mask == 0 for nonce in nonces)
    headers = [host.header_of(nonce, mask, 0x3FFFE000) for nonce in nonces]
    assert all(zeros(header) >= host.row.zero_bits for header in headers)
    assert len(set(headers)) == len(headers)


def test_without_a_new_job_the_headers_come_again() -> None:
    host = Host("BM1370", bits=21, ticket=0).bring_up(0x00FF)  # 16 groups
    host.job()
    epoch_s = 16 * host.sweep_s
    first = {(nonce.nonce, nonce.version) for nonce in host.nonces(epoch_s)}
    again = {(nonce.nonce, nonce.version) for nonce in host.nonces(epoch_s)}
    assert len(first & again) >= len(first) - 5  # those of the last steps
    assert len(first) > 50


def test_a_new_job_begins_with_the_first_versions() -> None:
    host = Host("BM1368", bits=21, ticket=0).bring_up()
    host.job()
    assert max(nonce.version or 0 for nonce in host.nonces(0.3)) > 64
    host.job()
    host.run(0.01)  # what was found in the old one
    assert max(nonce.version or 0 for nonce in host.nonces(0.05)) < 64


def test_without_version_rolling_the_nonce_tells_the_small_core() -> None:
    """GPT bm1366: core in 31..25, small core in 24..22, address in 21..14; 9 bytes."""
    host = Host("BM1366", n=2, bits=21, ticket=0)
    host.decoder.size = 9
    host.address()
    host.send(wire.write(0x18, 0xF000C100), wire.write(0x3C, 0x800082AA), wire.write(0x08, 0x40C20240))
    host.send(wire.write(0x10, 108_100))  # the whole part of a chip, 2^21 clocks
    found: list[wire.Nonce] = []
    for _ in range(64):  # one of them has but 2^32 headers
        host.job()
        found += host.nonces(0.004)
        assert all(zeros(host.header_of(nonce)) >= host.row.zero_bits for nonce in found[-1:])
    views = {core_view(nonce.nonce) for nonce in found}
    assert {view >> 14 & 0xFF for view in views} == {0, 128}
    assert {view >> 22 & 7 for view in views} == set(range(8))
    assert {nonce.version for nonce in found} == {None}


def test_one_midstate_is_shared_by_the_small_cores() -> None:
    host = Host("BM1397", bits=19, ticket=0).bring_up()
    found: list[wire.Nonce] = []
    for _ in range(48):
        host.job(midstates=1)
        found += host.nonces(0.009)  # a quarter of what four last
        assert all(zeros(host.header_of(nonce)) >= host.row.zero_bits for nonce in found[-1:])
    assert {nonce.id & 3 for nonce in found} == {0}
    assert {core_view(nonce.nonce) >> 22 & 3 for nonce in found} == {0, 1, 2, 3}
    assert host.hashes == pytest.approx(host.rate_hps * 48 * 0.009, rel=0.01)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("register", "value"),
    [(0x18, 0x0000C100), (0x10, 0), (0x3C, 0x80008200), (0x08, 0)],
    ids=["enables", "hcn", "core", "pll"],
)
def test_what_keeps_a_chip_silent(register: int, value: int) -> None:
    host = Host("BM1370", bits=21, ticket=0).bring_up()
    host.send(wire.write(register, value))
    host.job()
    assert host.nonces(0.2) == []
    host.bring_up()
    assert host.nonces(0.2) != []


def test_a_quarter_of_the_cores_can_be_silent() -> None:
    host = Host("BM1370", bits=21, ticket=0).bring_up()
    host.send(wire.write(0x18, 0xD000C100))  # all but bit 29
    host.job()
    assert {core_view(nonce.nonce) >> 30 for nonce in host.nonces(0.2)} == {0, 2, 3}


def test_what_an_s19j_pro_has_enabled_lets_all_cores_report() -> None:
    host = Host("BM1362", bits=21, ticket=0).bring_up()
    host.send(wire.write(0x18, 0xB000C100))
    host.job()
    assert {core_view(nonce.nonce) >> 30 for nonce in host.nonces(1.0)} == {0, 1, 2}  # 64 of 128, and the runt


# Counters


@pytest.mark.parametrize("name", ["BM1366", "BM1368", "BM1370"])
def test_counters_agree_with_what_was_hashed(name: str) -> None:
    host = Host(name, bits=22, ticket=0).bring_up()
    host.job()
    host.run(1.0)
    host.send(wire.write(0x08, 0))
    host.run(0.2)
    domains = [host.ask(register)[0] for register in (0x88, 0x89, 0x8A, 0x8B)]
    assert host.ask(0x8C) == [host.hashes >> host.row.zero_bits]
    assert 0 <= host.ask(0x8C)[0] - sum(domains) <= 3
    assert max(domains) - min(domains) <= max(3, 0.02 * max(domains))


def test_bm1397_measures_its_rate() -> None:
    host = Host("BM1397").bring_up()
    assert host.ask(0x04) == [0x80000000]
    host.job()
    assert host.ask(0x04)[0] * 2**20 == pytest.approx(672 * 425e6, rel=1e-5)


# Power


def test_reset_and_brown_out_make_chips_forget() -> None:
    host = Host("BM1370", n=2).bring_up()
    host.job()
    assert host.nonces(0.2)
    for cause in ("reset", "rail"):
        if cause == "reset":
            host.world.reset_held = True
        else:
            host.world.rail_set_v = 0.4
        host.run(0.05)
        host.send(READ_IDS)
        assert host.run(0.05) == b""
        host.world.reset_held, host.world.rail_set_v = False, host.world.figures.rail_v
        host.run(0.05)
        host.decoder.size = 9
        assert [value & 0xFF for value in host.ask(0)] == [0, 0]
        assert host.nonces(0.1) == []
        host.bring_up()


def test_busy_and_clock_reach_the_world() -> None:
    host = Host("BM1370")
    host.run(0.1)
    idle_w = host.world.rail_w
    host.bring_up().job()
    host.run(0.1)
    assert (host.world.mhz, host.world.busy) == ([525.0], [1.0])
    assert host.world.rail_w > 5 * idle_w


def test_too_low_a_voltage_gives_false_nonces() -> None:
    host = Host("BM1370", bits=21, ticket=0).bring_up()
    host.send(wire.write(0x28, 0x11300200))
    host.baud = 1_041_667
    host.world.rail_set_v = 1.07  # at which its clock is about at the edge
    host.job()
    nonces = host.nonces(1.5)
    rate = host.world.false_rate(0)
    assert 0.05 < rate < 0.95
    false = sum(zeros(host.header_of(nonce)) < host.row.zero_bits for nonce in nonces)
    assert abs(false - rate * len(nonces)) < 5 * (len(nonces) * rate * (1 - rate)) ** 0.5 + 0.1 * len(nonces)
    assert host.ask(0x4C)[0] / host.ask(0x8C)[0] == pytest.approx(rate, rel=0.5)  # it has risen with the heat


# Time


def test_the_same_seed_gives_the_same_bytes() -> None:
    streams: list[bytes] = []
    for _ in range(2):
        host = Host("BM1368", bits=21, fault="noise:1e-2,lost-bytes").bring_up()
        host.job()
        streams.append(host.run(0.5))
    assert streams[0] == streams[1]


def test_what_is_found_does_not_hang_on_the_steps() -> None:
    found: list[set[tuple[int, int | None]]] = []
    for step_s in (0.01, 0.0173, 0.25):
        host = Host("BM1366", n=2, bits=22).bring_up()
        host.job()
        found.append({(nonce.nonce, nonce.version) for nonce in host.nonces(1.0, step_s) + host.nonces(0.2)})
    longest = max(found, key=len)
    assert all(len(longest - each) <= 0.25 * len(longest) for each in found)  # what is still on the line
    assert all(each <= longest for each in found)


# Faults


def test_a_dead_core_finds_nothing_and_counts_nothing() -> None:
    sound, broken = (Host("BM1370", bits=21, ticket=0, fault=fault).bring_up() for fault in ("", "dead-core:17"))
    cores: list[set[int]] = []
    for host in (sound, broken):
        host.job()
        cores.append({core_view(nonce.nonce) >> 25 for nonce in host.nonces(1.5, 0.03)})
    assert 17 in cores[0]
    assert cores[0] - cores[1] == {17}
    assert broken.hashes / sound.hashes == pytest.approx(1 - 16 / 2040, rel=1e-3)
    assert broken.chips.dies[0].hashes[0] < sound.chips.dies[0].hashes[0]  # core 17 is in the first domain
    assert broken.chips.dies[0].hashes[1:] == sound.chips.dies[0].hashes[1:]


def test_a_weak_core_has_small_cores_that_find_nothing() -> None:
    sound, broken = (Host("BM1370", bits=21, ticket=0, fault=fault).bring_up() for fault in ("", "weak-core:17+0.5"))
    found: list[set[tuple[int, int]]] = []
    for host in (sound, broken):
        host.job()
        found.append({(core_view(nonce.nonce) >> 25, nonce.id & 0xF) for nonce in host.nonces(6.0, 0.03)})
    assert found[0] - found[1] == {place for place in found[0] if place[0] == 17 and place[1] >= 8}
    assert broken.hashes / sound.hashes == pytest.approx(1 - 8 / 2040, rel=1e-3)
    assert broken.world.busy == [pytest.approx(1 - 0.5 / 128)]


def test_a_slow_clock_is_told_as_it_should_be() -> None:
    sound, slow = (Host("BM1366", bits=21, ticket=0, fault=fault).bring_up() for fault in ("", "slow:0.7"))
    for host in (sound, slow):
        host.job()
        host.run(1.0)
    assert slow.hashes / sound.hashes == pytest.approx(0.7, rel=1e-3)
    assert slow.ask(0x08) == sound.ask(0x08)  # the PLL
    assert slow.world.mhz == [pytest.approx(0.7 * sound.world.mhz[0])]


def test_a_dead_chip_answers_and_finds_nothing() -> None:
    host = Host("BM1366", n=3, bits=21, ticket=0, fault="dead-chip:2").bring_up()
    host.job()
    assert {(core_view(nonce.nonce) >> 17 & 0xFF) // 85 for nonce in host.nonces(0.3)} == {0, 1}
    assert len(host.ask(0)) == 3
    assert host.ask(0x8C, 170) == [0]
    assert host.world.busy == [1.0, 1.0, 0.0]


def test_no_chips() -> None:
    host = Host("BM1366", n=3, fault="no-chips")
    assert host.ask(0) == []


def test_a_wrong_chip() -> None:
    assert [value >> 16 for value in Host("BM1370", fault="wrong-chip:1368").ask(0)] == [0x1368]


def test_a_cut_chain() -> None:
    host = Host("BM1366", n=6, fault="chain-cut:3")
    assert len(host.ask(0)) == 3
    host.bring_up().job()
    assert {(core_view(nonce.nonce) >> 17 & 0xFF) // 42 for nonce in host.nonces(0.5)} == {0, 1, 2}


def test_chips_of_bm1370_without_offsets_repeat_each_other() -> None:
    """MUJ: on that chip the address decides nothing, register 0C does."""
    host = Host("BM1370", n=2, bits=22, ticket=0).bring_up()
    host.send(wire.write(0x0C, 0))
    host.job()
    nonces = [(nonce.nonce, nonce.version) for nonce in host.nonces(0.3)]
    assert nonces[0::2] == nonces[1::2]
    assert nonces


def test_bm1368_tells_its_temperature() -> None:
    """ESP, PIA: after register B0 was written."""
    host = Host("BM1368")
    assert host.ask(0xB4) == [0]
    host.send(wire.write(0xB0, 0x10020000))
    (value,) = host.ask(0xB4)
    assert (value & 0xFFFF) * 0.171342 - 299.5144 == pytest.approx(host.world.chip_c(0), abs=0.2)


def test_stuck_addresses_give_every_nonce_as_often_as_there_are_chips() -> None:
    """ESP issue 56."""
    host = Host("BM1366", n=3, bits=21, fault="address-stuck").bring_up()
    assert [value & 0xFF for value in host.ask(0)] == [0, 0, 0]
    host.job()
    nonces = [nonce.nonce for nonce in host.nonces(0.3)]
    assert nonces[0::3] == nonces[1::3] == nonces[2::3]
    assert len(nonces) >= 6


def test_a_stuck_nonce() -> None:
    host = Host("BM1370", fault="stuck-nonce").bring_up()
    host.job()
    nonces = host.nonces(0.5)
    assert len(nonces) > 5
    assert len({(nonce.nonce, nonce.version) for nonce in nonces}) == 1


def test_duplicate_nonces() -> None:
    host = Host("BM1370", fault="duplicate-nonces").bring_up()
    host.job()
    nonces = [nonce.nonce for nonce in host.nonces(0.5)]
    assert nonces[0::2][: len(nonces) // 2] == nonces[1::2]
    assert len(nonces) > 5


def test_a_mute_board() -> None:
    host = Host("BM1370", bits=21, ticket=0, fault="mute:1").bring_up()
    host.job()
    assert host.nonces(0.5)
    host.run(0.6)
    assert host.run(0.5) == b""
    assert host.ask(0) == []


@pytest.mark.parametrize("factor", [3, 0])
def test_a_lying_counter(factor: int) -> None:
    host = Host("BM1370", bits=21, fault=f"lying-counter:{factor}").bring_up()
    host.job()
    host.run(0.5)
    host.send(wire.write(0x08, 0))
    assert host.ask(0x8C)[0] == pytest.approx(factor * host.hashes / 2**host.row.zero_bits, abs=1)


def test_brown_outs_come_while_chips_hash() -> None:
    host = Host("BM1370", bits=21, ticket=0, fault="brown-out:0.5").bring_up()
    host.run(1.0)
    assert len(host.ask(0)) == 1
    host.job()
    host.run(0.6)
    host.decoder.size = 9
    assert host.nonces(0.3) == []
    assert host.ask(0x10) == [0]


@pytest.mark.parametrize(("fault", "whole"), [("noise:0.01", 0.9), ("lost-bytes:0.01", 0.9)])
def test_bad_lines_damage_some_frames(fault: str, whole: float) -> None:
    host = Host("BM1370", bits=21, ticket=0, fault=fault).bring_up()
    host.job()
    host.run(2.0)
    nonces = [value for value in host.came if isinstance(value, wire.Nonce)]
    garbage = sum(len(value.data) for value in host.came if isinstance(value, wire.Garbage))
    assert len(nonces) > 100
    assert 0.03 < garbage / (11 * len(nonces)) < 0.4
    assert sum(zeros(host.header_of(nonce)) >= host.row.zero_bits for nonce in nonces) > whole * len(nonces)


def test_a_fault_of_what_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="chip 3: the board's chips are 0 to 2"):
        Host("BM1366", n=3, fault="dead-chip:3")
    with pytest.raises(InputError, match="core 112: the chip's cores are 0 to 111"):
        Host("BM1366", fault="dead-core:112")


def test_jobs_follow_each_other_by_id() -> None:
    """All ids of a chip come back as they were sent."""
    for name in ROLLING:
        host = Host(name, bits=21, ticket=0).bring_up()
        for _ in range(5):
            host.job()
            assert all(zeros(host.header_of(nonce)) >= host.row.zero_bits for nonce in host.nonces(0.06))
        assert all(one.id != other.id for one, other in pairwise(host.jobs))
