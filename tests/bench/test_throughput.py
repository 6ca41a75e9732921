"""Each measurement in small: that everything is weighed, and that what goes wrong is counted and not waited for."""

from __future__ import annotations

import asyncio
import resource

import pytest

from joulehash.bench import throughput
from joulehash.bench.load import Load, LoadSession
from joulehash.bench.throughput import measure_hashlib, measure_judge, measure_pool
from joulehash.engine.errors import InputError


def test_the_judge_and_hashlib_are_measured() -> None:
    assert measure_judge(0.01) > 0
    assert measure_hashlib(0.01) > 0


def test_every_share_of_every_session_is_accepted_in_another_process() -> None:
    load = measure_pool(sessions=3, shares=20, branches=4, window=6)
    assert (load.sessions, load.branches, load.window) == (3, 4, 6)
    assert (load.accepted, load.refused) == (60, {})
    assert load.shares_per_cpu_s == pytest.approx(60 / load.cpu_s)
    assert load.cpu_s > 0
    assert load.rss_mb > 1
    assert load.job_wall_s > 0


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((0, 1, 12, 16), "sessions: 0; takes 1 or more"),
        ((1, 0, 12, 16), "shares: 0; takes 1 or more"),
        ((1, 1, 12, 0), "window: 0; takes 1 or more"),
        ((1, 1, 17, 16), "branches: 17; takes 0 to 16"),
        ((1, 1, -1, 16), "branches: -1; takes 0 to 16"),
    ],
)
def test_bounds(numbers: tuple[int, int, int, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        measure_pool(*numbers)


def test_a_time_is_above_0() -> None:
    for measure in (measure_judge, measure_hashlib):
        with pytest.raises(InputError, match="seconds: 0"):
            measure(0)


def test_too_few_open_files_are_said_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def few(which: int) -> tuple[int, int]:
        del which
        return 256, 256

    monkeypatch.setattr(resource, "getrlimit", few)
    monkeypatch.setattr(throughput, "_serve", None)
    with pytest.raises(InputError, match="sessions: 2000; the limit of open files has room for 192; raise it"):
        measure_pool(2000, 1)


class Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))


NOTIFY = b'{"id":null,"method":"mining.notify","params":["1f","","","",[],"","","504e86ed",true]}\n'


def test_a_session_sends_its_window_and_then_one_for_each_answer() -> None:
    load, wire = Load(sessions=1, shares=3, window=2), Wire()
    session = LoadSession(load)
    session.connection_made(wire)
    session.data_received(b'{"id":1,"result":[[],"",8],"error":null}\n' + NOTIFY[:30])
    assert not load.ready.is_set()
    session.data_received(NOTIFY[30:])
    assert load.ready.is_set()
    session.go()
    session.data_received(b'{"id":10,"result":true,"error":null}\n')
    lines = b"".join(wire.sent[1:]).splitlines()
    assert len(lines) == len(set(lines)) == 3
    assert len(wire.sent[1].splitlines()) == 2
    session.data_received(b'{"id":11,"result":null,"error":[22,"Duplicate share",null]}\n')
    assert not load.done.is_set()
    session.data_received(b'{"id":12,"result":true,"error":null}\n')
    assert load.done.is_set()
    assert (load.accepted, load.refused) == (2, {"[22, 'Duplicate share', None]": 1})


def test_a_lost_session_is_counted_and_not_waited_for() -> None:
    load = Load(sessions=2, shares=1, window=1)
    sessions = [LoadSession(load), LoadSession(load)]
    for session in sessions:
        session.connection_made(Wire())
    sessions[0].data_received(NOTIFY)
    sessions[1].connection_lost(None)
    assert load.ready.is_set()
    sessions[0].go()
    sessions[0].data_received(b'{"id":10,"result":true,"error":null}\n')
    sessions[0].connection_lost(None)
    assert load.done.is_set()
    assert (load.accepted, load.refused) == (1, {"connection lost": 1})
