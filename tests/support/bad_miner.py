"""Miners that misbehave towards a pool, by a seeded random: each is one connection that does one bad thing, well."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from .fault_proxy import Streams

KINDS = (
    "says nothing",
    "garbage",
    "odd JSON",
    "half a line",
    "slow line",
    "endless line",
    "deep JSON",
    "never reads",
    "resets at a random byte",
    "submits before it may",
    "floods with submits",
    "repeats one share",
    "many workers",
    "asks for transactions",
    "wants odd difficulties",
    "changes its mind",
    "comes and goes",
)
HELLO: list[tuple[str, list[object]]] = [("mining.subscribe", ["bad/1"]), ("mining.authorize", ["bad.miner", "x"])]
_ODD: list[object] = [None, True, -1, 0, 10**30, 0.5, "", "x" * 2000, "\x1b[31m", "\u202e", [], [[]], {}, {"a": []}]


@dataclass
class BadMiners:
    dial: Callable[[], Awaitable[Streams]]
    random: Random
    scale: float = 1.0  # of all times
    attacks: Counter[str] = field(default_factory=Counter[str])

    async def attack(self) -> None:
        """One of them, from its connection to its end."""
        kind = self.random.choice(KINDS)
        self.attacks[kind] += 1
        try:
            reader, writer = await self.dial()
        except OSError:
            return
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                async with asyncio.timeout(60.0 * self.scale):
                    await self._misbehave(kind, reader, writer)
        finally:
            writer.transport.abort() if self.random.random() < 0.5 else writer.close()

    async def _misbehave(self, kind: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        random, hello = self.random, b"".join(_line(i, *step) for i, step in enumerate(HELLO))
        match kind:
            case "says nothing":
                await asyncio.sleep(50.0 * self.scale)
            case "garbage":
                for _ in range(30):
                    writer.write(random.randbytes(random.randrange(1, 4000)) + b"\n")
            case "odd JSON":
                methods = [
                    "mining.submit",
                    "mining.configure",
                    "mining.notify",
                    "mining.suggest_difficulty",
                    "\x00",
                    "",
                ]
                for _ in range(100):
                    params = random.choice([random.choices(_ODD, k=random.randrange(8)), random.choice(_ODD)])
                    writer.write(_line(random.choice(_ODD), random.choice(methods), params))
            case "half a line":
                writer.write(hello[: random.randrange(1, len(hello))])
                await asyncio.sleep(50.0 * self.scale)
            case "slow line":
                for byte in hello:
                    writer.write(bytes([byte]))
                    await asyncio.sleep(0.3 * self.scale)
            case "endless line":
                for _ in range(64):
                    writer.write(b"x" * 65_536)
                    await asyncio.sleep(0.0)
            case "deep JSON":
                writer.write(b"[" * 16_000 + b"\n" + b'{"id":' * 2000 + b"\n")
            case "never reads":
                writer.write(hello)
                for i in range(500):
                    writer.write(_line(i, "mining.ping", []) * 40)
                    await asyncio.sleep(0.001 * self.scale)
            case "resets at a random byte":
                writer.write(hello[: random.randrange(len(hello) + 1)])
                await asyncio.sleep(random.choice((0.0, 0.1)) * self.scale)
                writer.transport.abort()
            case "submits before it may":
                writer.write(_line(1, "mining.submit", ["bad.miner", "1", "00" * 8, "6553f100", "00000000"]) * 50)
            case "comes and goes":
                for _ in range(10):
                    _, other = await self.dial()
                    other.write(hello)
                    await asyncio.sleep(0.0)
                    other.transport.abort()
            case _:
                writer.write(hello)
                await self._as_a_worker(kind, await _job(reader), writer)
        await asyncio.sleep(0.5 * self.scale)

    async def _as_a_worker(self, kind: str, job: list[object], writer: asyncio.StreamWriter) -> None:
        random, name, ntime = self.random, job[0], job[7]
        submit = ["bad.miner", name, "00" * 8, ntime, "00000000"]
        match kind:
            case "floods with submits":
                for i in range(3000):
                    submit[2 + i % 3] = random.choice((f"{i:016x}", f"{i:08x}", "zz", i, None))
                    writer.write(_line(i, "mining.submit", submit))
                    if i % 500 == 0:
                        await asyncio.sleep(0.001 * self.scale)
            case "repeats one share":
                writer.write(_line(9, "mining.submit", submit) * 1000)
            case "many workers":
                for i in range(1000):
                    writer.write(_line(i, "mining.authorize", [f"worker{i}", "x"]))
            case "asks for transactions":
                writer.write(_line(3, "mining.get_transactions", [name]) * 500)
            case "wants odd difficulties":
                odd: list[object] = ["1e-300", "1e300", 0, -1, "NaN", "inf", 10**60, 1e-30, True, [], "9" * 64]
                for value in odd:
                    writer.write(_line(4, "mining.suggest_difficulty", [value]))
                    writer.write(_line(5, "mining.suggest_target", [f"{random.getrandbits(256):064x}"]))
                    writer.write(_line(6, "mining.suggest_target", ["0" * 64]))
                await asyncio.sleep(5.0 * self.scale)
            case _:  # changes its mind
                rolling: tuple[str, list[object]] = ("mining.configure", [["version-rolling"], dict[str, object]()])
                for i in range(200):
                    writer.write(_line(i, *random.choice([*HELLO, rolling])))


async def _job(reader: asyncio.StreamReader) -> list[object]:
    while line := await reader.readline():
        said: dict[str, object] = json.loads(line)
        if said.get("method") == "mining.notify":
            params: list[object] = said["params"]  # type: ignore[assignment]
            return params
    raise ConnectionResetError("no job came")


def _line(identity: object, method: str, params: object) -> bytes:
    return json.dumps({"id": identity, "method": method, "params": params}).encode() + b"\n"
