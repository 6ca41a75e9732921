"""A minute of mutated dialogues and messages into both roles: nothing may be raised, nothing may grow without end."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from time import monotonic

import pytest

from joulehash.engine.poolserver.book import JobBook
from joulehash.engine.poolserver.session import Drop, Limits, Session
from joulehash.engine.poolserver.vardiff import Vardiff
from joulehash.engine.stratum.client import ClientProtocol, Quirks, Settings
from joulehash.engine.stratum.lines import Malformed, decode_line
from joulehash.engine.templates.memory import MemoryChain
from tests.support.stratum import ANY_HASH, CASES, ODD_VALUES, answer, connected, dialogues, line, share_of

pytestmark = pytest.mark.long

SECONDS = float(os.environ.get("JOULEHASH_FUZZ_S", "60"))
SEED = int(os.environ.get("JOULEHASH_FUZZ_SEED", "1"))
TOKENS = [
    *[b"null", b"true", b"false", b"-1", b"0", b"1e999999", b"9" * 5000, b'""', b"[]", b"{}", b"[" * 2000, b"]", b"}"],
    *[
        b'"\\ud800"',
        b"\xff",
        b"\0",
        b"\r",
        b"\n",
        b",",
        b":",
        b'"',
        b"\\",
        b'"id":',
        b'"method":',
        b'"params":',
        b"NaN",
    ],
    *[b"00", b"f" * 64, b"1fffe000", b"a" * 20_000, b"\xe2\x98\x83", b'"x"', b'"mining.notify"', b'"result":true,'],
]


def corpus() -> list[bytes]:
    lines = [line(message.method, params, i) for i, (message, params) in enumerate(CASES)]
    lines += [line("mining.submit", ["u", "1", "00" * 8, "6553f100", f"{nonce:08x}"], nonce) for nonce in range(8)]
    lines += [answer(i, odd if not isinstance(odd, str) else odd[:99]) for i, odd in enumerate(ODD_VALUES)]
    for pool in ("ckpool", "public-pool"):
        for _, reads in dialogues(pool):
            lines += [one + b"\n" for read in reads if read.data for one in read.data.splitlines()]
    return lines


def mutate(random: Random, data: bytes) -> bytes:
    for _ in range(random.choice((0, 1, 1, 1, 2, 4))):
        at = random.randrange(len(data) + 1)
        end = min(len(data), at + random.choice((0, 1, 1, 4, 30)))
        match random.randrange(5):
            case 0:
                data = data[:at] + data[end:]
            case 1:
                data = data[:at] + random.choice(TOKENS) + data[end:]
            case 2:
                data = data[:at] + random.randbytes(end - at) + data[end:]
            case 3:
                data = data[:at] + data[at:end] * random.choice((2, 3, 50)) + data[end:]
            case _:
                parts = data.split(b",")
                i = random.randrange(len(parts))
                parts[i] = random.choice((random.choice(TOKENS), random.choice(parts)))
                data = b",".join(parts)
    return data


@dataclass
class Counts:
    inputs: int = 0
    understood: int = 0
    malformed: int = 0
    sessions: int = 0


def fuzz(seed: int, seconds: float) -> Counts:
    random, counts, lines = Random(seed), Counts(), corpus()
    chain = MemoryChain(1 << 240, clock=lambda: 1_700_000_000)
    end = monotonic() + seconds
    while monotonic() < end:
        counts.sessions += 1
        client = connected() if random.random() < 0.7 else ClientProtocol(Settings("u"), Quirks(), 1)
        if not client.ready:
            client.start()
        book = JobBook()
        book.add(chain.template)
        vardiff = Vardiff(ANY_HASH, ANY_HASH, Fraction(10**6))
        opened = Session(b"\1\2\3\4", book, vardiff, Limits(), 0.0)
        if random.random() < 0.7:
            opened.receive(line("mining.subscribe", [], 1) + line("mining.authorize", ["u"], 2), 0.0)
        session: Session | None = opened
        for step in range(random.randrange(1, 60)):
            data = b"".join(mutate(random, random.choice(lines)) for _ in range(random.choice((1, 1, 2, 5))))
            counts.inputs += 1
            feed_client(client, data, float(step), counts)
            if session is not None:
                session = feed_session(session, data, float(step), counts)
        client.closed("end")
    return counts


def feed_client(client: ClientProtocol, data: bytes, now: float, counts: Counts) -> None:
    for event in client.receive(data, now):
        counts.malformed += isinstance(event, Malformed)
        counts.understood += not isinstance(event, Malformed)
    if client.job is not None:
        client.submit(share_of(client.job), now)
    check_sent(client.outgoing())


def feed_session(session: Session, data: bytes, now: float, counts: Counts) -> Session | None:
    events = session.receive(data, now)
    session.tick(now)
    check_sent(session.outgoing())
    counts.malformed += sum(isinstance(event, Malformed) for event in events)
    counts.understood += sum(not isinstance(event, Malformed) for event in events)
    return None if any(isinstance(event, Drop) for event in events) else session


def check_sent(data: bytes) -> None:
    assert len(data) < 2_000_000
    for one in data.splitlines():
        assert not isinstance(decode_line(one), Malformed), one[:200]


def test_a_minute_of_mutations_raises_nothing() -> None:
    counts = fuzz(SEED, SECONDS)
    print(f"seed {SEED}, {SECONDS:g} s: {counts}")
    assert counts.inputs > 50 * SECONDS, counts
    assert counts.malformed > counts.inputs / 10, counts
    assert counts.understood > counts.inputs / 100, counts
