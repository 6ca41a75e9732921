"""`pytest tests/speed --benchmark-only`: what chips say, from bytes to values; 65 of them say 72 things a second."""

from __future__ import annotations

from random import Random
from typing import Any, Literal

import pytest

from joulehash.hw.wire.bm13xx import (
    CommandDecoder,
    Garbage,
    HeaderJob,
    Nonce,
    Response,
    ResponseDecoder,
    nonce_response,
    register_response,
)
from joulehash.hw.wire.crc import crc5

pytestmark = pytest.mark.speed
FRAMES = 1000  # in a round


def nonces(size: Literal[9, 11]) -> list[bytes]:
    """Of a chain: 99 of 100 are nonces, the others counters."""
    draw = Random(size)
    return [
        nonce_response(draw.getrandbits(32), 0, draw.getrandbits(7), draw.getrandbits(16) if size == 11 else None)
        if at % 100
        else register_response(draw.getrandbits(32), 0, 0x8C, size)
        for at in range(FRAMES)
    ]


@pytest.mark.parametrize("size", [9, 11])
@pytest.mark.parametrize("read", ["each", "together"])
def test_responses(benchmark: Any, size: Literal[9, 11], read: str) -> None:
    """A read each, or all of them in one."""
    frames = nonces(size)
    reads = frames if read == "each" else [b"".join(frames)]
    decoder = ResponseDecoder(size)
    benchmark.extra_info["frames"] = FRAMES
    values: list[Response] = benchmark(lambda: [value for data in reads for value in decoder.feed(data)])
    assert [value.raw for value in values if isinstance(value, Nonce)] == [raw for raw in frames if raw[-1] & 0x80]
    assert len(values) == FRAMES


def test_responses_between_garbage(benchmark: Any) -> None:
    """As much of it as of frames."""
    frames = nonces(11)
    draw = Random(0)
    stream = b"".join(draw.randbytes(11) + frame for frame in frames)
    benchmark.extra_info["frames"] = FRAMES
    values = benchmark(lambda: ResponseDecoder(11).feed(stream))
    assert sum(not isinstance(value, Garbage) for value in values) >= FRAMES


def test_header_jobs(benchmark: Any) -> None:
    """From values to bytes, and back as a simulator reads them."""
    job = HeaderJob(0x68, 0x17023A04, 0x685468D7, bytes(range(32)), bytes(range(32, 64)), 0x20000000)
    decoder = CommandDecoder("header")
    assert benchmark(lambda: decoder.feed(job.encode())) == [job]


def test_crc5(benchmark: Any) -> None:
    raw = nonces(11)[1]
    assert benchmark(crc5, raw[2:]) == 0
