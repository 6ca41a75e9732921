"""A miner under faults: real Miner, StratumPool and PoolServer, the fault proxy between them, and the account of every
share on both sides.

`virtual(seed, faults)` plays it in virtual time, `grouped` with two pools as one, `sockets` over TCP. Faults come in
bursts; after each burst the link is left alone until a share counts again, which is the time to recover. The device
hashes for real, a few nonces at a time, at difficulties where that is enough.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random
from typing import Any

from joulehash.engine.chain.header import double_sha256, hash_number
from joulehash.engine.clock import VirtualLoop, run_virtual
from joulehash.engine.device import Capabilities, DeviceStats
from joulehash.engine.events import Event, ShareDone
from joulehash.engine.judge import Verdict
from joulehash.engine.miner import Miner
from joulehash.engine.pool import Pool
from joulehash.engine.pools.connect import connect as connect_tcp
from joulehash.engine.pools.group import PoolGroup
from joulehash.engine.pools.stratum import StratumPool
from joulehash.engine.pools.timing import Timing
from joulehash.engine.pools.url import PoolURL
from joulehash.engine.poolserver.server import Listen, PoolServer, ServerSettings, listen_tcp, serving
from joulehash.engine.poolserver.session import Accepted, Rejected, Session
from joulehash.engine.stratum.client import Settings
from joulehash.engine.tally import Outcome, Result
from joulehash.engine.templates.memory import MemoryChain
from joulehash.engine.work import Assignment, Found

from .bad_miner import BadMiners
from .fault_proxy import KINDS, FaultProxy
from .virtual_net import Network

EASY = Fraction(1, 10**9)  # some 4 hashes a share
BLOCK = 1 << 248  # one share in 64 is a block
RECOVERED_WITHIN_S = 1500.0  # silence of 300 s, jumps of 400 s and a minute of waiting, several in one burst
SETTINGS = Settings("good.miner", agent="joulehash/faults", suggest_difficulty=Fraction(0))
WALL_S = 1_700_000_000.0  # since 1970, when a run begins


class HashingDevice:
    """A Device that tries a few nonces now and then."""

    def __init__(self, random: Random, every_s: float) -> None:
        self.name, self.capabilities = "hashing", Capabilities(version_bits=2, nominal_hps=5.0)
        self._random, self._every_s = random, every_s
        self._assignment: Assignment | None = None
        self._changed = asyncio.Event()
        self._stopped = False
        self._hashes = 0

    async def start(self) -> None:
        self._stopped = False

    def give(self, assignment: Assignment | None, *, clean: bool) -> None:
        self._assignment = assignment
        self._changed.set()

    async def found(self) -> AsyncIterator[Found]:
        while not self._stopped:
            assignment = self._assignment
            if assignment is None:
                self._changed.clear()
                await self._changed.wait()
                continue
            await asyncio.sleep(self._random.uniform(0.2, 1.8) * self._every_s)
            work = assignment.draw(4)
            if work is None:
                continue
            for nonce in range(32):
                version = work.versions[nonce % len(work.versions)]
                self._hashes += 1
                if hash_number(double_sha256(work.header(version, work.ntime, nonce))) <= work.claim_target:
                    now = asyncio.get_running_loop().time()
                    yield Found(self.name, (work,), nonce, version, work.ntime, now)
                    break

    def stats(self) -> DeviceStats:
        return DeviceStats(self._hashes)

    async def stop(self) -> None:
        self._stopped = True
        self._changed.set()


class WatchedPool(StratumPool):
    """Remembers what became of each share."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.results: dict[bytes, Result] = {}

    async def submit(self, share: Verdict) -> Result:
        assert share.header not in self.results, "a share was given to the pool twice"
        self.results[share.header] = Result(Outcome.LOST, "pending")
        result = await super().submit(share)
        self.results[share.header] = result
        return result


