"""A Stratum V1 pool on asyncio: connects, reconnects, feeds the protocol and writes what it says.

The protocol itself is stratum/client.py, its line is line.py's, what it must do by when is timing.py's, and where
client.reconnect may lead redirect.py's.
Leaves out: several pools and failover (a group of these does that).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from random import Random

from ..chain.target import difficulty_from_target
from ..crash import crash, in_words
from ..errors import PoolError, PoolRefused, ProtocolError
from ..events import Connected, Disconnected, JobReceived, Malformed, PoolMessage, Report
from ..journal import Journal
from ..judge import Quality, Verdict
from ..pool import SESSIONS, Demand, PoolStats
from ..stratum import client
from ..stratum.client import Answered, ClientProtocol, NewJob, Quirks, Ready, Redirected, Refused, Said, Settings
from ..stratum.lines import Malformed as BadLine
from ..stratum.lines import printable
from ..tally import Outcome, Result
from ..work import Job
from .blocks import PoolBlocks
from .connect import Connect, connect
from .leftovers import Leftovers
from .line import Line, opened
from .pays import PayCheck
from .redirect import followed
from .slot import JobSlot
from .suggestion import Suggestion, suggested_at
from .timing import Backoff, Patience, Timing
from .told import Told
from .url import PoolURL

_MALFORMED_LIMIT = 20  # lines of one connection that cannot be understood
_NEXT_JOB_S = 0.02  # between two jobs: a flood of them must not keep devices from working
_BUSY_S = 0.005  # of our time that its words take at once; after more the pool waits as long


class StratumPool:
    """A Pool. Jobs, shares and their answers belong to one connection and never cross to another.

    timing, random, connect  for tests: how long, what jitter, and how a connection is made
    name                     how it is shown, instead of its URL
    """

    def __init__(
        self,
        url: PoolURL,
        settings: Settings,
        report: Report,
        timing: Timing | None = None,
        random: Random | None = None,
        connect: Connect = connect,
        name: str = "",
        journal: Journal | None = None,
    ) -> None:
        self._name = name or url.address
        self._url, self._settings, self._report = url, settings, report
        self._timing = timing or Timing()
        self._backoff = Backoff(self._timing, random or Random())
        self._connect = connect
        self._quirks = Quirks()
        self._protocol: ClientProtocol | None = None
        self._line: Line | None = None
        self._waiting: dict[Verdict, asyncio.Future[Result]] = {}
        self._slot = JobSlot()
        self._left = Leftovers(self._settle, self._timing.resume, self._timing.resume_block)
        self._pay_check = PayCheck(self.name, settings.user, settings.pays_me, report)
        self._blocks = (
            None if journal is None else PoolBlocks(journal, f"{url.host}:{url.port} {settings.user}", report)
        )
        self._told = Told(self._name, report)
        self._runner: asyncio.Task[None] | None = None
        self._at = url  # where we are connected, or try to
        self._redirect: tuple[PoolURL, float] | None = None  # where we were sent, and after how many seconds
        self._sessions = self._malformed = 0
        self._ready_s: float | None = None  # when the connection of now was authorized
        self._latency_s: float | None = None
        self._failure, self._refused = "", False
        self._by_rate = settings.suggest_difficulty is None
        self._hashes: Callable[[], int] | None = None  # done for this pool; None: nothing is to follow them

    @property
    def name(self) -> str:
        return self._name

    def stats(self) -> PoolStats:
        protocol = self._protocol
        ready = protocol is not None and protocol.ready
        return PoolStats(
            connected=ready,
            user=self._settings.user,
            difficulty=protocol.difficulty if protocol is not None and ready else None,
            latency_s=self._latency_s,
            reconnects=max(0, self._sessions - 1),
            malformed=self._malformed,
            pays=self._pay_check.part if ready else None,
            failure="" if ready else self._failure,
            refused=self._refused and not ready,
        )

    async def start(self, demand: Demand) -> None:
        settings = self._settings
        self._hashes = demand.hashes if self._by_rate else None
        if self._by_rate and demand.rate_hps:
            settings = replace(settings, suggest_difficulty=suggested_at(demand.rate_hps))
        bits = max(settings.min_bit_count, demand.version_bits)
        self._settings = replace(settings, min_bit_count=bits)
        self._slot.open()
        self._failure, self._refused = "", False
        if self._blocks is not None:
            self._blocks.begin()
        self._runner = asyncio.create_task(self._run(), name=f"pool {self.name}")
        self._runner.add_done_callback(self._ended)

    async def jobs(self) -> AsyncIterator[Job | None]:
        loop = asyncio.get_running_loop()
        async for job in self._slot.read():
            given_s = loop.time()
            yield job
            if (wait_s := given_s + _NEXT_JOB_S - loop.time()) > 0:
                await asyncio.sleep(wait_s)

    async def submit(self, share: Verdict) -> Result:
        if self._runner is None:
            return Result(Outcome.LOST, "not connected")
        block = share.quality is Quality.BLOCK
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting[share] = future
        self._send(share, loop.time())
        if block and self._blocks is not None:
            self._blocks.found(share)
        try:
            result = await future
        finally:
            self._waiting.pop(share, None)
        if block and self._blocks is not None:
            self._blocks.answered(share, result)
        return result

    def _send(self, share: Verdict, now: float, *, again: bool = False) -> None:
        """Or keep a block for a session that goes on; or settle it."""
        protocol = self._protocol
        if share.quality is Quality.BLOCK and (protocol is None or not protocol.ready):
            self._keep(share, "found while there was no connection")
        elif protocol is None:
            self._settle(share, Result(Outcome.LOST, "not connected"))
        elif refused := protocol.submit(share, now, again=again or share.quality is Quality.BLOCK):
            self._settle(share, refused)
        self._flush()

    async def stop(self) -> None:
        if self._protocol is None:
            self._left.give_up()
        if self._waiting:
            await asyncio.wait(list(self._waiting.values()), timeout=self._timing.stop)
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.wait([self._runner])
            self._runner = None
        self._left.give_up()
        for share in list(self._waiting):
            self._settle(share, Result(Outcome.LOST, "stopped"))
        self._slot.end()
        if self._blocks is not None:
            await self._blocks.finish()

    def fail(self, error: BaseException) -> None:
        """Let the reader of jobs have an error that is nobody's but ours."""
        self._slot.end(error)

    def _ended(self, runner: asyncio.Task[None]) -> None:
        if not runner.cancelled() and (error := runner.exception()) is not None:
            self.fail(error)

    async def _run(self) -> None:
        """Connect for ever, with a jittered backoff that only a stable connection resets."""
        loop = asyncio.get_running_loop()
        while True:
            self._at, refused = self._url if self._redirect is None else self._redirect[0], False
            self._redirect, self._ready_s = None, None
            try:
                await self._connect_and_serve(self._at)
                reason = "the pool asked us to reconnect"
            except PoolError as error:
                refused = isinstance(error, PoolRefused) and (self._ready_s is None or self._pay_check.underpaid)
                reason = str(error)
            except Exception as error:  # this connection ends with it, and not the miner
                reason = in_words(error)
                self._report(crash(self.name, error))
            self._failure, self._refused = reason, refused
            if self._ready_s is not None and loop.time() - self._ready_s >= self._timing.stable:
                self._backoff.reset()
            asked_s = None if self._redirect is None else self._redirect[1]
            wait_s = self._backoff.next_s(refused=refused, asked_s=asked_s)
            self._report(Disconnected(self.name, f"{self._at.address}: {reason}", round(wait_s, 3)))
            await asyncio.sleep(wait_s)

    async def _connect_and_serve(self, url: PoolURL) -> None:
        """One connection, from its opening to its end. Raises PoolError; returns when the pool redirects us."""
        line = self._line = await opened(self._connect, url, self._timing.connect)
        self._sessions += 1
        self._pay_check.begin()
        protocol = self._protocol = ClientProtocol(self._settings, self._quirks, next(SESSIONS))
        reason = "the pool asked us to reconnect"
        try:
            protocol.start()
            self._flush()
            await self._serve(line, protocol)
        except PoolError as error:
            reason = str(error)
            raise
        except asyncio.CancelledError:
            reason = "stopped"
            raise
        finally:
            self._close(protocol, reason)

    def _close(self, protocol: ClientProtocol, reason: str) -> None:
        """Let go of the connection; what is unanswered waits for the next."""
        assert self._line is not None
        self._line.abort()
        self._protocol = self._line = None
        mute = protocol.oldest_pending_s(asyncio.get_running_loop().time()) >= self._timing.answer
        for event in protocol.closed(reason):
            if isinstance(event, Answered):
                if mute and event.share.quality is not Quality.BLOCK:  # it would not answer the next time either
                    self._settle(event.share, event.result)
                else:
                    self._keep(event.share, reason)
        if protocol.job is not None:
            self._slot.lose()

    async def _serve(self, line: Line, protocol: ClientProtocol) -> None:
        """Feed the protocol until the connection ends or must end."""
        loop = asyncio.get_running_loop()
        now, malformed = loop.time(), self._malformed
        patience = Patience(self._timing, now)
        suggestion = Suggestion(self._settings.suggest_difficulty, now, self._hashes() if self._hashes else 0)
        while self._redirect is None:
            data = await line.read(self._timing.tick)
            now = loop.time()
            self._told.tick(now)
            if self._hashes and protocol.ready and (wanted := suggestion.look(now, self._hashes())) is not None:
                self._settings = replace(self._settings, suggest_difficulty=wanted)  # of the next connection too
                protocol.suggest(wanted)
                self._flush()
            if data:
                patience.heard(data, now)
                self._receive(data, protocol, now)
                if (busy_s := loop.time() - now) > _BUSY_S:
                    await asyncio.sleep(busy_s)
            if self._malformed - malformed >= _MALFORMED_LIMIT:
                raise ProtocolError(f"{_MALFORMED_LIMIT} lines that cannot be understood")
            patience.check(now, ready=protocol.ready, pending_s=protocol.oldest_pending_s(now))
            line.check_unsent()

    def _receive(self, data: bytes, protocol: ClientProtocol, now: float) -> None:
        """All that these bytes say, also what stands behind a refusal. Raises PoolRefused."""
        refused: Refused | None = None
        for event in protocol.receive(data, now):
            refused = refused or self._handle(event)
        self._flush()
        if refused is not None:
            raise PoolRefused(refused.reason)

    def _flush(self) -> None:
        if self._protocol is not None and self._line is not None and (data := self._protocol.outgoing()):
            self._line.write(data)

    def _handle(self, event: client.Event) -> Refused | None:
        """What is to be done; a Refused where the session must not go on."""
        match event:
            case NewJob(job, new_block):
                return self._new_job(job, new_block)
            case Answered(share, result):
                self._latency_s = result.latency_s if result.latency_s is not None else self._latency_s
                self._settle(share, result)
            case Ready(extranonce1, size, mask):
                self._ready_s = asyncio.get_running_loop().time()
                self._left.begin(extranonce1, size)
                self._report(Connected(self.name, extranonce1.hex(), size, f"{mask:08x}"))
            case Redirected():
                self._redirected(event)
            case Said(text):
                self._told.put(PoolMessage(self.name, text), asyncio.get_running_loop().time())
            case BadLine(reason, excerpt):
                self._malformed += 1
                self._report(Malformed(self.name, f"{reason}: {excerpt!r}" if excerpt else reason))
            case Refused():
                return event
            case _:
                pass
        return None

    def _new_job(self, job: Job, new_block: bool) -> Refused | None:
        if refusal := self._pay_check.look(job):
            return Refused(refusal)
        self._slot.put(job)
        self._told.put(_job_received(self.name, job, new_block), job.received_s)
        for share in self._left.take(job):
            self._send(share, asyncio.get_running_loop().time(), again=True)
        return None

    def _keep(self, share: Verdict, reason: str) -> None:
        """For a session that goes on, for some time."""
        loop = asyncio.get_running_loop()
        if wait_s := self._left.keep(share, reason, loop.time()):
            loop.call_later(wait_s, lambda: self._left.expire(loop.time()))

    def _settle(self, share: Verdict, result: Result) -> None:
        self._left.settled(share)
        if (future := self._waiting.pop(share, None)) is not None and not future.done():
            future.set_result(result)

    def _redirected(self, event: Redirected) -> None:
        target = followed(event, self._url, self._at)
        if isinstance(target, str):
            self._told.put(PoolMessage(self.name, target), asyncio.get_running_loop().time())
        else:
            self._redirect = target, event.wait_s


def _job_received(pool: str, job: Job, new_block: bool) -> JobReceived:
    difficulty, network = (float(difficulty_from_target(t)) for t in (job.target, job.network_target))
    return JobReceived(pool, printable(str(job.id), 64), job.height, difficulty, network, job.clean, new_block)
