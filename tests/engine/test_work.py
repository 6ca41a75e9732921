"""Work holds the header that the pool will build, and draws take time as it really passes."""

from __future__ import annotations

from array import array
from hashlib import sha256
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.chain.header import Header
from joulehash.engine.chain.target import MAX_TARGET
from joulehash.engine.space import HeaderSpace
from joulehash.engine.work import NONCES, Assignment, Found, Work
from joulehash.ext.kernels import KERNELS
from tests.support.jobs import COINB1, PLAIN, SmallSpace, assignment, claim, job, work


def twice(data: bytes) -> bytes:
    return sha256(sha256(data).digest()).digest()


def by_hand(of: Work, version: int, ntime: int, nonce: int) -> bytes:
    root = twice(of.job.coinb1 + of.job.extranonce1 + of.extranonce2 + of.job.coinb2)
    for branch in of.job.branches:
        root = twice(root + branch)
    return pack("<I32s32sIII", version, of.job.prev_hash, root, ntime, of.job.nbits, nonce)


uint32 = st.integers(0, 2**32 - 1)


@given(version=uint32, ntime=uint32, nonce=uint32, extranonce2=st.integers(0, 2**32 - 1), branches=st.integers(0, 3))
def test_header_is_what_the_pool_will_build(
    version: int, ntime: int, nonce: int, extranonce2: int, branches: int
) -> None:
    of = job(branches=tuple(twice(bytes([i])) for i in range(branches)))
    mine = work(of, extranonce2=extranonce2)
    assert mine.header(version, ntime, nonce) == by_hand(mine, version, ntime, nonce)
    assert mine.header(version, ntime, nonce) == of.header(mine.extranonce2, version, ntime, nonce).pack()
    assert Header.parse(mine.header(version, ntime, nonce)).merkle_root == mine.merkle_root


def test_extranonce2_has_the_length_that_the_pool_wants() -> None:
    for size in (0, 1, 2, 8, 16):
        drawn = assignment(job(extranonce2_size=size)).draw()
        assert drawn is not None
        assert drawn.extranonce2 == bytes(size)
    given_out = assignment(job(extranonce2_size=4))
    assert [w.extranonce2.hex() for _ in range(3) if (w := given_out.draw())] == ["00000000", "00000001", "00000002"]


def test_the_kernel_finds_with_midstates_and_tail_what_hashlib_finds_in_headers() -> None:
    drawn = assignment(job(version_mask=0x6000)).draw(4)
    assert drawn is not None
    first, count, hits = NONCES - 150, 300, array("I", bytes(8 * 2048))
    run = KERNELS["portable"].load()
    n_hits, done = run(drawn.midstates(), drawn.tail(), first, count, 2**28, hits, array("i", [0]))
    assert done == count
    found = {(drawn.versions[hits[2 * i]], hits[2 * i + 1]) for i in range(n_hits)}
    expected = {
        (version, nonce % NONCES)
        for version in drawn.versions
        for nonce in range(first, first + count)
        if int.from_bytes(twice(by_hand(drawn, version, drawn.ntime, nonce % NONCES))[28:], "little") <= 2**28
    }
    assert found == expected
    assert 40 < len(found) < 120  # of 1200 hashes one in sixteen


def test_versions_are_the_jobs_with_bits_of_the_mask() -> None:
    drawn = assignment(job(version=0x20002000, version_mask=0x6000)).draw(16)
    assert drawn is not None
    assert sorted(drawn.versions) == [0x20000000, 0x20002000, 0x20004000, 0x20006000]
    assert len(drawn.midstates()) == 4 * 8


def test_a_share_of_one_job_is_drawn_only_once_though_two_devices_draw() -> None:
    space = HeaderSpace(4)
    works = [w for _ in range(10) for a in (assignment(space=space), assignment(space=space)) if (w := a.draw())]
    assert len({w.extranonce2 for w in works}) == 20


