"""The sequences, written out as frames by the codec, against captured frames and the sources' own order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.errors import InputError
from joulehash.hw.chips.chip import Chip
from joulehash.hw.chips.init import bauds, domain_ends, init, relays, reset, retune
from joulehash.hw.chips.nonce import versions_register
from joulehash.hw.chips.partition import addresses, hcn, offsets
from joulehash.hw.chips.pll import frequency, pll, ramp
from joulehash.hw.chips.steps import (
    Addresses,
    Baud,
    BlankJob,
    Count,
    Each,
    Hcn,
    Inactive,
    Offsets,
    Pause,
    Ramp,
    Relay,
    Step,
    Ticket,
    Versions,
    Write,
)
from joulehash.hw.chips.table import CHIPS
from joulehash.hw.chips.ticket import ticket_register
from joulehash.hw.wire import bm13xx, bm1387

MASK = 0x1FFF_E000
BLANK = bm13xx.HeaderJob(0, 0, 0, bytes(32), bytes(32), 0).encode()


class Bench:
    """What the steps come to for n chips: frames, in order. `step`: between addresses, as stock has it."""

    def __init__(
        self, chip: Chip, n: int = 1, *, domains: int = 1, mhz: float = 62.5, bits: int = 8, step: int | None = None
    ) -> None:
        self.chip, self.n, self.domains, self.mhz, self.bits = chip, n, domains, mhz, bits
        self.places = addresses(n) if step is None else [i * step for i in range(n)]
        self.wire = bm1387 if chip.job == "bm1387" else bm13xx
        self.seconds = 0.0

    def frames(self, steps: tuple[Step, ...]) -> list[bytes]:
        return [frame for step in steps for frame in self._frames(step)]

    def _frames(self, step: Step) -> Iterator[bytes]:
        wire, chip, n = self.wire, self.chip, self.n
        match step:
            case Write():
                for place in self._addressed(step):
                    yield from [wire.write(step.register, step.value, place)] * step.times
            case Each():
                for place in self.places:
                    for each in step.writes:
                        yield from [wire.write(each.register, each.value, place)] * each.times
            case Pause():
                self.seconds += step.seconds
            case Inactive():
                yield from [wire.chain_inactive()] * step.times
            case Count():
                yield wire.read(0)
            case Addresses():
                yield from map(wire.set_address, self.places)
            case Ticket():
                yield wire.write(0x14, ticket_register(self.bits))
            case Ramp():
                for mhz in ramp(chip, step.start_mhz, self.mhz):
                    for each in step.before:
                        yield from self._frames(each)
                    for place in self.places if step.each else [None]:
                        yield from [wire.write(chip.pll.register, pll(chip, mhz).register, place)] * step.times
            case Hcn():
                yield wire.write(0x10, hcn(chip, n, self.mhz))
            case Versions():
                yield wire.write(0xA4, versions_register(MASK))
            case Baud():
                for each in (*step.writes, *step.then):
                    yield from self._frames(each)
            case Relay():
                for i, value in relays(n, self.domains):
                    yield wire.write(0x2C, value, self.places[i])
            case BlankJob():
                yield BLANK
            case Offsets():
                for i, offset in enumerate(offsets(n)):
                    yield wire.write(0x0C, 0x80000000 | offset, self.places[i])

    def _addressed(self, write: Write) -> list[int | None]:
        if write.to == "all":
            return [None]
        if write.to == "first":
            return [self.places[0]]
        return [self.places[i] for i in domain_ends(self.n, self.domains)]


def golden(lines: str) -> list[bytes]:
    return [bytes.fromhex(line) for line in lines.strip().splitlines()]


S19XP = """
55 AA 53 05 00 00 03
55 AA 52 05 00 00 0A
55 AA 40 05 00 00 1C
55 AA 40 05 08 00 07
55 AA 40 05 04 00 03
55 AA 41 09 00 3C 80 00 80 20 11
55 AA 41 09 12 58 02 11 F1 11 1B
55 AA 41 09 26 2C 00 72 00 03 05
55 AA 41 09 28 2C 00 68 00 03 00
55 AA 41 09 3A 58 02 11 F1 11 0E
55 AA 41 09 4E 2C 00 5E 00 03 1A
55 AA 41 09 50 2C 00 54 00 03 05
55 AA 41 09 62 58 02 11 F1 11 12
55 AA 41 09 76 2C 00 4A 00 03 1A
55 AA 41 09 78 2C 00 40 00 03 06
55 AA 41 09 8A 58 02 11 F1 11 13
55 AA 41 09 9E 2C 00 36 00 03 0F
55 AA 41 09 A0 2C 00 2C 00 03 0F
55 AA 41 09 B2 58 02 11 F1 11 05
55 AA 41 09 C6 2C 00 22 00 03 05
55 AA 41 09 C8 2C 00 18 00 03 17
55 AA 41 09 DA 58 02 11 F1 11 1C
55 AA 51 09 00 28 15 60 07 00 13
55 AA 51 09 00 3C 80 00 80 20 19
55 AA 51 09 00 58 02 11 11 11 06
55 AA 51 09 00 60 C0 70 01 11 1A
"""

S21XP = """
55 AA 41 09 00 2C 00 69 00 03 0D
55 AA 41 09 00 3C 80 00 8B 00 1A
55 AA 41 09 1A 2C 00 62 00 03 11
55 AA 41 09 1C 2C 00 5B 00 03 1D
55 AA 41 09 36 2C 00 54 00 03 0B
55 AA 41 09 38 2C 00 4D 00 03 03
55 AA 41 09 52 2C 00 46 00 03 16
55 AA 41 09 54 2C 00 3F 00 03 11
55 AA 41 09 6E 2C 00 38 00 03 1A
55 AA 41 09 70 2C 00 31 00 03 08
55 AA 41 09 8A 2C 00 2A 00 03 1F
55 AA 41 09 8C 2C 00 23 00 03 1D
55 AA 41 09 A6 2C 00 1C 00 03 05
55 AA 41 09 A8 2C 00 15 00 03 14
55 AA 51 09 00 14 00 00 00 FF 08
55 AA 51 09 00 18 F0 00 C1 00 04
55 AA 51 09 00 3C 80 00 8B 00 12
55 AA 51 09 00 68 5A A5 5A A5 1C
55 AA 51 09 00 A8 00 07 00 00 03
"""

S21XP_STRENGTHS = """
55 AA 41 09 0C 58 00 01 31 11 0E
55 AA 41 09 28 58 00 01 31 11 13
55 AA 41 09 44 58 00 01 31 11 11
55 AA 41 09 60 58 00 01 31 11 0C
55 AA 41 09 7C 58 00 01 31 11 07
55 AA 41 09 98 58 00 01 31 11 0E
55 AA 41 09 B4 58 00 01 31 11 00
"""

S21PRO = """
55 AA 41 09 00 0C 80 00 00 00 1A
55 AA 41 09 02 0C 80 00 03 F1 03
55 AA 41 09 06 0C 80 00 0B D1 12
55 AA 41 09 0A 0C 80 00 13 B2 0B
"""

BM1397 = """
55 AA 52 05 00 00 0A
55 AA 53 05 00 00 03
55 AA 40 05 00 00 1C
55 AA 51 09 00 80 00 00 00 00 1C
55 AA 51 09 00 84 00 00 00 00 11
55 AA 51 09 00 14 00 00 00 FC 07
55 AA 51 09 00 68 C0 70 01 11 00
"""


def test_bm1366_as_an_s19_xp() -> None:
    chip = CHIPS["BM1366"]
    frames = Bench(chip, 110, domains=11).frames(init(chip, 110, chain=True, baud=6_250_000))
    assert set(golden(S19XP)) <= set(frames)
    assert bytes.fromhex("55AA5109002811300200 03") in Bench(chip).frames(init(chip, 1, baud=1_000_000))
    # bm13xx-rs sends these too; the sequence, which is ESP's, does not: "gap 0018" to chips 00 and 12, its own reset
    # of the cores (A8=0007000F, 18=0000C100)


def test_relays_overrule_the_value_for_a_lone_chip() -> None:
    chip = CHIPS["BM1366"]
    frames = Bench(chip, 6, domains=3).frames(init(chip, 6, chain=True))
    written = [frame[6:10].hex() for frame in frames if frame[2:4] == b"\x41\x09" and frame[4:6] == b"\x00\x2c"]
    assert written == ["007c0003", "00140003"]


def test_bm1370_as_an_s21_xp() -> None:
    chip = CHIPS["BM1370"]
    bench = Bench(chip, 91, domains=13)
    frames = bench.frames(init(chip, 91, chain=True, baud=3_125_000))
    assert set(golden(S21XP)) <= set(frames)
    # its strength for the last of a domain is another than the S21 Pro's, which the sequence has
    assert set(golden(S21XP_STRENGTHS)) <= {
        bench.wire.write(0x58, 0x00013111, frame[4]) for frame in frames if frame[2] == 0x41 and frame[5] == 0x58
    }


def test_bm1370_as_an_s21_pro() -> None:
    chip = CHIPS["BM1370"]
    frames = Bench(chip, 65, domains=13, step=2).frames(init(chip, 65, chain=True, baud=3_125_000))
    assert set(golden(S21PRO)) <= set(frames)
    gaps = [frame[7] for frame in frames if frame[2] == 0x41 and frame[5] == 0x2C]
    assert gaps == [gap for gap in range(0x13, 0x50, 5) for _ in "ab"]  # MUJ: 4F to 13 in steps of 5; here from the end
    first = {
        kind: next(i for i, f in enumerate(frames) if f[5] == kind and f[2] == 0x41) for kind in (0x0C, 0x2C, 0x3C)
    }
    assert first[0x2C] < first[0x3C] < frames.index(BLANK) < first[0x0C]


def test_bm1397_frames() -> None:
    chip = CHIPS["BM1397"]
    assert set(golden(BM1397)) <= set(Bench(chip, bits=6).frames(init(chip, 1)))


def brief(frames: list[bytes]) -> str:
    """B: to all chips; two digits and a colon: to that chip. One word for each frame."""
    words: list[str] = []
    for frame in frames:
        body = frame.removeprefix(b"\x55\xaa")
        if body[0] in (0x52, 0x54):
            words.append("read")
        elif body[0] in (0x53, 0x55):
            words.append("inactive")
        elif body[0] in (0x40, 0x41) and body[1] == 5:
            words.append(f"address={body[2]:02X}")
        elif body[0] == 0x21:
            words.append("job")
        else:
            place = "" if body[0] in (0x51, 0x58) else f"{body[2]:02X}:"
            words.append(f"{place}{body[3]:02X}={body[4:8].hex().upper()}")
    return " ".join(words)


SECTION_8 = {  # the order of the sources, for two chips that go from 50 to 62.5 MHz under a ticket of 256
    ("BM1397", 3_125_000): """
        read inactive inactive inactive address=00 address=80
        80=00000000 84=00000000 20=00000001 3C=80008074 14=000000FF 68=C0700111 28=0600000F 18=00007A31
        70=0F0F0F00 70=0F0F0F00 08=PLL 08=PLL 70=0F0F0F00 70=0F0F0F00 08=PLL 08=PLL
        18=00006031""",
    ("BM1366", 1_000_000): """
        A4=9000FFFF A4=9000FFFF A4=9000FFFF read A8=00070000 18=FF0FC100 inactive address=00 address=80
        3C=80008540 3C=80008020 14=000000FF 54=00000003 58=02111111 00:2C=007C0003
        00:A8=000701F0 00:18=F000C100 00:3C=80008540 00:3C=80008020 00:3C=800082AA
        80:A8=000701F0 80:18=F000C100 80:3C=80008540 80:3C=80008020 80:3C=800082AA
        08=PLL 08=PLL 10=HCN A4=9000FFFF 28=11300200""",
    ("BM1368", 1_000_000): """
        A4=9000FFFF A4=9000FFFF A4=9000FFFF A4=9000FFFF read inactive A8=00070000 18=FF0FC100
        3C=80008B00 3C=80008018 14=000000FF 54=00000003 58=02111111 address=00 address=80
        00:A8=000701F0 00:18=F000C100 00:3C=80008B00 00:3C=80008018 00:3C=800082AA
        80:A8=000701F0 80:18=F000C100 80:3C=80008B00 80:3C=80008018 80:3C=800082AA
        14=000000FF 08=PLL 08=PLL 10=HCN A4=9000FFFF 28=11300200""",
    ("BM1370", 1_000_000): """
        A4=9000FFFF A4=9000FFFF A4=9000FFFF read A4=9000FFFF A8=00070000 18=F000C100 inactive
        address=00 address=80 3C=80008B00 3C=8000800C 14=000000FF 58=00011111
        00:A8=000701F0 00:18=F000C100 00:3C=80008B00 00:3C=8000800C 00:3C=800082AA
        80:A8=000701F0 80:18=F000C100 80:3C=80008B00 80:3C=8000800C 80:3C=800082AA
        B9=00004480 54=00000002 B9=00004480 3C=80008DEE 08=PLL 08=PLL
        job 00:0C=80000000 80:0C=80008000 10=HCN 28=11300200 A4=9000FFFF""",
    ("BM1362", 3_125_000): """
        A4=9000FFFF read A4=9000FFFF A4=9000FFFF A8=00000000 18=B000C100 inactive address=00 address=80
        3C=80008540 3C=80008008 14=000000FF 54=00000003 58=00011111 28=11300000 08=PLL 08=PLL
        00:A8=00000002 00:18=B000C100 00:3C=80008540 00:3C=80008008 00:3C=800082AA
        80:A8=00000002 80:18=B000C100 80:3C=80008540 80:3C=80008008 80:3C=800082AA
        10=HCN A4=9000FFFF""",
    ("BM1387", 1_500_000): """
        read inactive inactive inactive address=00 address=80 1C=00200100 1C=40208180
        00:0C=PLL 80:0C=PLL 00:0C=PLL 80:0C=PLL""",
}


@pytest.mark.parametrize(("name", "baud"), SECTION_8)
def test_the_order_is_that_of_the_sources(name: str, baud: int) -> None:
    chip = CHIPS[name]
    words = brief(Bench(chip, 2).frames(init(chip, 2, baud=baud))).split()
    plls = [frequency(chip, int(word[-8:], 16)) for word in words if f"{chip.pll.register:02X}=" in word[:6]]
    assert sorted(set(plls)) == [56.25, 62.5]
    assert plls == sorted(plls)
    prefix = f"{chip.pll.register:02X}="
    shown = [
        f"{word[:-8]}PLL"
        if word.removeprefix("00:").removeprefix("80:").startswith(prefix)
        else "10=HCN"
        if word == f"10={hcn(chip, 2, 62.5):08X}"
        else word
        for word in words
    ]
    assert shown == SECTION_8[name, baud].split()


@pytest.mark.parametrize("chip", CHIPS.values(), ids=CHIPS)
def test_a_lone_chip_at_its_first_speed(chip: Chip) -> None:
    steps = init(chip, 1)
    assert steps == init(chip, 1, baud=115200)
    assert not any(isinstance(step, Offsets | BlankJob | Relay) for step in steps)
    assert sum(isinstance(step, Ramp) for step in steps) == 1
    changes = [step.baud for step in steps if isinstance(step, Baud)]
    assert changes == ([115200] if chip.name == "BM1387" else [])
    counts = [step.size for step in steps if isinstance(step, Count)]
    assert counts == [chip.response_size]  # by then, versions are rolled where they can be


@given(st.sampled_from(list(CHIPS.values())), st.integers(1, 12), st.booleans())
def test_what_must_come_first_comes_first(chip: Chip, n: int, chain: bool) -> None:
    for baud in bauds(chip):
        steps = init(chip, n, chain=chain, baud=baud)
        kinds = [type(step) for step in steps]
        assert kinds.index(Count) < kinds.index(Inactive) < kinds.index(Addresses) < kinds.index(Ramp)
        addressed = [i for i, step in enumerate(steps) if isinstance(step, Each | Offsets | Relay)]
        assert all(i > kinds.index(Addresses) for i in addressed)
        assert sum(isinstance(step, Baud) for step in steps) == (baud != 115200 or chip.name == "BM1387")
        if not chip.midstates:
            assert kinds.index(Ramp) < kinds.index(Hcn) < kinds.index(Versions)
            assert kinds.count(Offsets) == (chip.chip_shift is None and n > 1)


def test_retuning_never_lets_a_sweep_be_too_long() -> None:
    chip = CHIPS["BM1366"]
    assert [type(step) for step in retune(chip, 400, 500)] == [Hcn, Ramp]
    assert [type(step) for step in retune(chip, 500, 400)] == [Ramp, Hcn]
    bench = Bench(chip, mhz=412.5)
    frames = bench.frames(retune(chip, 400, 412.5))
    assert [frame[5] for frame in frames] == [0x10, 0x08, 0x08]
    (lone,) = retune(CHIPS["BM1397"], 400, 500)
    assert isinstance(lone, Ramp)
    assert lone.start_mhz == 400


@pytest.mark.parametrize("chip", CHIPS.values(), ids=CHIPS)
def test_a_speed_that_the_chip_has_not_is_refused(chip: Chip) -> None:
    with pytest.raises(InputError, match=rf"2000000 baud: {chip.name} takes 115200, "):
        init(chip, 1, baud=2_000_000)


@pytest.mark.parametrize(
    ("n", "domains", "first", "step"),
    [(110, 11, 0x7C, 10), (65, 13, 0x4F, 5), (91, 13, 0x69, 7)],  # S19 XP, S21 Pro, S21 XP
)
def test_relays_and_ends(n: int, domains: int, first: int, step: int) -> None:
    size = n // domains
    found = dict(relays(n, domains))
    assert len(found) == 2 * domains
    for d in range(domains):
        assert found[d * size] == found[(d + 1) * size - 1] == (first - d * step) << 16 | 3
    assert domain_ends(n, domains) == [i for i in reversed(range(n)) if i % size == size - 1]


def test_a_domain_of_one_is_relayed_once() -> None:
    assert relays(3, 3) == [(2, 15 << 16 | 3), (1, 16 << 16 | 3), (0, 17 << 16 | 3)]


@pytest.mark.parametrize(("n", "domains"), [(65, 12), (6, 0), (3, 6)])
def test_domains_are_alike(n: int, domains: int) -> None:
    for function in (relays, domain_ends):
        with pytest.raises(InputError, match=f"{n} chips in {domains} domains"):
            function(n, domains)


def test_resets_wait_for_the_rail() -> None:
    assert (reset(CHIPS["BM1370"]).held_s, reset(CHIPS["BM1397"]).held_s) == (0.1, 1.0)
