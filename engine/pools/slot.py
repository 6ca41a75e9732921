"""What a pool tells its miner, coalesced: of jobs that come faster than they are read only the newest counts.

Two things survive the jobs they came with: that older work is dead (`clean`), and that a connection was lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from ..work import Job


class JobSlot:
    """One writer, one reader."""

    def __init__(self) -> None:
        self._job: Job | None = None
        self._lost = False  # to be told before the job
        self._ended = False
        self._error: BaseException | None = None
        self._changed = asyncio.Event()

    def open(self) -> None:
        """Again, after an end: nothing is left of before."""
        if self._ended:
            self._job, self._lost, self._ended, self._error = None, False, False, None

    def put(self, job: Job) -> None:
        unread = self._job
        self._job = replace(job, clean=True) if unread is not None and unread.clean and not job.clean else job
        self._changed.set()

    def lose(self) -> None:
        """There is nothing to work on any more."""
        self._job, self._lost = None, True
        self._changed.set()

    def end(self, error: BaseException | None = None) -> None:
        """The reader ends when it has read what is there; with an error it raises it."""
        self._ended, self._error = True, self._error or error
        self._changed.set()

    async def read(self) -> AsyncIterator[Job | None]:
        """Each job that is still the newest when it is asked for; None when there is none any more."""
        while True:
            self._changed.clear()
            if self._lost:
                self._lost = False
                yield None
            elif (job := self._job) is not None:
                self._job = None
                yield job
            elif self._error is not None:
                raise self._error
            elif self._ended:
                return
            else:
                await self._changed.wait()
