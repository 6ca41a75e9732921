"""A Stratum V1 pool on asyncio: connects, reconnects, feeds the protocol and writes what it says.

The protocol itself is stratum/client.py. Leaves out: several pools, failover, proxies (a group of these does that).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

from ..chain.target import DIFFICULTY_1, difficulty_from_target, expected_hashes
from ..errors import PoolError, PoolRefused, PoolUnreachable
from ..events import Connected, Disconnected, JobReceived, Malformed, PoolMessage, Report
from ..judge import Verdict
from ..pool import Demand, PoolStats
from ..stratum import client
from ..stratum.client import Answered, ClientProtocol, NewJob, Quirks, Ready, Redirected, Refused, Said, Settings
from ..stratum.lines import Malformed as BadLine
from ..stratum.lines import printable
from ..tally import Outcome, Result
from ..work import Job
from .url import PoolURL

_READ_BYTES = 1 << 16
_TICK_S = 1.0
_SHARE_EVERY_S = 3
_MALFORMED_LIMIT = 20  # lines of one connection that cannot be understood


@dataclass(frozen=True, slots=True)
class Timing:
    """All in seconds."""

    connect: float = 15.0
    handshake: float = 30.0  # until authorized
    silence: float = 300.0  # without a line: the pool is dead
    answer: float = 60.0  # to a share
    stop: float = 0.8  # for outstanding answers, when we stop
    retry_first: float = 1.0
    retry_most: float = 60.0
    refused_first: float = 10.0  # after a refused user name: people must act, machines must not hammer
    stable: float = 60.0  # a connection that lasted so long resets the backoff


class StratumPool:
    """A Pool. Jobs, shares and their answers belong to one connection and never cross to another."""

    def __init__(
        self,
        url: PoolURL,
        settings: Settings,
        report: Report,
        timing: Timing | None = None,
        random: Random | None = None,
    ) -> None:
        self._url, self._settings, self._report = url, settings, report
        self._timing = timing or Timing()
        self._random = random or Random()
        self._quirks = Quirks()
        self._protocol: ClientProtocol | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[Verdict, asyncio.Future[Result]] = {}
        self._jobs: asyncio.Queue[Job | _End | None] = asyncio.Queue()
        self._runner: asyncio.Task[None] | None = None
        self._redirect: PoolURL | None = None
        self._redirect_wait_s = 0.0
        self._sessions = self._malformed = 0
        self._latency_s: float | None = None

    @property
    def name(self) -> str:
        return str(self._url)

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
        )

    async def start(self, demand: Demand) -> None:
        settings = self._settings
        if settings.suggest_difficulty is None and demand.rate_hps:
            settings = replace(settings, suggest_difficulty=_suggestion(demand.rate_hps))
        bits = max(settings.min_bit_count, demand.version_bits)
        self._settings = replace(settings, min_bit_count=bits)
        self._runner = asyncio.create_task(self._run(), name=f"pool {self.name}")

    async def jobs(self) -> AsyncIterator[Job | None]:
        while not isinstance(job := await self._jobs.get(), _End):
            yield job

    async def submit(self, share: Verdict) -> Result:
        protocol = self._protocol
        if protocol is None:
            return Result(Outcome.LOST, "not connected")
        refused = protocol.submit(share, asyncio.get_running_loop().time())
        if refused is not None:
            return refused
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting[share] = future
        self._flush()
        return await future

    async def stop(self) -> None:
        if self._waiting:
            await asyncio.wait(list(self._waiting.values()), timeout=self._timing.stop)
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.wait([self._runner])
            self._runner = None
        self._jobs.put_nowait(_End())

    async def _run(self) -> None:
        """Connect for ever, with a jittered backoff that only a stable connection resets."""
        loop, timing = asyncio.get_running_loop(), self._timing
        failures = 0
        while True:
            target, self._redirect = self._redirect or self._url, None
            began_s, credentials = loop.time(), False
            try:
                await self._connect_and_serve(target)
            except PoolError as error:
                credentials = isinstance(error, PoolRefused)
                reason = str(error)
            else:
                reason = "the pool asked us to reconnect"
            if loop.time() - began_s >= timing.stable:
                failures = 0
            first = timing.refused_first if credentials else timing.retry_first
            wait_s = min(timing.retry_most, first * 2**failures) * self._random.uniform(0.5, 1.0)
            if self._redirect is not None:
                wait_s = max(self._redirect_wait_s, wait_s if failures else 0.0)
            failures = min(failures + 1, 16)
            self._report(Disconnected(self.name, reason, round(wait_s, 3)))
            await asyncio.sleep(wait_s)

    async def _connect_and_serve(self, url: PoolURL) -> None:
        """One connection, from its opening to its end. Raises PoolError; returns when the pool redirects us."""
        reader, writer = await self._connect(url)
        self._sessions += 1
        self._writer = writer
        protocol = self._protocol = ClientProtocol(self._settings, self._quirks, self._sessions)
        reason = "connection lost"
        try:
            protocol.start()
            self._flush()
            await self._serve(url, reader, protocol)
        except OSError as error:  # PoolError among them
            reason = str(error) if isinstance(error, PoolError) else f"{url}: {error.strerror or error}"
            raise error if isinstance(error, PoolError) else PoolUnreachable(reason) from None
        except asyncio.CancelledError:
            reason = "stopped"
            raise
        finally:
            self._protocol = self._writer = None
            for event in protocol.closed(reason):
                self._handle(event)
            for future in self._waiting.values():  # answers that came behind what ended the session
                future.set_result(Result(Outcome.LOST, reason))
            self._waiting.clear()
            if protocol.job is not None:
                self._jobs.put_nowait(None)
            writer.transport.abort()

    async def _connect(self, url: PoolURL) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context: ssl.SSLContext | None = None
        if url.tls:
            context = ssl.create_default_context()
            if url.insecure:
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            async with asyncio.timeout(self._timing.connect):
                reader, writer = await asyncio.open_connection(
                    url.host, url.port, ssl=context, limit=_READ_BYTES, happy_eyeballs_delay=0.25
                )
        except TimeoutError:
            raise PoolUnreachable(f"{url}: no connection in {self._timing.connect:g} s") from None
        except ssl.SSLError as error:
            said = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.reason
            raise PoolUnreachable(f"{url}: TLS: {said or error}") from None
        except socket.gaierror as error:
            raise PoolUnreachable(f"{url}: host {url.host}: {error.strerror}") from None
        except OSError as error:
            raise PoolUnreachable(f"{url}: {error.strerror or error}") from None
        if (sock := writer.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return reader, writer

    async def _serve(self, url: PoolURL, reader: asyncio.StreamReader, protocol: ClientProtocol) -> None:
        """Feed the protocol until the connection ends or must end."""
        loop, timing = asyncio.get_running_loop(), self._timing
        began_s = heard_s = loop.time()
        malformed = self._malformed
        while self._redirect is None:
            data = None
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    data = await reader.read(_READ_BYTES)
            now = loop.time()
            if data == b"":
                raise PoolUnreachable(f"{url}: the pool closed the connection")
            if data:
                heard_s = now
                for event in protocol.receive(data, now):
                    self._handle(event)
                self._flush()
            if self._malformed - malformed >= _MALFORMED_LIMIT:
                raise PoolUnreachable(f"{url}: {_MALFORMED_LIMIT} lines that cannot be understood")
            if not protocol.ready and now - began_s >= timing.handshake:
                raise PoolUnreachable(f"{url}: not authorized after {timing.handshake:g} s")
            if now - heard_s >= timing.silence:
                raise PoolUnreachable(f"{url}: not a word in {timing.silence:g} s")
            if protocol.oldest_pending_s(now) >= timing.answer:
                raise PoolUnreachable(f"{url}: no answer to a share in {timing.answer:g} s")

    def _flush(self) -> None:
        if self._protocol is not None and self._writer is not None and (data := self._protocol.outgoing()):
            self._writer.write(data)

    def _handle(self, event: client.Event) -> None:
        """What the protocol says. Raises PoolRefused when the session cannot go on."""
        match event:
            case NewJob(job, new_block):
                self._jobs.put_nowait(job)
                self._report(_job_received(self.name, job, new_block))
            case Answered(share, result):
                self._latency_s = result.latency_s if result.latency_s is not None else self._latency_s
                if (future := self._waiting.pop(share, None)) is not None and not future.done():
                    future.set_result(result)
            case Ready(extranonce1, size, mask):
                self._report(Connected(self.name, extranonce1.hex(), size, f"{mask:08x}"))
            case Refused(reason, credentials):
                raise (PoolRefused if credentials else PoolUnreachable)(f"{self.name}: {reason}")
            case Redirected():
                self._redirected(event)
            case Said(text):
                self._report(PoolMessage(self.name, text))
            case BadLine(reason):
                self._malformed += 1
                self._report(Malformed(self.name, reason))

    def _redirected(self, event: Redirected) -> None:
        """Another port of the same host is followed; another host is not: that is how miners were hijacked."""
        if event.host is not None and event.host.lower() != self._url.host.lower():
            told = printable(f"client.reconnect to {event.host}: another host, not obeyed", 200)
            self._report(PoolMessage(self.name, told))
            return
        self._redirect = replace(self._url, port=event.port or self._url.port)
        self._redirect_wait_s = event.wait_s


def _suggestion(rate_hps: float) -> Fraction:
    """The difficulty at which a share is found every few seconds; from 1 on a whole number, as some pools want."""
    difficulty = Fraction(rate_hps) * _SHARE_EVERY_S / expected_hashes(DIFFICULTY_1)
    return Fraction(round(difficulty)) if difficulty >= 1 else Fraction(f"{float(difficulty):.2g}")


class _End:
    """The last item of jobs."""


def _job_received(pool: str, job: Job, new_block: bool) -> JobReceived:
    difficulty, network = (float(difficulty_from_target(t)) for t in (job.target, job.network_target))
    return JobReceived(pool, str(job.id), job.height, difficulty, network, job.clean, new_block)
