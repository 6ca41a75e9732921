"""Our client and our pool back to back in memory, with the bytes between them cut anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulehash.engine.chain.block import Block
from joulehash.engine.chain.target import target_from_difficulty
from joulehash.engine.judge import Judge, Quality, Verdict
from joulehash.engine.poolserver.book import JobBook
from joulehash.engine.poolserver.session import Accepted, Drop, Limits, Session
from joulehash.engine.poolserver.vardiff import Vardiff
from joulehash.engine.stratum.client import Answered, ClientProtocol, Event, NewJob, Quirks, Ready, Settings
from joulehash.engine.stratum.lines import Malformed
from joulehash.engine.stratum.messages import SetVersionMask
from joulehash.engine.tally import Outcome
from joulehash.engine.templates.memory import MemoryChain
from joulehash.engine.work import Job
from tests.support.stratum import ANY_HASH, answer, share_of

CUTS = st.lists(st.integers(1, 400), min_size=1, max_size=8)  # lengths of reads, in turn


@dataclass
class Pair:
    cuts: list[int] = field(default_factory=lambda: [1 << 20])
    settings: Settings = field(default_factory=lambda: Settings("u", suggest_difficulty=ANY_HASH))
    difficulty: Fraction = ANY_HASH
    block_target: int = 1 << 200
    client_events: list[Event] = field(default_factory=list[Event])
    pool_events: list[object] = field(default_factory=list[object])
    reads: int = 0

    def __post_init__(self) -> None:
        self.chain = MemoryChain(self.block_target, clock=lambda: 1_700_000_000)
        self.book = JobBook()
        self.book.add(self.chain.template)
        vardiff = Vardiff(self.difficulty, ANY_HASH, Fraction(10**6), interval_s=1e-6)
        self.session = Session(b"\1\2\3\4", self.book, vardiff, Limits(), 0.0)
        self.client = ClientProtocol(self.settings, Quirks(), 1)
        self.client.start()
        self.flow()

    def flow(self, now: float = 0.0) -> None:
        """Carry bytes both ways until nobody has anything to say."""
        while (up := self.client.outgoing()) or self.session_has_data():
            for chunk in self.cut(up):
                self.pool_events += self.session.receive(chunk, now)
            for chunk in self.cut(self.take_down()):
                self.client_events += self.client.receive(chunk, now)
        assert not any(isinstance(event, Malformed) for event in self.client_events)

    _down: bytes = b""

    def session_has_data(self) -> bool:
        self._down += self.session.outgoing()
        return bool(self._down)

    def take_down(self) -> bytes:
        self.session_has_data()
        down, self._down = self._down, b""
        return down

    def cut(self, data: bytes) -> list[bytes]:
        chunks: list[bytes] = []
        while data:
            length = self.cuts[self.reads % len(self.cuts)]
            chunks.append(data[:length])
            data = data[length:]
            self.reads += 1
        return chunks

    @property
    def job(self) -> Job:
        assert self.client.job is not None
        return self.client.job

    def submit(self, share: Verdict) -> tuple[Outcome, str]:
        refused = self.client.submit(share, 0.0)
        if refused is not None:
            return refused.outcome, refused.reason
        self.client_events.clear()
        self.flow()
        (answered,) = (event for event in self.client_events if isinstance(event, Answered))
        assert answered.share is share
        return answered.result.outcome, answered.result.reason


@given(CUTS, st.integers(0, 2**32 - 1), st.binary(min_size=8, max_size=8), st.sampled_from([0, 0x2000, 0x1FFFE000]))
def test_a_handshake_completes_and_a_found_share_is_accepted(
    cuts: list[int], nonce: int, en2: bytes, bits: int
) -> None:
    pair = Pair(cuts)
    assert [event for event in pair.client_events if isinstance(event, Ready)] == [Ready(b"\1\2\3\4", 8, 0x1FFFE000)]
    assert pair.job.clean
    assert pair.job.height == 1
    share = share_of(pair.job, nonce, en2, bits)
    assert pair.submit(share) == (Outcome.ACCEPTED, "")
    (accepted,) = (event for event in pair.pool_events if isinstance(event, Accepted))
    assert accepted.hashed.header == share.header
    assert accepted.hashed.hash == share.hash
    assert pair.submit(share) == (Outcome.DUPLICATE, "Duplicate share (22)")


@given(CUTS)
@settings(max_examples=20)
def test_every_refusal_comes_back_with_its_code(cuts: list[int]) -> None:
    pair = Pair(cuts)
    job = pair.job
    # 20: a mask that the client thinks it has and the pool never gave
    pair.client.receive(b'{"id":null,"method":"mining.set_version_mask","params":["1fffe000"]}\n', 0.0)
    pair.session.mask = 0x2000
    outcome, reason = pair.submit(share_of(job, bits=0x4000))
    assert (outcome, reason) == (Outcome.REJECTED, "Invalid version mask: 00004000; takes bits of 00002000 (20)")
    pair.session.mask = 0x1FFFE000
    # 23: the pool asks for more than the client knows of
    easy = share_of(job, 5)
    offers = pair.session._offers  # pyright: ignore[reportPrivateUsage]
    offer = offers[str(job.id)]
    known, offer.target = offer.target, target_from_difficulty(Fraction(10**6))
    assert pair.submit(easy) == (Outcome.REJECTED, "Low difficulty share (23)")
    offer.target = known
    # 21 for the newest job is a rejection, for an older one it is stale
    offers.pop(str(job.id))
    assert pair.submit(share_of(job, 6)) == (Outcome.REJECTED, "Job not found (21)")
    offers[str(job.id)] = offer
    pair.session.offer(pair.book.add(pair.chain.template)[0], clean=True)
    pair.flow()
    assert pair.job is not job
    assert pair.submit(share_of(job, 7)) == (Outcome.STALE, "Job not found (21)")
    assert pair.submit(share_of(pair.job, 7)) == (Outcome.ACCEPTED, "")
    assert not any(isinstance(event, Drop) for event in pair.pool_events)


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_changes_of_mask_and_difficulty_arrive_whole(size: int) -> None:
    pair = Pair([size])
    pair.session.mask = 0x6000
    pair.session.protocol.tell(SetVersionMask(0x6000))
    pair.session.vardiff.suggest(Fraction(1, 10**10), 0.0)
    pair.session.offer(pair.book.add(pair.chain.template)[0], clean=False)
    pair.flow()
    assert pair.job.version_mask == 0x6000
    assert pair.client.difficulty == Fraction(1, 10**10)
    assert pair.submit(share_of(pair.job, 1, bits=0x4000)) == (Outcome.ACCEPTED, "")


def test_a_client_without_version_rolling_sends_five_params_and_is_accepted() -> None:
    pair = Pair(settings=Settings("u", version_mask=0, suggest_difficulty=ANY_HASH))
    assert pair.job.version_mask == 0
    assert pair.submit(share_of(pair.job, 3)) == (Outcome.ACCEPTED, "")


@given(CUTS)
@settings(max_examples=10)
def test_a_rising_difficulty_costs_no_share(cuts: list[int]) -> None:
    """Shares are found far faster than wanted: the pool raises, the client follows, nothing is refused."""
    pair = Pair(cuts)
    pair.session.vardiff.interval_s = 1.0
    judge, outcomes, judged = Judge(), list[Outcome](), pair.job
    judge.accept(judged)
    for nonce in range(120):
        if pair.job is not judged:
            judged = pair.job
            judge.accept(judged)
        share = share_of(judged, nonce, judge=judge)
        if share.sendable:
            outcomes.append(pair.submit(share)[0])
    assert set(outcomes) == {Outcome.ACCEPTED}
    assert pair.client.difficulty > 10 * ANY_HASH
    assert any(isinstance(event, NewJob) for event in pair.client_events) or judged is not None


def test_a_block_that_our_judge_sees_is_one_that_the_chain_takes() -> None:
    pair = Pair(block_target=1 << 252)
    shares = (share_of(pair.job, nonce) for nonce in range(1000))
    block = next(share for share in shares if share.quality is Quality.BLOCK)
    assert pair.submit(block) == (Outcome.ACCEPTED, "")
    (accepted,) = (event for event in pair.pool_events if isinstance(event, Accepted))
    hashed = accepted.hashed
    assert hashed.is_block
    assert Block.parse(hashed.job.template.block(hashed.header, hashed.coinbase)).header.pack() == block.header


def test_an_answer_twice_and_an_answer_to_nothing_change_nothing() -> None:
    pair = Pair()
    assert pair.submit(share_of(pair.job, 1)) == (Outcome.ACCEPTED, "")
    assert pair.client.receive(answer(3, True) + answer(4, False) + answer(5, True), 0.0) == []
