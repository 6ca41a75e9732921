"""A host for simulated chips, on a clock of its own: frames out, values in. It knows what the fact sheet's sections on
init, jobs and nonces say, by heart, and shares nothing with the drivers but the frames."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from hashlib import sha256
from math import floor

from joulehash.ext._scan import midstate
from joulehash.hw.chips.chip import Chip
from joulehash.hw.chips.table import CHIPS
from joulehash.hw.sim.chips import Chips
from joulehash.hw.sim.faults import parse_faults
from joulehash.hw.sim.world import Figures, World
from joulehash.hw.wire import bm13xx as wire

FIRST_BAUD = 115200
STEP_S = 0.01
ROOT, PREVIOUS = sha256(b"root").digest(), sha256(b"previous").digest()
VERSION = 0x20000000
PLLS = {  # of each chip at its usual frequency, from captures where there is one
    "BM1397": 0x40660321,  # 425 MHz: 25 * 102 / (3 * 2 * 1)
    "BM1362": 0x40A80230,  # 525 MHz (S19j Pro)
    "BM1366": 0x40C20240,  # 485 MHz: 25 * 194 / (2 * 5 * 1), the dividers less one
    "BM1368": 0x40C40240,  # 490 MHz
    "BM1370": 0x40A80230,  # 525 MHz
}
WIDTH = {"BM1397": 256, "BM1362": 128, "BM1366": 128, "BM1368": 128, "BM1370": 128}  # next power of two of the cores


def figures(chip: str, n: int = 1) -> Figures:
    row = CHIPS[chip]
    return Figures(f"test {chip}", n, row.mhz.usual, row.volts.usual, 12.0 * n)


@dataclass
class Host:
    """One or more chips of a kind, powered, out of reset, at scale 2^-bits."""

    name: str
    n: int = 1
    bits: int = 19
    fault: str = ""
    seed: int = 1
    ticket: int = 0xF0  # four bits
    now_s: float = 0.0
    baud: int = FIRST_BAUD
    jobs: list[wire.HeaderJob | wire.MidstateJob] = field(default_factory=list[wire.HeaderJob | wire.MidstateJob])

    def __post_init__(self) -> None:
        self.decoder, self.came = wire.ResponseDecoder(9), list[wire.Response | wire.Garbage]()
        faults = parse_faults(self.fault)
        self.row: Chip = CHIPS[self.name].scaled(self.bits)
        self.world = World(figures(self.name, self.n), faults, self.seed)
        self.chips = Chips(self.row, self.n, self.world, faults, self.seed)
        self.world.rail_set_v, self.world.reset_held = self.world.figures.rail_v, False
        self.run(0.05)

    @property
    def rolls(self) -> bool:
        return self.row.job == "header"

    def send(self, *frames: bytes) -> None:
        for frame in frames:
            self.chips.receive(frame, self.baud)

    def run(self, seconds: float, step_s: float = STEP_S) -> bytes:
        """What comes in the meantime."""
        data, end_s = b"", self.now_s + seconds
        while self.now_s < end_s - 1e-9:
            self.now_s = min(end_s, self.now_s + step_s)
            data += self.chips.advance(self.now_s)
        self.came = self.decoder.feed(data)
        return data

    def values(self, seconds: float, step_s: float = STEP_S) -> list[wire.Response]:
        """The same, decoded; nothing else may be among it."""
        self.run(seconds, step_s)
        assert not [value for value in self.came if isinstance(value, wire.Garbage | wire.ShortFrame)]
        return [value for value in self.came if not isinstance(value, wire.Garbage)]

    def nonces(self, seconds: float, step_s: float = STEP_S) -> list[wire.Nonce]:
        return [value for value in self.values(seconds, step_s) if isinstance(value, wire.Nonce)]

    def ask(self, register: int, address: int | None = None) -> list[int]:
        self.send(wire.read(register, address))
        values = self.values(0.05 + 0.002 * self.n)
        return [value.value for value in values if isinstance(value, wire.RegisterValue) and value.register == register]

    def roll(self, mask: int = 0xFFFF) -> None:
        self.send(wire.write(0xA4, 0x90000000 | mask))
        self.decoder.size = 11

    def address(self) -> None:
        self.send(wire.chain_inactive(), *(wire.set_address(i * (256 // self.n)) for i in range(self.n)))

    def bring_up(self, mask: int = 0xFFFF) -> Host:
        """To where it takes jobs, as in the sheet's section 8, without the pauses."""
        if self.rolls:
            self.roll(mask)
        self.address()
        if self.rolls:
            self.send(wire.write(0x18, 0xF000C100), wire.write(0x3C, 0x800082AA))
        else:
            self.send(wire.write(0x70, 0x0F0F0F00), wire.write(0x70, 0x0F0F0F00))
        self.send(wire.write(0x14, self.ticket), wire.write(0x08, PLLS[self.name]), wire.write(0x10, self.hcn))
        if self.name == "BM1370" and self.n > 1:
            offsets = (0x80000000 | i * 65536 // self.n for i in range(self.n))
            self.send(*(wire.write(0x0C, each, i * (256 // self.n)) for i, each in enumerate(offsets)))
        return self

    @property
    def chips_wide(self) -> int:
        return 1 << (self.n - 1).bit_length()

    @property
    def hcn(self) -> int:
        ticks = 2**32 / WIDTH[self.name] / self.chips_wide * 25 / self.row.mhz.usual * 0.5
        return floor(ticks) - (268 if self.name == "BM1370" else 0)

    @property
    def sweep_s(self) -> float:
        """Of one group of versions; of the chips that roll none until they repeat."""
        if not self.rolls:
            return 2**24 / self.chips_wide / (self.row.mhz.usual * 1e6)
        return (self.hcn + (134 if self.name == "BM1370" else 0)) / 25e6

    def job(self, *, midstates: int = 4, version: int = VERSION) -> wire.HeaderJob | wire.MidstateJob:
        """The next, with an ntime of its own."""
        step = 4 if not self.rolls else 24 if self.row.small_per_core == 16 else 8
        id, ntime = len(self.jobs) * step % 128, 1_700_000_000 + len(self.jobs)
        job: wire.HeaderJob | wire.MidstateJob
        if self.rolls:
            job = wire.HeaderJob(id, 0x1D00FFFF, ntime, ROOT, PREVIOUS, version)
        else:
            states = (midstate(header(version + i, ntime, 0)[:64]) for i in range(midstates))
            job = wire.MidstateJob(
                id, 0x1D00FFFF, ntime, ROOT[28:], tuple(struct.pack(">8I", *reversed(state)) for state in states)
            )
        self.jobs.append(job)
        self.send(job.encode())
        return job

    def header_of(self, nonce: wire.Nonce, mask: int = 0xFFFF, version: int = VERSION) -> bytes:
        """By the job that the answer names: of all that had its id, the last."""
        if self.rolls:
            wide = self.row.small_per_core == 16
            id = (nonce.id & 0xF0) >> 1 if wide else nonce.id & 0xF8
            rolled = version & ~(mask << 13) | (nonce.version or 0) << 13
        else:
            id, rolled = nonce.id & 0xFC, version + (nonce.id & 3)
        job = next(job for job in reversed(self.jobs) if job.id == id)
        return header(rolled, job.ntime, nonce.nonce)

    @property
    def hashes(self) -> int:
        return sum(sum(die.hashes) for die in self.chips.dies)

    @property
    def rate_hps(self) -> float:
        return self.n * self.row.rate_hps(self.row.mhz.usual)


def header(version: int, ntime: int, nonce: int) -> bytes:
    return struct.pack("<I", version) + PREVIOUS + ROOT + struct.pack("<III", ntime, 0x1D00FFFF, nonce)


def zeros(header: bytes) -> int:
    """Leading zero bits of its hash, by hashlib."""
    return 256 - int.from_bytes(sha256(sha256(header).digest()).digest(), "little").bit_length()


def core_view(nonce: int) -> int:
    """h: the header's four bytes, big-endian."""
    return int.from_bytes(nonce.to_bytes(4, "little"), "big")
