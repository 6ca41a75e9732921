"""Hours of mining on virtual time into a passport whose calls are made inline, for the clock does not wait for threads;
and the real thing for some seconds, killed and not."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from joulehash.app import keeper
from joulehash.app.keeper import WRITE_S, Keeper
from joulehash.bench.metering import counts, metering
from joulehash.engine.clock import run_virtual
from joulehash.engine.device import DeviceStats
from joulehash.engine.events import DeviceAlarm, DeviceFailed, Event, Note
from joulehash.engine.miner import Miner
from joulehash.engine.pools.embedded import EmbeddedPool
from joulehash.engine.stratum.client import Settings
from joulehash.hw.device import BoardDevice
from joulehash.hw.limits import Reading
from joulehash.hw.meters.url import parse_meter
from joulehash.hw.passport.history import Book
from joulehash.hw.passport.key import Claim
from joulehash.hw.passport.schema import PassportError, open_database
from joulehash.hw.passport.store import Passport
from tests.support.command import Command, run
from tests.support.passports import GAMMA, kept, use

T = TypeVar("T")
NAME, KEY = "/dev/ttyACM0", "osmu:1a2b3c4d"
CLAIM = Claim(NAME, GAMMA, serial=KEY)
RATE = 10**12


class FakeBoard(BoardDevice):
    """It counts 10^12 hashes a second from the loop's beginning, and takes 20 W at its input."""

    def __init__(self, name: str = NAME) -> None:
        self._name = name
        self.reading_now = Reading(input_w=20.0)

    def stats(self) -> DeviceStats:
        hashes = int(RATE * asyncio.get_running_loop().time())
        return DeviceStats(hashes, mhz=525.0, celsius=60.0)

    @property
    def reading(self) -> Reading:
        return self.reading_now


class Inline(Passport):
    async def open(self) -> None:
        self._open()

    async def close(self) -> None:
        self._close()

    async def _call(self, what: Callable[..., T]) -> T:
        return what(self._connection)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keeper, "Passport", Inline)
    return tmp_path / "p"


class Stage:
    """A miner whose boards hash, and a keeper beside it; `told` are the events."""

    def __init__(self, path: Path, *claims: Claim, boards: tuple[str, ...] = (NAME,)) -> None:
        self.path, self.told = path, list[Event]()
        self.keeper = Keeper(path, claims, self.told.append)
        self.boards = [FakeBoard(name) for name in boards]
        self.miner = Miner(EmbeddedPool(Settings("user"), self.told.append), self.boards, self.keeper.event)
        for state in self.miner.devices.values():
            state.running = True

    @property
    def notes(self) -> list[str]:
        return [event.text for event in self.told if isinstance(event, Note)]

    async def mine(self, seconds: float) -> None:
        async with self.keeper.keeping(self.miner):
            await asyncio.sleep(seconds)


def book(path: Path, key: str = KEY) -> Book:
    return use(path, lambda passport: passport.book(key))


def play(path: Path, act: Callable[[Stage], Awaitable[None]], *claims: Claim, **more: tuple[str, ...]) -> Stage:
    async def acted() -> Stage:
        stage = Stage(path, *claims, **more)
        await act(stage)
        return stage

    return run_virtual(acted())


def test_hours_of_mining(path: Path) -> None:
    stage = play(path, lambda stage: stage.mine(7200.0), CLAIM)
    total = book(path).total
    assert total.seconds == pytest.approx(7200.0, abs=1.1)
    assert total.hashes == pytest.approx(7200 * RATE, rel=1e-4)
    (metered,) = total.energy
    assert (metered.place, metered.meter, total.counted, total.celsius) == ("board input", "board", True, 60.0)
    assert metered.joules == pytest.approx(20.0 * 7200, rel=1e-4)
    assert metered.j_per_th == pytest.approx(20.0)
    assert stage.notes == [f"{NAME}: its passport is {KEY}"]
    assert kept(path, KEY)[1] <= 7200 / WRITE_S + 2


