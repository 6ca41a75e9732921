"""Jobs that no pool has given: for whoever makes a board or a CPU hash, and pays nobody."""

from __future__ import annotations

from hashlib import sha256

from ..engine.work import Job

VERSION_MASK = 0x1FFFE000  # BIP320: the bits that are ours to roll
_BEGAN = 1_700_000_000  # s since 1970
_NBITS = 0x1D00FFFF


def made_up(name: str, number: int, target: int, now_s: float, later_s: int = 0) -> Job:
    """Another for each name; an hour later with each number, and `later_s`. 0 as target: nothing of it is a share."""
    told = f"joulehash {name}".encode()
    return Job(
        id=str(number),
        session=1,
        prev_hash=sha256(b"previous block " + told).digest(),
        coinb1=b"\x01\x00\x00\x00" + told,
        coinb2=bytes(4),
        branches=(sha256(told).digest(),),
        version=0x2000_0000,
        nbits=_NBITS,
        ntime=_BEGAN + later_s + 3600 * number,
        clean=True,
        extranonce1=b"",
        extranonce2_size=8,
        target=target,
        given_target=target,
        version_mask=VERSION_MASK,
        received_s=now_s,
    )