class WatchedServer(PoolServer):
    """Remembers the shares that it has accepted."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.accepted: Counter[bytes] = Counter()
        self.number_from(1)

    def number_from(self, extranonce1: int) -> None:
        """By chance otherwise, and then no schedule would come again."""
        self._next_extranonce1 = extranonce1

    def weighed(self, session: Session, address: str, event: Accepted | Rejected) -> None:
        if isinstance(event, Accepted):
            self.accepted[event.hashed.header] += 1
        super().weighed(session, address, event)


@dataclass
class Account:
    """What came of a run."""

    faults: Counter[str] = field(default_factory=Counter[str])
    outcomes: Counter[str] = field(default_factory=Counter[str])
    found: int = 0
    accepted_by_pool: int = 0
    unheard: int = 0  # accepted by the pool, and lost to the miner: the answer did not come through
    repeated: int = 0  # accepted, but the proxy had sent it twice, and the second answer came first
    excused: Counter[int] = field(default_factory=Counter[int])  # refusals that the proxy's doing had led to, by code
    blocks: int = 0
    sessions: int = 0
    recovery_s: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])  # (latest fault, how long)
    slowest_s: float = 0.0  # answer to a share
    wrong: list[str] = field(default_factory=list[str])

    def add(self, other: Account) -> None:
        for name in ("faults", "outcomes", "excused"):
            getattr(self, name).update(getattr(other, name))
        for name in ("found", "accepted_by_pool", "unheard", "repeated", "blocks", "sessions"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.recovery_s += other.recovery_s
        self.wrong += other.wrong

    def quantile_s(self, part: float, kind: str | None = None) -> float:
        times = sorted(seconds for of, seconds in self.recovery_s if kind in (None, of))
        return times[min(len(times) - 1, int(part * len(times)))] if times else 0.0


@dataclass(frozen=True)
class End:
    """A pool, the proxy before it, and the miner's end of the way there."""

    server: WatchedServer
    proxy: FaultProxy
    pool: WatchedPool


class Rig:
    """A miner and its pools, whose proxies share one burst. `pool`: what several are to it."""

    def __init__(self, ends: Sequence[End], device: HashingDevice, pool: Pool | None = None) -> None:
        self.ends, self.account, self._burst_of = ends, Account(), ends[0].proxy.burst
        self._random = ends[0].proxy.random
        self.miner = Miner(pool or ends[0].pool, [device], self.report)
        self._counted = asyncio.Event()

    def report(self, event: Event) -> None:
        """At each thing that happens the account must agree."""
        if isinstance(event, ShareDone) and event.latency_s is not None:
            self.account.slowest_s = max(self.account.slowest_s, event.latency_s)
        if isinstance(event, ShareDone) and event.outcome == Outcome.ACCEPTED.value:
            self._counted.set()
        if not self.miner.tally.agrees:
            self.account.wrong.append(f"at {event}: the tally does not agree")

    async def run(self, faults: int, *, most: int, within_s: float) -> Account:
        """`faults` of them in bursts of up to `most`, each followed by a recovery."""
        mining = asyncio.create_task(self.miner.run())
        try:
            await self._share_counts(within_s)
            while (done := self._faults()) < faults and not self.account.wrong:
                await self._burst(min(self._random.randint(1, most), faults - done), within_s)
            await self._share_counts(within_s)
        except TimeoutError:
            self.account.wrong.append(f"nothing counted in {within_s:g} s after {self._burst_of.last}: a deadlock")
        finally:
            self.miner.stop()
            await mining
        return self._settled()

    async def run_beside(self, others: Coroutine[Any, Any, None]) -> Account:
        """Mine while others do what they do; nothing of it may be felt."""
        mining = asyncio.create_task(self.miner.run())
        await self._share_counts(60.0)
        await others
        await self._share_counts(60.0)
        self.miner.stop()
        await mining
        return self._settled()

    def _faults(self) -> int:
        return sum(end.proxy.faults.total() for end in self.ends)

    async def _burst(self, size: int, within_s: float) -> None:
        burst = self._burst_of
        burst.begin(size)
        try:
            async with asyncio.timeout(within_s):
                await burst.spent.wait()
        finally:
            burst.left = 0
        at, kind = burst.last
        await self._share_counts(within_s)
        self.account.recovery_s.append((kind, asyncio.get_running_loop().time() - at))

    async def _share_counts(self, within_s: float) -> None:
        self._counted.clear()
        async with asyncio.timeout(within_s):
            await self._counted.wait()

    def _settled(self) -> Account:
        account, tally = self.account, self.miner.tally
        if tally.pending or not tally.agrees:
            account.wrong.append(f"at the end {tally.pending} shares are pending")
        for end in self.ends:
            self._settle(end)
        account.outcomes = Counter({outcome.value: n for outcome, n in tally.outcomes.items()})
        account.found, account.blocks = tally.found, tally.blocks
        return account

    def _settle(self, end: End) -> None:
        """What both sides of one way hold of the same shares."""
        account, accepted = self.account, end.server.accepted
        strangers = {header for other in self.ends if other is not end for header in other.pool.results}
        account.wrong += [f"{header.hex()} went to another pool" for header in strangers & accepted.keys()]
        ours = {header: accepted[header] for header in end.pool.results if header in accepted}
        for header, result in end.pool.results.items():
            if result.outcome is Outcome.ACCEPTED and header not in ours:
                account.wrong.append(f"{header.hex()} counts for the miner and not for the pool")
            elif result.outcome is Outcome.LOST and header in ours:
                account.unheard += 1
            elif result.outcome is Outcome.DUPLICATE and header in ours and end.proxy.repeated:
                account.repeated += 1
            elif result.outcome is not Outcome.ACCEPTED and header in ours:
                account.wrong.append(f"{header.hex()} counts for the pool, but for the miner is {result}")
        account.wrong += [f"{header.hex()} counted {n} times" for header, n in ours.items() if n > 1]
        account.wrong += end.proxy.wrong
        account.faults.update(end.proxy.faults)
        account.excused.update(end.proxy.excused)
        account.accepted_by_pool += len(ours)
        account.sessions += end.pool.stats().reconnects + 1


