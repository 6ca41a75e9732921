"""Chips on one line: brought up, told what to do, and heard. What each kind of them wants is data, in chips/init.py.

One task reads the line: nonces go to `on_nonce`, registers to who waits for them, the rest is counted. Chips that reset
themselves, as their voltage fell, answer in short frames: that ends the session.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from ..engine.errors import DeviceError
from .boards.row import Row
from .chips.init import domain_ends, init, relays, retune
from .chips.nonce import versions_register
from .chips.partition import addresses, hcn, offsets
from .chips.pll import pll, ramp
from .chips.steps import (
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
from .chips.ticket import ticket_register
from .ports.port import Port
from .wire.bm13xx import HeaderJob, MidstateJob, Nonce, RegisterValue, ShortFrame
from .wire.dialect import BM13XX, BM1387, Heard
from .wire.frames import Garbage

_CHIP_ID, _OFFSET, _HCN, _TICKET, _RELAY, _VERSIONS = 0x00, 0x0C, 0x10, 0x14, 0x2C, 0xA4
_OFFSET_ON = 0x80000000
_MOST_ANSWERS = 256
_READ_S = 0.25
_SILENT_S = 0.05  # after which what is left of a frame is none; a USB bridge may hold bytes back for 16 ms (FTDI)
_READ_TRIES = 3
_RESETS = 2  # short frames that are no accident
_START_MHZ = 50.0  # after reset, about: what a ramp begins from


class Chain:
    """`run()` reads the line, in a task of its own; then `bring_up`."""

    def __init__(self, port: Port, row: Row, name: str) -> None:
        assert row.chip is not None
        self.chip, self.row = row.chip, row
        self.n_chips = row.chips
        self.mhz = _START_MHZ
        self.baud = row.baud
        self.ticket = 0
        self.mask = 0
        self.on_nonce: Callable[[Nonce], None] | None = None
        self._port, self._name = port, name
        self._speech = BM1387 if row.chip.job == "bm1387" else BM13XX
        self._decoder = self._speech.decoder(9)
        self._registers: asyncio.Queue[RegisterValue] | None = None
        self._reading = asyncio.Lock()
        self._errors: Counter[str] = Counter()
        self._resets = 0
        self._counters: dict[int, int] = {}
        self._hashes = 0

    @property
    def rate_hps(self) -> float:
        """Nominal, of all chips."""
        return self.n_chips * self.chip.rate_hps(self.mhz)

    async def run(self) -> None:
        """Read the line until cancelled. Raises DeviceError."""
        silent = True
        while True:
            try:
                async with asyncio.timeout(None if silent else _SILENT_S):
                    data = await self._port.read()
            except TimeoutError:
                silent, events = True, self._decoder.flush()
            else:
                silent, events = False, self._decoder.feed(data)
            for event in events:
                self._take(event)

    # Commands

    def write(self, register: int, value: int, address: int | None = None) -> None:
        self._port.write(self._speech.write(register, value, address))

    def send(self, job: HeaderJob | MidstateJob) -> None:
        self._port.write(self._speech.job(job))

    async def read(self, register: int, address: int) -> int:
        """What a register of one chip holds. Raises DeviceError when it does not say."""
        for _ in range(_READ_TRIES):
            for answer in await self._ask(register, address, 1, _READ_S):
                if answer.address == address:
                    return answer.value
        raise DeviceError(f"{self._name}: the chip at address {address:02X} does not tell register {register:02X}")

    async def read_all(self, register: int) -> dict[int, int]:
        """The same of all chips that answer, by their addresses."""
        answers = await self._ask(register, None, self.n_chips, _READ_S)
        return {answer.address: answer.value for answer in answers}

    async def _ask(self, register: int, address: int | None, most: int, quiet_s: float) -> list[RegisterValue]:
        """Answers that come before the line is quiet for so long, or there are so many."""
        answers: list[RegisterValue] = []
        async with self._reading:
            self._registers = asyncio.Queue()
            try:
                self._port.write(self._speech.read(register, address))
                with suppress(TimeoutError):
                    while len(answers) < most:
                        async with asyncio.timeout(quiet_s):
                            answer = await self._registers.get()
                        if answer.register == register:
                            answers.append(answer)
            finally:
                self._registers = None
        return answers

    # Bring-up

    async def bring_up(self, mhz: float) -> None:
        """From the release of reset to hashing at `mhz`, without work yet. Raises DeviceError."""
        row = self.row
        for step in init(self.chip, self.n_chips, chain=row.domains > 1 and row.link == "serial", baud=row.fast_baud):
            await self._do(step, mhz)

    async def set_frequency(self, mhz: float) -> None:
        """By steps, and the time of a sweep with it. Raises InputError for a frequency that the chip has not."""
        for step in retune(self.chip, self.mhz, mhz):
            await self._do(step, mhz)

    async def _do(self, step: Step, mhz: float) -> None:
        match step:
            case Write():
                await self._write(step)
            case Each():
                for address in addresses(self.n_chips):
                    for write in step.writes:
                        self.write(write.register, write.value, address)
                        await self._pause(write.pause_s)
                    await self._pause(step.pause_s)
            case Pause():
                await self._pause(step.seconds)
            case Inactive():
                for _ in range(step.times):
                    self._port.write(self._speech.chain_inactive())
                    await self._pause(step.pause_s)
            case Count():
                await self._count(step)
            case Addresses():
                for address in addresses(self.n_chips):
                    self._port.write(self._speech.set_address(address))
                    await self._pause(step.pause_s)
            case Ticket():
                self.set_ticket(self.ticket)
                await self._pause(step.pause_s)
            case Ramp():
                await self._ramp(step, mhz)
            case Hcn():
                self.write(_HCN, hcn(self.chip, self.n_chips, mhz))
                await self._pause(step.pause_s)
            case Versions():
                self.set_mask(self.mask)
                await self._pause(step.pause_s)
            case Baud():
                for write in step.writes:
                    await self._write(write)
                await self._port.set_baud(step.baud)
                self.baud = step.baud
                await self._pause(step.pause_s)
                for write in step.then:
                    await self._write(write)
                self._errors.clear()  # what was said meanwhile could not be understood
            case Relay():
                for chip, value in relays(self.n_chips, self.row.domains):
                    self.write(_RELAY, value, addresses(self.n_chips)[chip])
                    await self._pause(step.pause_s)
            case BlankJob():
                self.send(HeaderJob(0, 0, 0, bytes(32), bytes(32), 0))
                await self._pause(step.pause_s)
            case Offsets():
                for address, offset in zip(addresses(self.n_chips), offsets(self.n_chips), strict=True):
                    self.write(_OFFSET, _OFFSET_ON | offset, address)
                    await self._pause(step.pause_s)

    async def _write(self, step: Write) -> None:
        targets: list[int | None] = [None]
        if step.to == "first":
            targets = [0]
        elif step.to == "domain ends":
            every = addresses(self.n_chips)
            targets = [every[chip] for chip in domain_ends(self.n_chips, self.row.domains)]
        for address in targets:
            for _ in range(step.times):
                self.write(step.register, step.value, address)
                await self._pause(step.pause_s)

    async def _ramp(self, step: Ramp, mhz: float) -> None:
        for next_mhz in ramp(self.chip, self.mhz, mhz):
            for write in step.before:
                await self._write(write)
            setting = pll(self.chip, next_mhz)
            for address in addresses(self.n_chips) if step.each else [None]:
                for _ in range(step.times):
                    self.write(self.chip.pll.register, setting.register, address)
                    await self._pause(step.gap_s)
            self.mhz = setting.mhz
            await self._pause(step.pause_s)

    async def _pause(self, seconds: float) -> None:
        await self._port.drain()
        await asyncio.sleep(seconds)

    async def _count(self, step: Count) -> None:
        """Every chip answers, each with its own name."""
        self._decoder = self._speech.decoder(step.size)
        answers = await self._ask(_CHIP_ID, None, _MOST_ANSWERS, step.quiet_s)
        if not answers:
            raise DeviceError(f"{self._name}: no chip answers; is it powered, and the line whole?")
        others = {answer.value >> 16 for answer in answers} - {self.chip.id}
        if others:
            raise DeviceError(
                f"{self._name}: a chip says that it is a BM{min(others):04X}; a {self.row.title} has {self.chip.name}"
            )
        if len(answers) != self.n_chips:
            raise DeviceError(
                f"{self._name}: {len(answers)} of {self.n_chips} chips answer; the fault is at the one after the last"
            )

    def set_ticket(self, bits: int) -> None:
        self.ticket = bits
        self.write(_TICKET, ticket_register(bits))

    def set_mask(self, mask: int) -> None:
        """The version bits that the pool lets us roll; chips that roll them themselves are told."""
        self.mask = mask
        if self.chip.job == "header":
            self.write(_VERSIONS, versions_register(mask))

    def start_hashing(self) -> None:
        self.write(_HCN, hcn(self.chip, self.n_chips, self.mhz))

    def stop_hashing(self) -> None:
        """A sweep without time finds nothing; clock and voltage stay."""
        self.write(_HCN, 0)

    def quiet(self) -> None:
        """For a board without a switch: as little as can be done, without waiting."""
        with suppress(DeviceError):
            self.stop_hashing()

    # What is heard

    def _take(self, event: Heard) -> None:
        match event:
            case Nonce():
                if self.on_nonce is not None:
                    self.on_nonce(event)
            case RegisterValue():
                if self._registers is not None:
                    self._registers.put_nowait(event)
            case ShortFrame():
                self._resets += 1
                if self._resets >= _RESETS:
                    raise DeviceError(f"{self._name}: a chip has reset itself; was its voltage too low?")
            case Garbage():
                self._errors["bytes of broken frames"] += len(event.data)

    def take_errors(self) -> Counter[str]:
        """Since the last time."""
        errors, self._errors = self._errors, Counter()
        return errors

    async def hashes(self) -> int | None:
        """Counted by the chips since they were brought up. None: they have no counter whose unit is settled, or not all
        of them have told it in time."""
        register = self.chip.counters.total
        if register is None:
            return None
        told = await self.read_all(register)
        for address, value in told.items():
            self._hashes += (value - self._counters.get(address, value)) % 2**32 * self.chip.count_hashes
            self._counters[address] = value
        return self._hashes if len(told) == self.n_chips else None
