"""Version bits from the pool's grant to the header that it rebuilds, by our client, our CPU and our pool."""

from __future__ import annotations

import asyncio
from fractions import Fraction

import pytest

from joulehash.engine.chain.header import Header
from joulehash.engine.cpu import CpuDevice
from joulehash.engine.events import Connected, Event
from joulehash.engine.judge import Verdict
from joulehash.engine.miner import Miner
from joulehash.engine.pools.embedded import EmbeddedPool
from joulehash.engine.poolserver import session
from joulehash.engine.poolserver.book import Fault, Hashed, PoolJob, hash_share
from joulehash.engine.stratum.client import Settings
from joulehash.engine.stratum.messages import Submit
from joulehash.engine.tally import Outcome, Result

Submitted = tuple[int | None, bytes]  # version bits as they came, and the header that the pool made of them


class Noting(EmbeddedPool):
    """Remembers the shares that were accepted."""

    def __init__(self, settings: Settings, events: list[Event]) -> None:
        super().__init__(settings, events.append)
        self.accepted: list[Verdict] = []

    async def submit(self, share: Verdict) -> Result:
        result = await super().submit(share)
        if result.outcome is Outcome.ACCEPTED:
            self.accepted.append(share)
        return result


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[Submitted]:
    """What the pool weighs."""
    noted: list[Submitted] = []

    def note(job: PoolJob, submit: Submit, extranonce1: bytes, mask: int) -> Hashed | Fault:
        hashed = hash_share(job, submit, extranonce1, mask)
        assert isinstance(hashed, Hashed), hashed
        noted.append((submit.version_bits, hashed.header))
        return hashed

    monkeypatch.setattr(session, "hash_share", note)
    return noted


@pytest.mark.parametrize("granted", [0, 0x2000, 0x00A0A000, 0x1FFFE000], ids=hex)
def test_shares_carry_the_bits_that_were_rolled(
    monkeypatch: pytest.MonkeyPatch, submitted: list[Submitted], granted: int
) -> None:
    monkeypatch.setattr(session, "VERSION_MASK", granted)
    events: list[Event] = []
    pool = Noting(Settings("me", suggest_difficulty=Fraction(1, 10**6)), events)
    miner = Miner(pool, [CpuDevice("portable", 2, affinity=False)], events.append)
    summary = asyncio.run(miner.run(duration_s=60, shares=20))
    assert [event.version_mask for event in events if isinstance(event, Connected)] == [f"{granted:08x}"]
    assert summary.accepted >= 20
    assert summary.rejected == summary.duplicates == summary.hardware_errors == 0
    assert {share.header for share in pool.accepted} <= {header for _, header in submitted}
    versions = {Header.parse(header).version for _, header in submitted}
    assert all((version ^ 0x20000000) & ~granted == 0 for version in versions)
    if granted:
        assert len(versions) > 1  # of 20 shares; that all have the same one by chance: 2^-19 and less
        assert {bits for bits, _ in submitted} == {version & granted for version in versions}
    else:
        assert {bits for bits, _ in submitted} == {None}
