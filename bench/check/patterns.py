"""The pattern test: each core is given a job whose nonce is known, and must say exactly that one.

    outcomes = await try_patterns(powered, known(powered.row, powered.point.mhz, each=3))

A job is sent, left for as long as the chips need to come to its nonce, and replaced by the next; which of them an
answer belongs to says its id. What is missing after all of them is asked again, with more time for a host that is late.
A core that does not find its own but finds others is not dead: the rest of it hashes. It leaves out what any of this
means for a verdict.

Chips that take midstates sweep on beyond their part: left for long, the chip before a dead one would find its nonces.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeAlias

from ...engine.chain.header import Header, hash_number
from ...engine.errors import InputError
from ...engine.work import Origin
from ...ext._scan import midstate
from ...hw.boards.row import Icarus
from ...hw.cadence import LATENCY_S, job_bytes
from ...hw.chain import Chain
from ...hw.chips.init import rest
from ...hw.chips.nonce import job_id, origin
from ...hw.chips.ticket import best_ticket, ticket_target
from ...hw.patterns.job import blank_job, job, mask_for, version_of
from ...hw.patterns.known import Known
from ...hw.patterns.place import sweep_ticks
from ...hw.patterns.search import Spot
from ...hw.ports.port import Port
from ...hw.powered import Powered
from ...hw.wire import icarus
from ...hw.wire.bm13xx import Nonce
from ...hw.wire.midstate import midstate_bytes

State: TypeAlias = Literal["found", "missing", "wrong"]
_SLACK_S = (0.01, 0.05, 0.25, 0.25)  # of each try, beside the sweep
_FEW = 64  # missing ones that are worth more than a second try: if they are more, it was not chance
_SWEEP = 0x10  # register: the time of a sweep
_BIT_TIMES = 10  # to a byte
_ROUNDED_S = 2e-5  # more than it takes to lose the last nonce of a sweep


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one core. wrong: its nonce is missing, and false ones came from that core.

    known   the pattern that was found, or the first that was asked for
    others  true nonces that came from this core meanwhile, its pattern not counted
    """

    known: Known
    state: State
    tries: int
    others: int
    false: int

    @property
    def spot(self) -> Spot:
        return self.known.place.chip, self.known.place.core

    @property
    def where(self) -> str:
        """As a person counts them: chip 0 is the first of the line."""
        chip, core = self.spot
        return f"chip {chip}" if core is None else f"chip {chip}, core {core}"