def virtual(seed: int, faults: int, most: int = 12) -> Account:
    """In virtual time: minutes of silence and backoff, and clock jumps."""

    async def main() -> Account:
        async with in_virtual_time(seed) as stage:
            rig = Rig([stage.end()], HashingDevice(stage.proxy.random, 1.0))
            return await rig.run(faults, most=most, within_s=RECOVERED_WITHIN_S)

    return run_virtual(main())


def grouped(seed: int, faults: int, quotas: Sequence[int] = (), most: int = 12) -> Account:
    """Two pools as one, each behind a proxy of its own, with the same faults on either; else as `virtual`."""

    async def main() -> Account:
        async with in_virtual_time(seed) as first, in_virtual_time(seed + 1_000_000, first) as second:
            ends = [first.end(), second.end()]
            group = PoolGroup([end.pool for end in ends], _unheard, quotas=quotas)
            rig = Rig(ends, HashingDevice(first.proxy.random, 1.0), group)
            return await rig.run(faults, most=most, within_s=RECOVERED_WITHIN_S)

    return run_virtual(main())


def attacked(seed: int, attacks: int, at_once: int = 16) -> tuple[Account, BadMiners]:
    """A miner that is never hurt, on a pool that others attack, `at_once` of them side by side. In virtual time."""

    async def main() -> tuple[Account, BadMiners]:
        async with in_virtual_time(seed) as stage:
            bad = BadMiners(lambda: stage.network.connect(PoolURL(*stage.server.address)), Random(seed))
            rig = Rig([stage.end()], HashingDevice(Random(seed), 1.0))

            async def attack() -> None:
                while bad.attacks.total() < attacks:
                    await bad.attack()

            async def attackers() -> None:
                async with asyncio.TaskGroup() as group:
                    for _ in range(at_once):
                        group.create_task(attack())

            account = await rig.run_beside(attackers())
            await asyncio.sleep(60.0)
            account.wrong += [f"{session.user} is still there" for session in stage.server.sessions.values()]
            return account, bad

    return run_virtual(main())


