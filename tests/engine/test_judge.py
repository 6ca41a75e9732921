"""What a claim is worth, and whether it may be sent."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine import judge as judge_module
from joulehash.engine.chain.target import MAX_TARGET, bits_from_target, target_from_bits
from joulehash.engine.judge import Fate, Judge, Quality, Verdict, quality_of, verify
from joulehash.engine.work import Found, Job, Work
from tests.support.jobs import claim, job, work

EASY = bits_from_target(MAX_TARGET)  # a network that takes every hash but a few
OTHER_BLOCK = sha256(b"another block").digest()


def number_of(found: Found, of: Work) -> int:
    header = of.header(found.version, found.ntime, found.nonce)
    return int.from_bytes(sha256(sha256(header).digest()).digest(), "little")


NUMBER = number_of(claim(work()), work())  # of the plain job's claims with nonce 0; no target goes into a header


def judged(found: Found, newest: Job | None, now: float = 0.0) -> Verdict:
    judge = Judge()
    judge.accept(newest)
    return judge.judge(found, now)


# Quality


@pytest.mark.parametrize(
    ("target", "claim_target", "quality"),
    [
        (NUMBER, NUMBER, Quality.SHARE),
        (NUMBER - 1, NUMBER, Quality.CLAIM),
        (NUMBER - 1, NUMBER - 1, Quality.FALSE),
        (NUMBER, NUMBER - 1, Quality.SHARE),
        (0, 0, Quality.FALSE),
        (MAX_TARGET, MAX_TARGET, Quality.SHARE),
    ],
)
def test_quality_is_exact_to_the_last_bit(target: int, claim_target: int, quality: Quality) -> None:
    mine = work(job(target=target), claim_target=claim_target)
    verdict = judged(claim(mine), mine.job)
    assert (verdict.hash, verdict.quality) == (NUMBER, quality)


@pytest.mark.parametrize(
    ("above", "quality"), [(-1, Quality.BLOCK), (0, Quality.BLOCK), (1, Quality.SHARE)], ids=["below", "equal", "above"]
)
def test_a_block_meets_the_networks_target(above: int, quality: Quality) -> None:
    mine = work(job())
    assert quality_of(mine.job.network_target + above, mine) is quality


def test_a_block_meets_the_jobs_target_too() -> None:
    """A pool may ask for more than the network does: what misses that is nothing to it."""
    mine = work(job(nbits=EASY, target=NUMBER - 1), claim_target=MAX_TARGET)
    assert quality_of(NUMBER, mine) is Quality.CLAIM
    assert quality_of(NUMBER - 1, mine) is Quality.BLOCK


def test_verify_is_hashlib_and_pure() -> None:
    mine = work()
    found = claim(mine, nonce=7)
    assert (
        verify(found) == verify(found) == (mine, mine.header(mine.job.version, mine.ntime, 7), number_of(found, mine))
    )
    assert not mine.seen


# The table of quality and fate

HARD, BLOCK = job(target=NUMBER), job(nbits=EASY)
CLAIMED = job(target=NUMBER - 1)


def of_quality(quality: Quality) -> Work:
    match quality:
        case Quality.FALSE:
            return work(CLAIMED, claim_target=NUMBER - 1)
        case Quality.CLAIM:
            return work(CLAIMED, claim_target=NUMBER)
        case Quality.SHARE:
            return work(HARD)
        case Quality.BLOCK:
            return work(BLOCK)


@pytest.mark.parametrize("quality", Quality)
@pytest.mark.parametrize("fate", Fate)
def test_what_is_sent(quality: Quality, fate: Fate) -> None:
    mine = of_quality(quality)
    newest: Job | None = mine.job
    found, judge = claim(mine), Judge()
    match fate:
        case Fate.FRESH:
            pass
        case Fate.STALE:
            newest = job(prev_hash=OTHER_BLOCK)
        case Fate.DUPLICATE:
            judge.accept(newest)
            judge.judge(found, 0.0)
        case Fate.OUTSIDE_MASK:
            found = claim(mine, version=mine.job.version ^ 0x2000)
        case Fate.OUTSIDE_NTIME:
            found = claim(mine, ntime=mine.ntime + 1)
    judge.accept(newest)
    verdict = judge.judge(found, 0.0)
    if fate in (Fate.OUTSIDE_MASK, Fate.OUTSIDE_NTIME):  # another header, another hash: only its fate is looked at
        assert verdict.fate is fate
        assert not verdict.sendable
        return
    assert verdict.quality is quality
    if quality is Quality.FALSE:
        assert not verdict.sendable
        return  # a false claim is no share: its fate is no matter
    assert verdict.fate is fate
    sendable = {Fate.FRESH: (Quality.SHARE, Quality.BLOCK), Fate.STALE: (Quality.BLOCK,)}
    assert verdict.sendable is (quality in sendable.get(fate, ()))


def test_a_false_claim_is_never_remembered() -> None:
    mine = of_quality(Quality.FALSE)
    for _ in range(2):
        assert judged(claim(mine), mine.job).fate is Fate.FRESH
    assert not mine.seen


# Fate


def test_stale() -> None:
    mine = work(job())
    assert judged(claim(mine), None).fate is Fate.STALE, "no session"
    assert judged(claim(work(job())), job(session=2)).fate is Fate.STALE, "another session"
    assert judged(claim(work(job())), job(prev_hash=OTHER_BLOCK)).fate is Fate.STALE, "another block"
    assert judged(claim(work(job())), job(id="2", clean=True)).fate is Fate.FRESH, "another job for the same block"


def test_duplicates_are_known_by_version_ntime_and_nonce() -> None:
    mine = work(job(version_mask=0x6000))
    judge = Judge()
    judge.accept(mine.job)
    claims = [
        claim(mine, nonce=1),
        claim(mine, nonce=2),
        claim(mine, nonce=1, version=mine.job.version ^ 0x4000),
        claim(mine, nonce=1, ntime=mine.ntime + 1),
    ]
    assert {judge.judge(found, 5.0).fate for found in claims} == {Fate.FRESH}
    assert {judge.judge(found, 5.0).fate for found in claims} == {Fate.DUPLICATE}
    assert judge.judge(claim(work(job(version_mask=0x6000), extranonce2=1), nonce=1), 5.0).fate is Fate.FRESH


def test_a_stale_claim_comes_again_as_a_duplicate() -> None:
    mine = work(BLOCK)
    assert judged(claim(mine), None).sendable
    again = judged(claim(mine), None)
    assert (again.quality, again.fate, again.sendable) == (Quality.BLOCK, Fate.DUPLICATE, False)


def test_memory_for_duplicates_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_module, "_SEEN_LIMIT", 10)
    mine, judge = work(), Judge()
    judge.accept(mine.job)
    for nonce in range(30):
        assert judge.judge(claim(mine, nonce=nonce), 0.0).fate is Fate.FRESH
    assert len(mine.seen) == 10
    assert judge.judge(claim(mine, nonce=29), 0.0).fate is Fate.DUPLICATE


def test_the_oldest_claim_is_forgotten_first_even_when_it_came_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_module, "_SEEN_LIMIT", 3)
    mine, judge = work(), Judge()
    judge.accept(mine.job)
    nonces = [1, 2, 3, 1, 4, 2, 1]
    fates = [judge.judge(claim(mine, nonce=nonce), 0.0).fate for nonce in nonces]
    assert [fate is Fate.DUPLICATE for fate in fates] == [False, False, False, True, False, True, False]


def test_a_changed_target_is_weighed_at_once() -> None:
    """What a job remembers of its targets is its own, and not that of the job it was made from."""
    before = job(nbits=EASY)
    assert quality_of(NUMBER, work(before)) is Quality.BLOCK
    after = replace(before, target=NUMBER - 1)
    assert quality_of(NUMBER, work(after, claim_target=MAX_TARGET)) is Quality.CLAIM


@given(
    claims=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from([0, 0x2000, 0x4000]), st.booleans())
    ),
    limit=st.integers(1, 4),
)
def test_fate_and_quality_are_those_of_the_plain_rules(claims: list[tuple[int, int, int, bool]], limit: int) -> None:
    """Against the same rules written without any thrift, over every order of claims on two works of one judge."""
    of = job(version_mask=0x6000, target=NUMBER, nbits=EASY)
    works = (work(of, claim_target=MAX_TARGET), work(of, claim_target=NUMBER, extranonce2=1))
    seen: dict[int, list[tuple[int, int, int]]] = {0: [], 1: []}
    judge = Judge()
    judge.accept(job(version_mask=0x2000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge_module, "_SEEN_LIMIT", limit)
        for nonce, ahead, bits, second in claims:
            mine = works[second]
            found = claim(mine, nonce=nonce, ntime=mine.ntime + ahead, version=of.version ^ bits)
            verdict, number = judge.judge(found, 1.5), number_of(found, mine)
            block = number <= min(of.target, of.network_target)
            worst = Quality.CLAIM if number <= mine.claim_target else Quality.FALSE
            assert verdict.quality is (Quality.BLOCK if block else Quality.SHARE if number <= of.target else worst)
            fate = Fate.OUTSIDE_MASK if bits & ~0x2000 else Fate.OUTSIDE_NTIME if ahead > int(1.5) else Fate.FRESH
            key, known = (found.version, found.ntime, found.nonce), seen[second]
            if verdict.quality is not Quality.FALSE:
                if key in known:
                    fate = Fate.DUPLICATE
                else:
                    known[:] = [*known, key][-limit:]
            assert verdict.fate is fate
            assert (verdict.work, verdict.hash) == (mine, number)


@pytest.mark.parametrize(
    ("granted", "now_granted", "bits", "fate"),
    [
        (0x6000, 0x6000, 0x0000, Fate.FRESH),
        (0x6000, 0x6000, 0x6000, Fate.FRESH),
        (0x6000, 0x6000, 0x8000, Fate.OUTSIDE_MASK),
        (0x6000, 0x2000, 0x2000, Fate.FRESH),
        (0x6000, 0x2000, 0x4000, Fate.OUTSIDE_MASK),  # the pool has taken the bit back
        (0x2000, 0x6000, 0x4000, Fate.OUTSIDE_MASK),  # it had not been granted to this work
        (0x6000, 0x0000, 0x2000, Fate.OUTSIDE_MASK),
        (0x0000, 0x0000, 0x80000000, Fate.OUTSIDE_MASK),
    ],
)
def test_version_bits_stay_inside_the_mask_of_then_and_of_now(
    granted: int, now_granted: int, bits: int, fate: Fate
) -> None:
    mine = work(job(version_mask=granted))
    found = claim(mine, version=mine.job.version ^ bits)
    assert judged(found, job(version_mask=now_granted)).fate is fate


@pytest.mark.parametrize(
    ("ahead", "now", "fate"),
    [
        (0, 50.0, Fate.FRESH),
        (-1, 50.0, Fate.OUTSIDE_NTIME),
        (9, 59.9, Fate.FRESH),
        (10, 59.9, Fate.OUTSIDE_NTIME),
        (10, 60.0, Fate.FRESH),
        (0, 40.0, Fate.FRESH),  # a clock that reads earlier than the job came gives no time at all
        (1, 40.0, Fate.OUTSIDE_NTIME),
    ],
)
def test_ntime_stays_between_the_jobs_and_what_has_elapsed(ahead: int, now: float, fate: Fate) -> None:
    mine = work(job(received_s=50.0))
    assert judged(claim(mine, ntime=mine.ntime + ahead), mine.job, now).fate is fate


# Candidates


def test_of_two_candidates_the_one_that_the_claim_is_true_for_is_chosen() -> None:
    older, newer = work(extranonce2=1), work(extranonce2=2)
    least = min((number_of(claim(older, nonce=n), older), n) for n in range(200))
    bound, nonce = least
    assert number_of(claim(newer, nonce=nonce), newer) > bound
    works = (work(job(target=bound), extranonce2=2), work(job(target=bound), extranonce2=1))
    verdict = judged(claim(*works, nonce=nonce), works[0].job)
    assert (verdict.work, verdict.quality, verdict.fate) == (works[1], Quality.SHARE, Fate.FRESH)


def test_of_two_that_it_is_true_for_the_newest_is_chosen() -> None:
    for nonce in range(8):
        works = (work(extranonce2=2), work(extranonce2=1))
        assert judged(claim(*works, nonce=nonce), works[0].job).work is works[0]


def test_a_share_of_an_older_job_goes_before_a_mere_claim_of_the_newest() -> None:
    """Their targets differ: the lesser hash is not the worthier one."""
    newest, older = work(job(target=0), claim_target=MAX_TARGET), work(job(id="0"), extranonce2=1)
    for nonce in range(8):
        verdict = judged(claim(newest, older, nonce=nonce), newest.job)
        assert (verdict.work, verdict.quality) == (older, Quality.SHARE)


def test_a_claim_that_is_true_for_none_is_false() -> None:
    works = (work(job(target=0)), work(job(target=0), extranonce2=1))
    assert judged(claim(*works), works[0].job).quality is Quality.FALSE


def test_difficulty_of_a_share_is_that_of_its_hash() -> None:
    verdict = judged(claim(work()), work().job)
    assert verdict.difficulty == target_from_bits(0x1D00FFFF) / verdict.difficulty.__class__(NUMBER)
