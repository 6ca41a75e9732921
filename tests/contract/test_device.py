"""What every Device keeps to: the CPU, each simulated board, a real one (--board PORT). A new one is a rig of
tests/support/rigs.py.

Simulators run on virtual time, a few of them on real time too. A sound board is asked for nothing that a CPU does not
do, but for what its rig says of it: masks that it can work with, hashes that it cannot count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from hashlib import sha256

import pytest
from _pytest.mark.structures import ParameterSet

from joulehash.engine.chain.target import MAX_TARGET
from joulehash.engine.judge import Fate, Judge, Quality
from joulehash.engine.space import HeaderSpace
from joulehash.engine.work import NONCES, Assignment, Found, Job
from tests.support.devices import PATIENCE_S, Claims, started, steady
from tests.support.jobs import SmallSpace, job
from tests.support.rigs import CPUS, MASKS, Rig, board_rig, simulator_rigs

ALL_ROLLED = [mask for mask in MASKS if mask.bit_count() <= 8]  # few enough to hash each version
IN_REAL_TIME = ("bitaxe-gamma",)
SAMPLE = (  # of boards that are like another
    "test_it_finds_and_every_claim_is_true",
    "test_a_new_job_takes_over_and_late_claims_carry_their_old_work",
    "test_it_starts_again_and_its_counters_go_on",
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    rigs = [*CPUS, *simulator_rigs()]
    if (board := metafunc.config.getoption("--board")) is not None:
        rigs.append(board_rig(board))
    names, sample = metafunc.fixturenames, metafunc.function.__name__ in SAMPLE
    if "exact_rig" in names:
        metafunc.parametrize("exact_rig", [param(rig) for rig in rigs if rig.exact])
    elif "real_time_rig" in names:
        metafunc.parametrize("real_time_rig", [param(rig) for rig in rigs if rig.name in IN_REAL_TIME])
    elif "rig" in names and "mask" in names:
        metafunc.parametrize(("rig", "mask"), [param(rig, mask, sample=sample) for rig in rigs for mask in rig.masks])
    elif "rig" in names:
        metafunc.parametrize("rig", [param(rig, sample=sample) for rig in rigs])


def param(rig: Rig, *masks: int, sample: bool = True) -> ParameterSet:
    long = rig.long or (rig.sampled and not sample) or not {*masks} <= {*rig.daily}
    marks = [pytest.mark.long] if long else []
    return pytest.param(rig, *masks, id="-".join((rig.name, *map(hex, masks))), marks=marks)


def assigned(of: Job, space: HeaderSpace | None = None) -> Assignment:
    return Assignment(of, space or HeaderSpace(of.extranonce2_size), asyncio.get_running_loop().time, of.target)


def now_job(target: int, mask: int, **changes: object) -> Job:
    now = asyncio.get_running_loop().time()
    return job(target=target, version_mask=mask, received_s=now, **changes)


def of_job(claims: Claims, wanted: Job) -> list[Found]:
    return [found for found in claims if found.works[0].job is wanted]


def header(found: Found) -> bytes:
    return found.works[0].header(found.version, found.ntime, found.nonce)


def hash_of(data: bytes) -> int:
    return int.from_bytes(sha256(sha256(data).digest()).digest(), "little")


def is_true(found: Found) -> bool:
    return hash_of(header(found)) <= found.works[0].claim_target


def test_it_finds_and_every_claim_is_true(rig: Rig, mask: int) -> None:
    async def main() -> None:
        async with rig.opened() as device:
            async with started(device, rig.patience_s) as claims:
                given = assigned(now_job(rig.target, mask))
                device.give(given, clean=True)
                await claims.until(lambda: len(claims) >= rig.some)
                await claims.until(lambda: device.stats().hashes != 0 or not rig.counts)
                assert ((device.stats().hashes or 0) > 0) is rig.counts
            for found in claims:
                assert found.device == device.name
                assert [work.job for work in found.works] == [given.job]
                assert (found.version ^ given.job.version) & ~mask == 0
                assert mask.bit_count() > 8 or found.version in found.works[0].versions
                assert found.works[0].claim_target >= rig.target
                assert is_true(found)
            assert not device.stats().errors

    rig.run(main())


def test_none_stops_the_hashing_and_it_is_back_within_a_second(rig: Rig) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with rig.opened() as device, started(device, rig.patience_s) as claims:
            device.give(assigned(now_job(rig.target, rig.mask)), clean=True)
            await claims.until(lambda: len(claims) > 0)
            device.give(None, clean=False)
            await steady(lambda: len(claims), rig.still_s)
            hashes = await steady(lambda: device.stats().hashes, max(rig.still_s, 1.1 * rig.counts))
            again = assigned(now_job(rig.target, rig.mask))
            device.give(again, clean=True)
            back_s = loop.time()
            await claims.until(lambda: len(of_job(claims, again.job)) > 0)
            assert rig.some < 20 or of_job(claims, again.job)[0].received_s - back_s <= 1.0
            assert (hashes is not None) is rig.counts

    rig.run(main())


@pytest.mark.parametrize("clean", [True, False])
def test_a_new_job_takes_over_and_late_claims_carry_their_old_work(rig: Rig, clean: bool) -> None:
    async def main() -> None:
        async with rig.opened() as device:
            async with started(device, rig.patience_s) as claims:
                jobs = [now_job(rig.target, rig.mask, id=str(i), prev_hash=bytes([i]) * 32) for i in range(6)]
                for current in jobs:
                    device.give(assigned(current), clean=clean)
                    await claims.until(lambda current=current: len(of_job(claims, current)) >= rig.few(3))  # type: ignore[misc]
                await steady(lambda: len(of_job(claims, jobs[0])))
            assert {found.works[0].job.id for found in claims} == {"0", "1", "2", "3", "4", "5"}
            assert all(is_true(found) for found in claims), "each in the work that it names"

    rig.run(main())


@pytest.mark.parametrize("mask", ALL_ROLLED, ids=hex)
@pytest.mark.parametrize("bits", [0, 6])
def test_it_counts_and_finds_exactly_what_there_is(exact_rig: Rig, bits: int, mask: int) -> None:
    """One hash in 2^bits is a claim: with all of them, what is found has no room and the kernel returns early."""
    versions = {version for version in range(0x20000000, 0x21000000, 0x2000) if version & ~mask == 0x20000000}
    nonces, extranonces, target = 3000 // len(versions), 3, MAX_TARGET >> bits
    hashes = nonces * extranonces * len(versions)

    async def main() -> None:
        async with exact_rig.opened() as device:
            async with started(device) as claims:
                given = assigned(now_job(target, mask), SmallSpace(nonces, extranonces))
                device.give(given, clean=True)
                await claims.until(lambda: len(claims) >= hashes >> bits + 1)
                async with asyncio.timeout(PATIENCE_S):
                    while device.stats().hashes != hashes:  # noqa: ASYNC110 - the last of them bring no claim
                        await asyncio.sleep(0.01)
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

    exact_rig.run(main())


@pytest.mark.parametrize("size", [0, 4], ids=lambda size: f"extranonce2 of {size}")
def test_no_header_is_hashed_twice(rig: Rig, size: int, mask: int) -> None:
    """A pool sends a job again and again, clean and not; where every hash is a claim, every claim is another. Boards
    starve most of the time where extranonce2 has no bytes."""
    enough = rig.few(50) if size or rig.exact else rig.few(2)

    async def main() -> None:
        async with rig.opened() as device:
            async with started(device, rig.patience_s) as claims:
                first = now_job(rig.flood, mask, extranonce2_size=size)
                space = HeaderSpace(first.extranonce2_size)
                for i in range(8):
                    again = replace(first, id=str(i))
                    device.give(assigned(again, space), clean=i % 2 == 0)
                    await claims.until(lambda again=again: len(of_job(claims, again)) >= enough)  # type: ignore[misc]
                device.give(None, clean=True)
                await steady(lambda: len(claims))
            headers = [header(found) for found in claims]
            assert len(set(headers)) == len(headers) >= 8 * enough

    rig.run(main())


def test_found_ends_after_stop_with_all_that_was_found_before(rig: Rig) -> None:
    async def main() -> None:
        async with rig.opened() as device:
            await device.start()
            found = device.found()
            device.give(assigned(now_job(rig.flood, rig.mask)), clean=True)
            await anext(found)
            await asyncio.sleep(rig.still_s)
            await device.stop()
            async with asyncio.timeout(PATIENCE_S):
                rest = [claim async for claim in found]
            assert rest or rig.some < 20

    rig.run(main())


def test_stop_whatever_was_before_it(rig: Rig) -> None:
    async def main() -> None:
        async with asyncio.timeout(rig.patience_s + 60), rig.opened() as device:
            await device.stop()  # never started
            await device.start()
            await device.stop()  # never given work
            await device.stop()  # stopped already
            await device.start()
            device.give(None, clean=True)
            await device.stop()

    rig.run(main())


def test_a_job_that_comes_while_it_stops_does_not_keep_it_going(rig: Rig) -> None:
    async def main() -> None:
        async with rig.opened() as device:
            await device.start()
            device.give(assigned(now_job(0, rig.mask)), clean=True)
            stopping = asyncio.create_task(device.stop())
            await asyncio.sleep(0)
            device.give(assigned(now_job(0, rig.mask)), clean=True)
            async with asyncio.timeout(PATIENCE_S):
                await stopping
            hashes = device.stats().hashes
            device.give(assigned(now_job(0, rig.mask)), clean=True)
            await asyncio.sleep(rig.still_s)
            assert device.stats().hashes == hashes

    rig.run(main())


async def unread(rig: Rig, hashes: Callable[[], int | None]) -> None:
    """Until all that waits has reached its bound, where it has one that makes it stand still."""
    if rig.waits:
        await steady(hashes, 0.05)
    else:
        await asyncio.sleep(rig.still_s)


def test_stop_does_not_hang_when_nobody_reads(rig: Rig) -> None:
    async def main() -> None:
        async with rig.opened() as device:
            await device.start()
            device.give(assigned(now_job(rig.flood, rig.mask)), clean=True)
            await unread(rig, lambda: device.stats().hashes)
            async with asyncio.timeout(PATIENCE_S):
                await device.stop()

    rig.run(main())


def test_a_clean_job_comes_through_though_nobody_has_read(rig: Rig) -> None:
    async def main() -> None:
        async with rig.opened() as device:
            await device.start()
            device.give(assigned(now_job(rig.flood, rig.mask)), clean=True)
            await unread(rig, lambda: device.stats().hashes)
            late = now_job(rig.flood, rig.mask, id="late")
            device.give(assigned(late), clean=True)
            claims = Claims(device, rig.patience_s)
            await claims.until(lambda: len(of_job(claims, late)) > 0)
            await device.stop()
            await claims.reading

    rig.run(main())


def test_it_starts_again_and_its_counters_go_on(rig: Rig) -> None:
    async def main() -> None:
        async with rig.opened() as device:
            before = 0
            for _ in range(2):
                async with started(device, rig.patience_s) as claims:
                    device.give(assigned(now_job(rig.target, rig.mask)), clean=True)
                    await claims.until(lambda claims=claims: len(claims) >= rig.few(3))  # type: ignore[misc]
                    await claims.until(lambda before=before: not rig.counts or (device.stats().hashes or 0) > before)  # type: ignore[misc]
                assert await steady(lambda: device.stats().hashes, 0.05) == device.stats().hashes, "stopped is stopped"
                before = device.stats().hashes or 0

    rig.run(main())


def test_it_works_on_nothing_old_after_it_started_again(rig: Rig) -> None:
    async def main() -> None:
        async with rig.opened() as device:
            async with started(device, rig.patience_s) as claims:
                device.give(assigned(now_job(rig.target, rig.mask)), clean=True)
                await claims.until(lambda: len(claims) > 0)
            count = device.stats().hashes
            async with started(device, rig.patience_s) as claims:
                await asyncio.sleep(rig.still_s)
                assert device.stats().hashes == count
                assert not claims

    rig.run(main())


def test_it_starves_in_an_exhausted_job_and_goes_on_in_the_next_second(rig: Rig) -> None:
    async def main() -> None:
        async with rig.opened() as device:
            async with started(device, rig.patience_s) as claims:
                given = assigned(now_job(rig.target, rig.mask, extranonce2_size=0))
                while given.draw(None) is not None:
                    pass
                device.give(given, clean=True)
                await claims.until(lambda: len(claims) > 0)
                assert device.stats().starved_s > 0.3
            assert min(found.ntime for found in claims) > given.job.ntime

    rig.run(main())


def test_the_judge_believes_it(rig: Rig) -> None:
    async def main() -> None:
        judge = Judge()
        async with rig.opened() as device:
            async with started(device, rig.patience_s) as claims:
                given = assigned(now_job(rig.target, rig.mask))
                judge.accept(given.job)
                device.give(given, clean=True)
                await claims.until(lambda: len(claims) >= rig.some)
            verdicts = [judge.judge(found, asyncio.get_running_loop().time()) for found in claims]
            assert min(verdict.quality for verdict in verdicts) > Quality.FALSE
            assert {verdict.fate for verdict in verdicts} == {Fate.FRESH}
            assert any(verdict.sendable for verdict in verdicts)

    rig.run(main())


@pytest.mark.parametrize(
    "test",
    [
        partial(test_a_new_job_takes_over_and_late_claims_carry_their_old_work, clean=False),
        test_the_judge_believes_it,
    ],
    ids=["new jobs", "the judge"],
)
def test_a_simulator_on_real_time(real_time_rig: Rig, test: Callable[..., None]) -> None:
    test(replace(real_time_rig, run=asyncio.run))
