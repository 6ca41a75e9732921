"""Work for boards that speak Icarus, and their nonces as claims. Source: bfgminer, driver-icarus.c.

No frame, no check and no id: new work replaces the old, and an answer of the old may still come. So each answer is
hashed against the last two works. A range is replaced before it ends, as some FPGAs then tell nonsense; boards that
stop at a nonce get the next work at once. The board is known by its answer to work whose nonce is known.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from ..engine.chain.header import double_sha256, hash_number
from ..engine.errors import DeviceError
from ..engine.work import Assignment, Found, Origin, Work
from .board import Powered
from .device import Account, Orders, Report
from .wire import icarus
from .wire.midstate import midstate_bytes

_GOLDEN_S = 2.0  # a real Icarus needs half a millisecond
_RANGE_PART = 0.9  # of its nonces, after which it gets new work
_TORN_S = 0.1  # bytes of one answer come together
_STARVED_S = 0.05
_SILENT = 25.0  # nonces that were due


class IcarusFeeder:
    """A Feeder for one session of a board."""

    def __init__(self, powered: Powered, orders: Orders, report: Report, account: Account, name: str) -> None:
        assert powered.row.icarus is not None
        self._row, self._port = powered.row.icarus, powered.port
        self._powered, self._orders, self._report = powered, orders, report
        self._account, self._name = account, name
        self._works: tuple[Work, ...] = ()  # the newest first
        self._answered = asyncio.Event()  # it waits for work
        self._expected = 0.0  # nonces due since the last

    async def run(self) -> None:
        await self._recognise()
        scaled = f", simulated at 1/2^{32 - self._row.zero_bits}" if self._row.zero_bits < 32 else ""
        self._account.note = f"{self._row.units} unit{'s' if self._row.units > 1 else ''}{scaled}"
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read())
            group.create_task(self._feed())

    async def _recognise(self) -> None:
        """Raises DeviceError when it does not find the nonce of a known block."""
        self._port.write(icarus.GOLDEN_WORK)
        answer = b""
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOLDEN_S):
                while len(answer) < self._row.answer_bytes:
                    answer += await self._port.read()
        if answer[:4] != icarus.GOLDEN_ANSWER:
            said = f"answered {answer.hex()}" if answer else "did not answer"
            raise DeviceError(
                f"{self._name}: {said} where an Icarus finds {icarus.GOLDEN_ANSWER.hex()}; is it another board, or off?"
            )

    async def _feed(self) -> None:
        loop = asyncio.get_running_loop()
        range_s = _RANGE_PART * 2**self._row.slice_bits / self._row.hps
        while True:
            assignment = self._orders.latest.assignment
            if assignment is None:
                self._works = ()  # it ends its range, and what it finds in it is nobody's
                await self._orders.wait(None)
                continue
            work = self._draw(assignment)
            began_s = loop.time()
            if work is None:
                await self._orders.wait(_STARVED_S)
                self._account.starved_s += loop.time() - began_s
                continue
            self._send(work)
            await self._pause(range_s)
            self._expect((loop.time() - began_s) * self._row.hps / 2.0**self._row.zero_bits)

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
        waits = [asyncio.create_task(self._orders.wait(seconds))]
        if not self._row.goes_on:
            waits.append(asyncio.create_task(self._wait_for_answer()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _wait_for_answer(self) -> None:
        await self._answered.wait()

    def _expect(self, due: float) -> None:
        self._expected += due
        if self._expected > _SILENT:
            raise DeviceError(f"{self._name}: no nonce came, though {self._expected:.0f} were due")

    async def _read(self) -> None:
        decoder, came = icarus.AnswerDecoder(self._row.answer_bytes), False
        while True:
            try:
                async with asyncio.timeout(_TORN_S if came else None):
                    data = await self._port.read()
            except TimeoutError:
                came = False
                self._account.errors["torn answers"] += len(decoder.flush())
                continue
            came = True
            for answer in decoder.feed(data):
                self._answer(answer)

    def _answer(self, answer: icarus.Answer) -> None:
        self._expected = 0.0
        self._answered.set()
        if not self._works:
            self._account.errors["nonces of no job"] += 1
            return
        nonce = answer.nonce
        work = next((work for work in self._works if _fits(work, nonce)), self._works[0])
        unit = int.from_bytes(answer.raw[:4], "big") * self._row.units >> 32
        self._report(
            Found(
                self._name,
                (work,),
                nonce,
                work.versions[0],
                work.ntime,
                asyncio.get_running_loop().time(),
                Origin(chip=unit),
                answer.raw,
                stands_for=2.0**self._row.zero_bits,
            )
        )


def _fits(work: Work, nonce: int) -> bool:
    return hash_number(double_sha256(work.header(work.versions[0], work.ntime, nonce))) <= work.claim_target
