"""Chips on one line: told what to do, and heard. How they are brought up is bring_up.py.

One task listens to it: nonces go to `on_nonce`, registers to who waits for them, the rest is counted. Chips that reset
themselves, as their voltage fell, answer in short frames, have another frequency, or are at their first speed again:
`check` and `mute` find that out.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal

from ..engine.errors import DeviceError
from .boards.row import Row
from .bring_up import carry_out
from .chips.init import init, rest, retune, wake
from .chips.nonce import versions_register
from .chips.partition import hcn
from .chips.steps import Hcn
from .chips.ticket import ticket_register
from .errors import ChipReset, Mute, RegisterSilent
from .patience import Patience
from .ports.port import Port
from .stages import Tell, nobody
from .wire.bm13xx import HeaderJob, MidstateJob, Nonce, RegisterValue, ShortFrame
from .wire.dialect import BM13XX, BM1387, Heard
from .wire.frames import Garbage

_CHIP_ID, _HCN, _TICKET, _VERSIONS = 0x00, 0x10, 0x14, 0xA4
_MOST_ANSWERS = 256
_READ_S = 0.25
_SILENT_S = 0.05  # after which what is left of a frame is none; a USB bridge may hold bytes back for 16 ms (FTDI)
_READ_TRIES = 3
_CHECKS = 3  # of which each must find it, for a line may flip bits
_START_MHZ = 50.0  # after reset, about: what a ramp begins from
_RESET = "a chip has reset itself; was its voltage too low?"
_MUTE = {
    "hash nothing": "its chips answer, and hash nothing",
    "reset": _RESET,
    "silent": "no chip answers any more; is it powered, and the line whole?",
}


class Chain:
    """`run()` listens to the line, in a task of its own; then `bring_up`."""

    def __init__(self, port: Port, row: Row, name: str, tell: Tell = nobody) -> None:
        assert row.chip is not None
        self.tell = tell
        self.ids: tuple[int, ...] = ()  # what the chips called themselves when they were counted
        self.chip, self.row, self.name = row.chip, row, name
        self.n_chips = row.chips
        self.mhz = _START_MHZ
        self.baud = row.baud
        self.ticket = 0
        self.mask = 0
        self.hashing = False  # as they were told
        self._hashed_s = self._since_s = 0.0  # before they were last told to, and when that was
        self.heard = self.broken = 0  # bytes; those of broken frames
        self.before_ramp: Callable[[], Awaitable[None]] | None = None
        self.on_nonce: Callable[[Nonce], None] | None = None
        self.tells_addresses = row.chip.job != "bm1387"  # and registers, with their values
        self._port = port
        self._speech = BM13XX if self.tells_addresses else BM1387
        self._decoder = self._speech.decoder(9)
        self._silence: asyncio.TimerHandle | None = None  # until what is left of a frame is none
        self._registers: asyncio.Queue[RegisterValue] | None = None
        self._reading = asyncio.Lock()
        self._errors: Counter[str] = Counter()
        self._short = 0  # frames as of chips that were reset
        self._checked_short = 0
        self._plls: dict[int, int] = {}  # by address, as they were read when the frequency was set

    @property
    def rate_hps(self) -> float:
        """Nominal, of all chips."""
        return self.n_chips * self.chip.rate_hps(self.mhz)

    @property
    def hashed_s(self) -> float:
        """For how long they were told to hash, so far."""
        return self._hashed_s + (asyncio.get_running_loop().time() - self._since_s if self.hashing else 0.0)

    async def run(self) -> None:
        """Listen to the line until cancelled. Raises DeviceError."""
        try:
            await self._port.listen(self._hear)
        finally:
            self._mind_silence(False)

    def _hear(self, data: bytes) -> None:
        """A timer only where silence says something, as nonces come by the hundred a second."""
        self.heard += len(data)
        self._take(self._decoder.feed(data))
        if self._silence is not None or self._decoder.undecided:
            self._mind_silence(self._decoder.undecided)

    def _mind_silence(self, matters: bool) -> None:
        if self._silence is not None:
            self._silence.cancel()
        self._silence = asyncio.get_running_loop().call_later(_SILENT_S, self._fall_silent) if matters else None

    def _fall_silent(self) -> None:
        self._silence = None
        self._take(self._decoder.flush())

    async def bring_up(self, mhz: float, before_ramp: Callable[[], Awaitable[None]] | None = None) -> None:
        """From the release of reset to `mhz`, ready for work. `before_ramp`: done when they are set up, and take little
        power yet. Raises DeviceError."""
        self.before_ramp = before_ramp
        row = self.row
        hash_board = row.domains > 1 and row.link == "serial"
        await carry_out(self, init(self.chip, self.n_chips, chain=hash_board, baud=row.fast_baud), mhz)
        self.tell("ramped")
        await self._learn()

    async def set_frequency(self, mhz: float) -> None:
        """By steps, and the time of a sweep with it. Raises InputError for a frequency that the chip has not."""
        self._plls = {}
        await carry_out(self, retune(self.chip, self.mhz, mhz), mhz)
        await self._learn()

    # Commands

    def write(self, register: int, value: int, address: int | None = None) -> None:
        """None: to all chips."""
        self._port.write(self._speech.write(register, value, address))

    def send(self, job: HeaderJob | MidstateJob) -> None:
        self._port.write(self._speech.job(job))

    def make_inactive(self) -> None:
        """From then on each takes the first address that comes to it."""
        self._port.write(self._speech.chain_inactive())

    def set_address(self, address: int) -> None:
        self._port.write(self._speech.set_address(address))

    async def set_baud(self, baud: int) -> None:
        """The host's; the chips were told before."""
        await self._port.set_baud(baud)
        self.baud = baud

    def set_ticket(self, bits: int) -> None:
        """Zero bits of a nonce beyond the chips' own."""
        self.ticket = bits
        if self.chip.ticket_most:
            self.write(_TICKET, ticket_register(bits))

    def set_mask(self, mask: int) -> None:
        """The version bits that the pool lets us roll; chips that roll them themselves are told."""
        self.mask = mask
        if self.chip.job == "header":
            self.write(_VERSIONS, versions_register(mask))

    def start_hashing(self) -> None:
        """What they were sent last."""
        if not self.hashing:
            self.hashing, self._since_s = True, asyncio.get_running_loop().time()
        for step in wake(self.chip):
            if isinstance(step, Hcn):
                self.write(_HCN, hcn(self.chip, self.n_chips, self.mhz))
            else:
                self.write(step.register, step.value)

    def stop_hashing(self) -> None:
        """Clock and voltage stay. Chips of which nobody knows how go on with what they have."""
        self._hashed_s, self.hashing = self.hashed_s, False
        for step in rest(self.chip):
            self.write(step.register, step.value)

    def quiet(self) -> None:
        """For a board without a switch: as little as can be done, without waiting."""
        with suppress(DeviceError):
            self.stop_hashing()

    async def pause(self, seconds: float) -> None:
        """After what was written has left the host."""
        await self._port.drain()
        await asyncio.sleep(seconds)

    # Questions

    async def read(self, register: int, address: int) -> int:
        """What a register of one chip holds. Raises DeviceError when it does not say."""
        for _ in range(_READ_TRIES):
            for answer in await self._ask(register, address, 1, _READ_S):
                if answer.address == address or not self.tells_addresses:
                    return answer.value
        raise RegisterSilent(f"{self.name}: the chip at address {address:02X} does not tell register {register:02X}")

    async def read_all(self, register: int) -> dict[int, int]:
        """The same of all chips that answer, by their addresses."""
        answers = await self._ask(register, None, self.n_chips, _READ_S)
        return {answer.address: answer.value for answer in answers}

    async def ask_ids(self, size: int, quiet_s: float) -> list[int]:
        """What each chip on the line calls itself, 0x1370 say; from now on it answers in so many bytes."""
        self._decoder = self._speech.decoder(size)
        return [answer.value >> 16 for answer in await self._ask(_CHIP_ID, None, _MOST_ANSWERS, quiet_s)]

    # Whether they are as they were told to be

    @property
    def in_doubt(self) -> bool:
        """A short frame came: by a flipped bit, or by a chip that was reset."""
        return self._short > self._checked_short

    async def check(self) -> None:
        """Raises DeviceError when a chip has forgotten its frequency, as it does when it is reset."""
        for _ in range(_CHECKS):
            short = self._short
            answers = await self._ask(self.chip.pll.register, None, self.n_chips, _READ_S) if self._plls else []
            odd = any(self._plls.get(answer.address, answer.value) != answer.value for answer in answers)
            if not odd and self._short == short:
                self._checked_short = self._short
                return
        raise ChipReset(f"{self.name}: {_RESET}")

    async def mute(self, told: str) -> Mute:
        """The error for it, with the reason. It may leave the line at its first speed: it is for a session's end."""
        because = await self._why_mute()
        return Mute(f"{self.name}: {told}: {_MUTE[because]}", because)

    async def _why_mute(self) -> Literal["hash nothing", "reset", "silent"]:
        if await self._ask(_CHIP_ID, None, self.n_chips, _READ_S):
            try:
                await self.check()
            except ChipReset:
                return "reset"
            return "hash nothing"
        await self.set_baud(self.row.baud)
        short = self._short
        for _ in range(_READ_TRIES):  # chips that were reset within a job take what comes next for the rest of it
            if await self._ask(_CHIP_ID, None, self.n_chips, _READ_S) or self._short > short:
                return "reset"
        return "silent"

    async def _learn(self) -> None:
        """Not what was written but what is read: which bits of it a chip changes is unproven on hardware. What comes
        twice is no flipped bit."""
        if not self.tells_addresses:
            return
        self._plls, seen = {}, set[tuple[int, int]]()
        for _ in range(_CHECKS):
            for address, value in (await self.read_all(self.chip.pll.register)).items():
                if (address, value) in seen:
                    self._plls[address] = value
                seen.add((address, value))

    async def _ask(self, register: int, address: int | None, most: int, quiet_s: float) -> list[RegisterValue]:
        """Answers that come before the line is quiet for so long, or there are so many."""
        answers: list[RegisterValue] = []
        async with self._reading:
            self._registers = asyncio.Queue()
            try:
                self._port.write(self._speech.read(register, address))
                with suppress(TimeoutError):
                    while len(answers) < most:
                        async with Patience(quiet_s):
                            answer = await self._registers.get()
                        if answer.register == register or not self.tells_addresses:
                            answers.append(answer)
            finally:
                self._registers = None
        return answers

    # What is heard

    def take_errors(self) -> Counter[str]:
        """Since the last time."""
        errors, self._errors = self._errors, Counter()
        return errors

    def _take(self, events: list[Heard]) -> None:
        for event in events:
            match event:
                case Nonce():
                    if self.on_nonce is not None:
                        self.on_nonce(event)
                case RegisterValue():
                    if self._registers is not None:
                        self._registers.put_nowait(event)
                case ShortFrame():
                    self._short += 1
                case Garbage():
                    self._errors["bytes of broken frames"] += len(event.data)
                    self.broken += len(event.data)
