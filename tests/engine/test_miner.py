"""The miner between a pool and devices, on virtual time: who is told what, what becomes of each share, how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulehash.engine.chain.target import MAX_TARGET
from joulehash.engine.clock import run_virtual
from joulehash.engine.device import Capabilities
from joulehash.engine.errors import DeviceAbsent, DeviceError, DeviceFaulty, InputError, NodeError
from joulehash.engine.events import (
    Crash,
    DeviceAlarm,
    DeviceFailed,
    DeviceFigures,
    Event,
    HardwareError,
    ShareDone,
    Summary,
)
from joulehash.engine.miner import Miner
from joulehash.engine.pool import Demand
from joulehash.engine.shares import SENDING_LIMIT
from joulehash.engine.tally import Outcome
from joulehash.engine.work import Job, Work
from tests.support.fakes import Answer, FakeDevice, FakePool
from tests.support.jobs import job, work

OTHER_BLOCK = sha256(b"another block").digest()


class Bench:
    """A miner with its pool and devices; `events` is what it reported, and at each of them the sums agreed."""

    def __init__(self, pool: FakePool | None = None, *devices: FakeDevice) -> None:
        self.pool = pool or FakePool([(0.0, job())])
        self.devices: Sequence[FakeDevice] = devices or (FakeDevice(),)
        self.events: list[Event] = []
        self.miner = Miner(self.pool, self.devices, self.report)

    @property
    def device(self) -> FakeDevice:
        return self.devices[0]

    def report(self, event: Event) -> None:
        self.events.append(event)
        self.check()

    def check(self) -> None:
        tallies = [state.tally for state in (*self.miner.devices.values(), *self.miner.removed)]
        assert all(tally.agrees for tally in (self.miner.tally, *tallies))
        for name in ("found", "pending", "claims", "hardware_errors", "accepted", "lost", "blocks"):
            assert getattr(self.miner.tally, name) == sum(getattr(tally, name) for tally in tallies), name

    def at(self, when_s: float, call: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(when_s, call)

    async def run(self, duration_s: float | None = None, shares: int | None = None) -> Summary:
        summary = await self.miner.run(duration_s, shares)
        self.check()
        assert self.miner.tally.pending == summary.pending == 0
        self.check_closed()
        return summary

    def check_closed(self) -> None:
        assert not any(device.is_open for device in self.devices)
        assert all(task is asyncio.current_task() for task in asyncio.all_tasks())


def outcomes(events: list[Event]) -> list[str]:
    return [event.outcome for event in events if isinstance(event, ShareDone)]


# How long


def test_it_mines_for_its_duration() -> None:
    async def main() -> None:
        bench = Bench()
        summary = await bench.run(duration_s=3600)
        assert summary.duration_s == 3600
        assert asyncio.get_running_loop().time() < 3602
        assert bench.pool.stops == 1
        assert len(bench.device.stopped_at) == 1

    run_virtual(main())


def test_it_mines_until_so_many_shares_are_accepted() -> None:
    async def main() -> None:
        bench = Bench(FakePool([(0.0, job())], [Answer(Outcome.REJECTED), Answer()]))
        for i in range(20):
            bench.at(1.0 + i, bench.device.find)
        summary = await bench.run(shares=3)
        assert (summary.accepted, summary.rejected, summary.hashes) == (3, 1, 4)
        assert summary.duration_s == pytest.approx(4.1)

    run_virtual(main())


@pytest.mark.parametrize("when_s", [0.0, 2.5])
def test_it_mines_until_it_is_stopped(when_s: float) -> None:
    async def main() -> None:
        bench = Bench()
        bench.at(when_s, bench.miner.stop)
        assert (await bench.run()).duration_s == when_s

    run_virtual(main())


def test_stopped_while_a_device_starts_it_does_not_wait_for_it() -> None:
    async def main() -> None:
        bench = Bench(None, FakeDevice("slow", [1000.0]))
        bench.at(2.0, bench.miner.stop)
        summary = await bench.run()
        assert (summary.duration_s, summary.pending) == (0, 0)
        assert asyncio.get_running_loop().time() < 3
        assert bench.pool.demand is None

    run_virtual(main())


def test_it_mines_with_what_is_ready_while_another_starts() -> None:
    """Its duration counts from when all are ready."""

    async def main() -> None:
        loop, quick, slow = asyncio.get_running_loop(), FakeDevice("quick"), FakeDevice("slow", [100.0])
        bench = Bench(FakePool([(0.0, job()), (50.0, job(id="2"))]), quick, slow)
        bench.at(2.0, quick.find)
        bench.at(3.0, lambda: starting.append([state.starting for state in bench.miner.devices.values()]))
        bench.at(101.0, slow.find)
        starting: list[list[bool]] = []
        summary = await bench.run(duration_s=10)
        assert [device.accepted for device in summary.devices] == [1, 1]
        assert starting == [[False, True]]
        assert [a.job.id for a, _ in slow.given if a is not None] == ["2"]
        assert summary.duration_s == 110
        assert loop.time() < 111

    run_virtual(main())


@pytest.mark.parametrize("when_s", [2.0, 100.0])
def test_stopped_meanwhile_it_ends_in_good_order(when_s: float) -> None:
    async def main() -> None:
        bench = Bench(None, FakeDevice("quick"), FakeDevice("slow", [100.0]))
        bench.at(when_s, bench.miner.stop)
        assert (await bench.run(duration_s=3600)).duration_s == when_s
        assert not [event for event in bench.events if isinstance(event, DeviceFailed)]

    run_virtual(main())


def test_whoever_cannot_tell_its_rate_before_is_waited_for() -> None:
    class Measured(FakeDevice):
        async def start(self) -> None:
            await super().start()
            self.capabilities = Capabilities(nominal_hps=5000.0)

    async def main() -> None:
        measured, slow = Measured("measured", [3.0]), FakeDevice("slow", [100.0])
        measured.capabilities = Capabilities()
        bench = Bench(None, FakeDevice("quick"), measured, slow)
        summary = await bench.run(duration_s=10)
        assert bench.pool.demand == Demand(7000.0, 2, 1000.0)
        assert summary.duration_s == 107

    run_virtual(main())


def test_what_the_user_gave_wrong_ends_it_though_others_mine_by_then() -> None:
    class Refusing(FakeDevice):
        async def start(self) -> None:
            await asyncio.sleep(5.0)
            raise InputError("it has no such frequency")

    async def main() -> None:
        bench = Bench(None, FakeDevice("quick"), Refusing("wrong"))
        bench.at(1.0, bench.device.find)
        with pytest.raises(InputError, match="no such frequency"):
            await bench.miner.run()
        bench.check_closed()
        assert (bench.miner.tally.accepted, bench.miner.tally.pending) == (1, 0)

    run_virtual(main())


def test_stopped_before_it_began_it_ends_at_once() -> None:
    async def main() -> None:
        bench = Bench()
        bench.miner.stop()
        assert bench.miner.duration_s == 0
        assert (await bench.run()).duration_s == 0

    run_virtual(main())


# Jobs


def test_devices_are_given_each_job_and_told_what_is_dead() -> None:
    first = job(clean=False)
    plan: list[tuple[float, Job | None, bool]] = [
        (0.0, first, True),  # the first of all, whatever the pool says
        (1.0, job(id="2", clean=False), False),
        (1.0, job(id="2", clean=True), True),
        (1.0, job(id="3", clean=False, prev_hash=OTHER_BLOCK), True),
        (1.0, job(id="4", clean=False, prev_hash=OTHER_BLOCK, session=2), True),
        (1.0, None, True),
        (1.0, job(id="5", clean=False), True),
    ]

    async def main() -> None:
        bench = Bench(FakePool([(wait_s, given) for wait_s, given, _ in plan]), FakeDevice("a"), FakeDevice("b"))
        await bench.run(duration_s=100)
        for device in bench.devices:
            assert device.given[0] == (None, True), "idle before the first job"
            given = [(a.job if a is not None else None, clean) for a, clean in device.given[1:]]
            assert given == [(job, clean) for _, job, clean in plan]
            assert all(a.claim_target == a.job.target for a, _ in device.given if a is not None)

    run_virtual(main())


def test_no_header_is_given_to_two_devices_or_twice() -> None:
    async def main() -> None:
        plan = [(1.0, job(id=str(i), session=i // 5, clean=i % 2 == 0)) for i in range(20)]
        devices = [FakeDevice("a"), FakeDevice("b")]
        bench, drawn = Bench(FakePool(plan), *devices), list[bytes]()
        for device in devices:
            device.on_give = lambda device=device: drawn.append(device.work.extranonce2) if device.work else None  # type: ignore[misc]
        await bench.run(duration_s=100)
        assert len(drawn) == 40
        assert len(set(drawn)) == 40

    run_virtual(main())


def test_the_pool_is_told_what_the_devices_want() -> None:
    async def main() -> None:
        bench = Bench(None, FakeDevice("a"), FakeDevice("b"))
        await bench.run(duration_s=1)
        assert bench.pool.demand == Demand(2000.0, 2, 1000.0)

    run_virtual(main())


def test_a_pool_whose_jobs_end_ends_the_mining() -> None:
    async def main() -> None:
        pool = FakePool([(0.0, job())])
        pool.jobs_end = True
        assert (await Bench(pool).run()).duration_s == 0

    run_virtual(main())


# Shares


def test_a_claim_is_judged_and_a_share_submitted() -> None:
    async def main() -> None:
        bench = Bench()
        bench.at(1.0, bench.device.find)
        summary = await bench.run(duration_s=10)
        (share,) = bench.pool.submitted
        assert share.work is bench.device.work
        (event,) = [event for event in bench.events if isinstance(event, ShareDone)]
        assert (event.device, event.outcome, event.latency_s) == ("fake", "accepted", 0.1)
        assert event.hash == share.hash.to_bytes(32, "big").hex()
        assert (summary.accepted, summary.devices[0].accepted) == (1, 1)

    run_virtual(main())


def test_only_what_is_worth_it_is_submitted() -> None:
    async def main() -> None:
        bench = Bench(FakePool([(0.0, job()), (5.0, job(id="2", prev_hash=OTHER_BLOCK)), (5.0, None)]))
        device, old = bench.device, work(job())
        bench.at(1.0, lambda: device.find(nonce=9))
        bench.at(2.0, lambda: device.find(nonce=9))  # duplicate
        bench.at(3.0, lambda: device.find(work(job(target=0))))  # false
        bench.at(4.0, lambda: device.find(work(job(target=0), claim_target=MAX_TARGET)))  # a claim, no share
        bench.at(6.0, lambda: device.find(old))  # stale
        bench.at(7.0, lambda: device.find(work(job(nbits=0x2100FFFF))))  # stale, and a block
        bench.at(11.0, lambda: device.find(old))  # stale, the session is over
        bench.at(12.0, lambda: device.find(work(job(), ntime=job().ntime - 1)))
        summary = await bench.run(duration_s=20)
        assert len(bench.pool.submitted) == 2
        counts = (summary.accepted, summary.stale, summary.duplicates, summary.hardware_errors, summary.blocks)
        assert counts == (2, 3, 1, 1, 1)
        assert (bench.miner.tally.found, bench.miner.tally.claims, bench.miner.tally.repeats) == (6, 6, 1)
        assert len([event for event in bench.events if isinstance(event, HardwareError)]) == 1

    run_virtual(main())


@pytest.mark.parametrize("n", [1, 5, SENDING_LIMIT + 500])
def test_a_pool_that_never_answers_loses_every_share_and_holds_up_nothing(n: int) -> None:
    async def main() -> None:
        bench = Bench(FakePool([(0.0, job())], [Answer(None)]))
        bench.at(1.0, lambda: bench.device.flood(n))
        summary = await bench.run(duration_s=10)
        assert (summary.lost, summary.accepted, summary.duration_s) == (n, 0, 10)
        assert asyncio.get_running_loop().time() < 12

    run_virtual(main())


def test_a_pool_that_does_not_even_settle_when_it_stops_cannot_hold_the_end() -> None:
    class Broken(FakePool):
        async def stop(self) -> None:
            self._stopped.set()

    async def main() -> None:
        bench = Bench(Broken([(0.0, job())], [Answer(None)]))
        bench.at(1.0, bench.device.find)
        summary = await bench.run(duration_s=10)
        assert summary.lost == 1
        assert bench.miner.tally.reasons == {(Outcome.LOST, "not answered before the end"): 1}

    run_virtual(main())


def test_shares_on_their_way_are_bounded_and_devices_wait() -> None:
    """A difficulty so low that every nonce is a share."""

    async def main() -> None:
        bench = Bench(FakePool([(0.0, job())], [Answer(after_s=1.0)]))
        most_tasks, n = 0, 5 * SENDING_LIMIT
        bench.at(1.0, lambda: bench.device.flood(n))

        def look() -> None:
            nonlocal most_tasks
            most_tasks = max(most_tasks, len(asyncio.all_tasks()))
            bench.at(0.05, look)

        look()
        summary = await bench.run(duration_s=30)
        assert bench.pool.most_waiting == SENDING_LIMIT
        assert most_tasks < SENDING_LIMIT + 10
        assert summary.accepted == n

    run_virtual(main())


steps = st.tuples(st.floats(0, 2), st.sampled_from(("find", "again", "false", "stale", "job", "none", "fail", "flood")))
answers = st.builds(
    Answer,
    st.sampled_from((*Outcome, None)),
    st.sampled_from((0.0, 0.1, 3.0, 50.0)),
    st.sampled_from(("", "busy", "low difficulty (23)")),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=30), st.lists(answers, max_size=10), st.floats(0.1, 60))
def test_the_account_agrees_whatever_happens(
    schedule: list[tuple[float, str]], replies: list[Answer], duration_s: float
) -> None:
    async def main() -> None:
        plan: list[tuple[float, Job | None]] = [(0.0, job())]
        bench, when_s, last_s = Bench(FakePool(answers=replies), FakeDevice("a"), FakeDevice("b")), 0.0, 0.0
        for i, (wait_s, step) in enumerate(schedule):
            device, when_s = bench.devices[i % 2], when_s + wait_s
            match step:
                case "find":
                    bench.at(when_s, lambda device=device: device.find(work(job())))  # type: ignore[misc]
                case "again":
                    bench.at(when_s, lambda device=device: device.find(same, nonce=1))  # type: ignore[misc]
                case "false":
                    bench.at(when_s, lambda device=device: device.find(work(job(target=0))))  # type: ignore[misc]
                case "stale":
                    bench.at(when_s, lambda device=device: device.find(work(job(session=9))))  # type: ignore[misc]
                case "fail":
                    bench.at(when_s, lambda device=device: device.fail(DeviceError("gone")))  # type: ignore[misc]
                case "flood":
                    bench.at(when_s, lambda device=device: device.flood(300, same))  # type: ignore[misc]
                case _:
                    plan.append((when_s - last_s, job(id=str(i)) if step == "job" else None))
                    last_s = when_s
        bench.pool.plan = plan
        summary = await bench.run(duration_s)
        refused = summary.rejected + summary.stale + summary.duplicates + summary.lost
        assert summary.accepted + refused == bench.miner.tally.found
        assert len(outcomes(bench.events)) == bench.miner.tally.found

    same = work(job())
    run_virtual(main())


# Devices


def test_a_device_that_fails_is_started_again_with_backoff_while_the_others_go_on() -> None:
    async def main() -> None:
        gone = DeviceError("/dev/ttyACM0: gone; plug it in")
        bad, good = FakeDevice("bad", [None] + [gone] * 9), FakeDevice("good")
        bench = Bench(None, bad, good)
        bench.at(100.0, lambda: bad.fail(gone))
        for i in range(400):
            bench.at(0.5 + i, good.find)
        bench.at(399.0, bad.find)
        summary = await bench.run(duration_s=400)
        failures = [event for event in bench.events if isinstance(event, DeviceFailed)]
        assert [event.retry_s for event in failures] == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
        assert {(event.device, event.reason) for event in failures} == {("bad", "/dev/ttyACM0: gone; plug it in")}
        waits_s = [b - a for a, b in zip([100.0, *bad.started_at[1:]], bad.started_at[1:], strict=False)]
        assert waits_s == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60][: len(waits_s)]
        assert summary.devices[1].accepted == 400
        assert good.started_at == [0]

    run_virtual(main())


def test_backoff_begins_anew_after_a_minute_of_running() -> None:
    async def main() -> None:
        device = FakeDevice()
        bench = Bench(None, device)
        for when_s in (10.0, 12.0, 80.0):  # it runs for 10 s, 1 s, then 66 s
            bench.at(when_s, lambda: device.fail(DeviceError("gone")))
        await bench.run(duration_s=100)
        assert [event.retry_s for event in bench.events if isinstance(event, DeviceFailed)] == [1, 2, 1]

    run_virtual(main())


def test_a_device_that_was_unplugged_is_told_once_and_looked_for() -> None:
    async def main() -> None:
        absent = DeviceAbsent("/dev/ttyACM0: is not there; plug it in")
        device = FakeDevice("fake", [None] + [absent] * 40 + [None, DeviceError("busy"), absent])
        bench = Bench(None, device)
        bench.at(10.0, lambda: device.fail(DeviceError("/dev/ttyACM0: was unplugged; plug it in again")))
        bench.at(300.0, lambda: device.fail(DeviceError("gone")))
        await bench.run(duration_s=320)
        reasons = [event.reason for event in bench.events if isinstance(event, DeviceFailed)]
        assert reasons == ["/dev/ttyACM0: was unplugged; plug it in again", "gone", "busy"]
        waits_s = [b - a for a, b in zip(device.started_at[1:41], device.started_at[2:42], strict=True)]
        assert waits_s[:3] == [2, 4, 5]
        assert set(waits_s[3:]) == {5}  # it is not kept waiting for a minute when it is back

    run_virtual(main())


@pytest.mark.parametrize("starts", [[None], [DeviceError("busy"), DeviceFaulty("too hot, then start anew")]])
def test_a_faulty_device_is_told_once_and_left_alone(starts: list[DeviceError | None]) -> None:
    """Whether it shows while it runs, or when it is started again."""

    async def main() -> None:
        bad, good = FakeDevice("bad", [*starts]), FakeDevice("good")
        bench = Bench(None, bad, good)
        if starts == [None]:
            bench.at(10.0, lambda: bad.fail(DeviceFaulty("too hot, then start anew")))
        for i in range(400):
            bench.at(0.5 + i, good.find)
        summary = await bench.run(duration_s=400)
        *_, last = told = [event for event in bench.events if isinstance(event, DeviceFailed)]
        assert (last.reason, last.retry_s) == ("too hot, then start anew", None)
        assert len(told) == len(bad.started_at) == len(starts)
        assert bench.miner.devices["bad"].failure == last.reason
        assert summary.devices[1].accepted == 400

    run_virtual(main())


def test_a_device_that_is_not_there_from_the_start_is_told_too() -> None:
    async def main() -> None:
        device = FakeDevice("fake", [DeviceAbsent("is not there")] * 5)
        bench = Bench(None, device)
        await bench.run(duration_s=100)
        assert [event.reason for event in bench.events if isinstance(event, DeviceFailed)] == ["is not there"]
        assert bench.miner.devices["fake"].failure == ""

    run_virtual(main())


def test_a_device_that_starts_again_is_given_the_job_of_now() -> None:
    async def main() -> None:
        device = FakeDevice("fake", [None, 5.0])  # the second start takes its time
        bench = Bench(FakePool([(0.0, job()), (12.0, job(id="2"))]), device)
        bench.at(10.0, lambda: device.fail(DeviceError("gone")))
        await bench.run(duration_s=100)
        assert [a.job.id if a else None for a, _ in device.given] == [None, "1", "2"]

    run_virtual(main())


def test_a_device_that_fails_at_its_first_start_is_tried_again() -> None:
    async def main() -> None:
        device = FakeDevice("fake", [DeviceError("busy"), DeviceError("")])
        bench = Bench(None, device)
        bench.at(10.0, device.find)
        assert (await bench.run(duration_s=20)).accepted == 1
        failures = [event for event in bench.events if isinstance(event, DeviceFailed)]
        assert [(event.reason, event.retry_s) for event in failures] == [("busy", 1), ("it does not start", 2)]
        assert device.started_at == [0, 1, 3]
        assert bench.miner.devices["fake"].failure == ""

    run_virtual(main())


def test_a_device_whose_claims_end_has_failed() -> None:
    async def main() -> None:
        bench = Bench()
        bench.at(10.0, bench.device.end)
        await bench.run(duration_s=20)
        assert [event.reason for event in bench.events if isinstance(event, DeviceFailed)] == ["it ended by itself"]

    run_virtual(main())


def test_settings_that_a_device_no_longer_takes_are_a_failure_and_no_end() -> None:
    async def main() -> None:
        device = FakeDevice("fake", [None, InputError("frequency 900 MHz: takes 50 to 800 MHz")])
        bench = Bench(None, device)
        bench.at(10.0, lambda: device.fail(DeviceError("gone")))
        await bench.run(duration_s=20)
        reasons = [event.reason for event in bench.events if isinstance(event, DeviceFailed)]
        assert reasons == ["gone", "frequency 900 MHz: takes 50 to 800 MHz"]

    run_virtual(main())


# The end


@pytest.mark.parametrize("when_s", [10.5, 11.0, 13.0])
def test_it_ends_while_a_device_waits_or_starts_again(when_s: float) -> None:
    """It failed at 10 s, waits until 11 s, and then takes 1000 s to start."""

    async def main() -> None:
        device = FakeDevice("slow", [None, 1000.0])
        bench = Bench(None, device, FakeDevice("good"))
        bench.at(10.0, lambda: device.fail(DeviceError("gone")))
        summary = await bench.run(duration_s=when_s)
        assert summary.duration_s == when_s
        assert asyncio.get_running_loop().time() < when_s + 1

    run_virtual(main())


def test_last_claims_are_still_weighed() -> None:
    class Late(FakeDevice):
        async def stop(self) -> None:
            self.find()
            await super().stop()

    async def main() -> None:
        bench = Bench(None, Late())
        assert (await bench.run(duration_s=5)).accepted == 1

    run_virtual(main())


@pytest.mark.parametrize("hangs", [True, False])
def test_a_device_that_does_not_stop_is_reported_and_left_behind(hangs: bool) -> None:
    async def main() -> None:
        device, good = FakeDevice("bad"), FakeDevice("good")
        device.hangs_in_stop, device.stop_error = hangs, None if hangs else DeviceError("unplugged")
        bench = Bench(None, device, good)
        bench.at(1.0, good.find)
        summary = await bench.miner.run(duration_s=5)
        assert summary.accepted == 1
        assert not good.is_open
        failures = [(event.reason, event.retry_s) for event in bench.events if isinstance(event, DeviceFailed)]
        assert failures == [("it does not stop within 10 s" if hangs else "unplugged", None)]

    run_virtual(main())


def test_input_errors_at_the_start_are_raised_as_they_are_and_all_is_closed() -> None:
    async def main() -> None:
        bench = Bench(None, FakeDevice("a"), FakeDevice("b", [InputError("kernel 'x' is unknown")]), FakeDevice("c"))
        with pytest.raises(InputError, match="kernel 'x' is unknown"):
            await bench.miner.run()
        bench.check_closed()
        assert bench.pool.demand is None

    run_virtual(main())


@pytest.mark.parametrize("error", [InputError("listen: bad"), NodeError("node: refused")], ids=repr)
def test_a_pool_that_cannot_start_is_raised_as_it_is_and_all_is_closed(error: Exception) -> None:
    async def main() -> None:
        bench = Bench()
        bench.pool.start_error = error
        with pytest.raises(type(error)) as caught:
            await bench.miner.run()
        assert caught.value is error
        bench.check_closed()
        assert bench.pool.stops == 1

    run_virtual(main())


@pytest.mark.parametrize("error", [NodeError("node: gone"), ZeroDivisionError("a bug")], ids=repr)
def test_what_the_pool_raises_later_is_no_group_and_all_is_closed(error: Exception) -> None:
    async def main() -> None:
        bench = Bench(FakePool([(0.0, job()), (5.0, None)], [Answer(None)]))
        bench.at(1.0, bench.device.find)
        bench.pool.jobs_error = error
        with pytest.raises(type(error)) as caught:
            await bench.miner.run()
        assert caught.value is error
        bench.check_closed()
        bench.check()
        assert (bench.miner.tally.pending, bench.miner.tally.lost) == (0, 1)

    run_virtual(main())


def test_a_bug_in_one_device_ends_neither_the_others_nor_the_device() -> None:
    """It is told with its traceback, stopped, and started again with the usual backoff."""

    async def main() -> None:
        bench = Bench(None, FakeDevice("odd"), FakeDevice("good"))
        odd, good = bench.devices
        bench.at(5.0, lambda: odd.fail(ZeroDivisionError("a bug")))
        bench.at(10.0, odd.find)
        bench.at(11.0, good.find)
        await bench.run(duration_s=20)
        (told,) = [event for event in bench.events if isinstance(event, Crash)]
        assert (told.part, told.error) == ("odd", "a bug in joulehash, please report it: ZeroDivisionError: a bug")
        assert "ZeroDivisionError: a bug" in told.traceback
        (failed,) = [event for event in bench.events if isinstance(event, DeviceFailed)]
        assert (failed.device, failed.reason, failed.retry_s) == ("odd", told.error, 1.0)
        assert len(odd.started_at) == 2
        assert bench.miner.tally.accepted == 2

    run_virtual(main())


def test_a_bug_in_the_start_of_a_device_is_tried_again_too() -> None:
    async def main() -> None:
        bench = Bench(None, FakeDevice("odd", [ZeroDivisionError("a bug"), 0.0]), FakeDevice("good"))
        await bench.run(duration_s=20)
        assert [event.part for event in bench.events if isinstance(event, Crash)] == ["odd"]
        assert len(bench.devices[0].started_at) == 2

    run_virtual(main())


# Devices that come and go


def test_a_device_that_is_added_mines_what_the_others_mine() -> None:
    """It is supervised like them; one that cannot take its settings is told of, and ends nothing."""

    async def main() -> None:
        bench = Bench(FakePool([(0.0, job()), (15.0, job(prev_hash=OTHER_BLOCK))]))
        late, bad = FakeDevice("late", [1.0, 0.0]), FakeDevice("bad", [InputError("bad: 7 GHz; takes 1")])
        assert not bench.miner.mining

        def add() -> None:
            assert bench.miner.mining
            bench.devices = (*bench.devices, late, bad)
            bench.miner.add(late)
            bench.miner.add(bad)
            with pytest.raises(ValueError, match="late mines already"):
                bench.miner.add(late)

        bench.at(5.0, add)
        bench.at(5.5, bench.device.find)
        bench.at(10.0, late.find)
        bench.at(12.0, lambda: late.fail(DeviceError("gone")))
        bench.at(20.0, late.find)
        summary = await bench.run(duration_s=30)
        assert late.started_at == [5.0, 13.0]
        assert [event.reason for event in bench.events if isinstance(event, DeviceFailed)] == [
            "bad: 7 GHz; takes 1",
            "gone",
        ]
        assert [(one.name, one.accepted) for one in summary.devices] == [("fake", 1), ("late", 2), ("bad", 0)]
        assert not bench.miner.mining

    run_virtual(main())


@pytest.mark.parametrize("state", ["running", "starting", "failed", "faulty"])
def test_a_device_that_is_removed_ends_and_the_others_go_on(state: str) -> None:
    """Its last claims are weighed and its account stays, also when another takes its name."""

    async def main() -> None:
        starts: dict[str, list[Exception | float | None]] = {
            "running": [0.0],
            "starting": [0.0, 1000.0],
            "failed": [0.0, DeviceError("no"), DeviceError("no")],
            "faulty": [0.0, DeviceFaulty("no")],
        }
        bench = Bench(None, FakeDevice("leaves", starts[state]), FakeDevice("stays"))
        leaves, stays = bench.devices
        again = FakeDevice("leaves")
        bench.at(3.0, leaves.find)
        if state != "running":
            bench.at(3.5, lambda: leaves.fail(DeviceError("gone")))

        async def replace() -> None:
            await asyncio.sleep(5.0)
            if state == "running":
                leaves.find()  # on its way when it is removed
            async with asyncio.timeout(1.0):
                await bench.miner.remove("leaves")
            assert not leaves.is_open
            assert list(bench.miner.devices) == ["stays"]
            stays.find()
            bench.miner.add(again)
            await asyncio.sleep(1.0)
            again.find()

        replacing = asyncio.create_task(replace())
        summary = await bench.miner.run(duration_s=30)
        await replacing
        accepted = [(one.name, one.accepted, one.hashes) for one in summary.devices]
        n = 2 if state == "running" else 1
        assert accepted == [("stays", 1, 1), ("leaves", 1, 1), ("leaves", n, n)]
        assert (summary.accepted, summary.hashes) == (2 + n, 2 + n)
        assert not [event for event in bench.events if isinstance(event, DeviceFailed) and "by itself" in event.reason]
        assert (summary.pending, summary.lost) == (0, 0)
        bench.check_closed()

    run_virtual(main())


@pytest.mark.parametrize("when_s", [0.0, 0.5, 5.0, 10.5, 13.0])
def test_cancelled_it_closes_all_and_nothing_is_pending(when_s: float) -> None:
    """As a second Ctrl-C does it: in the middle of the first start, of mining, of a wait, of another start."""

    async def main() -> None:
        device = FakeDevice("slow", [1.0, 1000.0])
        bench = Bench(FakePool([(0.0, job())], [Answer(None)]), device, FakeDevice("good"))
        bench.at(4.0, bench.devices[1].find)
        bench.at(5.0, bench.devices[1].find)
        bench.at(10.0, lambda: device.fail(DeviceError("gone")))
        running = asyncio.create_task(bench.miner.run())
        await asyncio.sleep(when_s)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        bench.check_closed()
        bench.check()
        assert bench.miner.tally.pending == 0

    run_virtual(main())


# The account


def test_what_a_device_tells_of_itself_is_told_every_ten_seconds() -> None:
    async def main() -> None:
        board, cpu = FakeDevice("board"), FakeDevice("cpu")
        board.figures = (525.0, 61.5, None)
        bench = Bench(None, board, cpu)

        def cool_down() -> None:
            board.figures = (None, None, None)

        def hash_on() -> None:
            board.hashes += 1000

        for i in range(60):
            bench.at(i + 0.5, hash_on)
        bench.at(25.0, cool_down)
        await bench.run(duration_s=60)
        figures = [event for event in bench.events if isinstance(event, DeviceFigures)]
        assert figures == [
            DeviceFigures("board", None, 525.0, 61.5, None),
            DeviceFigures("board", 1000.0, 525.0, 61.5, None),
            DeviceFigures("board", 1000.0, 525.0, 61.5, None),
        ]

    run_virtual(main())


def test_why_nothing_was_mined_is_told() -> None:
    async def main() -> None:
        absent = DeviceAbsent("a: is not there; plug it in")
        bench = Bench(None, FakeDevice("a", [absent] * 10), FakeDevice("b", [DeviceError("busy")] * 10))
        await bench.run(duration_s=20)
        assert bench.miner.why_idle == "a: is not there; plug it in; b: busy"
        late = Bench(None, FakeDevice("a", [absent, None]), FakeDevice("b", [DeviceError("busy")] * 10))
        await late.run(duration_s=20)
        assert late.miner.why_idle == ""
        stopped = Bench(None, FakeDevice("a", [1000.0]))
        stopped.at(1.0, stopped.miner.stop)
        await stopped.run()
        assert stopped.miner.why_idle == ""

    run_virtual(main())


def test_summary() -> None:
    async def main() -> None:
        bench = Bench(None, FakeDevice("a"), FakeDevice("b"))
        for i in range(10):
            bench.at(1.0 + i, bench.devices[i % 2].find)
        bench.devices[0].starved_s = 1.5
        summary = await bench.run(duration_s=20)
        assert (summary.hashes, summary.rate_hps, summary.starved_s) == (10, 0.5, 1.5)
        assert [(d.name, d.hashes, d.accepted) for d in summary.devices] == [("a", 5, 5), ("b", 5, 5)]
        assert bench.miner.summary() == summary, "it stays as it was"

    run_virtual(main())


def test_a_device_that_cannot_count_is_told_by_what_its_true_and_new_claims_stand_for() -> None:
    async def main() -> None:
        board = FakeDevice("board")
        board.hashes, board.stands_for = None, 1000.0  # type: ignore[assignment]
        bench = Bench(None, board)

        for second in range(1, 11):
            bench.at(second, lambda: _find(board))
        bench.at(11.0, lambda: _find(board, nonce=1))  # again
        bench.at(12.0, lambda: _find(board, work(job(target=0))))  # false
        summary = await bench.run(duration_s=20)
        assert (summary.hashes, summary.devices[0].hashes, summary.devices[0].claimed) == (10_000, None, 10_000.0)
        assert (summary.devices[0].repeats, summary.devices[0].hardware_errors) == (1, 1)

    run_virtual(main())


def test_an_alarm_is_told_once_and_so_is_its_end() -> None:
    async def main() -> None:
        board = FakeDevice("board")
        bench = Bench(None, board)
        bench.at(2.5, lambda: setattr(board, "alarm", "chip 2 is silent"))
        bench.at(9.5, lambda: setattr(board, "alarm", ""))
        await bench.run(duration_s=20)
        alarms = [event.text for event in bench.events if isinstance(event, DeviceAlarm)]
        assert alarms == ["chip 2 is silent", ""]

    run_virtual(main())


def _find(board: FakeDevice, of: Work | None = None, nonce: int | None = None) -> None:
    """A claim of a device that does not count."""
    board.hashes = 0
    board.find(of, nonce=nonce)
    board.hashes = None  # type: ignore[assignment]


def test_rates_are_sampled_and_unknown_where_a_device_does_not_count() -> None:
    async def main() -> None:
        mute, counts = FakeDevice("mute"), FakeDevice("counts")
        mute.hashes = None  # type: ignore[assignment]
        bench = Bench(None, mute, counts)

        def hash_on() -> None:
            counts.hashes += 50
            bench.at(0.5, hash_on)

        hash_on()
        await bench.run(duration_s=60)
        assert bench.miner.devices["mute"].meter.average() is None
        assert bench.miner.devices["counts"].meter.rate(5.0) == pytest.approx(100, rel=0.05)
        assert bench.miner.meter.rate(60.0) == pytest.approx(100, rel=0.05)

    run_virtual(main())
