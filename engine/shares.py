"""From a claim to its outcome: judged, counted, sent if the pool should see it, and settled.

The tally agrees at every moment. Where claims come faster than a pool answers (a difficulty so low that every nonce is
a share), devices wait in `room`, so that what is on its way stays bounded and the loop prompt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .chain.header import hash_text
from .chain.target import difficulty_from_target
from .events import HardwareError, Report, ShareDone
from .judge import Fate, Judge, Quality, Verdict
from .pool import Pool
from .tally import Outcome, PoolTally, Result, Tally
from .work import Found

SENDING_LIMIT = 256  # shares on their way; beyond them devices wait with their claims
_CLAIMS_A_TURN = 16  # weighed in a row, some 10 us each; a turn of the loop costs as much as one of them
_FALSE, _CLAIM = Quality.FALSE, Quality.CLAIM  # Python 3.11 takes its time to look members up
_FINISH_S = 1.0  # for shares that the pool has settled to be counted
_FATES = {
    Fate.STALE: Outcome.STALE,
    Fate.DUPLICATE: Outcome.DUPLICATE,
    Fate.OUTSIDE_MASK: Outcome.STALE,  # the pool has changed the mask meanwhile
    Fate.OUTSIDE_NTIME: Outcome.REJECTED,
}


class Shares:
    """Those of one miner. `settled` is called after each that has its outcome."""

    def __init__(self, pool: Pool, report: Report, settled: Callable[[], None]) -> None:
        self.judge = Judge()
        self.tally = Tally()
        self.pools: dict[str, PoolTally] = {}  # by name; of those that a share was found for
        self._pool, self._report, self._settled = pool, report, settled
        self._sending: dict[Verdict, tuple[Tally, asyncio.Task[None]]] = {}
        self._room = asyncio.Event()
        self._hurry = False
        self._since_turn = 0  # claims

    def weigh(self, found: Found, own: Tally, group: asyncio.TaskGroup, now: float) -> bool:
        """Judge a claim at `now` (the loop's clock) and count it, in `own` too, its device's tally. A share is sent by
        a task of the group. True: the device is to wait for `room` before its next."""
        verdict = self.judge.judge(found, now)
        quality = verdict.quality
        self._since_turn += 1
        if quality is _FALSE:
            for tally in (self.tally, own):
                tally.hardware_errors += 1
            self._report(HardwareError(found.device, f"{found.nonce:08x}"))
            return self._since_turn >= _CLAIMS_A_TURN
        for tally in (self.tally, own):
            if verdict.fate is Fate.DUPLICATE:
                tally.repeats += 1
            else:
                tally.claims += 1
                tally.claimed += found.stands_for
                tally.claimed_squares += found.stands_for**2
        if quality is _CLAIM:
            return self._since_turn >= _CLAIMS_A_TURN or len(self._sending) >= SENDING_LIMIT
        difficulty = verdict.difficulty
        for tally in (self.tally, own, self._of_pool(verdict)):
            tally.open(difficulty)
        if verdict.sendable:
            self._since_turn = _CLAIMS_A_TURN
            self._sending[verdict] = (own, group.create_task(self._send(verdict, own)))
        else:
            self._settle(verdict, own, Result(_FATES[verdict.fate], verdict.fate.value))
        return True

    async def room(self) -> None:
        """Give the others their turn, after a share at once, as it is to leave; and wait while too many are on their
        way."""
        if self._since_turn >= _CLAIMS_A_TURN:
            self._since_turn = 0
            await asyncio.sleep(0)
        while len(self._sending) >= SENDING_LIMIT and not self._hurry:
            self._room.clear()
            await self._room.wait()

    def hurry(self) -> None:
        """Nobody is to wait for room any more: devices stop, what they have left is little."""
        self._hurry = True
        self._room.set()

    async def finish(self) -> None:
        """Count what the pool has settled in stopping; a share of which it says nothing even then is given up."""
        tasks = [task for _, task in self._sending.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=_FINISH_S)
        for task in tasks:
            task.cancel()

    def give_up(self) -> None:
        """What is still on its way is lost."""
        for share, (own, _) in list(self._sending.items()):
            self._settle(share, own, Result(Outcome.LOST, "not answered before the end"))

    async def _send(self, share: Verdict, own: Tally) -> None:
        self._settle(share, own, await self._pool.submit(share))

    def _settle(self, share: Verdict, own: Tally, result: Result) -> None:
        self._sending.pop(share, None)
        self._room.set()
        block = share.quality is Quality.BLOCK
        of_pool = self._of_pool(share)
        for tally in (self.tally, own, of_pool):
            tally.close(result, block=block)
        if result.outcome is Outcome.ACCEPTED:
            of_pool.credited += float(difficulty_from_target(share.work.job.target))
        self._report(
            ShareDone(
                share.work.job.pool or self._pool.name,
                share.found.device,
                result.outcome.value,
                result.reason,
                float(share.difficulty),
                block,
                hash_text(share.hash.to_bytes(32, "little")),
                result.latency_s,
            )
        )
        self._settled()

    def _of_pool(self, share: Verdict) -> PoolTally:
        """Of the pool that gave its job, whichever gives work now."""
        return self.pools.setdefault(share.work.job.pool or self._pool.name, PoolTally())
