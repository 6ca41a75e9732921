"""Jobs of templates, and what a share is worth."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.chain.block import Block
from joulehash.engine.chain.header import Header, double_sha256
from joulehash.engine.poolserver.book import Fault, Hashed, JobBook, PoolJob, hash_share
from joulehash.engine.stratum.messages import Submit
from joulehash.engine.templates.memory import MemoryChain
from joulehash.engine.templates.template import Template

EN1, MASK = b"\xaa\xbb\xcc\xdd", 0x1FFFE000


def template(transactions: int = 5) -> Template:
    return MemoryChain(2**250, clock=lambda: 1_700_000_000, transactions=transactions).template


def book() -> tuple[JobBook, PoolJob]:
    made = JobBook()
    job, clean = made.add(template())
    assert clean
    assert made.current is job
    return made, job


def submit(job: PoolJob, **changes: object) -> Submit:
    values: dict[str, object] = {"user": "u", "job": job.id, "extranonce2": bytes(8), "ntime": job.template.curtime}
    return Submit(**{**values, "nonce": 0, **changes})  # type: ignore[arg-type]


def test_a_job_is_clean_when_the_block_before_or_the_demand_is_another() -> None:
    made, job = book()
    later = replace(job.template, serial=2, curtime=job.template.curtime + 30)
    assert made.add(later)[1] is False
    assert made.add(replace(later, prev_hash=b"\1" * 32))[1] is True
    assert made.add(replace(later, prev_hash=b"\1" * 32, nbits=0x1D00FFFF))[1] is True
    assert made.add(replace(later, prev_hash=b"\1" * 32, nbits=0x1D00FFFF))[1] is False


def test_before_the_first_template_there_is_no_job() -> None:
    assert JobBook().current is None
    assert JobBook().renew() is None


def test_a_renewed_job_shares_no_header_with_any_other() -> None:
    made, job = book()
    jobs = [job, *(renewed for _ in range(20) if (renewed := made.renew()))]
    assert made.current is job
    assert len({j.id for j in jobs}) == 21
    coinbases = {j.coinbase(EN1 + bytes(8)) for j in jobs}
    assert len(coinbases) == 21
    assert len({len(c) for c in coinbases}) == 1


def test_a_share_is_hashed_as_the_chain_will() -> None:
    _, job = book()
    hashed = hash_share(job, submit(job, nonce=7, version_bits=0x2000), EN1, MASK)
    assert isinstance(hashed, Hashed)
    header = Header.parse(hashed.header)
    assert (header.nonce, header.version) == (7, job.template.version | 0x2000)
    assert hashed.hash == int.from_bytes(double_sha256(hashed.header), "little")
    block = Block.parse(job.template.block(hashed.header, hashed.coinbase))
    assert block.header == header
    assert hashed.is_block is (hashed.hash <= job.template.target)


@given(
    branches=st.lists(st.binary(min_size=32, max_size=32), max_size=12).map(tuple),
    extranonces=st.lists(st.binary(min_size=12, max_size=12), min_size=1, max_size=4),
    nonce=st.integers(0, 2**32 - 1),
)
def test_no_session_or_job_hashes_with_what_another_has(
    branches: tuple[bytes, ...], extranonces: list[bytes], nonce: int
) -> None:
    """In turns over two jobs and several sessions, each header is the one that is worked out from nothing."""
    made = JobBook()
    of = replace(template(), branches=branches)
    jobs = [made.add(of)[0], made.add(replace(of, prev_hash=bytes(32), branches=branches[1:]))[0]]
    for extranonce in extranonces:
        for job in jobs:
            hashed = hash_share(job, submit(job, extranonce2=extranonce[4:], nonce=nonce), extranonce[:4], 0)
            assert isinstance(hashed, Hashed)
            coinbase = job.coinb1 + extranonce + job.coinb2
            t, root = job.template, double_sha256(coinbase)
            for branch in t.branches:
                root = double_sha256(root + branch)
            assert hashed.coinbase == coinbase
            assert hashed.header == Header(t.version, t.prev_hash, root, t.curtime, t.nbits, nonce).pack()
            assert hashed.hash == int.from_bytes(double_sha256(hashed.header), "little")


@pytest.mark.parametrize("size", [0, 4, 7, 9, 16])
def test_extranonce2_has_one_size(size: int) -> None:
    _, job = book()
    assert hash_share(job, submit(job, extranonce2=bytes(size)), EN1, MASK) == Fault(
        20, f"extranonce2 of {size} bytes; takes 8"
    )


def test_a_template_that_has_no_time_left_refuses_every_share() -> None:
    """On a test network, when the block's least time is behind the moment at which its difficulty would fall."""
    job = JobBook().add(replace(template(), maxtime=template().mintime - 1))[0]
    refused = hash_share(job, submit(job), EN1, MASK)
    assert isinstance(refused, Fault)
    assert "Ntime out of range" in refused.text


def test_ntime_is_bounded_as_the_template_bounds_it() -> None:
    _, job = book()
    first, last = job.template.first_ntime, job.template.last_ntime
    for ntime, ok in ((first - 1, False), (first, True), (last, True), (last + 1, False)):
        hashed = hash_share(job, submit(job, ntime=ntime), EN1, MASK)
        assert isinstance(hashed, Hashed) is ok
        if isinstance(hashed, Fault):
            assert (hashed.code, hashed.text) == (20, f"Ntime out of range: {ntime}; takes {first} to {last}")


@pytest.mark.parametrize(
    ("bits", "mask", "version"),
    [
        (None, MASK, 0x20000000),
        (None, 0, 0x20000000),
        (0, MASK, 0x20000000),
        (0x2000, MASK, 0x20002000),
        (0x1FFFE000, MASK, 0x3FFFE000),
        (0, 0, 0x20000000),
        (0x2000, 0, None),
        (0xE0000000, MASK, None),
        (0x20000000, MASK, None),
        (1, MASK, None),
    ],
)
def test_version_bits_by_bip310(bits: int | None, mask: int, version: int | None) -> None:
    _, job = book()
    hashed = hash_share(job, submit(job, version_bits=bits), EN1, mask)
    if version is None:
        assert isinstance(hashed, Fault)
        assert hashed.code == 20
        assert "Invalid version mask" in hashed.text
    else:
        assert isinstance(hashed, Hashed)
        assert Header.parse(hashed.header).version == version


def test_version_bits_replace_those_of_the_job() -> None:
    job = JobBook().add(replace(template(), version=0x20006000))[0]
    hashed = hash_share(job, submit(job, version_bits=0x2000), EN1, MASK)
    assert isinstance(hashed, Hashed)
    assert Header.parse(hashed.header).version == 0x20002000
