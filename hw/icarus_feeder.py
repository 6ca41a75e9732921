"""Work for boards that speak Icarus, and their nonces as claims. Source: bfgminer, driver-icarus.c.

No frame, no check and no id: new work replaces the old, and an answer to the old may still come. So each answer is
hashed against the last two works. A range is replaced before it ends, as some FPGAs then tell nonsense; boards that
stop at a nonce get the next work at once. The board is known by its answer to work whose nonce is known.

Nothing stops such a board: told to rest, it ends the range that it has, or repeats it, and what it finds then is not
taken.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from ..engine.chain.header import header_number
from ..engine.work import Assignment, Found, Origin, Work
from .answers import Answers
from .boards.row import Icarus
from .errors import Mute, NotIcarus
from .feeder import Account, Orders, Report
from .health import Health
from .patience import Patience
from .powered import Powered
from .wire import icarus
from .wire.midstate import midstate_bytes

_GOLDEN_S = 2.0  # beside the time that the board needs: half a millisecond for a real Icarus
_RANGE_PART = 0.9  # of its nonces, after which it gets new work
_TORN_S = 0.1  # bytes of one answer come together
_STARVED_S = 0.05


class IcarusFeeder:
    """A Feeder for one session of a board."""

    def __init__(self, powered: Powered, orders: Orders, report: Report, account: Account, name: str) -> None:
        assert powered.row.icarus is not None
        self._row, self._port, self._powered = powered.row.icarus, powered.port, powered
        self._orders, self._report = orders, report
        self._account, self._name = account, name
        self._works: tuple[Work, ...] = ()  # the newest first
        self._over_s = 0.0  # when the newest has no nonces left; those that come later are repeated
        self._answered = asyncio.Event()  # it waits for work
        self._health = Health(self._row.units, word="unit")
        self._judged = Answers("unit")

    async def run(self) -> None:
        await self._recognise()
        scaled = f", simulated at 1/2^{32 - self._row.zero_bits}" if self._row.zero_bits < 32 else ""
        self._account.note = f"{self._row.units} unit{'s' if self._row.units > 1 else ''}{scaled}"
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read())
            group.create_task(self._feed())

    async def _recognise(self) -> None:
        """Raises DeviceError when it does not find the nonce of a known block. Answers to what another program left it
        with may come before."""
        self._port.write(icarus.GOLDEN_WORK)
        heard = b""
        with suppress(TimeoutError):
            async with Patience(_GOLDEN_S + 2 * _golden_s(self._row)):
                while not self._is_golden(heard):
                    heard += await self._port.read()
                return
        said = f"answered {heard[:16].hex()}" if heard else "did not answer"
        raise NotIcarus(
            f"{self._name}: {said} where an Icarus finds {icarus.GOLDEN_ANSWER.hex()}; is it another board, or off?",
            heard,
        )

    def _is_golden(self, heard: bytes) -> bool:
        at = heard.find(icarus.GOLDEN_ANSWER)
        return at >= 0 and len(heard) >= at + self._row.answer_bytes

    async def _feed(self) -> None:
        loop = asyncio.get_running_loop()
        range_s = 2**self._row.slice_bits / self._row.hps
        while True:
            assignment = self._orders.latest
            if assignment is None:
                self._over_s = loop.time()
                await self._orders.wait(None)
                continue
            work = self._draw(assignment)
            began_s = loop.time()
            if work is None:
                await self._orders.wait(_STARVED_S)
                self._account.starved_s += loop.time() - began_s
                continue
            self._send(work)
            self._over_s = began_s + range_s
            await self._pause(_RANGE_PART * range_s)
            self._look(loop.time() - began_s)

    def _draw(self, assignment: Assignment) -> Work | None:
        least = 2 ** (256 - self._row.zero_bits) - 1
        return replace(assignment, claim_target=max(assignment.job.target, least)).draw()

    def _send(self, work: Work) -> None:
        self._works = (work, *self._works)[:2]
        header = work.header(work.versions[0], work.ntime, 0)
        self._answered.clear()
        self._port.write(icarus.work(midstate_bytes(work.midstates()), header[64:76]))

    async def _pause(self, seconds: float) -> None:
        """Until the range is nearly over, there is other work, or it waits for work."""
        if self._row.goes_on:
            await self._orders.wait(seconds)
            return
        answered = asyncio.ensure_future(self._answered.wait())
        changed = asyncio.ensure_future(self._orders.wait(seconds))
        try:
            await asyncio.wait([answered, changed], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in (answered, changed):
                wait.cancel()
            await asyncio.gather(answered, changed, return_exceptions=True)

    def _look(self, seconds: float) -> None:
        """Of hashing. Raises DeviceError when nothing comes any more."""
        self._health.pass_time(seconds, seconds * self._row.hps / 2.0**self._row.zero_bits)
        if self._health.mute:
            raise Mute(f"{self._name}: {self._health.mute}; is it powered, and the line whole?", "silent")
        told = (*self._judged.alarms(), self._health.silent_chips(), self._powered.alarm)
        self._account.alarm = "; ".join(filter(None, told))

    async def _read(self) -> None:
        decoder, came = icarus.AnswerDecoder(self._row.answer_bytes), False
        while True:
            try:
                async with Patience(_TORN_S if came else None):
                    data = await self._port.read()
            except TimeoutError:
                came = False
                if decoder.flush():
                    self._account.errors["torn answers"] += 1
                continue
            came = True
            for answer in decoder.feed(data):
                self._answer(answer)

    def _answer(self, answer: icarus.Answer) -> None:
        self._answered.set()
        now = asyncio.get_running_loop().time()
        if not self._works or now > self._over_s:
            return
        nonce = answer.nonce
        fits = next((work for work in self._works if _fits(work, nonce)), None)
        work = fits or self._works[0]
        where = Origin(chip=int.from_bytes(answer.raw[:4], "big") * self._row.units >> 32)
        stands_for = 2.0**self._row.zero_bits
        counts = self._judged.take(where, nonce, (work.merkle_root, work.ntime, nonce), true=fits is not None)
        self._health.note(where, stands_for if counts else None)
        self._report(
            Found(
                self._name,
                (work,),
                nonce,
                work.versions[0],
                work.ntime,
                now,
                where,
                answer.raw,
                stands_for=stands_for,
            )
        )


def _golden_s(row: Icarus) -> float:
    """Until that nonce has its turn: its unit is the first, and counts up from 0."""
    return int.from_bytes(icarus.GOLDEN_ANSWER, "big") * row.units / row.hps


def _fits(work: Work, nonce: int) -> bool:
    return header_number(work.header(work.versions[0], work.ntime, nonce)) <= work.claim_target
