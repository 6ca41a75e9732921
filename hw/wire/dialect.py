"""The two dialects that chips with registers speak, under one set of names: what hw/chain.py needs of a codec."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from . import bm13xx, bm1387
from .bm13xx import HeaderJob, MidstateJob, Nonce, RegisterValue, ShortFrame
from .frames import Garbage

Heard = RegisterValue | Nonce | ShortFrame | Garbage


class Decoder(Protocol):
    @property
    def undecided(self) -> bool: ...
    def feed(self, data: bytes) -> list[Heard]: ...
    def flush(self) -> list[Heard]: ...


@dataclass(frozen=True, slots=True)
class Dialect:
    set_address: Callable[[int], bytes]
    chain_inactive: Callable[[], bytes]
    read: Callable[[int, int | None], bytes]
    write: Callable[[int, int, int | None], bytes]
    job: Callable[[HeaderJob | MidstateJob], bytes]
    decoder: Callable[[int], Decoder]  # of answers of so many bytes


class _Decoder1387:
    """A value is told without its register: it is said of register 0 of chip 0, as nothing else is read."""

    def __init__(self) -> None:
        self._inner = bm1387.ResponseDecoder()

    @property
    def undecided(self) -> bool:
        return self._inner.undecided

    def feed(self, data: bytes) -> list[Heard]:
        return [_named(event) for event in self._inner.feed(data)]

    def flush(self) -> list[Heard]:
        return [_named(event) for event in self._inner.flush()]


def _named(event: bm1387.Response | Garbage) -> Heard:
    if isinstance(event, bm1387.RegisterValue):
        return RegisterValue(event.value, 0, 0, event.raw)
    return event


def _job_1387(job: HeaderJob | MidstateJob) -> bytes:
    assert isinstance(job, MidstateJob)
    return bm1387.job(job)


BM13XX = Dialect(
    bm13xx.set_address,
    bm13xx.chain_inactive,
    bm13xx.read,
    bm13xx.write,
    lambda job: job.encode(),
    lambda size: bm13xx.ResponseDecoder(11 if size == 11 else 9),
)
BM1387 = Dialect(
    bm1387.set_address,
    bm1387.chain_inactive,
    bm1387.read,
    bm1387.write,
    _job_1387,
    lambda _: _Decoder1387(),
)
