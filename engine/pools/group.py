"""Several pools as one: ordered failover with fail-back, work by quota, and a switch by hand.

The members stand in tiers: those with a quota together, each of the others by itself. Work comes from the best tier
that has any. A better one that has failed is tried in the background all the while, by connections of its own that go
as far as a first job; when it has had work without a break for `failback` seconds, that very connection is mined on.
A worse one is opened when all better ones have had their chance, and closed when it is no longer needed. Jobs and
shares are bound to the connection of their pool; of what no pool gave, nothing is sent. Sources: docs/pools.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from ..crash import crash
from ..errors import InputError
from ..events import PoolSwitched, Report
from ..judge import Quality, Verdict
from ..pool import Demand, Pool, PoolStats
from ..tally import Outcome, Result
from ..work import Job
from .member import Member, Policy
from .slot import JobSlot
from .turns import Turns

Tier = list[Member]

_CALM_TICK_S = 1.0  # where nobody waits for a pool
_CRASHED_S = 10.0  # not to fill the log
_IDLE_TOLD_S = 1.0  # without work: a switch takes less


class PoolGroup:
    """A Pool made of Pools, the best first.

    quotas  for each member its part of the work; 0: it is a backup. All 0, or none at all: in order
    """

    def __init__(
        self, pools: Sequence[Pool], report: Report, policy: Policy | None = None, quotas: Sequence[int] = ()
    ) -> None:
        self._policy, self._report = policy or Policy(), report
        self._slot = JobSlot()
        self._members = list[Member]()
        self._leaving = list[Member]()  # not any more; what is on its way there is still settled
        self._set(pools, quotas)
        self._current: Member | None = None
        self._chosen: Member | None = None  # by hand
        self._demand = Demand()
        self._runner: asyncio.Task[None] | None = None
        self._deciding = False
        self._began_s = 0.0  # when it became that
        self._shown: Member | None = None  # the one that was told of last
        self._why = ""  # the one before was left
        self._turns = Turns()
        self._counted = 0.0  # work that is on somebody's account

    @property
    def name(self) -> str:
        return (self._current or self._members[0]).name

    def stats(self) -> PoolStats:
        members = tuple(self._stats(member) for member in self._members)
        current = PoolStats() if self._current is None else self._current.pool.stats()
        return replace(
            current,
            reconnects=sum(stats.reconnects for stats in members),
            malformed=sum(stats.malformed for stats in members),
            members=members,
        )

    async def start(self, demand: Demand) -> None:
        self._demand = demand
        self._counted = demand.hashes() if demand.hashes is not None else asyncio.get_running_loop().time()
        self._slot.open()
        self._decide()
        self._runner = asyncio.create_task(self._run(), name="pools")

    def jobs(self) -> AsyncIterator[Job | None]:
        return self._slot.read()

    async def submit(self, share: Verdict) -> Result:
        """To the pool that gave its job, if it would still have it; a block in any case."""
        job = share.work.job
        member = self._owner(job)
        if member is None:
            return Result(Outcome.LOST, f"no pool is named {job.pool!r}")
        newest = member.job
        gone = newest is None or (newest.session, newest.prev_hash) != (job.session, job.prev_hash)
        if gone and share.quality is not Quality.BLOCK:
            return Result(Outcome.STALE, "stale")
        loop = asyncio.get_running_loop()
        member.sent(share, loop.time())
        result = await member.pool.submit(share)
        member.settled(share, result, loop.time())
        return result

    @property
    def _all(self) -> list[Member]:
        return [*self._members, *self._leaving]

    def _owner(self, job: Job) -> Member | None:
        """Whose job it is. A pool that is there with other settings bears the name of the one that leaves."""
        named = [member for member in self._all if member.name == job.pool]
        own = [member for member in named if member.job is not None and member.job.session == job.session]
        return next(iter([*own, *named]), None)

    @property
    def chosen(self) -> str | None:
        """By hand; None: in the order that was given."""
        return None if self._chosen is None else self._chosen.name

    def switch(self, name: str | None) -> None:
        """Mine on that pool as soon as it has work, as if it were the first; None: in the order that was given.

        Raises InputError that lists the names.
        """
        chosen = next((member for member in self._members if member.name == name), None)
        if chosen is None and name is not None:
            raise InputError(f"pool {name!r}: choose from {', '.join(member.name for member in self._members)}")
        self._chosen = chosen
        if chosen is not None:
            chosen.relieve()
        self._decide()

    def change(self, pools: Sequence[Pool], policy: Policy | None = None, quotas: Sequence[int] = ()) -> None:
        """Other members, in another order, from now on. A pool that stays keeps its connection and work; one that goes
        has a while to settle what is on its way. Raises InputError, and then nothing has changed."""
        before = set(self._members)
        self._policy = self._set(pools, quotas, policy)
        now = asyncio.get_running_loop().time()
        self._leaving += [member for member in before if member not in self._members]
        for member in self._leaving:
            member.needed_s = now
        if self._chosen in self._leaving:
            self._chosen = None
        self._decide()

    def _set(self, pools: Sequence[Pool], quotas: Sequence[int], policy: Policy | None = None) -> Policy:
        names = [pool.name for pool in pools]
        if not names or len(set(names)) < len(names):
            raise InputError(f"pools {', '.join(names)}: takes one or more, each with a name of its own")
        policy, known = policy or self._policy, {id(member.pool): member for member in self._members}
        members = [known.get(id(pool)) or Member(pool, policy, self._told, self._report) for pool in pools]
        for member, quota in zip(members, [*quotas, *([0] * (len(pools) - len(quotas)))], strict=True):
            member.policy, member.quota = policy, quota
        self._members = members
        return policy

    async def stop(self) -> None:
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.wait([self._runner])
            self._runner = None
        if closing := [task for member in self._all if (task := member.close()) is not None]:
            await asyncio.wait(closing)
        self._leaving.clear()
        self._current = None
        self._slot.end()

    # What to do

    async def _run(self) -> None:
        while True:
            waits = any(member.is_open and not member.usable for member in self._members)
            await asyncio.sleep(self._policy.tick if waits else max(self._policy.tick, _CALM_TICK_S))
            try:
                self._decide()
            except Exception as error:
                self._report(crash("the choice of a pool", error))
                await asyncio.sleep(_CRASHED_S)

    def _told(self, member: Member) -> None:
        """A member's work has changed."""
        if self._runner is None:
            return
        if member is self._current and member.job is not None:
            self._slot.put(replace(member.job, pool=member.name))
        self._decide()

    def _decide(self) -> None:
        """Whom to mine on, whom to open, whom to close."""
        if self._deciding:  # one that we have just sent to rest has told us
            return
        self._deciding = True
        try:
            now = asyncio.get_running_loop().time()
            self._credit(now)
            for member in self._members:
                if member.is_open and (stats := member.pool.stats()).refused:
                    member.rest(now, stats.failure)
            tiers = self._tiers(now)
            self._mine_on(self._choose(tiers, now), now)
            self._keep_open(tiers, now)
        finally:
            self._deciding = False

    def _tiers(self, now: float) -> list[Tier]:
        """The best first; those that rest are the last resort."""
        others = [member for member in self._members if member is not self._chosen]
        tiers = [] if self._chosen is None else [[self._chosen]]
        tiers += [[member for member in others if member.quota], *([member] for member in others if not member.quota)]
        fit = [[member for member in tier if not member.resting(now)] for tier in tiers]
        resting = [[member] for tier in tiers for member in tier if member.resting(now)]
        return [tier for tier in [*fit, *resting] if tier]

    def _choose(self, tiers: list[Tier], now: float) -> Member | None:
        """Whom to mine on."""
        current = self._current if self._current in self._members else None
        usable = [tier for tier in ([m for m in tier if m.usable] for tier in tiers) if tier]
        if not usable:  # one that leaves is mined on until another has work, or it is closed
            return self._current if self._current in self._leaving and self._current.usable else None
        if current is None or not current.usable or current.resting(now):
            return self._turns.next_of(usable[0])
        for tier in usable:
            if current in tier:
                in_turn = now - self._began_s < self._policy.slice
                return current if in_turn else self._turns.next_of(tier)
            if fit := [member for member in tier if self._may_come_back(member, now)]:
                return self._turns.next_of(fit)
        return current

    def _may_come_back(self, member: Member, now: float) -> bool:
        if member is self._chosen:
            return True
        return self._policy.failback is not None and member.stable(now, self._policy.failback)

    def _mine_on(self, member: Member | None, now: float) -> None:
        before = self._current
        if member is before:
            if member is None and self._shown is not None and now - self._began_s >= _IDLE_TOLD_S:
                self._show(None)
            return
        in_turn = before is not None and member is not None and before.usable and before.quota and member.quota
        if before is not None and not in_turn:
            self._why = self._reason(before, member, now)
        self._current, self._began_s = member, now
        if member is None or member.job is None:
            self._slot.lose()
            return
        lives = before is not None and before.usable
        self._slot.put(replace(member.job, pool=member.name, clean=not lives))
        if not in_turn and member is not self._shown:
            self._show(member)

    def _reason(self, before: Member, member: Member | None, now: float) -> str:
        """Why `before` is left."""
        if before not in self._members:
            return "it is not named any more"
        if before.resting(now):
            return before.rest_reason
        if before.usable:
            return "chosen by hand" if member is self._chosen else "it is back"
        return before.failure or "it has no more work"

    def _show(self, member: Member | None) -> None:
        """Tell of a switch; not that the first pool is mined on from the start."""
        before, self._shown = self._shown, member
        failed = [f"{other.name}: {other.failure}" for other in self._members if other is not member and other.failure]
        why = self._why or next(iter(failed), "")
        if why or member is not self._members[0]:
            name, old = (None if one is None else one.name for one in (member, before))
            self._report(PoolSwitched(name, old, why))

    def _keep_open(self, tiers: list[Tier], now: float) -> None:
        """What is mined on, all that is better, and where nothing of that works, the next; the rest is closed."""
        current = self._current if self._current in self._members else None
        needed = {current} if current is not None else set[Member]()
        stays = self._policy.failback is None and self._chosen in (None, current)
        if stays and current is not None and not current.resting(now):
            tiers = [tier for tier in tiers if current in tier]
        for tier in tiers:
            needed.update(tier)
            if any(member.usable or not member.tried(now) for member in tier):
                break
        self._leaving = [member for member in self._leaving if member.is_open]
        for member in self._all:
            if member in needed:
                member.needed_s = now
                member.open(self._demand_of(member))
            elif member.resting(now) or now - member.needed_s >= self._policy.linger:
                member.close()

    # Whose work it is

    def _credit(self, now: float) -> None:
        """Put what was done since the last time on the account of the pool that is mined on."""
        done = self._demand.hashes() if self._demand.hashes is not None else now
        if self._current is not None:
            self._turns.credit(self._current, done - self._counted)
        self._counted = done
        self._turns.take_part([member for member in self._members if member.quota and member.usable])

    def _demand_of(self, member: Member) -> Demand:
        """Its part of what the devices do."""
        demand = self._demand
        part = member.quota / sum(other.quota for other in self._members) if member.quota else 1
        rate_hps = None if demand.rate_hps is None else demand.rate_hps * part
        hashes = None if demand.hashes is None else (lambda: int(member.worked))
        return replace(demand, rate_hps=rate_hps, hashes=hashes)

    def _stats(self, member: Member) -> PoolStats:
        now = asyncio.get_running_loop().time()
        stats = member.pool.stats()
        if member is self._current:
            state = "mining"
        elif member.quota and member.usable and self._current is not None and self._current.quota:
            state = "mining in turn"
        elif member.resting(now):
            state = "resting"
        elif member.usable:
            state = "ready"
        else:
            state = "trying" if member.is_open else "backup"
        return replace(stats, name=member.name, state=state, failure=self._failure_of(member, now))

    @staticmethod
    def _failure_of(member: Member, now: float) -> str:
        return member.rest_reason if member.resting(now) else member.failure
