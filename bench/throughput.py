"""How many claims the judge weighs, and how many shares and sessions the embedded pool bears, on one core.

Both count processor time and not the clock's, as a machine may be shared: what a process reaches in one second of it
is what a core bears that has nothing else to do. The pool runs in a process of its own, on loopback TCP, at a
difficulty at which every hash is a share, and without the bounds on a session's shares, which the load would meet.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from multiprocessing.connection import Connection
from time import process_time, thread_time

from ..engine.chain.target import DIFFICULTY_1, MAX_TARGET, bits_from_target
from ..engine.errors import InputError
from ..engine.events import Event
from ..engine.judge import Fate, Judge
from ..engine.poolserver.server import PoolServer, ServerSettings, serving
from ..engine.poolserver.session import Limits
from ..engine.sockets import room_for
from ..engine.templates.memory import MemoryChain
from ..engine.work import NONCES, Found, Job, Work
from .load import Load, LoadSession

MOST_BRANCHES = 16  # of a template with 2^15 transactions
_BATCH = 8192  # claims made at once, before they are judged
_JOIN_S = 10.0
_NEW_JOB_S = 60.0


@dataclass(frozen=True, slots=True)
class PoolLoad:
    """What the pool server bore."""

    shares_per_cpu_s: float  # accepted, for each second of the server's processor time
    sessions: int  # all held at once
    branches: int  # of the job's merkle tree
    window: int  # shares that a session left unanswered; they come in one read
    accepted: int
    refused: dict[str, int]  # shares by the reason, and sessions that were lost
    wall_s: float  # from the first share to the last answer
    cpu_s: float  # of the server meanwhile
    rss_mb: float  # MiB, the most that the server's process had
    job_wall_s: float  # until a new job had reached every session


def measure_judge(seconds: float) -> float:
    """Claims judged per second of processor time: fresh ones, each of another header. Takes about 1.2 × `seconds`.

    Raises InputError for a time that is not above 0.
    """
    if not seconds > 0:
        raise InputError(f"seconds: {seconds}; takes more than 0")
    job, judge = _job(), Judge()
    judge.accept(job)
    claims, took_s = 0, 0.0
    while took_s < seconds:
        work = Work(job, claims.to_bytes(8, "big"), job.ntime, (job.version,), 0, NONCES, MAX_TARGET)
        batch = [Found("bench", (work,), nonce, job.version, job.ntime, 0.0) for nonce in range(_BATCH)]
        began_s = thread_time()
        fates = [judge.judge(found, 0.0).fate for found in batch]
        took_s += thread_time() - began_s
        assert all(fate is Fate.FRESH for fate in fates)
        claims += len(batch)
    return claims / took_s


def measure_hashlib(seconds: float) -> float:
    """Double SHA-256 of a header by hashlib, per second of processor time: what a claim takes at the very least.

    Told beside the others, because where cores share their units or a neighbour's load, all of them slow down alike.
    Raises InputError for a time that is not above 0.
    """
    if not seconds > 0:
        raise InputError(f"seconds: {seconds}; takes more than 0")
    header, hashes, began_s = bytes(80), 0, thread_time()
    while (took_s := thread_time() - began_s) < seconds:
        for _ in range(_BATCH):
            sha256(sha256(header).digest()).digest()
        hashes += _BATCH
    return hashes / took_s


def measure_pool(sessions: int, shares: int, branches: int = 12, window: int = 16) -> PoolLoad:
    """The embedded pool under `sessions` miners at once, each of which sends `shares`, all with another extranonce2.

    Raises InputError for numbers out of bounds, and where the system allows a process too few open files: the server
    and the miners, a process each, need one for every session.
    """
    for name, value, least in (("sessions", sessions, 1), ("shares", shares, 1), ("window", window, 1)):
        if value < least:
            raise InputError(f"{name}: {value}; takes {least} or more")
    if not 0 <= branches <= MOST_BRANCHES:
        raise InputError(f"branches: {branches}; takes 0 to {MOST_BRANCHES}")
    if (room := room_for(sessions)) < sessions:
        raise InputError(
            f"sessions: {sessions}; the limit of open files has room for {room}; raise it (ulimit -n), or take fewer"
        )
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, sessions, branches), daemon=True)
    server.start()
    theirs.close()  # so that the end of the server is the end of the pipe
    try:
        return asyncio.run(_load(ours, Load(sessions, shares, window), branches))
    finally:
        ours.close()
        server.join(_JOIN_S)
        server.kill()


def _job() -> Job:
    """A plain one, whose target few hashes meet, as of a device that reports more than the pool wants."""
    branches = tuple(sha256(bytes([i])).digest() for i in range(12))
    return Job(
        id="1",
        session=1,
        prev_hash=sha256(b"previous block").digest(),
        coinb1=bytes(64),
        coinb2=bytes(128),
        branches=branches,
        version=0x20000000,
        nbits=bits_from_target(DIFFICULTY_1),
        ntime=1_700_000_000,
        clean=True,
        extranonce1=bytes(4),
        extranonce2_size=8,
        target=MAX_TARGET >> 8,
        given_target=MAX_TARGET >> 8,
        version_mask=0x1FFFE000,
        received_s=0.0,
    )


async def _load(server: Connection, load: Load, branches: int) -> PoolLoad:
    loop = asyncio.get_running_loop()
    host, port = await loop.run_in_executor(None, server.recv)
    miners: list[LoadSession] = []
    for _ in range(load.sessions):
        _, miner = await loop.create_connection(lambda: LoadSession(load), host, port)
        miners.append(miner)
    await load.ready.wait()
    before_s, _ = await _ask(server, "figures")
    began_s = loop.time()
    for miner in miners:
        miner.go()
    await load.done.wait()
    wall_s = loop.time() - began_s
    after_s, rss_mb = await _ask(server, "figures")
    cpu_s = after_s - before_s
    job_wall_s = await _new_job(server, load)
    for miner in miners:
        miner.close()
    return PoolLoad(
        shares_per_cpu_s=load.accepted / cpu_s,
        sessions=load.sessions,
        branches=branches,
        window=load.window,
        accepted=load.accepted,
        refused=dict(load.refused),
        wall_s=wall_s,
        cpu_s=cpu_s,
        rss_mb=rss_mb,
        job_wall_s=job_wall_s,
    )


async def _new_job(server: Connection, load: Load) -> float:
    """Seconds until a new job is at every session that is left."""
    loop = asyncio.get_running_loop()
    expected = load.sessions - load.refused["connection lost"]
    load.jobs, began_s = 0, loop.time()
    await _ask(server, "refresh")
    async with asyncio.timeout(_NEW_JOB_S):
        while load.jobs < expected:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    return loop.time() - began_s


async def _ask(server: Connection, what: str) -> tuple[float, float]:
    """(its processor time in seconds, the most memory it had in MiB)"""
    server.send(what)
    answer: tuple[float, float] = await asyncio.get_running_loop().run_in_executor(None, server.recv)
    return answer


def _serve(control: Connection, sessions: int, branches: int) -> None:
    """The server's process: it ends with the pipe."""
    asyncio.run(_serving(control, sessions, branches))


def _most_mib() -> float:
    """The most memory that this process had. Linux's own figure: rusage tells of what ran before an exec, too."""
    with suppress(OSError), open("/proc/self/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def _serving(control: Connection, sessions: int, branches: int) -> None:
    easiest = Fraction(1, 10**12)
    settings = ServerSettings(
        difficulty=easiest,
        least_difficulty=easiest,
        share_interval_s=1e-9,  # however many come, they are too few to raise it
        sessions=sessions,
        limits=Limits(shares_per_s=1e9, burst=1e9, shares_per_job=1 << 30),
    )
    transactions = 1 << branches - 1 if branches else 0
    chain = MemoryChain(DIFFICULTY_1, refresh_s=3600.0, transactions=transactions)
    loop = asyncio.get_running_loop()
    async with serving(PoolServer(chain, settings, _ignore)) as server:
        control.send(server.address)
        try:
            while True:
                if await loop.run_in_executor(None, control.recv) == "refresh":
                    chain.refresh()
                control.send((process_time(), _most_mib()))
        except EOFError:
            pass


def _ignore(event: Event) -> None:
    del event
