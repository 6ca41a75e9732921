"""BM1362, BM1366, BM1368, BM1370 and BM1397 on one line: bytes in, time, bytes out. They really hash.

Each chip hears the line at its own speed; reset and a rail that browns out make it forget everything. What leaves for
the host takes its time on the line. Sources are in silicon.py, search.py and die.py. What is not modelled: the time
that commands take from chip to chip, collisions when all answer at once, and registers of which only names are known.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise

from ..chips.chip import Chip
from ..wire import bm13xx as wire
from .course import Course
from .die import HASH_DOMAINS, Die
from .faults import NO_FAULTS, Faults, check_faults
from .header import Midstates, WholeHeader
from .line import Line
from .search import Hit, Progress, Search, Segment, Task
from .silicon import CORE_VALUE, answer_id, same_speed
from .world import World

_WAITING = 64  # nonces that may wait for the line; no source says how many chips hold
_NONCE_BYTES = 11  # or 9, where no versions are rolled


class Chips:
    """`receive` takes what the host sent, at the moment of the last `advance`; so advance before.

    `baud` is at which `advance`'s bytes are to be sent; what is near is the same to a UART (silicon.same_speed).
    """

    def __init__(self, chip: Chip, n: int, world: World, faults: Faults = NO_FAULTS, seed: int = 1) -> None:
        check_faults(faults, n, chip.cores)
        self.dies = [Die(chip, index) for index in range(n)]
        self.world = world
        self._faults, self._seed = faults, seed
        self._search = Search(chip, self.dies[0].silicon)
        self._decoder = wire.CommandDecoder("midstate" if chip.job == "midstate" else "header")
        self.line = Line(faults, seed)
        self._course = Course(world, faults)
        self._room = _WAITING
        for die in self.dies:
            die.given_id = chip.id if faults.wrong_chip is None else faults.wrong_chip
            die.counters_lie = 1.0 if faults.lying_counter is None else faults.lying_counter
            die.slow = faults.slow
        self._alive = [_alive(chip, faults, index) for index in range(n)]
        self._heard = [] if faults.no_chips else self.dies[: faults.chain_cut]

    @property
    def baud(self) -> int:
        return round(self._heard[0].baud if self._heard else self.dies[0].baud)

    def receive(self, data: bytes, baud: int) -> None:
        hearing = [die for die in self._heard if same_speed(baud, die.baud)]
        if not self.world.running or not hearing:
            return  # at another speed it is noise to them
        for command in self._decoder.feed(data):
            self._obey(command, [die for die in hearing if same_speed(baud, die.baud)])

    def advance(self, now_s: float) -> bytes:
        """To a moment of the loop's clock; what the host gets of what they said until then."""
        elapsed_s, forgotten = self._course.advance(now_s)
        if forgotten:
            self._reset()
        self._room = _WAITING + int(elapsed_s * self.baud / 10 / _NONCE_BYTES)  # what leaves meanwhile makes room
        tasks = [die.task() if self.world.running else None for die in self._heard]
        self._hash(tasks, elapsed_s)
        for die in self.dies:
            self.world.mhz[die.index] = die.mhz if self.world.running else 0.0
            self.world.busy[die.index] = 0.0
        for die, task in zip(self._heard, tasks, strict=True):
            self.world.busy[die.index] = self._busy(die, task)
        if self._course.is_mute:
            self.line.clear()
        return self.line.leave(self.baud, elapsed_s)

    def skip(self, seconds: float) -> None:
        """As if they had hashed for so long and found nothing: for tests of silicon rows, which nobody can hash."""
        for die in self._heard:
            if (task := die.task()) is not None:
                die.progress = self._search.go_on(task, die.progress, seconds)[1]

    def _reset(self) -> None:
        for die in self.dies:
            die.reset()
        self.line.clear()
        self._decoder.flush()

    def _obey(self, command: wire.Command | wire.Garbage, dies: list[Die]) -> None:
        match command:
            case wire.ChainInactive():
                for die in dies:
                    die.inactive = True
            case wire.SetAddress(address):
                # ESP, MUJ: the first that waits for one takes it; without chain inactive before, none does
                for die in dies:
                    if die.inactive and not self._faults.address_stuck:
                        die.address, die.inactive = address, False
                        break
            case wire.ReadRegister(register, address):
                for die in _addressed(dies, address):
                    self._answer(die, register, die.read(register, self.world.chip_c(die.index)))
            case wire.WriteRegister(register, value, address):
                for die in _addressed(dies, address):
                    if (core := die.write(register, value)) is not None:
                        self._answer(die, CORE_VALUE, core)
            case wire.HeaderJob():
                self._take(WholeHeader(command), dies)
            case wire.MidstateJob():
                self._take(Midstates(command), dies)
            case _:
                pass  # garbage

    def _take(self, header: WholeHeader | Midstates, dies: list[Die]) -> None:
        self._course.job_came()
        for die in dies:
            die.take(header)

    def _answer(self, die: Die, register: int, value: int) -> None:
        self.line.say(wire.register_response(value, die.address, register, 11 if die.long_frames else 9))

    def _busy(self, die: Die, task: Task | None) -> float:
        if task is None or die.index in self._faults.dead_chips:
            return 0.0
        small_cores = die.chip.small_per_core
        gone = sum(small_cores - alive for alive in self._alive[die.index].values())
        return 1 - gone / (die.chip.cores * small_cores)

    def _hash(self, tasks: list[Task | None], seconds: float) -> None:
        """Chips that do the same are hashed together."""
        alike: dict[tuple[Task, Progress], list[Die]] = {}
        for die, task in zip(self._heard, tasks, strict=True):
            if task is not None:
                alike.setdefault((task, die.progress), []).append(die)
        for (task, progress), dies in alike.items():
            segments, after = self._search.go_on(task, progress, seconds)
            live = [die for die in dies if die.index not in self._faults.dead_chips]
            by_start: dict[int, list[Die]] = {}
            for die in live:
                by_start.setdefault(self._search.start_of(die.address, die.offset), []).append(die)
            for segment in segments:
                for hit in self._search.hits(task, segment, list(by_start)):
                    for die in by_start[hit.start]:
                        self._report(die, task, hit)
            self._count(task, segments, live)
            for die in dies:
                die.progress = after

    def _count(self, task: Task, segments: list[Segment], dies: list[Die]) -> None:
        cores = self.dies[0].chip.cores
        ends = [domain * cores // HASH_DOMAINS for domain in range(HASH_DOMAINS + 1)]
        domains = [range(first, end) for first, end in pairwise(ends)]
        tried = [self._search.hashes(task, segments, domain) for domain in domains]
        for die in dies:
            done = list(tried)
            for core, alive in self._alive[die.index].items():
                domain = next(index for index, domain in enumerate(domains) if core in domain)
                whole = self._search.hashes(task, segments, range(core, core + 1))
                done[domain] -= whole - whole * alive // die.chip.small_per_core
            die.hashes = [before + more for before, more in zip(die.hashes, done, strict=True)]
            die.wrong += sum(done) * self.world.false_rate(die.index)

    def _report(self, die: Die, task: Task, hit: Hit) -> None:
        if hit.small_core >= self._alive[die.index].get(hit.core, hit.small_core + 1) or not die.reports(hit.core):
            return
        word, rolled = self._wrong_or_not(die, task, hit), hit.rolled
        if self._faults.stuck_nonce and die.index == 0:
            die.first_report = die.first_report or (word, rolled)
            word, rolled = die.first_report
        nonce = int.from_bytes(word.to_bytes(4, "big"), "little")
        # MUJ: twice the zero bits beyond what the ticket asks for
        excess = min(255, 2 * (hit.zeros - die.chip.zero_bits - task.ticket.bit_count()))
        which = hit.rolled if isinstance(task.header, Midstates) else hit.small_core
        id = answer_id(die.silicon, task.header.id, which)
        frame = wire.nonce_response(nonce, excess, id, rolled if die.long_frames else None)
        for _ in range(2 if self._faults.duplicate_nonces else 1):
            if self.line.nonces < self._room:
                self.line.say(frame, nonce=True)
            else:
                die.overflows += 1

    def _wrong_or_not(self, die: Die, task: Task, hit: Hit) -> int:
        """A core that fails to keep up gets a hash wrong. As often as it thereby misses a nonce, it takes one for good
        that is none; here the one goes for the other. Which are wrong hangs on the nonce, not on the steps of time."""
        mark = sha256(f"{self._seed} {die.index} {hit.rolled} {task.header.id}".encode() + hit.word.to_bytes(4, "big"))
        chance, bit = int.from_bytes(mark.digest()[:4], "big") / 2**32, mark.digest()[4] % 14
        return hit.word ^ 1 << bit if chance < self.world.false_rate(die.index) else hit.word


def _alive(chip: Chip, faults: Faults, index: int) -> dict[int, int]:
    """Of the cores of one chip that are hurt: how many of their small cores hash, the first so many."""
    weak = {core: round(part * chip.small_per_core) for at, core, part in faults.weak_cores if at == index}
    return weak | {core: 0 for at, core in faults.dead_cores if at == index}


def _addressed(dies: list[Die], address: int | None) -> list[Die]:
    return [die for die in dies if address is None or die.address == address]
