"""Jobs, works and claims for tests, with every field at a plain value until a test says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from joulehash.engine.chain.target import MAX_TARGET
from joulehash.engine.space import Drawn, HeaderSpace
from joulehash.engine.work import NONCES, Assignment, Found, Job, Work

COINB1 = bytes.fromhex("0100000001" + "00" * 32 + "ffffffff2003400d0c") + b"/joulehash/"
PLAIN = Job(
    id="1",
    session=1,
    prev_hash=sha256(b"previous block").digest(),
    coinb1=COINB1,
    coinb2=bytes.fromhex("ffffffff0100f2052a01000000015100000000"),
    branches=(sha256(b"a").digest(), sha256(b"b").digest()),
    version=0x20000000,
    nbits=0x1D00FFFF,
    ntime=1_700_000_000,
    clean=True,
    extranonce1=bytes.fromhex("a1b2c3d4"),
    extranonce2_size=4,
    target=MAX_TARGET,
    given_target=MAX_TARGET,
    version_mask=0,
    received_s=0.0,
)


def job(**changes: object) -> Job:
    return replace(PLAIN, **changes)  # type: ignore[arg-type]


def work(of: Job = PLAIN, *, claim_target: int | None = None, extranonce2: int = 0, ntime: int | None = None) -> Work:
    return Work(
        of,
        extranonce2.to_bytes(of.extranonce2_size, "big"),
        of.ntime if ntime is None else ntime,
        (of.version,),
        0,
        NONCES,
        of.target if claim_target is None else claim_target,
    )


def claim(
    *works: Work, nonce: int = 0, version: int | None = None, ntime: int | None = None, device: str = "fake"
) -> Found:
    newest = works[0]
    return Found(
        device,
        works,
        nonce,
        newest.versions[0] if version is None else version,
        newest.ntime if ntime is None else ntime,
        0.0,
    )


def assignment(
    of: Job = PLAIN, clock: Callable[[], float] = lambda: 0.0, space: HeaderSpace | None = None
) -> Assignment:
    return Assignment(of, space or HeaderSpace(of.extranonce2_size), clock, of.target)


class SmallSpace(HeaderSpace):
    """A header space so small that all of it can be hashed: `nonces` of each version, for so many of extranonce2."""

    def __init__(self, nonces: int, extranonces: int = 1) -> None:
        super().__init__(4)
        self._nonces, self._extranonces = nonces, extranonces

    def draw(self, ntime: int, version: int, mask: int, versions: int | None, *, split: bool) -> Drawn | None:
        drawn = super().draw(ntime, version, mask, versions, split=split)
        if drawn is None or drawn.extranonce2 >= self._extranonces:
            return None
        return replace(drawn, first=2**32 - self._nonces // 2, count=self._nonces)
