"""Work for chips with registers, and their nonces as claims.

A job is sent each interval that the cadence allows, and at once when the pool has another. Which job an answer belongs
to is told by an id of a few bits, that is soon used again: the last two works of each id are kept, and what comes in is
hashed to see which of them it was. Version bits go the way that the chip has them: rolled by itself, or four midstates.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace

from ..engine.chain.header import double_sha256, hash_number
from ..engine.errors import DeviceError, InputError
from ..engine.work import Assignment, Found, Job, Origin, Work
from .board import Powered
from .cadence import Cadence, cadence
from .chips.nonce import job_id, midstate_index, origin, sent_version, version
from .chips.ticket import best_ticket, ticket_target
from .device import Account, Orders, Report
from .wire.bm13xx import HeaderJob, MidstateJob, Nonce
from .wire.midstate import midstate_bytes

_STARVED_S = 0.05  # between looks for new headers in an exhausted job
_COUNTERS_S = 1.0
_SILENT = 25.0  # nonces that were due: by chance none of them comes once in 10^10 times
_SILENT_S = 3.0  # at least, for what lies on the way
_LIES = 6.0  # standard deviations between counter and nonces
_LIES_NONCES = 200


@dataclass(frozen=True, slots=True)
class _Counted:
    """At one moment: what the chips' counters said, and what had been claimed by then."""

    hashes: int = 0
    claimed: float = 0.0
    nonces: int = 0


