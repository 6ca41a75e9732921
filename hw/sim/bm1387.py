"""BM1387 on one line, as in NewPac and R606. A thin model, as thin as what is known: it enumerates, and really hashes.

Sources: GEK (kanoi/cgminer @d689d3a, driver-gekko.c): commands, the divider in register 1C, the PLL in register 0C,
that the first byte of a nonce tells the chip. Unproven on hardware, and in no source: registers after reset, how the
cores of a chip divide its nonces (here they take turns), that a chip goes on into its neighbour's part when its own is
done.

Scale: a chip tries every 2^k-th nonce of its part. Left out: every other register, counters, the ticket: all nonces
with 32 zero bits are told.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from hashlib import sha256
from struct import pack, unpack

from ...ext._scan import try_words
from ..chips.chip import Chip
from ..wire import bm1387 as wire
from ..wire.bm13xx import ChainInactive, MidstateJob, ReadRegister, SetAddress, WriteRegister
from .course import Course
from .faults import NO_FAULTS, Faults, check_faults
from .line import Line
from .silicon import same_speed
from .world import World

_CHIP_ID, _PLL, _MISC = 0x00, 0x0C, 0x1C
_RESET = {_PLL: 0x00100241, _MISC: 0x00201A00}  # 50 MHz, 115740 baud
_CORES = 114
_PART_BIT = 24  # the byte above it is the chip's
_SPACE = 1 << 32


@dataclass(eq=False)
class _Die:
    index: int
    slow: float = 1.0
    address: int = 0
    inactive: bool = False
    registers: dict[int, int] = field(default_factory=lambda: dict(_RESET))

    @property
    def mhz(self) -> float:
        """GEK: 25 MHz · fb / (2 · pd1 · pd2), the dividers as they stand."""
        value = self.registers[_PLL]
        divided = (value >> 8 & 0xFF) * (value >> 4 & 0xF) * (value & 0xF)
        return 25.0 * (value >> 16 & 0xFF) / divided * self.slow if divided else 0.0

    @property
    def baud(self) -> float:
        return 25e6 / (8 * ((self.registers[_MISC] >> 8 & 0x7F) + 1))


class Chips1387:
    """As Chips, with the same two verbs."""

    def __init__(self, chip: Chip, n: int, world: World, faults: Faults = NO_FAULTS, seed: int = 1) -> None:
        check_faults(faults, n, _CORES)
        self.world, self._faults, self._seed, self._chip = world, faults, seed, chip
        self._id = chip.id if faults.wrong_chip is None else faults.wrong_chip
        self._decoder, self._line = wire.CommandDecoder(), Line(faults, seed)
        self._course = Course(world, faults)
        self._part_of = [_hurt(faults, index) for index in range(n)]
        self._forget()

    @property
    def baud(self) -> float:
        return self._dies[0].baud

    def receive(self, data: bytes, baud: int) -> None:
        if not self.world.running:
            return
        for command in self._decoder.feed(data):
            self._obey(command, [die for die in self._heard if same_speed(baud, die.baud)])

    def advance(self, now_s: float) -> bytes:
        elapsed_s, forgotten = self._course.advance(now_s)
        if forgotten:
            self._forget()
        for die in self._dies:
            working = self._job is not None and die in self._heard and die.index not in self._faults.dead_chips
            if working:
                self._hash(die, elapsed_s)
            self.world.mhz[die.index] = die.mhz if self.world.running else 0.0
            self.world.busy[die.index] = float(working)
        if self._course.is_mute:
            self._line.clear()
        return self._line.leave(self.baud, elapsed_s)

    def _forget(self) -> None:
        self._dies = [_Die(index, self._faults.slow) for index in range(self.world.figures.chips)]
        self._heard = [] if self._faults.no_chips else self._dies[: self._faults.chain_cut]
        self._job: MidstateJob | None = None
        self._done = [0.0] * len(self._dies)  # nonces of this job that each chip has tried
        self._stuck: bytes | None = None
        self._line.clear()
        self._decoder.flush()

    def _obey(self, command: object, dies: list[_Die]) -> None:
        match command:
            case ChainInactive():
                for die in dies:
                    die.inactive = True
            case SetAddress(address):
                waiting = [die for die in dies if die.inactive and not self._faults.address_stuck]
                for die in waiting[:1]:
                    die.address, die.inactive = address, False
            case ReadRegister(register, address):
                for die in dies:
                    if address in (None, die.address):
                        self._line.say(wire.register_response(self._read(die, register)))
            case WriteRegister(register, value, address):
                for die in dies:
                    if address in (None, die.address):
                        die.registers[register] = value
            case MidstateJob():
                self._job, self._done = command, [0.0] * len(self._dies)
                self._course.job_came()
            case _:
                pass  # garbage

    def _read(self, die: _Die, register: int) -> int:
        return self._id << 16 | die.address if register == _CHIP_ID else die.registers.get(register, 0)

    def _hash(self, die: _Die, seconds: float) -> None:
        """114 cores, a hash a clock each; of a job with four midstates a nonce is four hashes."""
        job, skip = self._job, 32 - self._chip.zero_bits
        assert job is not None
        nonces_s = die.mhz * 1e6 * _CORES / len(job.midstates) / (1 << skip)
        first = int(self._done[die.index])
        self._done[die.index] += nonces_s * seconds
        words = self._words(die, first, int(self._done[die.index]))
        midstates = array("I")
        for midstate in job.midstates:
            midstates.extend(reversed(unpack(">8I", midstate)))
        tail = array("I", unpack(">3I", job.merkle_tail + pack("<II", job.ntime, job.nbits)))
        for index, word in sorted(try_words(midstates, tail, words, (1 << 32 - self._chip.zero_bits) - 1)):
            self._report(die, job.id + index, word)

    def _words(self, die: _Die, first: int, last: int) -> array[int]:
        """Nonces as SHA-256 takes them in, of those counts; beyond the last of all they begin with the first."""
        step = 1 << 32 - self._chip.zero_bits
        begin = (die.address << _PART_BIT) + first * step
        whole = range(begin, begin + (last - first) * step, step)
        if part := self._part_of[die.index]:
            live = (n for n in range(first, last) if _takes(part.get(n % _CORES, 1.0), n // _CORES))
            return array("I", [whole[n - first] % _SPACE for n in live])
        words = array("I")
        while begin < whole.stop:
            count = min(whole.stop - begin, _SPACE - begin % _SPACE)
            words.extend(range(begin % _SPACE, begin % _SPACE + count, step))
            begin += count
        return words

    def _report(self, die: _Die, id: int, word: int) -> None:
        mark = sha256(f"{self._seed} {die.index} {id} {word}".encode()).digest()
        if int.from_bytes(mark[:4], "big") / 2**32 < self.world.false_rate(die.index):
            word ^= 1 << mark[4] % 14  # a core that got its hash wrong
        frame = wire.nonce_response(int.from_bytes(word.to_bytes(4, "big"), "little"), 0, id & 0xFF)
        if self._faults.stuck_nonce and die.index == 0:
            frame = self._stuck = self._stuck or frame
        for _ in range(2 if self._faults.duplicate_nonces else 1):
            self._line.say(frame, nonce=True)


def _hurt(faults: Faults, index: int) -> dict[int, float]:
    """Of one chip's cores that are hurt: which part of their turns they take."""
    weak = {core: part for at, core, part in faults.weak_cores if at == index}
    return weak | {core: 0.0 for at, core in faults.dead_cores if at == index}


def _takes(part: float, turn: int) -> bool:
    """Whether a core that takes only a part of its turns takes this one."""
    return int((turn + 1) * part) > int(turn * part)