@dataclass
class Stage:
    """A pool in virtual time, and the proxy before it."""

    network: Network
    server: WatchedServer
    proxy: FaultProxy

    def pool(self) -> WatchedPool:
        """A miner's end of the way to it, through the proxy."""
        url, random = PoolURL(*self.proxy.here), Random(self.proxy.random.random())
        return WatchedPool(url, SETTINGS, _unheard, random=random, connect=self.network.connect)

    def end(self) -> End:
        return End(self.server, self.proxy, self.pool())


@asynccontextmanager
async def in_virtual_time(seed: int, beside: Stage | None = None) -> AsyncGenerator[Stage]:
    """`beside`: whose network and burst it shares; its extranonce1 are others, as its pool is another."""
    random, network = Random(seed), beside.network if beside is not None else Network(latency_s=0.01)
    async with _server(network.listen) as (server, clock_off):
        if beside is not None:
            server.number_from(1 << 31)

        def jump() -> None:
            """The machine slept, or its clock was set."""
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            if random.random() < 0.5:
                loop.stand_still(random.choice((1.0, 30.0, 400.0)))
            else:
                clock_off[0] += random.choice((-3600.0, -5.0, 5.0, 3600.0))

        there = PoolURL(*server.address)
        proxy = FaultProxy(lambda: network.connect(there), random, jump=jump)
        if beside is not None:
            proxy.burst = beside.proxy.burst
        listener, host, port = await network.listen(lambda: _protocol(proxy))
        proxy.here = host, port
        await listener.start_serving()
        try:
            yield Stage(network, server, proxy)
        finally:
            listener.close()
            await proxy.stop()


def sockets(seed: int, faults: int, miners: int = 10, most: int = 4) -> Account:
    """Over TCP on loopback and in real time, with everything 200 times as quick; `miners` of them side by side on one
    pool, each with a proxy of its own."""
    scale = 1 / 200
    timing = Timing(
        connect=2.0,
        handshake=2.0,
        silence=3.0,
        answer=1.0,
        stop=0.3,
        retry_first=0.02,
        retry_most=0.2,
        stable=1.0,
        redirect_most=0.2,
        tick=0.05,
    )

    async def one(server: WatchedServer, number: int, faults: int) -> Account:
        random, there = Random(seed * 1000 + number), PoolURL(*server.address)
        kinds = tuple(kind for kind in KINDS if kind != "clock jump")
        proxy = FaultProxy(lambda: connect_tcp(there), random, scale, kinds)
        listener = await asyncio.start_server(proxy.meet, "127.0.0.1", 0, limit=1 << 22)
        proxy.here = listener.sockets[0].getsockname()[:2]
        pool = WatchedPool(PoolURL(*proxy.here), SETTINGS, _unheard, timing, random)
        try:
            rig = Rig([End(server, proxy, pool)], HashingDevice(random, 0.05))
            return await rig.run(faults, most=most, within_s=30.0)
        finally:
            listener.close()
            await proxy.stop()

    async def main() -> Account:
        async with _server(listen_tcp) as (server, _):
            share, rest = divmod(faults, miners)
            tasks = [one(server, i, share + (i < rest)) for i in range(miners)]
            total = Account()
            for account in await asyncio.gather(*tasks):
                total.add(account)
            return total

    return asyncio.run(main())


@asynccontextmanager
async def _server(listen: Listen) -> AsyncGenerator[tuple[WatchedServer, list[float]]]:
    """The pool, and by how much the clock of its chain is off."""
    offset, loop = [0.0], asyncio.get_running_loop()
    chain = MemoryChain(BLOCK, clock=lambda: WALL_S + loop.time() + offset[0])
    settings = ServerSettings(difficulty=EASY, least_difficulty=EASY / 16, sessions=10_000)
    server = WatchedServer(chain, settings, _unheard, listen=listen)
    async with serving(server):
        yield server, offset


def _protocol(proxy: FaultProxy) -> asyncio.Protocol:
    reader = asyncio.StreamReader(limit=1 << 22)
    return asyncio.StreamReaderProtocol(reader, proxy.meet)


def _unheard(event: Event) -> None:
    """What the pools say beside the account is not needed."""
    del event
