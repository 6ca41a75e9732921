from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from joulehash.app.onbench import on_bench
from joulehash.app.onpassport import keep, key_of
from joulehash.bench.check.result import CheckResult
from joulehash.engine.errors import InputError
from joulehash.hw.passport.store import Passport
from tests.support.passports import use

RESULT = CheckResult(
    board="sim:icarus",
    title="Icarus",
    began="2026-01-01T00:00:00Z",
    seconds=60.0,
    verdict="pass",
    steps=[],
    findings=[],
)


def key(device: str, path: Path) -> tuple[str | None, list[str]]:
    """And what is told."""
    told: list[str] = []

    async def asked() -> str | None:
        return await key_of(on_bench(device), path, told.append)

    return asyncio.run(asked()), told


def kept(whose: str | None, path: Path) -> list[str]:
    told: list[str] = []
    asyncio.run(keep(msgspec.structs.replace(RESULT, key=whose), path, told.append))
    return told


def test_a_check_is_kept_whole_in_the_passport_of_its_board(tmp_path: Path) -> None:
    path = tmp_path / "p"
    assert key("sim:icarus?label=demo", path) == ("sim:demo", [])
    assert kept("sim:demo", path) == []

    async def work(passport: Passport) -> list[bytes]:
        lines: list[bytes] = []
        await passport.export_to("sim:demo", lines.append)
        return lines

    (line,) = (line for line in use(path, work) if b'"kind":"check"' in line)
    record = msgspec.json.decode(line)["record"]
    assert msgspec.convert(record["result"], CheckResult) == msgspec.structs.replace(RESULT, key="sim:demo")


def test_a_simulated_board_without_a_label_leaves_no_trace(tmp_path: Path) -> None:
    assert key("sim:icarus", tmp_path / "p") == (None, [])
    assert kept(None, tmp_path / "p") == []
    assert not (tmp_path / "p").exists()


def test_a_board_that_cannot_say_which_it_is_is_asked_for(tmp_path: Path) -> None:
    found, (told,) = key("icarus:/dev/ttyS77", tmp_path / "p")
    assert found is None
    assert told.endswith("-d 'icarus:/dev/ttyS77?label=NAME'")


def test_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"no database" * 500)
    found, (told,) = key("sim:icarus?label=demo", tmp_path / "p")
    assert found is None
    assert told.endswith("what is measured is not kept in a passport")
    (told,) = kept("sim:demo", tmp_path / "p")
    assert told.endswith("the result is not kept in the passport")


def test_anothers_label_is_refused_before_there_is_power(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="label 'two words': takes 1 to 40"):
        key("sim:icarus?label=two words", tmp_path / "p")