@pytest.mark.parametrize(("elapsed_s", "ahead"), [(0.0, 0), (0.999, 0), (1.0, 1), (59.5, 59), (-5.0, 0)], ids=str)
def test_ntime_goes_on_by_elapsed_seconds_only(elapsed_s: float, ahead: int) -> None:
    drawn = assignment(job(received_s=100.0), lambda: 100.0 + elapsed_s).draw()
    assert drawn is not None
    assert drawn.ntime == PLAIN.ntime + ahead


def test_a_job_at_the_end_of_time_starves_and_raises_nothing() -> None:
    now = 0.0
    given_out = assignment(job(ntime=2**32 - 1), lambda: now)
    assert given_out.draw() is not None
    now = 1.0
    assert given_out.draw() is None


def test_an_exhausted_space_draws_nothing() -> None:
    given_out = assignment(space=SmallSpace(16))
    assert given_out.draw() is not None
    assert given_out.draw() is None


def test_draws_hold_the_claim_target_of_the_assignment() -> None:
    drawn = Assignment(PLAIN, HeaderSpace(4), lambda: 0.0, 12345).draw()
    assert drawn is not None
    assert drawn.claim_target == 12345


def test_jobs_of_equal_content_share_a_space_and_others_do_not() -> None:
    same = [PLAIN, job(id="2"), job(target=1), job(ntime=1), job(version=1), job(version_mask=0x2000), job(session=2)]
    assert len({j.content for j in same}) == 1
    moved = job(coinb1=PLAIN.coinb1 + PLAIN.extranonce1[:1], extranonce1=PLAIN.extranonce1[1:])
    assert moved.content == PLAIN.content, "the same coinbases come of it"
    different: list[dict[str, object]] = [
        {"prev_hash": bytes(32)},
        {"coinb1": b""},
        {"coinb2": b""},
        {"extranonce1": b""},
        {"extranonce2_size": 3},
        {"branches": ()},
        {"nbits": 0x207FFFFF},
    ]
    assert all(job(**changes).content != PLAIN.content for changes in different)


SCRIPTS = {
    "03400d0c": 0x0C0D40,
    "03400d0c2f6d6979": 0x0C0D40,
    "024101": 321,
    "0111": 17,
    "51": 1,
    "60": 16,
    "5f2f": 15,
    "02ff00": 255,  # a zero keeps the sign bit off
    # what says nothing
    "": None,
    "00": None,
    "03400d": None,
    "4f": None,
    "61": None,
    "01ff": None,  # a negative number
    "03ffff80": None,
    "04ffff001d": None,  # before BIP34: nBits of the genesis block
    "0500000000": None,
    "4c03400d0c": None,  # not the shortest push
    "ff" * 80: None,
}


@pytest.mark.parametrize(("script", "height"), SCRIPTS.items())
def test_height_by_bip34(script: str, height: int | None) -> None:
    assert job(coinb1=COINB1[:42] + bytes.fromhex(script)).height == height


def test_height_is_unknown_where_the_coinbase_is_none() -> None:
    assert job(coinb1=COINB1[:4] + b"\x02" + COINB1[5:]).height is None
    assert job(coinb1=COINB1[:5] + b"\x01" + COINB1[6:]).height is None


@given(st.binary(max_size=120))
def test_no_coinbase_breaks_height(coinb1: bytes) -> None:
    assert job(coinb1=coinb1).height is None or coinb1[4] == 1
    assert (job(coinb1=COINB1[:42] + coinb1).height or 0) < 2**23


def test_a_claim_belongs_to_a_work_and_fits_into_a_header() -> None:
    with pytest.raises(ValueError, match="works: none"):
        Found("fake", (), 0, 0, 0, 0.0)
    mine = work()
    for name, wrong in (("nonce", 2**32), ("version", -1), ("ntime", 2**32)):
        with pytest.raises(ValueError, match=rf"{name}: {wrong}; takes 0 to 4294967295"):
            claim(mine, **{name: wrong})  # type: ignore[arg-type]
    assert PLAIN.target == MAX_TARGET
