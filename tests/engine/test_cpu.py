"""What only the CPU can get wrong; what every device keeps to is in tests/contract/test_device.py."""

from __future__ import annotations

import asyncio
import threading
from array import array
from dataclasses import replace
from typing import Any

import pytest

from joulehash.engine import cpu
from joulehash.engine.chain.header import double_sha256, hash_number
from joulehash.engine.chain.target import MAX_TARGET
from joulehash.engine.cpu import CpuDevice, available_cpus, is_claim
from joulehash.engine.errors import DeviceError, InputError
from joulehash.engine.judge import Judge, Quality
from joulehash.engine.space import Drawn, HeaderSpace
from joulehash.engine.work import Assignment
from joulehash.ext.kernels import KERNELS, Kernel, ScanFn
from tests.support.devices import started
from tests.support.jobs import job


def assigned(target: int = MAX_TARGET >> 12) -> Assignment:
    clock = asyncio.get_running_loop().time
    return Assignment(job(target=target, received_s=clock()), HeaderSpace(4), clock, target)


class Noted(HeaderSpace):
    """Remembers what was drawn, and when."""

    def __init__(self, extranonce2_size: int) -> None:
        super().__init__(extranonce2_size)
        self.drawn: list[tuple[int, Drawn]] = []

    def draw(self, ntime: int, version: int, mask: int, versions: int | None, *, split: bool) -> Drawn | None:
        drawn = super().draw(ntime, version, mask, versions, split=split)
        if drawn is not None:
            self.drawn.append((ntime, drawn))
        return drawn


def use(monkeypatch: pytest.MonkeyPatch, scan: ScanFn) -> None:
    row = replace(KERNELS["portable"], load=lambda: scan)

    def choose(name: str | None = None) -> Kernel:
        return row

    def measure(kernel: Kernel) -> float:
        return 1e6

    monkeypatch.setattr(cpu, "choose", choose)
    monkeypatch.setattr(cpu, "_measure", measure)


@pytest.mark.parametrize("threads", [0, -1, 1025])
def test_threads_have_bounds(threads: int) -> None:
    with pytest.raises(InputError, match=f"threads: {threads}; takes 1 to "):
        CpuDevice(threads=threads)


def test_an_unknown_kernel_is_the_users_error() -> None:
    with pytest.raises(InputError, match="kernel 'abacus' is unknown; choose from"):
        asyncio.run(CpuDevice("abacus").start())


def test_it_tells_its_kernel_its_threads_and_its_rate() -> None:
    async def main() -> None:
        device = CpuDevice("portable", name="cpu:portable")
        assert device.capabilities.nominal_hps is None
        async with started(device):
            assert (device.capabilities.nominal_hps or 0) > 1000
        threads = len(available_cpus())
        assert device.stats().note == f"portable, {threads} thread{'s' if threads > 1 else ''}"

    asyncio.run(main())


@pytest.mark.parametrize("mask", [0, 0x2000, 0x6000, 0x1FE000, 0x1FFFE000, 0x00A0A000, 0x10002000], ids=hex)
@pytest.mark.parametrize("size", [0, 4], ids=lambda size: f"extranonce2 of {size}")
def test_each_thread_rolls_all_versions_it_can_and_shares_none(size: int, mask: int) -> None:
    """Where the nonce range is split too: each part of it has several versions."""

    async def main() -> None:
        clock, space, device = asyncio.get_running_loop().time, Noted(size), CpuDevice("portable", 4, affinity=False)
        given = job(extranonce2_size=size, version_mask=mask, target=MAX_TARGET >> 12, received_s=clock())
        async with started(device) as claims:
            for _ in range(5):
                seen = len(claims)
                device.give(Assignment(given, space, clock, given.target), clean=True)
                await claims.until(lambda seen=seen: len(claims) > seen)  # type: ignore[misc]
        given_out = set[tuple[int, int, int, int]]()
        for ntime, drawn in space.drawn:
            assert len(drawn.versions) == min(cpu.MIDSTATES, 1 << mask.bit_count())
            headers = {(ntime, drawn.extranonce2, version, drawn.first) for version in drawn.versions}
            assert not headers & given_out
            given_out |= headers
        assert len(space.drawn) > 4
        assert {(found.works[0].versions[0], found.works[0].first) for found in claims} <= {
            (drawn.versions[0], drawn.first) for _, drawn in space.drawn
        }

    asyncio.run(main())


