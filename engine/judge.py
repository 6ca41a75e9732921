"""The only judge: what a device claims is hashed again by hashlib, and weighed.

Two values come out. Quality is what the hash is worth; fate is whether it may still be sent. A block overrides stale;
nothing overrides false or duplicate. One Judge serves one miner, and knows the sessions of its pools apart.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum, IntEnum
from fractions import Fraction

import msgspec

from .chain.header import header_number
from .chain.target import difficulty_from_target
from .work import Found, Job, Work

_SEEN_LIMIT = 8_192  # claims remembered for each Work, for telling duplicates
_SESSIONS = 64  # whose newest jobs are remembered


class Quality(IntEnum):
    FALSE = 0  # misses the device's claim target: a hardware error
    CLAIM = 1  # the device's ticket, but no share
    SHARE = 2
    BLOCK = 3  # meets the network's target, and the job's


_FALSE, _CLAIM, _SHARE, _BLOCK = Quality  # for the hot path: Python 3.11 takes its time to look members up


class Fate(Enum):
    FRESH = "fresh"
    STALE = "stale"
    DUPLICATE = "duplicate"
    OUTSIDE_MASK = "version bits outside the mask"
    OUTSIDE_NTIME = "ntime outside the range"


_FRESH = Fate.FRESH


class Verdict(msgspec.Struct, frozen=True, eq=False):  # made several times as fast as a frozen dataclass
    found: Found
    work: Work  # the candidate that the claim belongs to
    header: bytes  # 80 bytes
    hash: int  # as compared with targets
    quality: Quality
    fate: Fate

    @property
    def sendable(self) -> bool:
        """Whether the pool should see it: a fresh share, or a block, however stale."""
        return (self.quality >= Quality.SHARE and self.fate is Fate.FRESH) or (
            self.quality is Quality.BLOCK and self.fate is Fate.STALE
        )

    @property
    def difficulty(self) -> Fraction:
        return difficulty_from_target(self.hash)


def verify(found: Found) -> tuple[Work, bytes, int]:
    """The work, header and hash of a claim, by hashlib. Pure.

    Of its candidates the one for which the hash is worth most; of equals the newest, which comes first.
    """
    works = found.works
    if len(works) == 1:
        return _hashed(works[0], found)
    return max((_hashed(work, found) for work in works), key=lambda hashed: quality_of(hashed[2], hashed[0]))


def quality_of(number: int, work: Work) -> Quality:
    """What a hash is worth, by exact 256-bit comparison."""
    job = work.job
    if number <= job.target:
        return _BLOCK if number <= job.block_target else _SHARE
    return _CLAIM if number <= work.claim_target else _FALSE


class Judge:
    """Knows what the newest job of each session makes stale.

    Where one of several pools gives work, those of the others' sessions may still be good: of them their pools judge.
    """

    def __init__(self) -> None:
        self._newest: OrderedDict[int, Job] = OrderedDict()

    def accept(self, job: Job | None) -> None:
        """The newest job; None: all sessions are over, and all that was given in them is stale."""
        if job is None:
            self._newest.clear()
            return
        self._newest[job.session] = job
        self._newest.move_to_end(job.session)
        if len(self._newest) > _SESSIONS:
            self._newest.popitem(last=False)

    def judge(self, found: Found, now: float) -> Verdict:
        """Weigh a claim at `now` (the loop's clock). The Work remembers it, so that the next of its kind is known."""
        work, header, number = verify(found)
        quality = quality_of(number, work)
        fate = self._fate(found, work, now)
        if quality is not _FALSE and not _first_time(number, work):
            fate = Fate.DUPLICATE
        return Verdict(found, work, header, number, quality, fate)

    def _fate(self, found: Found, work: Work, now: float) -> Fate:
        job = work.job
        newest = self._newest.get(job.session)
        if newest is None:
            return Fate.STALE
        if (found.version ^ job.version) & ~(job.version_mask & newest.version_mask):
            return Fate.OUTSIDE_MASK
        ahead = found.ntime - job.ntime
        if ahead and not 0 < ahead <= now - job.received_s:
            return Fate.OUTSIDE_NTIME
        # A clean job with the same previous block (some pools send one at each change of difficulty) makes older
        # work not worth mining, but what was found in it is still good.
        return _FRESH if job.prev_hash == newest.prev_hash else Fate.STALE


def _hashed(work: Work, found: Found) -> tuple[Work, bytes, int]:
    header = work.header(found.version, found.ntime, found.nonce)
    return work, header, header_number(header)


def _first_time(number: int, work: Work) -> bool:
    seen = work.seen
    if number in seen:
        return False
    seen.add(number)
    work.seen_order.append(number)
    if len(seen) > _SEEN_LIMIT:
        seen.remove(work.seen_order.popleft())
    return True