def test_what_was_done_is_written_while_it_is_done(path: Path) -> None:
    """So that a miner that is killed loses five minutes at most."""

    async def act(stage: Stage) -> None:
        async with stage.keeper.keeping(stage.miner):
            for _ in range(20):
                await asyncio.sleep(100.0)
                with closing(open_database(path, create=False)) as connection:
                    (seconds,) = connection.execute("SELECT total(seconds) FROM hours").fetchone()
                assert asyncio.get_running_loop().time() - seconds <= WRITE_S + 2

    play(path, act, CLAIM)


def test_a_passport_that_cannot_be_written_is_told_once_and_mining_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(Inline):
        async def open(self) -> None:
            raise PassportError(f"passport {path}: disk is full; make room on the disk")

    monkeypatch.setattr(keeper, "Passport", Broken)
    stage = play(path, lambda stage: stage.mine(7200.0), CLAIM)
    assert stage.notes == [f"passport {path}: disk is full; make room on the disk"]


def test_what_could_not_be_written_is_written_when_it_can(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    until_s = 2000.0

    class Full(Inline):
        async def _call(self, what: Callable[..., T]) -> T:
            if asyncio.get_running_loop().time() < until_s:
                raise PassportError("disk is full")
            return await super()._call(what)

    monkeypatch.setattr(keeper, "Passport", Full)

    async def act(stage: Stage) -> None:
        async with stage.keeper.keeping(stage.miner):
            stage.keeper.event(DeviceFailed(NAME, f"{NAME}: unplugged", 1.0))
            await asyncio.sleep(3600.0)

    stage = play(path, act, CLAIM)
    assert stage.notes == ["disk is full", f"{NAME}: its passport is {KEY}"]
    assert book(path).total.seconds == pytest.approx(3600.0, abs=1.1)
    assert [fault.text for fault in book(path).faults] == ["unplugged"]


def test_time_in_which_it_does_not_run_is_none_of_its_hours(path: Path) -> None:
    async def act(stage: Stage) -> None:
        (state,) = stage.miner.devices.values()
        async with stage.keeper.keeping(stage.miner):
            await asyncio.sleep(1000.0)
            state.running = False
            stage.boards[0].reading_now = Reading()
            await asyncio.sleep(1000.0)

    play(path, act, CLAIM)
    assert book(path).total.seconds == pytest.approx(1000.0, abs=1.1)
    assert book(path).total.energy[0].seconds == pytest.approx(1000.0, abs=2.1)


def test_faults_are_counted_and_bounded_and_how_it_is_run_is_none(path: Path) -> None:
    async def act(stage: Stage) -> None:
        tell = stage.keeper.event
        async with stage.keeper.keeping(stage.miner):
            await asyncio.sleep(10.0)
            for _ in range(3):
                tell(DeviceFailed(NAME, f"{NAME}: the line broke", 1.0))
            tell(DeviceAlarm(NAME, ""))
            tell(DeviceAlarm(NAME, "unguarded: neither temperature nor power is watched"))
            tell(DeviceFailed("cpu", "not ours", None))
            await asyncio.sleep(WRITE_S)
            for number in range(100):
                tell(DeviceAlarm(NAME, f"unguarded: so; alarm {number}"))

    play(path, act, CLAIM)
    faults = book(path).faults
    assert (faults[0].text, faults[0].times) == ("the line broke", 3)
    assert {fault.text for fault in faults[1:17]} == {f"alarm {number}" for number in range(16)}
    assert [(fault.text, fault.times) for fault in faults if fault.text == "other faults"] == [("other faults", 84)]


def test_whose_passport_it_is_is_asked_for_once_and_never_guessed(path: Path) -> None:
    unknown = replace(CLAIM, serial=None, why="has no serial number")
    stage = play(path, lambda stage: stage.mine(3600.0), unknown)
    assert stage.notes == [unknown.asks]
    assert use(path, lambda passport: passport.boards()) == []


def test_two_boards_are_not_written_into_one_passport(path: Path) -> None:
    stage = play(path, lambda stage: stage.mine(600.0), CLAIM, replace(CLAIM, name="other"), boards=(NAME, "other"))
    assert stage.notes[1] == f"other: another board has the passport {KEY} already; give each its own label"
    assert book(path).total.seconds == pytest.approx(600.0, abs=1.1)


def test_anothers_label_is_refused_and_the_board_mines_without(path: Path) -> None:
    use(path, lambda passport: passport.label(replace(CLAIM, serial="osmu:5e6f7788"), "shelf-3"))
    stage = play(path, lambda stage: stage.mine(600.0), replace(CLAIM, label="shelf-3"))
    assert stage.notes == [f"{NAME}: label 'shelf-3': is that of osmu:5e6f7788 already; choose another"]


def test_a_board_that_mines_alone_has_the_meters_joules(path: Path) -> None:
    async def act(stage: Stage) -> None:
        (state,) = stage.miner.devices.values()
        meter = metering(parse_meter("fixed:31W"), lambda: counts([(state.device, state.tally)]))
        async with meter as metered, stage.keeper.keeping(stage.miner, metered):
            await asyncio.sleep(3600.0)

    play(path, act, CLAIM)
    (metered,) = book(path).total.energy
    assert (metered.place, metered.meter) == ("wall", "fixed:31W (declared)")
    assert metered.joules == pytest.approx(31 * 3600, rel=0.01)
    assert metered.j_per_th == pytest.approx(31.0, rel=0.01)


def test_where_nothing_has_a_passport_no_file_is_made(path: Path) -> None:
    stage = play(path, lambda stage: stage.mine(600.0))
    assert stage.notes == []
    assert not path.exists()


def test_a_disk_that_hangs_does_not_hold_up_the_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hangs(Inline):
        async def _call(self, what: Callable[..., T]) -> T:
            await asyncio.sleep(1e6)
            raise AssertionError

    monkeypatch.setattr(keeper, "Passport", Hangs)
    stage = play(path, lambda stage: stage.mine(60.0), CLAIM)
    assert stage.notes == [f"passport {path}: takes no last words in 15 s; is its disk well?"]


def test_a_simulated_board_has_a_passport_if_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p"
    arguments = ("--duration", "4", "--json", "--passport", str(path))
    done = run("mine", "-d", "sim:icarus?label=demo", "-d", "sim:block-erupter", *arguments, timeout_s=120)
    assert (done.returncode, done.stderr) == (0, "")
    notes = [event["text"] for line in done.stdout.splitlines() if (event := json.loads(line))["event"] == "note"]
    assert "sim:icarus: its passport is sim:demo" in notes
    (board,) = use(path, lambda passport: passport.boards())
    assert board.identity is not None
    assert (board.key, board.identity.simulated) == ("sim:demo", True)
    assert 0 < board.seconds < 60
    summary = json.loads(done.stdout.splitlines()[-1])
    claimed = next(device["claimed"] for device in summary["devices"] if device["name"] == "sim:icarus")
    assert book(path, "sim:demo").total.hashes in (None, int(claimed))


def test_a_miner_that_is_killed_leaves_a_sound_passport(tmp_path: Path) -> None:
    path = tmp_path / "p"
    with Command("mine", "-d", "sim:icarus?label=demo", "--json", "--passport", str(path)) as miner:
        miner.wait_for("note", lambda event: "sim:demo" in event["text"])
        time.sleep(0.5)
        miner.signal(signal.SIGKILL)
        miner.end()
    assert kept(path, "sim:demo") == (set(), 0)
    assert [board.key for board in use(path, lambda passport: passport.boards())] == ["sim:demo"]


def test_two_boards_with_one_label_are_refused() -> None:
    done = run("mine", "-d", "sim:icarus?label=x", "-d", "sim:fpga?label=x")
    assert done.returncode == 2
    assert "two of them have one label; a label is that of one board" in done.stderr
