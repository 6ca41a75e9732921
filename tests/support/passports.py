"""Passports for tests: records that hypothesis makes up, what a process has left in a file, a board with a life."""

from __future__ import annotations

import asyncio
import json
import math
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st

from joulehash.hw.passport.records import (
    AnyRecord,
    Check,
    Energy,
    Fault,
    Firmware,
    Hours,
    Identity,
    Labelled,
    Moved,
    Service,
    Sweep,
    result,
)
from joulehash.hw.passport.store import Passport

T = TypeVar("T")
START = datetime(2026, 1, 1, tzinfo=UTC)
GAMMA = Identity(START, "bitaxe-gamma", "Bitaxe Gamma", "BM1370", 1, "OSMU Bitaxe Gamma: bitaxe-raw", "1a2b3c4d")

_moments = st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC))
_text = st.text(st.characters(codec="utf-8"), max_size=60)
_amounts = st.floats(0, 1e30)
_times = st.integers(0, 2**40)
_counts = st.integers(0, 2**63 - 1)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=8,
)
_results = st.dictionaries(_text, _json, max_size=4).map(lambda value: result(json.dumps(value).encode()))
_energy = st.builds(Energy, _amounts, _amounts, _counts, st.none() | _amounts, _text, _text)


def records() -> st.SearchStrategy[AnyRecord]:
    """Of every kind, with every value that is allowed."""
    return st.one_of(
        st.builds(Identity, _moments, _text, _text, st.none() | _text, _times, _text, st.none() | _text),
        st.builds(Labelled, _moments, _text, st.none() | _text),
        st.builds(Firmware, _moments, _text),
        st.builds(Check, _moments, _results),
        st.builds(Sweep, _moments, _results),
        st.builds(Fault, _moments, _text, _times),
        st.builds(Service, _moments, _text),
        st.builds(Moved, _moments, _times),
        hours(),
    )


def hours() -> st.SearchStrategy[Hours]:
    return st.builds(
        Hours,
        _moments,
        _amounts,
        st.none() | _counts,
        st.booleans(),
        st.none() | _energy,
        _times,
        _times,
        st.none() | _amounts,
        st.none() | st.floats(-300, 1e6),
    )


def check_of(day: float, verdict: str = "pass", rate: float = 1e12, watts: float | None = 18.0, **more: Any) -> Check:
    """As `joulehash check` leaves it."""
    at = START + timedelta(days=day)
    cost = {"j_per_th": watts / rate * 1e12, "expanded": 0.4, "place": "DC input"} if watts and rate else None
    interval = {"low": 0.98 * rate, "value": rate, "high": 1.02 * rate, "level": 0.95}
    fields = {"verdict": verdict, "began": at.isoformat(), "seconds": 600, "rate": interval, "efficiency": cost, **more}
    return Check(at, result(json.dumps(fields).encode()))


def a_life(days: int = 365, a_day: int = 12) -> list[AnyRecord]:
    """Of a board that ages: a year of hours, checks, a fault, its repair."""
    life: list[AnyRecord] = [GAMMA, Labelled(START, "shelf-3"), Firmware(START, "bitaxe-raw 1")]
    for number in range(days * a_day):
        day = number / a_day
        if 100 < day < 110:
            continue
        hashes = int(1e12 * (1 - 0.1 * day / 365) * 7200)
        energy = Energy(18.0 * 7200, 7200.0, hashes, None, "VR output", "board") if number % 10 else None
        claims = 7200
        at = START + timedelta(days=day, hours=1)
        life.append(Hours(at, 7200.0, hashes, True, energy, claims, int(claims * day / 36500), 525.0, 60.0))
    for day in range(0, days, 60):
        life.append(check_of(day, "fail" if day == 120 else "pass", 1e12 * (1 - 0.1 * day / 365)))
    life.append(Fault(START + timedelta(days=100), "its fan turns 320 times a minute", 3))
    life.append(Service(START + timedelta(days=110), "fan replaced"))
    return life


def an_eventful_life(seed: int = 1) -> list[AnyRecord]:
    """A year that shows something: a summer's heat, a fan that fails, a regulator that sags, and their repairs."""
    random = Random(seed)
    life: list[AnyRecord] = [GAMMA, Labelled(START, "shelf-3"), Firmware(START, "bitaxe-raw 1")]
    for day in range(365):
        warmth, sags, stands = math.sin(math.pi * day / 365) ** 2, 200 <= day < 238, 99 <= day < 111
        rate = 1.08e12 * (1 - 0.06 * day / 365 - 0.02 * warmth) * (0.87 if sags else 1.0)
        watts = 18.4 * (1 + 0.05 * day / 365 + 0.03 * warmth)
        errors = 0.002 + 0.01 * day / 365 + (0.03 if sags else 0.0)
        if not stands:
            hashes, claims = round(86400 * rate * random.gauss(1.0, 0.003)), 86400
            joules = 86400 * watts * random.gauss(1.0, 0.004)
            energy = Energy(joules, 86400.0, hashes, None, "VR output", "board")
            at = START + timedelta(days=day + 1)
            life.append(
                Hours(at, 86400.0, hashes, True, energy, claims, round(claims * errors), 525.0, 55 + 9 * warmth)
            )
        if verdict := {
            3: "pass",
            58: "pass",
            112: "pass",
            204: "fail",
            239: "pass",
            300: "inconclusive",
            362: "pass",
        }.get(day):
            measured = rate * random.gauss(1.0, 0.004)
            life.append(check_of(day, verdict, measured, 1.03 * watts, errors={"value": errors}))
    for day, fault in (
        (99, "its fan turns 320 times a minute"),
        (201, "3.6% of its nonces are false"),
        (290, "unplugged"),
    ):
        life.append(Fault(START + timedelta(days=day), fault, 1))
    for day, done in ((111, "fan replaced"), (238, "regulator reflowed")):
        life.append(Service(START + timedelta(days=day), done))
    return life


def use(path: Path, work: Callable[[Passport], Awaitable[T]], *, create: bool = True) -> T:
    """What `work` returns, of an open passport."""

    async def opened() -> T:
        async with Passport(path, create=create) as passport:
            return await work(passport)

    return asyncio.run(opened())


def fill(path: Path, key: str, new: Sequence[AnyRecord]) -> int:
    return use(path, lambda passport: passport.add(key, new))


def kept(path: Path, key: str) -> tuple[set[str], int]:
    """(texts of service notes, records of hours) that are in a sound file. AssertionError: it is broken."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchone() is None
        (n_hours,) = connection.execute("SELECT count(*) FROM hours WHERE key = ?", (key,)).fetchone()
        notes = connection.execute("SELECT json_extract(content, '$.text') FROM record WHERE kind = 'service'")
        return {text for (text,) in notes}, n_hours


def writer(path: Path, key: str, name: str, count: int) -> subprocess.Popen[str]:
    """A process of its own; see passport_writer.py."""
    command = [sys.executable, "-m", "tests.support.passport_writer", str(path), key, name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