def test_it_asks_for_as_many_version_bits_as_it_rolls() -> None:
    assert 1 << CpuDevice().capabilities.version_bits == cpu.MIDSTATES


@pytest.mark.parametrize("mask", [0, 0x1FFFE000], ids=hex)
def test_a_slice_takes_as_long_whatever_number_of_versions_it_has(monkeypatch: pytest.MonkeyPatch, mask: int) -> None:
    """In the kernel's own time, at a hash a microsecond: 100 ms are 100 000 hashes."""
    now_s, slices, enough = 0.0, list[int](), threading.Event()

    def scan(
        midstates: array[int],
        tail: array[int],
        first: int,
        count: int,
        top_word: int,
        hits: array[int],
        stop: array[int],
    ) -> tuple[int, int]:
        nonlocal now_s
        hashes = count * len(midstates) // 8
        now_s += hashes * 1e-6
        slices.append(hashes)
        if len(slices) >= 20:
            enough.set()
        return 0, count

    async def main() -> None:
        device, clock = CpuDevice("portable", 1), asyncio.get_running_loop().time
        async with started(device):
            given = job(version_mask=mask, received_s=clock())
            device.give(Assignment(given, HeaderSpace(4), clock, 0), clean=True)
            assert await asyncio.to_thread(enough.wait, 10.0)

    use(monkeypatch, scan)
    monkeypatch.setattr(cpu, "thread_time", lambda: now_s)
    asyncio.run(main())
    assert slices[0] <= 256
    assert all(99_900 <= hashes <= 100_000 for hashes in slices[10:20])


def test_no_thread_is_left_after_stop_and_none_is_started_twice() -> None:
    async def main() -> None:
        before = threading.active_count()
        device = CpuDevice("portable", 3)
        await device.start()
        with pytest.raises(RuntimeError, match="is started already"):
            await device.start()
        device.give(assigned(), clean=True)
        await device.stop()
        left = [thread.name for thread in threading.enumerate() if thread.name.startswith("cpu")]
        assert left == []
        assert threading.active_count() <= before + 2  # the loop's own, for waiting

    asyncio.run(main())


def test_the_same_assignment_given_again_as_clean_goes_on() -> None:
    async def main() -> None:
        device = CpuDevice("portable", 1)
        async with started(device) as claims:
            given = assigned()
            for _ in range(4):
                seen = len(claims)
                device.give(given, clean=True)
                await claims.until(lambda seen=seen: len(claims) > seen)  # type: ignore[misc]
        headers = {found.works[0].header(found.version, found.ntime, found.nonce) for found in claims}
        assert len(headers) == len(claims)

    asyncio.run(main())


def test_a_kernel_that_raises_fails_the_device_and_it_starts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def scan(
        midstates: array[int],
        tail: array[int],
        first: int,
        count: int,
        top_word: int,
        hits: array[int],
        stop: array[int],
    ) -> tuple[int, int]:
        raise MemoryError("no more")

    async def main() -> None:
        device = CpuDevice("portable", 2)
        with monkeypatch.context() as patch:
            use(patch, scan)
            await device.start()
        device.give(assigned(), clean=True)
        with pytest.raises(DeviceError, match="cpu: MemoryError: no more") as caught:
            await anext(device.found())
        assert isinstance(caught.value.__cause__, MemoryError)
        await device.stop()
        async with started(device) as claims:
            device.give(assigned(), clean=True)
            await claims.until(lambda: len(claims) > 0)

    asyncio.run(main())


