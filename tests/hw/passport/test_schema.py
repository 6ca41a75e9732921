from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from joulehash.engine import database
from joulehash.hw.passport import schema
from joulehash.hw.passport.schema import PassportError, migrate, open_database, told
from tests.support.passports import GAMMA, fill, use


def opened(path: Path, *, create: bool = True) -> sqlite3.Connection:
    with told(path):
        return open_database(path, create=create)


def test_a_new_file_is_of_todays_version_and_written_through(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "p")) as connection:
        pragmas = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("user_version", "journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {
        "user_version": len(schema.MIGRATIONS),
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 1000 * database.BUSY_S,
    }


@pytest.mark.parametrize("table", ["board", "record", "hours", "shared"])
def test_rows_are_only_added(table: str, tmp_path: Path) -> None:
    fill(tmp_path / "p", "osmu:1a2b3c4d", [GAMMA])
    with closing(opened(tmp_path / "p")) as connection:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        if table in ("hours", "shared"):
            names = "key, at, id, seconds, counted, claims, errors" if table == "hours" else "serial"
            values = "'osmu:1a2b3c4d', 0, '', 0, 0, 0, 0" if table == "hours" else "'x'"
            connection.execute(f"INSERT INTO {table} ({names}) VALUES ({values})")
        for change in (f"UPDATE {table} SET {columns[0]} = {columns[0]}", f"DELETE FROM {table}"):
            with pytest.raises(sqlite3.IntegrityError, match="a passport is only added to"):
                connection.execute(change)


def test_an_older_file_is_brought_up_with_all_that_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p"
    fill(path, "osmu:1a2b3c4d", [GAMMA])
    step = ("ALTER TABLE hours ADD COLUMN volts REAL", "CREATE TABLE extra (x) ")
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    with closing(opened(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(schema.MIGRATIONS)
        assert connection.execute("SELECT count(*), count(volts) FROM hours").fetchone() == (0, 0)
    assert use(path, lambda passport: passport.book("osmu:1a2b3c4d")).identity == GAMMA


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "p")) as connection:
        before = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with pytest.raises(sqlite3.OperationalError, match="syntax error"):
            migrate(connection, (*schema.MIGRATIONS, ("CREATE TABLE extra (x)", "CREATE NONSENSE")))
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == before
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(schema.MIGRATIONS)


def wrong(path: Path, *, create: bool = True) -> str:
    with pytest.raises(PassportError) as raised:
        opened(path, create=create)
    assert "\n" not in str(raised.value)
    return str(raised.value).replace(str(path), "P")


def test_what_is_no_passport_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_bytes(b"SQLite format 3? No, a shopping list." * 100)
    assert "file is not a database; it is something else, or broken" in wrong(path)
    assert path.read_bytes().startswith(b"SQLite format 3?")
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipes (name)")
        other.commit()
    before = path.read_bytes()
    assert wrong(path) == "passport P: is the database of another program; choose another with --passport FILE"
    assert path.read_bytes() == before


def test_a_newer_file_is_left_to_a_newer_program(tmp_path: Path) -> None:
    path = tmp_path / "p"
    opened(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    assert "is of version 2, from a newer joulehash; this one reads up to 1: update it" in wrong(path)


def test_places_where_no_file_can_be(tmp_path: Path) -> None:
    assert "unable to open database file; choose another with --passport FILE" in wrong(tmp_path)
    (tmp_path / "file").touch()
    assert "its folder cannot be made (File exists); choose another with --passport FILE" in wrong(
        tmp_path / "file" / "p"
    )
    assert "there is none yet" in wrong(tmp_path / "p", create=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_file_that_may_not_be_written(tmp_path: Path) -> None:
    path = tmp_path / "p"
    opened(path).close()
    path.chmod(0o400)
    assert "choose another with --passport FILE" in wrong(path)


def test_a_file_that_another_holds_for_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    path = tmp_path / "p"
    opened(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(PassportError, match=r"database is locked; another program holds it for more than 0\.05 s"):
            fill(path, "osmu:1a2b3c4d", [GAMMA])


def test_a_broken_file_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "p"
    fill(path, "osmu:1a2b3c4d", [GAMMA])
    data = bytearray(path.read_bytes())
    data[4096:] = b"\x5a" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(PassportError, match="malformed; it is broken: move it away, and import the exports"):
        fill(path, "osmu:1a2b3c4d", [GAMMA])
