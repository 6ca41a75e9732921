"""Runs trials in processes of their own, the cells that have fewest first, until all have enough or it is told to stop.

    run(book, cells(), Aim(), jobs=2, until=…, tell=…)

What is done is in the book at once; whoever stops it loses the runs in progress and nothing else.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context

from .book import Book
from .kinds import Cell
from .trial import Trial, run_trial


@dataclass(frozen=True, slots=True)
class Aim:
    """Runs of each cell. No miss in 50 says at most 6 % of misses; no false fail in 300, of a family's two boards, at
    most 1 % of false fails. Seeds go up from the first: those before may have been spent on mending the check."""

    faulty: int = 50
    sound: int = 150
    first: int = 1

    def of(self, cell: Cell) -> int:
        return self.sound if cell.kind is None else self.faulty


def upcoming(book: Book, every: Sequence[Cell], aim: Aim) -> Iterator[tuple[Cell, int]]:
    """Cells and seeds that are missing, those first that have the least part of their aim."""
    done = Counter((board, label) for board, label, seed in book.trials if seed >= aim.first)
    rounds = [
        ((number + 0.5) / aim.of(cell), order, cell)
        for order, cell in enumerate(every)
        for number in range(done[cell.board, cell.label], aim.of(cell))
    ]
    given: dict[tuple[str, str], Iterator[int]] = {}
    for _, _, cell in sorted(rounds, key=lambda one: one[:2]):
        seeds = given.setdefault((cell.board, cell.label), _free(book, cell, aim))
        if (seed := next(seeds, None)) is not None:
            yield cell, seed


def _free(book: Book, cell: Cell, aim: Aim) -> Iterator[int]:
    seeds = range(aim.first, aim.first + aim.of(cell))
    missing = [seed for seed in seeds if not book.has(cell.board, cell.label, seed)]
    return iter(missing)


def run(
    book: Book,
    every: Sequence[Cell],
    aim: Aim,
    jobs: int,
    is_over: Callable[[], bool],
    tell: Callable[[Trial], None],
    given: Sequence[str] = (),
) -> None:
    """Into the book. KeyboardInterrupt ends it, and goes on to whoever called."""
    todo = upcoming(book, every, aim)
    running: set[Future[Trial]] = set()
    with ProcessPoolExecutor(jobs, get_context("spawn"), _deaf_to_interrupts) as pool:
        try:
            while True:
                while len(running) < jobs and not is_over() and (one := next(todo, None)) is not None:
                    running.add(pool.submit(run_trial, one[0].board, one[0].label, one[1], given))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    trial = future.result()
                    book.add(trial)
                    tell(trial)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _deaf_to_interrupts() -> None:
    """Ctrl-C goes to all of a terminal's processes: the one that they work for ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