class ChainFeeder:
    """A Feeder for one session of a board."""

    def __init__(self, powered: Powered, orders: Orders, report: Report, account: Account, name: str) -> None:
        assert powered.chain is not None
        assert powered.row.chip is not None
        self._powered, self._chain, self._chip = powered, powered.chain, powered.row.chip
        self._orders, self._report, self._account, self._name = orders, report, account, name
        self._works: dict[int, tuple[Work, ...]] = {}  # of each job id, the newest first
        self._next_id = self._chip.ids[1]  # the first is the blank job's, with which some chips are brought up
        self._mask: int | None = None
        self._ticket = self._chain.ticket
        self._cadence: Cadence | None = None
        self._hashing = False
        self._expected = 0.0  # nonces due since the last one
        self._counts: Counter[tuple[int | None, int | None]] = Counter()  # of this session, by chip and core
        self._due = 0.0  # nonces of this session
        self._claimed = 0.0  # hashes that they stand for
        self._counted = _Counted()  # when their counters were last read
        self._base_hashes = account.hashes or 0

    async def run(self) -> None:
        await self._read_counters()  # from where they count
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
            assignment = self._orders.latest.assignment
            if assignment is None:
                self._rest()
                await self._orders.wait(None)
                continue
            began_s = loop.time()
            pace = self._fit(assignment.job)
            work = self._draw(assignment) if pace is not None else None
            if work is None or pace is None:
                self._rest()
                await self._orders.wait(None if pace is None else _STARVED_S)
                self._account.starved_s += loop.time() - began_s
                continue
            self._send(work)
            await self._orders.wait(pace.interval_s)

    def _rest(self) -> None:
        """Nothing to hash: the chips would repeat what they have."""
        if self._hashing:
            self._chain.stop_hashing()
            self._hashing = False

    def _fit(self, job: Job) -> Cadence | None:
        """Mask and ticket as the job wants them; None: the board cannot work for this pool."""
        if job.version_mask != self._mask:
            self._mask = job.version_mask
            self._chain.set_mask(self._mask)
            try:
                self._cadence = cadence(self._chip, self._chain.n_chips, self._chain.mhz, self._mask, self._chain.baud)
                self._account.alarm = self._powered.alarm
            except InputError as error:
                self._cadence, self._account.alarm = None, f"not fed: {error}"
        bits = best_ticket(self._chip, self._chain.n_chips, self._chain.mhz, self._chain.baud, job.target)
        if bits != self._ticket:
            self._ticket = bits
            self._chain.set_ticket(bits)
            least = ticket_target(self._chip, bits)
            for works in self._works.values():  # they are answered under the new ticket too
                for work in works:
                    work.claim_target = max(work.claim_target, least)
        return self._cadence

    def _draw(self, assignment: Assignment) -> Work | None:
        claim_target = max(assignment.job.target, ticket_target(self._chip, self._ticket))
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
        if not self._hashing:
            self._chain.start_hashing()
            self._hashing = True
        job = work.job
        if self._chip.job == "header":
            base = sent_version(job.version, job.version_mask)
            self._chain.send(HeaderJob(id, job.nbits, work.ntime, work.merkle_root, job.prev_hash, base))
        else:
            words = work.midstates()
            states = tuple(midstate_bytes(words[at : at + 8]) for at in range(0, len(words), 8))
            self._chain.send(MidstateJob(id, job.nbits, work.ntime, work.merkle_root[28:], states))

    # What comes back

    def _nonce(self, answer: Nonce) -> None:
        works = self._works.get(job_id(self._chip, answer.id), ())
        if not works:
            self._account.errors["nonces of no job"] += 1
            return
        work, rolled = self._whose(works, answer)
        where = origin(self._chip, self._chain.n_chips, answer.nonce, answer.id)
        self._note(where)
        now = asyncio.get_running_loop().time()
        stands_for = 2.0 ** (self._chip.zero_bits + self._ticket)
        self._claimed += stands_for
        self._report(
            Found(self._name, (work,), answer.nonce, rolled, work.ntime, now, where, answer.raw, stands_for=stands_for)
        )

    def _whose(self, works: tuple[Work, ...], answer: Nonce) -> tuple[Work, int]:
        """The work that the nonce belongs to, and its version; the newest when it fits none."""
        candidates = [(work, self._version(work, answer)) for work in works]
        for work, rolled in candidates:
            if hash_number(double_sha256(work.header(rolled, work.ntime, answer.nonce))) <= work.claim_target:
                return work, rolled
        return candidates[0]

    def _version(self, work: Work, answer: Nonce) -> int:
        if self._chip.job == "header":
            return version(work.job.version, work.job.version_mask, answer.version or 0)
        index = midstate_index(self._chip, answer.id)
        return work.versions[index if index < len(work.versions) else 0]

    def _note(self, where: Origin) -> None:
        self._expected = 0.0
        self._counts[where.chip, where.core] += 1

    # Whether it is well

    async def _look(self) -> None:
        """Once a second: what is due, what came, what the counters say."""
        loop = asyncio.get_running_loop()
        last_s, waited_s = loop.time(), 0.0
        while True:
            await asyncio.sleep(_COUNTERS_S)
            now = loop.time()
            passed_s, last_s = now - last_s, now
            self._tell()
            self._account.errors.update(self._chain.take_errors())
            if not self._hashing:
                self._expected = waited_s = 0.0
                continue
            due = self._chain.rate_hps * passed_s / 2.0 ** (self._chip.zero_bits + self._ticket)
            self._due += due
            self._expected, waited_s = self._expected + due, waited_s + passed_s if self._expected else 0.0
            if self._expected > _SILENT and waited_s > _SILENT_S:
                raise DeviceError(
                    f"{self._name}: no nonce came for {waited_s:.0f} s, though {self._expected:.0f} were due"
                )
            await self._read_counters()
            self._account.alarm = self._alarm()

    async def _read_counters(self) -> None:
        counted = await self._chain.hashes()
        if counted is not None:
            self._counted = _Counted(counted, self._claimed, self._counts.total())
            self._account.hashes = self._base_hashes + counted

    def _alarm(self) -> str:
        silent = self._silent()
        if silent:
            return f"{silent} {'is' if silent.count(',') == 0 else 'are'} silent"
        if self._lies():
            return f"its counter says {self._counted.hashes / self._counted.claimed:.2f} times what its nonces do"
        return self._powered.alarm

    def _silent(self) -> str:
        """Chips, or else cores, of which no nonce came though many were due."""
        chips = range(self._chain.n_chips)
        of_chip = Counter[int | None]()
        for (chip, _), n in self._counts.items():
            of_chip[chip] += n
        if None in of_chip:  # this kind does not tell which of them it was
            return ""
        if self._due / len(chips) < _SILENT:
            return ""
        gone = [f"chip {chip}" for chip in chips if not of_chip[chip]]
        if gone or self._due / len(chips) / self._chip.cores < _SILENT:
            return ", ".join(gone)
        cores = ((chip, core) for chip in chips for core in range(self._chip.cores))
        return ", ".join(f"core {core} of chip {chip}" for chip, core in cores if not self._counts[chip, core])

    def _lies(self) -> bool:
        counted = self._counted
        if not counted.hashes or counted.nonces < _LIES_NONCES:
            return False
        expected = counted.hashes * counted.nonces / counted.claimed  # nonces, by the counter
        return bool(abs(expected - counted.nonces) > _LIES * counted.nonces**0.5)

    def _tell(self) -> None:
        account, chip, reading = self._account, self._chip, self._powered.reading
        account.mhz, account.celsius, account.watts = self._chain.mhz, reading.chip_c, reading.watts
        scaled = f", simulated at 1/2^{32 - chip.zero_bits}" if chip.zero_bits < 32 else ""
        account.note = f"{self._chain.n_chips} x {chip.name}{scaled}"
