"""What is told of a pool that has much to say."""

from __future__ import annotations

from joulehash.engine.events import Event, JobReceived, Note, PoolMessage
from joulehash.engine.pools.told import Told


def job(name: int) -> JobReceived:
    return JobReceived("p", str(name), None, 1.0, 1.0, False, False)


def test_little_is_told_at_once() -> None:
    events = list[Event]()
    told = Told("p", events.append)
    for second in range(1000):
        told.put(job(second), float(second))
    assert len(events) == 1000


def test_of_a_flood_the_last_is_told_and_how_many_are_not() -> None:
    events = list[Event]()
    told = Told("p", events.append)
    for i in range(10_000):
        told.put(job(i), i / 10_000)
        told.put(PoolMessage("p", str(i)), i / 10_000)
    assert len(events) < 100
    told.tick(10.0)
    note, *last = events[-3:]
    assert note == Note(f"p sent {20_000 - (len(events) - 1)} more messages than are shown")
    assert sorted(map(repr, last)) == [repr(job(9999)), repr(PoolMessage("p", "9999"))]
    told.tick(100.0)
    assert events[-2:] == last


def test_what_is_told_later_takes_the_place_of_what_is_held() -> None:
    events = list[Event]()
    told = Told("p", events.append)
    for i in range(60):
        told.put(job(i), 0.0)
    told.put(job(60), 60.0)
    told.tick(61.0)
    assert events[-2:] == [job(60), Note("p sent 10 more messages than are shown")]
