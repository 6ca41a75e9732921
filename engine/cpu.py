"""The CPU as a device: a thread for each core, each drawing its own work and scanning it in slices without the GIL.

Each work has as many versions as the pool lets us roll, up to MIDSTATES: at one nonce they share the first of a hash's
two message schedules. A slice takes about a tenth of a second of a core; a new clean job ends it within a millisecond,
and so does a claim, unless they come by the hundred a second. Hashes are counted exactly as the kernel reports them.
Threads run at low priority, so that the event loop stays prompt when all cores are busy; and they take the GIL seldom,
for whoever has it and is not let run, by a machine with much else to do, holds up the loop with it. Where claims come
faster than they are read, threads wait; only claims in dead work are then dropped.
"""

from __future__ import annotations

import asyncio
import os
import sys
from array import array
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Condition, Thread, get_native_id
from time import perf_counter, thread_time
from typing import TypeVar

from ..ext.kernels import Kernel, KernelError, ScanFn, choose
from .chain.header import header_number
from .daemon import in_daemon
from .device import Capabilities, DeviceStats
from .errors import DeviceError, InputError
from .work import NONCES, Assignment, Found, Work

T = TypeVar("T")

MIDSTATES = 16  # versions hashed with each nonce: docs/kernels.md has what each number of them gains
THREADS_LIMIT = 1024
THREADS_PER_CPU = 64  # many more of them would not let the event loop through
_SLICE_S = 0.1
_CLAIM_S = 0.01  # a claim waits about so long at most for the end of its slice
_MEASURE_S = 0.02
_STARVED_S = 0.05  # between looks for new headers in an exhausted job
_UNREAD_LIMIT = 256  # claims that may wait for the judge before the threads do; one slice of each may be above it
_HITS = 256  # room in a slice beside one batch, at most
_NICE = 10


