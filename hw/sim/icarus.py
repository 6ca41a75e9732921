"""Icarus, Lancelot, Block Erupter and open FPGA designs: 64 bytes of work in, 4 bytes of nonce out. They really hash.

Sources: BFG (bfgminer driver-icarus.c, driver-erupter.c), TEK (teknohog's RTL: a part of work is dropped after 80 ms).
Units divide the nonces by their top bits and count up, each from the begin of its part. Scale: with 2^k times less to
do, a unit has the first 2^-k of its part, so that a range lasts as long as on the real board and the golden nonce of
block 171874 is among them. What no source says of these boards (power, where a Block Erupter's range ends) is ours.
Not modelled: clocks that can be set, the temperatures that no such board tells.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from struct import unpack

from ...engine.errors import InputError
from ...ext._scan import try_words
from ..wire.icarus import Work, WorkDecoder, answer
from .course import Course
from .faults import NO_FAULTS, Faults, check_faults
from .line import Line
from .silicon import same_speed
from .world import World

BAUD = 115200
_DROP_S = 0.08  # TEK: 0x800000 clocks of 100 MHz
_SPACE = 1 << 32
_FALSE_END = bytes.fromhex("fffffffa")  # TEK, simulated: what the clone sends where its range ends


@dataclass(frozen=True, slots=True)
class Row:
    """Of a board as the simulator sees it."""

    name: str
    units: int
    hash_ns: float  # of all units together: one hash
    stops: bool  # after a nonce; else it goes on in the same work
    wraps: bool = False  # at the end of the range it begins anew; else it stops
    extra: bytes = b""  # that clones add to an answer
    zero_bits: int = 32
    mhz: float = 100.0  # told to the world only

    def scaled(self, bits: int) -> Row:
        """The same with 2^bits fewer hashes to a second, to a nonce and to its range. Raises InputError."""
        if not 0 <= bits < 32:
            raise InputError(f"scale 2^-{bits}: {self.name} takes 2^0 to 2^-31")
        return replace(self, zero_bits=self.zero_bits - bits)

    @property
    def rate_hps(self) -> float:
        return 1e9 / self.hash_ns / (1 << 32 - self.zero_bits)


ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        Row("icarus", units=2, hash_ns=2.64083, stops=True),  # BFG: two FPGAs, 380 MH/s
        Row("lancelot", units=2, hash_ns=2.64083, stops=True),  # BFG knows it as an Icarus; its speed is not told
        Row("erupter", units=1, hash_ns=2.9761, stops=False),  # BFG
        Row("fpga", units=1, hash_ns=12.5, stops=False, wraps=True),  # TEK: 80 MH/s
    )
}


class Icarus:
    """As Chips: `receive` what the host sent, at the moment of the last `advance`, whose bytes go to the host."""

    baud = BAUD

    def __init__(self, row: Row, world: World, faults: Faults = NO_FAULTS, seed: int = 1) -> None:
        check_faults(faults, row.units, 1)
        self.row, self.world = row, world
        self._faults, self._line = faults, Line(faults, seed)
        self._decoder = WorkDecoder()
        self._course = Course(world, faults)
        self._heard_s = 0.0
        self._stuck: bytes | None = None
        self._work: Work | None = None
        self._done = 0.0  # nonces of this work that each unit has tried
        self.hashes = 0

    def receive(self, data: bytes, baud: int) -> None:
        now_s = self._course.now_s
        if now_s - self._heard_s > _DROP_S:
            self._decoder.flush()
        self._heard_s = now_s
        if not same_speed(baud, BAUD) or not self.world.running or self._faults.no_chips:
            return
        for work in self._decoder.feed(data):
            self._work, self._done = work, 0.0  # from the begin, whatever it did before
            self._course.job_came()

    def advance(self, now_s: float) -> bytes:
        """To a moment of the loop's clock; what the host gets of what it said until then."""
        elapsed_s, forgotten = self._course.advance(now_s)
        if forgotten:
            self._forget()
        if self._work is not None:
            self._hash(self._work, elapsed_s)
        for unit in range(self.row.units):
            self.world.mhz[unit] = self.row.mhz * self._faults.slow if self.world.running else 0.0
            self.world.busy[unit] = float(self._work is not None and unit not in self._faults.dead_chips)
        if self._course.is_mute:
            self._line.clear()
        return self._line.leave(BAUD, elapsed_s)

    def _forget(self) -> None:
        self._work = None
        self._line.clear()
        self._decoder.flush()

    def _hash(self, work: Work, seconds: float) -> None:
        part = _SPACE // self.row.units
        scaled = part >> 32 - self.row.zero_bits
        left = seconds * self.row.rate_hps * self._faults.slow / self.row.units
        while left > 0 and self._work is work:
            before = int(self._done)
            step = min(left, scaled - self._done)
            self._done += step
            left -= step
            for word in self._try(work, before, int(self._done)):
                self._say(answer(int.from_bytes(word.to_bytes(4, "big"), "little")))
                if self.row.stops:
                    self._work = None
                    return
            if self._done >= scaled:
                self._range_ends(work)

    def _range_ends(self, work: Work) -> None:
        if not self.row.wraps:
            self._work = None
            return
        self._say(_FALSE_END)
        self._done = 0.0

    def _try(self, work: Work, first: int, last: int) -> list[int]:
        """Words that meet the zero bits, in the order of time."""
        part = _SPACE // self.row.units
        words = array("I")
        for unit in range(self.row.units):
            if unit not in self._faults.dead_chips:
                words.extend(range(unit * part + first, unit * part + last))
        self.hashes += len(words)
        midstate = array("I", reversed(unpack(">8I", work.midstate)))
        hits = try_words(midstate, array("I", unpack(">3I", work.tail)), words, (1 << 32 - self.row.zero_bits) - 1)
        return sorted((word for _, word in hits), key=lambda word: word % part)

    def _say(self, data: bytes) -> None:
        if self._faults.stuck_nonce:
            data = self._stuck = self._stuck or data
        for _ in range(2 if self._faults.duplicate_nonces else 1):
            self._line.say(data + self.row.extra)
