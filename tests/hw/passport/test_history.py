from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from joulehash.hw.passport.history import Book, Metered
from joulehash.hw.passport.records import AnyRecord, Energy, Fault, Firmware, Hours, Service
from tests.support.passports import GAMMA, START, a_life, check_of, fill, use

KEY = "osmu:1a2b3c4d"
MOST = 2**63 - 1


def book(path: Path, *records: AnyRecord) -> Book:
    fill(path, KEY, records)
    return use(path, lambda passport: passport.book(KEY))


def hours(day: float, hashes: int | None, energy: Energy | None = None, counted: bool = True) -> Hours:
    return Hours(START + timedelta(days=day), 3600.0, hashes, counted, energy, 99, 1, celsius=60.0 + day)


def test_sums_are_exact_beyond_64_bits(tmp_path: Path) -> None:
    records = [hours(day, MOST, Energy(1.0, 1.0, MOST)) for day in (0.0, 0.25, 0.5, 1.0)]
    found = book(tmp_path / "p", *records)
    assert found.total.hashes == found.total.energy[0].hashes == 4 * MOST
    assert [day.span.hashes for day in found.days] == [3 * MOST, MOST]
    assert (found.total.claims, found.total.errors, found.total.error_rate) == (396, 4, 0.01)


def test_unknown_hashes_are_no_zeroes(tmp_path: Path) -> None:
    assert book(tmp_path / "p", hours(0, None)).total.rate_hps is None
    found = book(tmp_path / "p", hours(0.5, 3600 * 10**12))
    assert (found.total.seconds, found.total.hashed_s) == (7200.0, 3600.0)
    assert found.total.rate_hps == 10**12
    assert found.total.counted, "what is unknown was not estimated"
    assert not book(tmp_path / "p", hours(0.6, 5, counted=False)).total.counted


def test_energy_is_kept_apart_by_its_place_and_meter_and_from_what_is_unknown(tmp_path: Path) -> None:
    wall, board = Energy(72e3, 3600.0, 10**15, None, "wall", "plug"), Energy(65e3, 3600.0, 10**15, None, "VR", "board")
    found = book(tmp_path / "p", hours(0.1, 10**15, wall), hours(0.2, 10**15, board), hours(0.3, 10**15, board))
    assert found.total.energy == [
        Metered("VR", "board", 130e3, 7200.0, 2 * 10**15),
        Metered("wall", "plug", 72e3, 3600.0, 10**15),
    ]
    assert [metered.j_per_th for metered in found.total.energy] == [pytest.approx(65.0), pytest.approx(72.0)]
    assert book(tmp_path / "q", hours(0.1, 10**15)).total.energy == []
    free = book(tmp_path / "r", hours(0.1, 10**15, Energy(0.0, 60.0, 10**12))).total.energy
    assert [metered.joules for metered in free] == [0.0]


def test_lists_begin_with_the_oldest_whatever_the_order_of_writing(tmp_path: Path) -> None:
    times = [START + timedelta(days=day) for day in (3, 1, 2)]
    found = book(
        tmp_path / "p",
        *(Service(at, str(at.day)) for at in times),
        *(Firmware(at, str(at.day)) for at in times),
        *(check_of(day, verdict) for day, verdict in ((5, "fail"), (4, "pass"))),
        hours(9, 1),
    )
    assert (
        [note.text for note in found.services] == [firmware.version for firmware in found.firmware] == ["2", "3", "4"]
    )
    assert [check.verdict for check in found.checks] == ["pass", "fail"]
    assert (found.first, found.last) == (START + timedelta(days=1), START + timedelta(days=9))


def test_all_faults_are_counted_and_the_newest_listed(tmp_path: Path) -> None:
    faults = [Fault(START + timedelta(minutes=number), f"fault {number}", 2) for number in range(150)]
    found = book(tmp_path / "p", *faults)
    assert found.n_faults == 300
    assert [fault.text for fault in found.faults] == [f"fault {number}" for number in range(50, 150)]


def test_an_overview_of_all(tmp_path: Path) -> None:
    fill(tmp_path / "p", KEY, a_life(20))
    fill(tmp_path / "p", "rig-1", [Service(START, "new")])
    one, other = use(tmp_path / "p", lambda passport: passport.boards())
    assert (one.key, one.label, one.identity, one.n_faults, one.verdict) == (KEY, "shelf-3", GAMMA, 3, "pass")
    assert one.seconds == 20 * 12 * 7200
    assert (other.key, other.label, other.identity, other.seconds, other.checked) == ("rig-1", None, None, 0.0, None)