def available_cpus() -> list[int]:
    """The CPUs that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


@dataclass(slots=True)
class _Slot:
    """What one thread owns. The loop reads the numbers and sets the flag."""

    stop: array[int] = field(default_factory=lambda: array("i", [0]))
    hashes: int = 0
    starved_s: float = 0.0


@dataclass(slots=True)
class _Inbox:
    """Claims on their way from the threads to `found`, from one start to the next stop."""

    items: asyncio.Queue[Found | BaseException | None] = field(
        default_factory=asyncio.Queue["Found | BaseException | None"]
    )
    unread: int = 0

    def put(self, claims: list[Found]) -> None:
        for claim in claims:
            self.items.put_nowait(claim)


@dataclass(frozen=True, slots=True)
class _Order:
    """What was given; they are numbered."""

    serial: int
    assignment: Assignment | None


class CpuDevice:
    """A Device.

    kernel   a row of KERNELS, its name, or None for the fastest of them here
    threads  None: one for each core
    """

    def __init__(
        self,
        kernel: Kernel | str | None = None,
        threads: int | None = None,
        *,
        affinity: bool = True,
        name: str = "cpu",
    ) -> None:
        self._name, self._wanted = name, kernel
        self._cpus = available_cpus()
        most = min(THREADS_LIMIT, THREADS_PER_CPU * len(self._cpus))
        if threads is not None and not 1 <= threads <= most:
            raise InputError(f"threads: {threads}; takes 1 to {most} on {len(self._cpus)} CPUs")
        self._n_threads = threads or len(self._cpus)
        self._pin = affinity and self._n_threads <= len(self._cpus)
        self._slots = [_Slot() for _ in range(self._n_threads)]
        self._threads: list[Thread] = []
        self._ends: list[asyncio.Future[None]] = []  # one a thread, done with its last word
        self._changed = Condition()  # guards the next three, and the inbox's count
        self._order = _Order(0, None)
        self._dead = 0  # orders up to this serial are dead
        self._running = False
        self._inbox = _Inbox()
        self._kernel: Kernel | None = kernel if isinstance(kernel, Kernel) else None
        self._nominal_hps: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(version_bits=MIDSTATES.bit_length() - 1, nominal_hps=self._nominal_hps)

    def stats(self) -> DeviceStats:
        kernel = self._kernel.name if self._kernel else "no kernel yet"
        threads = f"{self._n_threads} thread{'s' if self._n_threads > 1 else ''}"
        starved_s = sum(slot.starved_s for slot in self._slots) / self._n_threads
        return DeviceStats(sum(slot.hashes for slot in self._slots), starved_s, f"{kernel}, {threads}", late_s=_SLICE_S)

    async def start(self) -> None:
        if self._running:
            raise RuntimeError(f"{self._name}: is started already")
        if self._threads:  # a stop was given up waiting for them
            raise DeviceError(f"{self._name}: its threads have not ended yet; they hang in its kernel")
        loop = self._loop = asyncio.get_running_loop()
        if not isinstance(self._wanted, Kernel):
            try:
                self._kernel = await in_daemon(partial(choose, self._wanted))
            except KernelError as error:
                raise InputError(str(error)) from None
        assert self._kernel is not None
        self._nominal_hps = await in_daemon(partial(_measure, self._kernel)) * self._n_threads
        self._inbox, self._running = _Inbox(), True
        for index in range(self._n_threads):
            end: asyncio.Future[None] = loop.create_future()
            thread = Thread(target=self._thread, args=(index, end), name=f"{self._name}-{index}", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the system's limit
                await self.stop()
                raise DeviceError(f"{self._name}: thread {index + 1} of {self._n_threads}: {error}") from None
            self._threads.append(thread)
            self._ends.append(end)

    def give(self, assignment: Assignment | None, *, clean: bool) -> None:
        with self._changed:
            if self._running:  # a job may still come while the device stops
                self._command(assignment, dead=clean or assignment is None)

    def found(self) -> AsyncIterator[Found]:
        return self._claims(self._inbox)

    async def stop(self) -> None:
        with self._changed:
            self._command(None, dead=True)
            self._running = False
        if self._ends:  # not joined in the loop's executor: a thread that hangs would hold up our exit there
            await asyncio.wait(self._ends)
        for thread in self._threads:
            thread.join()
        self._threads, self._ends = [], []
        self._inbox.items.put_nowait(None)

    def _command(self, assignment: Assignment | None, *, dead: bool) -> None:
        """Tell the threads; `dead`: drop what they do at once. The caller holds the lock."""
        if dead:
            self._dead = self._order.serial
            for slot in self._slots:
                slot.stop[0] = 1
        self._order = _Order(self._order.serial + 1, assignment)
        self._changed.notify_all()

    async def _claims(self, inbox: _Inbox) -> AsyncIterator[Found]:
        while (item := await inbox.items.get()) is not None:
            if isinstance(item, BaseException):
                raise DeviceError(f"{self._name}: {type(item).__name__}: {item}") from item
            with self._changed:
                inbox.unread -= 1
                if inbox.unread == _UNREAD_LIMIT // 2:
                    self._changed.notify_all()
            yield item

    # The threads

    def _thread(self, index: int, end: asyncio.Future[None]) -> None:
        slot, inbox = self._slots[index], self._inbox
        assert self._kernel is not None
        try:
            be_modest(self._cpus[index] if self._pin else None)
            scan = self._kernel.load()
            while (order := self._next(slot)).assignment is not None:
                work = order.assignment.draw(MIDSTATES, split=True)
                if work is None:
                    self._starve(slot, order, order.assignment)
                else:
                    self._mine(slot, scan, order, order.assignment, work)
        except BaseException as error:  # whatever it was, the miner must hear of it
            self._to_loop(inbox.items.put_nowait, error)
        finally:
            self._to_loop(end.set_result, None)

    def _next(self, slot: _Slot) -> _Order:
        """Wait for an assignment; without one the device stops."""
        with self._changed:
            while self._running and self._order.assignment is None:
                self._changed.wait()
            slot.stop[0] = 0
            return self._order

    def _starve(self, slot: _Slot, order: _Order, assignment: Assignment) -> None:
        began_s = assignment.clock()
        with self._changed:
            if self._order is order:
                self._changed.wait(_STARVED_S)
        slot.starved_s += assignment.clock() - began_s

    def _mine(self, slot: _Slot, scan: ScanFn, order: _Order, assignment: Assignment, work: Work) -> None:
        assert self._kernel is not None
        midstates, tail = work.midstates(), work.tail()
        lanes, rolled = self._kernel.lanes, len(work.versions)
        top_word = work.claim_target >> 224
        hits = array("I", bytes(8 * (lanes * rolled + self._room(top_word))))
        done, size = 0, max(lanes, 16 * lanes // rolled)
        while done < work.count and self._order is order:
            began_s = thread_time()  # of this thread: waiting for a core is no reason for shorter slices
            first, count = (work.first + done) % NONCES, min(size, work.count - done)
            n_hits, step = scan(midstates, tail, first, count, top_word, hits, slot.stop)
            took_s = thread_time() - began_s
            done += step
            slot.hashes += step * rolled
            pairs = ((work.versions[hits[2 * i]], hits[2 * i + 1]) for i in range(n_hits))
            claimed = [pair for pair in pairs if is_claim(work, *pair, top_word)]
            if claimed:
                now = assignment.clock()
                claims = [Found(self._name, (work,), nonce, v, work.ntime, now) for v, nonce in claimed]
                self._deliver(claims, order)
            if step == count:
                size = max(lanes, min(4 * size, int(size * _SLICE_S / max(took_s, 1e-6))))

    def _room(self, top_word: int) -> int:
        """Places for hits beside those of a batch. The kernel returns when they are taken: after as many hits as are
        due in _CLAIM_S. None where they are rarer: it returns at each."""
        hashes = (self._nominal_hps or 0.0) / self._n_threads * _CLAIM_S
        return min(_HITS, int(hashes * (top_word + 1) / 2**32))

    def _deliver(self, claims: list[Found], order: _Order) -> None:
        """Hand claims to `found`, when there is room for them."""
        inbox = self._inbox
        with self._changed:
            while inbox.unread >= _UNREAD_LIMIT and order.serial > self._dead:
                self._changed.wait()
            if inbox.unread >= _UNREAD_LIMIT:
                return  # nobody reads, and the work is dead
            inbox.unread += len(claims)
        self._to_loop(inbox.put, claims)

    def _to_loop(self, call: Callable[[T], None], argument: T) -> None:
        assert self._loop is not None
        with suppress(RuntimeError):  # the loop is closed: nobody will ever read
            self._loop.call_soon_threadsafe(call, argument)


def is_claim(work: Work, version: int, nonce: int, top_word: int) -> bool:
    """The kernel compares one word only: of its hits, those are none that this lets through above the target.

    A hit that even this word forbids is left for the judge: the kernel, or the core, is broken.
    """
    number = header_number(work.header(version, work.ntime, nonce))
    return number <= work.claim_target or number >> 224 > top_word


def be_modest(cpu: int | None) -> None:
    """Low priority, and one CPU, for the calling thread, where the system can do that for one thread."""
    if sys.platform != "linux":
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, get_native_id(), _NICE)
    if cpu is not None:
        with suppress(OSError):
            os.sched_setaffinity(0, {cpu})


def _measure(kernel: Kernel) -> float:
    """Hashes a second of one thread where all versions roll, roughly, within a few hundredths of a second."""
    scan, hits = kernel.load(), array("I", bytes(8 * (kernel.lanes * MIDSTATES + _HITS)))
    states, tail, stop = array("I", bytes(32 * MIDSTATES)), array("I", bytes(12)), array("i", [0])
    count, done, took_s = kernel.lanes, 0, 0.0
    while took_s < _MEASURE_S and done < NONCES:
        count = min(2 * count, NONCES)
        began_s = perf_counter()
        _, done = scan(states, tail, 0, count, 0, hits, stop)
        took_s = perf_counter() - began_s
    return done * MIDSTATES / max(took_s, 1e-9)