async def try_patterns(
    powered: Powered,
    patterns: Sequence[Known],
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[Outcome]:
    """Of each core that has patterns, in their order. Several of one core have their turns until one is found, for a
    small core may be missing by design. `tell` is told how many cores were asked of how many.

    The board hashes nothing else meanwhile; ticket and versions are what the test needs, and so they stay. Raises
    InputError when the line cannot carry nonces as easy as these, DeviceError when the board fails.
    """
    tally = _Tally()
    if not patterns:
        return []
    test: _Test
    if powered.chain is not None:
        test = _ChainTest(powered.chain, patterns, tally)
    else:
        assert powered.row.icarus is not None
        test = _IcarusTest(powered.port, powered.row.icarus, tally)
    of_core: dict[Spot, list[int]] = {}
    for index, each in enumerate(patterns):
        of_core.setdefault((each.place.chip, each.place.core), []).append(index)
    tries: Counter[Spot] = Counter()
    async with test:
        for number, slack_s in enumerate(_SLACK_S):
            missing = [spot for spot, own in of_core.items() if tally.found.isdisjoint(own)]
            if not missing or (number > 1 and len(missing) > _FEW):
                break
            for done, spot in enumerate(missing):
                tell(done, len(missing))
                tries[spot] += 1
                index = of_core[spot][number % len(of_core[spot])]
                await test.ask(index, patterns[index], slack_s)
            test.pause()
            await asyncio.sleep(2 * LATENCY_S)
    return [_outcome(spot, patterns, own, tries[spot], tally) for spot, own in of_core.items()]


def _outcome(spot: Spot, patterns: Sequence[Known], own: Sequence[int], tries: int, tally: _Tally) -> Outcome:
    found = [patterns[index] for index in own if index in tally.found]
    state: State = "found" if found else "wrong" if tally.false[spot] else "missing"
    return Outcome((found or [patterns[own[0]]])[0], state, tries, tally.others[spot], tally.false[spot])


class _Tally:
    """What came."""

    def __init__(self) -> None:
        self.found: set[int] = set()
        self.others: Counter[Spot] = Counter()
        self.false: Counter[Spot] = Counter()

    def take(self, where: Origin, sent: Iterable[tuple[int, Header, Header]], most: int) -> None:
        """An answer. sent: jobs that it may belong to, with the header asked for and the one that it makes; most: the
        highest hash that is told."""
        spot = where.chip if where.chip is not None else -1, where.core
        for index, wanted, got in sent:
            if got == wanted:
                self.found.add(index)
                return
            if hash_number(got.hash) <= most:
                self.others[spot] += 1
                return
        self.false[spot] += 1


class _Test(Protocol):
    async def __aenter__(self) -> object: ...
    async def __aexit__(self, *_: object) -> None: ...

    async def ask(self, index: int, known: Known, slack_s: float) -> None:
        """Send it, and leave it for as long as it takes."""
        ...

    def pause(self) -> None:
        """No chip shall come to what it was not asked for."""


class _ChainTest:
    """On chips with registers."""

    def __init__(self, chain: Chain, patterns: Sequence[Known], tally: _Tally) -> None:
        self._chain, self._chip, self._tally = chain, chain.chip, tally
        self._sweep_ticks = 0
        if self._chip.job == "header":
            places = [each.place for each in patterns]
            self._sweep_ticks = sweep_ticks(self._chip, chain.n_chips, chain.mhz, places)
        self._easiest = min(each.pattern.zero_bits for each in patterns)
        self._sent: dict[int, tuple[tuple[int, Known], ...]] = {}  # by job id, the newest first
        self._next_id = self._chip.ids[1]  # the first is the blank job's, with which some chips are brought up

    async def __aenter__(self) -> _ChainTest:
        chain, chip = self._chain, self._chip
        hardest = 2 ** (256 - self._easiest) - 1
        bits = best_ticket(chip, chain.n_chips, chain.mhz, chain.baud, hardest)
        if ticket_target(chip, bits) < hardest:
            raise InputError(
                f"{chain.name}: patterns of {self._easiest} zero bits; at {chain.baud} baud it cannot tell nonces with "
                f"fewer than {chip.zero_bits + bits}: harvest others from a node"
            )
        chain.stop_hashing()
        chain.set_ticket(bits)
        chain.on_nonce = self._take
        return self

    async def __aexit__(self, *_: object) -> None:
        self._chain.on_nonce = None
        self._chain.quiet()

    async def ask(self, index: int, known: Known, slack_s: float) -> None:
        chain, chip = self._chain, self._chip
        id = self._next_id
        self._next_id = (id + chip.id_step) % chip.id_mod
        self._sent[id] = ((index, known), *self._sent.get(id, ()))[:2]
        if (mask := mask_for(chip, known.pattern)) != chain.mask:
            chain.set_mask(mask)
        chain.send(job(chip, known.pattern, id))
        if not chain.hashing:
            chain.start_hashing()
            if self._sweep_ticks:
                chain.write(_SWEEP, self._sweep_ticks)
        sweep_s = known.place.after_s + min(slack_s, known.place.alone_s / 2) + _ROUNDED_S
        # each job begins when it has come whole, and so does the next, as much later as it was sent later
        await asyncio.sleep(max(sweep_s, job_bytes(chip, chip.midstates) * _BIT_TIMES / chain.baud))

    def pause(self) -> None:
        if rest(self._chip):
            self._chain.stop_hashing()
        else:  # nothing stops it, but other work
            self._chain.send(blank_job(self._chip, self._next_id))
            self._sent.pop(self._next_id, None)

    def _take(self, answer: Nonce) -> None:
        chip = self._chip
        if not (sent := self._sent.get(job_id(chip, answer.id))):
            return  # to other work
        where = origin(chip, self._chain.n_chips, answer.nonce, answer.id)
        self._tally.take(
            where,
            [
                (
                    index,
                    known.pattern.header,
                    replace(known.pattern.header, version=version_of(chip, known.pattern, answer), nonce=answer.nonce),
                )
                for index, known in sent
            ],
            ticket_target(chip, self._chain.ticket),
        )


class _IcarusTest:
    """On boards that speak Icarus: one work at a time, and an answer without an id."""

    def __init__(self, port: Port, row: Icarus, tally: _Tally) -> None:
        self._port, self._row, self._tally = port, row, tally
        self._sent: tuple[tuple[int, Known], ...] = ()
        self._decoder = icarus.AnswerDecoder(row.answer_bytes)

    async def __aenter__(self) -> _IcarusTest:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.pause()

    def pause(self) -> None:
        """It ends its range; nothing stops such a board."""

    async def ask(self, index: int, known: Known, slack_s: float) -> None:
        self._sent = ((index, known), *self._sent)[:2]
        data = known.pattern.header.pack()
        self._port.write(icarus.work(midstate_bytes(midstate(data[:64])), data[64:76]))
        on_line_s = icarus.WORK_SIZE * _BIT_TIMES / 115200
        with suppress(TimeoutError):
            async with asyncio.timeout(on_line_s + known.place.after_s + LATENCY_S + slack_s):
                while index not in self._tally.found:
                    for answer in self._decoder.feed(await self._port.read()):
                        self._take(answer)
        self._decoder.flush()

    def _take(self, answer: icarus.Answer) -> None:
        unit = int.from_bytes(answer.raw[:4], "big") * self._row.units >> 32
        self._tally.take(
            Origin(chip=unit),
            [
                (index, known.pattern.header, replace(known.pattern.header, nonce=answer.nonce))
                for index, known in self._sent
            ],
            2 ** (256 - self._row.zero_bits) - 1,
        )