def test_threads_that_hang_fail_the_next_start_and_hold_up_no_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The miner gives a stop up after a while, starts the device again later, and leaves it behind in the end."""
    begun, freed = threading.Event(), threading.Event()

    def scan(*_: Any, **__: Any) -> tuple[int, int]:
        begun.set()
        freed.wait(30.0)
        return 0, 1

    async def hang(device: CpuDevice) -> None:
        begun.clear()
        freed.clear()
        await device.start()
        device.give(assigned(), clean=True)
        await asyncio.to_thread(begun.wait, 30.0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await device.stop()

    async def main() -> None:
        device = CpuDevice("portable", 1)
        await hang(device)
        with pytest.raises(DeviceError, match="cpu: its threads have not ended yet"):
            await device.start()
        freed.set()
        await device.stop()
        await hang(device)

    use(monkeypatch, scan)
    asyncio.run(main())  # would wait for an executor's thread
    assert not freed.is_set()
    freed.set()


def test_a_kernel_that_lies_makes_hardware_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    def scan(
        midstates: array[int],
        tail: array[int],
        first: int,
        count: int,
        top_word: int,
        hits: array[int],
        stop: array[int],
    ) -> tuple[int, int]:
        hits[0], hits[1] = 0, first
        return 1, count

    async def main() -> None:
        use(monkeypatch, scan)
        device, judge = CpuDevice("portable", 1), Judge()
        async with started(device) as claims:
            given = assigned(MAX_TARGET >> 200)
            judge.accept(given.job)
            device.give(given, clean=True)
            await claims.until(lambda: len(claims) >= 5)
        assert {judge.judge(found, 0.0).quality for found in claims} == {Quality.FALSE}

    asyncio.run(main())


def test_a_hit_is_weighed_to_the_last_bit() -> None:
    """The kernel compares the top word alone."""
    drawn = Assignment(job(), HeaderSpace(4), lambda: 0.0, 0).draw()
    assert drawn is not None
    version = drawn.versions[0]
    number = hash_number(double_sha256(drawn.header(version, drawn.ntime, 5)))
    for target, claims in ((number, True), (number + 1, True), (number - 1, False)):
        drawn.claim_target = target
        assert is_claim(drawn, version, 5, number >> 224) is claims
    assert is_claim(drawn, version, 5, (number >> 224) - 1), "that word forbids it: the judge must hear of this kernel"


@pytest.mark.parametrize(("rarity", "most_s"), [(1 << 18, 0.1), (1 << 8, 0.03)], ids=["rare", "by the hundred"])
def test_a_claim_does_not_wait_for_the_end_of_its_slice(
    monkeypatch: pytest.MonkeyPatch, rarity: int, most_s: float
) -> None:
    """At a hash a microsecond, one in so many of them a hit: rare ones end their slice, others fill a hundredth."""
    now_s, waits, slices, enough = 0.0, list[float](), list[float](), threading.Event()

    def scan(
        midstates: array[int],
        tail: array[int],
        first: int,
        count: int,
        top_word: int,
        hits: array[int],
        stop: array[int],
    ) -> tuple[int, int]:
        """A batch of one nonce, as the portable kernel's."""
        nonlocal now_s
        began_s, found = now_s, list[float]()
        done = 0
        while done < count and len(hits) // 2 - len(found) >= 1:
            now_s, done = now_s + 1e-6, done + 1
            if (first + done) % rarity == 0:
                hits[2 * len(found)], hits[2 * len(found) + 1] = 0, (first + done) % 2**32
                found.append(now_s)
        waits.extend(now_s - at_s for at_s in found)
        slices.append(now_s - began_s)
        if now_s > 1.0:
            enough.set()
        return len(found), done

    async def main() -> None:
        device, clock = CpuDevice("portable", 1), asyncio.get_running_loop().time
        async with started(device):
            given = job(version_mask=0, received_s=clock())
            device.give(Assignment(given, HeaderSpace(4), clock, (1 << 256) // rarity), clean=True)
            assert await asyncio.to_thread(enough.wait, 30.0)

    use(monkeypatch, scan)
    monkeypatch.setattr(cpu, "thread_time", lambda: now_s)
    asyncio.run(main())
    assert len(waits) >= 3
    assert max(waits) <= (0.0 if rarity > 10_000 else 0.011)
    assert max(slices) <= most_s + 0.001
