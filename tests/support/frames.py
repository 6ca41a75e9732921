"""Frames for the tests of the wire: those of tests/data, and decoders fed in pieces."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from joulehash.hw.wire.frames import Garbage, Scanner

DATA = Path(__file__).parent.parent / "data"
T = TypeVar("T")


def listed(name: str) -> list[bytes]:
    """The frames of a file in tests/data: hex, and after a bar where it was read."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [bytes.fromhex(line.split("|")[0]) for line in lines if line and not line.startswith("#")]


def decoded(decoder: Scanner[T], pieces: Iterable[bytes]) -> list[T | Garbage]:
    """All that comes of the pieces and the silence after them, each run of garbage in one."""
    values: list[T | Garbage] = []
    for value in [*(value for piece in pieces for value in decoder.feed(piece)), *decoder.flush()]:
        last = values[-1] if values else None
        if isinstance(value, Garbage) and isinstance(last, Garbage):
            values[-1] = Garbage(last.data + value.data)
        else:
            values.append(value)
    return values


def frames(decoder: Scanner[T], pieces: Iterable[bytes]) -> list[T]:
    """The same without the garbage."""
    return [value for value in decoded(decoder, pieces) if not isinstance(value, Garbage)]


def cut(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The data in pieces, cut at these places, wherever they are."""
    places = [0, *sorted(place % (len(data) + 1) for place in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]
