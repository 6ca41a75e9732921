"""What every Device keeps to: the CPU, a simulated board, a real one. A new device is a row of RIGS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

import pytest

from joulehash.engine.chain.target import MAX_TARGET
from joulehash.engine.cpu import CpuDevice
from joulehash.engine.device import Device
from joulehash.engine.judge import Judge, Quality
from joulehash.engine.space import HeaderSpace
from joulehash.engine.work import NONCES, Assignment, Found, Job
from tests.support.devices import PATIENCE_S, Claims, started, steady
from tests.support.jobs import SmallSpace, job


@dataclass(frozen=True)
class Rig:
    name: str
    make: Callable[[], Device]
    target: int = MAX_TARGET >> 12  # at which it claims many times a second
    flood: int = MAX_TARGET  # at which it claims as fast as it can
    exact: bool = True  # it searches the nonces of its work and no others


RIGS = [
    Rig("cpu, 1 thread", lambda: CpuDevice("portable", 1)),
    Rig("cpu, 2 threads", lambda: CpuDevice("portable", 2, affinity=False)),
]


@pytest.fixture(params=RIGS, ids=lambda rig: rig.name)
def rig(request: pytest.FixtureRequest) -> Rig:
    chosen: Rig = request.param
    return chosen


MASKS = [0, 0x2000, 0x6000, 0x1FE000, 0x1FFFE000, 0x00A0A000]  # 0, 1, 2, 8 and 16 bits, and four with holes
ALL_ROLLED = [mask for mask in MASKS if mask.bit_count() <= 8]  # few enough to hash each version


def assigned(of: Job, space: HeaderSpace | None = None) -> Assignment:
    return Assignment(of, space or HeaderSpace(of.extranonce2_size), asyncio.get_running_loop().time, of.target)


def now_job(target: int, **changes: object) -> Job:
    return job(target=target, received_s=asyncio.get_running_loop().time(), **changes)


def of_job(claims: Claims, wanted: Job) -> list[Found]:
    return [found for found in claims if found.works[0].job is wanted]


def header(found: Found) -> bytes:
    return found.works[0].header(found.version, found.ntime, found.nonce)


def hash_of(data: bytes) -> int:
    return int.from_bytes(sha256(sha256(data).digest()).digest(), "little")


@pytest.mark.parametrize("mask", MASKS, ids=hex)
def test_it_finds_and_every_claim_is_true(rig: Rig, mask: int) -> None:
    async def main() -> None:
        device = rig.make()
        async with started(device) as claims:
            given = assigned(now_job(rig.target, version_mask=mask))
            device.give(given, clean=True)
            await claims.until(lambda: len(claims) >= 20)
        for found in claims:
            assert found.device == device.name
            assert [work.job for work in found.works] == [given.job]
            assert found.version in found.works[0].versions
            assert (found.version ^ given.job.version) & ~mask == 0
            assert hash_of(header(found)) <= rig.target
        assert (device.stats().hashes or 0) > 0

    asyncio.run(main())


def test_none_stops_the_hashing_and_it_is_back_within_a_second(rig: Rig) -> None:
    async def main() -> None:
        device = rig.make()
        async with started(device) as claims:
            device.give(assigned(now_job(rig.target)), clean=True)
            await claims.until(lambda: len(claims) > 0)
            device.give(None, clean=False)
            await steady(lambda: device.stats().hashes)
            again = assigned(now_job(rig.target))
            device.give(again, clean=True)
            await claims.until(lambda: len(of_job(claims, again.job)) > 0)

    asyncio.run(main())


@pytest.mark.parametrize("clean", [True, False])
def test_a_new_job_takes_over_and_late_claims_carry_their_old_work(rig: Rig, clean: bool) -> None:
    async def main() -> None:
        device = rig.make()
        async with started(device) as claims:
            jobs = [now_job(rig.target, id=str(i), prev_hash=bytes([i]) * 32) for i in range(6)]
            for current in jobs:
                device.give(assigned(current), clean=clean)
                await claims.until(lambda current=current: len(of_job(claims, current)) > 2)  # type: ignore[misc]
            await steady(lambda: len(of_job(claims, jobs[0])))
        assert {found.works[0].job.id for found in claims} == {"0", "1", "2", "3", "4", "5"}
        assert all(hash_of(header(found)) <= rig.target for found in claims), "each in the work that it names"

    asyncio.run(main())


@pytest.mark.parametrize("mask", ALL_ROLLED, ids=hex)
@pytest.mark.parametrize("bits", [0, 6])
def test_it_counts_and_finds_exactly_what_there_is(rig: Rig, bits: int, mask: int) -> None:
    """One hash in 2^bits is a claim: with all of them, what is found has no room and the kernel returns early."""
    if not rig.exact:
        pytest.skip("searches a nonce range of its own")
    versions = {version for version in range(0x20000000, 0x21000000, 0x2000) if version & ~mask == 0x20000000}
    nonces, extranonces, target = 3000 // len(versions), 3, MAX_TARGET >> bits
    hashes = nonces * extranonces * len(versions)

    async def main() -> None:
        device = rig.make()
        async with started(device) as claims:
            given = assigned(now_job(target, version_mask=mask), SmallSpace(nonces, extranonces))
            device.give(given, clean=True)
            await claims.until(lambda: device.stats().hashes == hashes and len(claims) >= hashes >> bits + 1)
            await steady(lambda: len(claims))
        drawn = list(dict.fromkeys(found.works[0] for found in claims))
        assert {work.extranonce2[-1] for work in drawn} == set(range(extranonces))
        expected = [
            (work.extranonce2, version, nonce % NONCES)
            for work in drawn
            for version in work.versions
            for nonce in range(-(nonces // 2), nonces - nonces // 2)
            if hash_of(work.header(version, work.ntime, nonce % NONCES)) <= target
        ]
        assert sorted((f.works[0].extranonce2, f.version, f.nonce) for f in claims) == sorted(expected)
        assert bits or {found.version for found in claims} == versions, "all that the mask allows"
        assert device.stats().hashes == hashes

    asyncio.run(main())


@pytest.mark.parametrize("mask", MASKS, ids=hex)
@pytest.mark.parametrize("size", [0, 4], ids=lambda size: f"extranonce2 of {size}")
def test_no_header_is_hashed_twice(rig: Rig, size: int, mask: int) -> None:
    """A pool sends a job again and again, clean and not; where every hash is a claim, every claim is another."""

    async def main() -> None:
        device = rig.make()
        async with started(device) as claims:
            first = now_job(rig.flood, version_mask=mask, extranonce2_size=size)
            space = HeaderSpace(first.extranonce2_size)
            for i in range(8):
                again = replace(first, id=str(i))
                device.give(assigned(again, space), clean=i % 2 == 0)
                await claims.until(lambda again=again: len(of_job(claims, again)) >= 50)  # type: ignore[misc]
            device.give(None, clean=True)
            await steady(lambda: len(claims))
        headers = [header(found) for found in claims]
        assert len(set(headers)) == len(headers) >= 400

    asyncio.run(main())


def test_found_ends_after_stop_with_all_that_was_found_before(rig: Rig) -> None:
    async def main() -> None:
        device = rig.make()
        await device.start()
        found = device.found()
        device.give(assigned(now_job(rig.flood)), clean=True)
        await anext(found)
        await asyncio.sleep(0.05)
        await device.stop()
        async with asyncio.timeout(PATIENCE_S):
            rest = [claim async for claim in found]
        assert rest

    asyncio.run(main())


def test_stop_whatever_was_before_it(rig: Rig) -> None:
    async def main() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await rig.make().stop()  # never started
            device = rig.make()
            await device.start()
            await device.stop()  # never given work
            await device.stop()  # stopped already
            await device.start()
            device.give(None, clean=True)
            await device.stop()

    asyncio.run(main())


def test_a_job_that_comes_while_it_stops_does_not_keep_it_going(rig: Rig) -> None:
    async def main() -> None:
        device = rig.make()
        await device.start()
        device.give(assigned(now_job(0)), clean=True)
        stopping = asyncio.create_task(device.stop())
        await asyncio.sleep(0)
        device.give(assigned(now_job(0)), clean=True)
        async with asyncio.timeout(PATIENCE_S):
            await stopping
        hashes = device.stats().hashes
        device.give(assigned(now_job(0)), clean=True)
        await asyncio.sleep(0.05)
        assert device.stats().hashes == hashes

    asyncio.run(main())


def test_stop_does_not_hang_when_nobody_reads(rig: Rig) -> None:
    async def main() -> None:
        device = rig.make()
        await device.start()
        device.give(assigned(now_job(rig.flood)), clean=True)
        await steady(lambda: device.stats().hashes, 0.05)  # all that waits has its bound
        async with asyncio.timeout(PATIENCE_S):
            await device.stop()

    asyncio.run(main())


def test_a_clean_job_comes_through_though_nobody_has_read(rig: Rig) -> None:
    async def main() -> None:
        device = rig.make()
        await device.start()
        device.give(assigned(now_job(rig.flood)), clean=True)
        await steady(lambda: device.stats().hashes, 0.05)
        late = now_job(rig.flood, id="late")
        device.give(assigned(late), clean=True)
        claims = Claims(device)
        await claims.until(lambda: len(of_job(claims, late)) > 0)
        await device.stop()
        await claims.reading

    asyncio.run(main())


def test_it_starts_again_and_its_counters_go_on(rig: Rig) -> None:
    async def main() -> None:
        device, before = rig.make(), 0
        for _ in range(2):
            async with started(device) as claims:
                device.give(assigned(now_job(rig.target)), clean=True)
                await claims.until(lambda claims=claims: len(claims) >= 3)  # type: ignore[misc]
            after = device.stats().hashes
            assert after is not None
            assert after > before
            assert await steady(lambda: device.stats().hashes, 0.05) == after, "stopped is stopped"
            before = after

    asyncio.run(main())


def test_it_works_on_nothing_old_after_it_started_again(rig: Rig) -> None:
    async def main() -> None:
        device = rig.make()
        async with started(device) as claims:
            device.give(assigned(now_job(rig.target)), clean=True)
            await claims.until(lambda: len(claims) > 0)
        count = device.stats().hashes
        async with started(device) as claims:
            assert await steady(lambda: device.stats().hashes, 0.05) == count
            assert not claims

    asyncio.run(main())


def test_it_starves_in_an_exhausted_job_and_goes_on_in_the_next_second(rig: Rig) -> None:
    async def main() -> None:
        device = rig.make()
        async with started(device) as claims:
            given = assigned(now_job(rig.target, extranonce2_size=0))
            while given.draw() is not None:
                pass
            device.give(given, clean=True)
            await claims.until(lambda: len(claims) > 0)
            assert device.stats().starved_s > 0.3
        assert min(found.ntime for found in claims) > given.job.ntime

    asyncio.run(main())


def test_the_judge_believes_it(rig: Rig) -> None:
    async def main() -> None:
        device, judge = rig.make(), Judge()
        async with started(device) as claims:
            given = assigned(now_job(rig.target))
            judge.accept(given.job)
            device.give(given, clean=True)
            await claims.until(lambda: len(claims) >= 20)
        verdicts = [judge.judge(found, asyncio.get_running_loop().time()) for found in claims]
        assert {verdict.quality for verdict in verdicts} <= {Quality.SHARE, Quality.BLOCK}
        assert all(verdict.sendable for verdict in verdicts)

    asyncio.run(main())
