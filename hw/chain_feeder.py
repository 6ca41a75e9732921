"""Work for chips with registers, and their nonces as claims.

A job is sent each interval that the cadence allows, and at once when the pool has another. Which job an answer belongs
to is told by an id of a few bits, that is soon used again: the last two works of each id are kept, and what comes in is
hashed to see which of them it was. Version bits go the way that the chip has them: rolled by itself, or four midstates.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

from ..engine.chain.header import header_number
from ..engine.errors import InputError
from ..engine.work import Assignment, Found, Job, Work
from .answers import Answers, Line
from .cadence import Cadence, cadence
from .chips.init import rest
from .chips.nonce import job_id, midstate_index, origin, sent_version, version
from .chips.ticket import best_ticket, ticket_target
from .counters import HashCounters
from .feeder import COUNTED_S, Account, Orders, Report
from .health import Health, least_core
from .powered import Powered
from .wire.bm13xx import HeaderJob, MidstateJob, Nonce
from .wire.midstate import midstate_bytes

_STARVED_S = 0.05  # between looks for new headers in an exhausted job
_UNFED_S = 1.0  # the same in one that it cannot work on
_OLD_S = 0.1  # after the first job: so long what chips that had power before say of older work may be on its way
_CHECK_LOOKS = 5  # after so many it is asked whether a chip has reset itself


class ChainFeeder:
    """A Feeder for one session of a board."""

    def __init__(self, powered: Powered, orders: Orders, report: Report, account: Account, name: str) -> None:
        assert powered.chain is not None
        self._powered, self._chain, self._chip = powered, powered.chain, powered.chain.chip
        self._orders, self._report, self._account, self._name = orders, report, account, name
        self._rests = bool(rest(self._chip))
        self._id_of = [job_id(self._chip, byte) for byte in range(256)]
        self._works: dict[int, tuple[Work, ...]] = {}  # of each job id, the newest first
        self._sent_s: dict[int, float] = {}  # when the newest of each id was
        self._first_s: float | None = None  # when the first job was sent
        self._next_id = self._chip.ids[1]  # the first is the blank job's, with which some chips are brought up
        self._fits: tuple[int, float, int] | None = None  # mask, MHz and baud of the cadence
        self._cadence: Cadence | None = None  # None: too little for it
        chip = self._chip
        self._health = Health(self._chain.n_chips, chip.cores if chip.core_bits else 0, least_core(chip))
        self._answers, self._line = Answers(), Line(self._chain.heard, self._chain.broken)
        self._counters = HashCounters(self._chain)
        self._lie = ""  # of them, if they tell one
        self._base_hashes = account.hashes or 0
        self._time = asyncio.get_running_loop().time  # looked up once, for it is asked with each nonce

    async def run(self) -> None:
        await self._count()  # from where they are
        self._chain.on_nonce = self._nonce
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._feed())
                group.create_task(self._look())
        finally:
            self._chain.on_nonce = None

    async def _feed(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            assignment = self._orders.latest
            if assignment is None:
                self._rest()
                await self._orders.wait(None)
                continue
            began_s = loop.time()
            pace = self._fit(assignment.job)
            work = self._draw(assignment) if pace is not None else None
            if work is None or pace is None:
                self._rest()
                await self._orders.wait(_STARVED_S if pace is not None else _UNFED_S)
                self._account.starved_s += loop.time() - began_s
                continue
            self._send(work)
            await self._orders.wait(pace.interval_s)

    def _rest(self) -> None:
        """Nothing to hash: the chips would repeat what they have."""
        if self._chain.hashing:
            self._chain.stop_hashing()

    def _fit(self, job: Job) -> Cadence | None:
        """Mask and ticket as the job wants them; None: the board cannot work for this pool."""
        chain, mask = self._chain, job.version_mask
        if (fits := (mask, chain.mhz, chain.baud)) != self._fits:
            self._fits = fits
            self._rest()  # no version of the old work may be rolled by the new mask
            chain.set_mask(mask)
            try:
                self._cadence = cadence(self._chip, chain.n_chips, chain.mhz, mask, chain.baud)
                self._account.alarm = self._powered.alarm
            except InputError as error:
                self._cadence, self._account.alarm = None, f"not fed: {error}"
        bits = best_ticket(self._chip, chain.n_chips, chain.mhz, chain.baud, job.target)
        if bits != chain.ticket:
            chain.set_ticket(bits)
            least = ticket_target(self._chip, bits)
            for work in (work for works in self._works.values() for work in works):
                work.claim_target = max(work.claim_target, least)  # it is answered under the new ticket too
        return self._cadence

    def _draw(self, assignment: Assignment) -> Work | None:
        claim_target = max(assignment.job.target, ticket_target(self._chip, self._chain.ticket))
        return replace(assignment, claim_target=claim_target).draw(self._versions(assignment.job.version_mask))

    def _versions(self, mask: int) -> int | None:
        """How many the chip searches with one job; None: all that it is let, whatever it is told."""
        if self._chip.job == "header":
            return None
        return self._chip.midstates if mask.bit_count() >= 2 else 1

    def _send(self, work: Work) -> None:
        id = self._next_id
        self._next_id = (id + self._chip.id_step) % self._chip.id_mod
        self._works[id] = (work, *self._works.get(id, ()))[:2]
        self._sent_s[id] = now_s = self._time()
        self._first_s = now_s if self._first_s is None else self._first_s
        job = work.job
        if self._chip.job == "header":
            base = sent_version(job.version, job.version_mask)
            self._chain.send(HeaderJob(id, job.nbits, work.ntime, work.merkle_root, job.prev_hash, base))
        else:
            words = work.midstates()
            states = tuple(midstate_bytes(words[at : at + 8]) for at in range(0, len(words), 8))
            self._chain.send(MidstateJob(id, job.nbits, work.ntime, work.merkle_root[28:], states))
        if not self._chain.hashing:
            self._chain.start_hashing()

    # What comes back

    def _nonce(self, answer: Nonce) -> None:
        id = self._id_of[answer.id]
        if not self._rests and self._is_over(id):
            return
        works, now = self._works.get(id), self._time()
        work, rolled, true = self._whose(works, answer) if works is not None else (None, 0, False)
        if work is None or (not true and self._is_old(now)):
            self._account.errors["nonces of no job"] += 1
            return
        where = origin(self._chip, self._chain.n_chips, answer.nonce, answer.id)
        stands_for = float(1 << self._chip.zero_bits + self._chain.ticket)
        key = (work.merkle_root, work.ntime, rolled, answer.nonce)
        counts = self._answers.take(where, answer.nonce, key, true=true)
        self._health.note(where, stands_for if counts else None)
        self._report(
            Found(self._name, (work,), answer.nonce, rolled, work.ntime, now, where, answer.raw, stands_for=stands_for)
        )

    def _is_old(self, now: float) -> bool:
        """Whether it may be of work from before the session, under an id that has been given anew."""
        return self._first_s is not None and now - self._first_s < _OLD_S

    def _is_over(self, id: int) -> bool:
        """Whether that work is used up by now: chips that cannot rest go over it again and again."""
        age_s = self._time() - self._sent_s.get(id, math.inf)
        return self._cadence is not None and age_s > self._cadence.epoch_s

    def _whose(self, works: tuple[Work, ...], answer: Nonce) -> tuple[Work, int, bool]:
        """The work that the nonce belongs to, its version, and whether it is true; the newest when it fits none."""
        for work in works:
            rolled = self._version(work, answer)
            if header_number(work.header(rolled, work.ntime, answer.nonce)) <= work.claim_target:
                return work, rolled, True
        return works[0], self._version(works[0], answer), False

    def _version(self, work: Work, answer: Nonce) -> int:
        if self._chip.job == "header":
            return version(work.job.version, work.job.version_mask, answer.version or 0)
        index = midstate_index(self._chip, answer.id)
        return work.versions[index if index < len(work.versions) else 0]

    # Whether it is well

    async def _look(self) -> None:
        """Once a second: what is due, what came, what the counters say."""
        chain = self._chain
        last_s, looks = chain.hashed_s, 0
        while True:
            await asyncio.sleep(COUNTED_S)
            hashed_s, looks = chain.hashed_s, looks + 1
            passed_s, last_s = hashed_s - last_s, hashed_s
            self._tell()
            self._account.errors.update(chain.take_errors())
            await self._count()
            if chain.in_doubt or looks % _CHECK_LOOKS == 0:
                await chain.check()
            if passed_s > 0:
                self._health.pass_time(
                    passed_s, chain.rate_hps * passed_s / 2.0 ** (chain.chip.zero_bits + chain.ticket)
                )
                if self._health.mute:
                    raise await chain.mute(self._health.mute)
            if chain.hashing:  # else it is told why not
                self._account.alarm = "; ".join(filter(None, (*self._alarms(), self._powered.alarm)))

    def _alarms(self) -> list[str]:
        """What comes of another is not told beside it."""
        line = self._line.look(self._chain.heard, self._chain.broken)
        told = [line, *self._answers.alarms(), self._health.silent_chips()]
        if not any(told):
            told.append(self._health.silent_cores() or self._counters.alarm)
        if not any(told):
            if self._counters.whole:
                self._lie = self._health.lies(self._counters.total)
            told.append(self._lie)
        return told

    async def _count(self) -> None:
        jumps = self._counters.jumps
        if (counted := await self._counters.read()) is not None:
            self._account.hashes = self._base_hashes + counted
            self._account.hashes_at_s = asyncio.get_running_loop().time()
        if self._counters.jumps > jumps:
            self._account.errors["counter values beyond belief"] += self._counters.jumps - jumps

    def _tell(self) -> None:
        account, chip, reading = self._account, self._chip, self._powered.reading
        account.mhz, account.celsius, account.watts = self._chain.mhz, reading.chip_c, reading.watts
        scaled = f", simulated at 1/2^{32 - chip.zero_bits}" if chip.zero_bits < 32 else ""
        account.note = f"{self._chain.n_chips} x {chip.name}{scaled}"
