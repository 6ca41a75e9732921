from __future__ import annotations

import json
from pathlib import Path

import pytest

from joulehash.app.cli import run
from joulehash.hw.passport.records import AnyRecord, Fault, Hours, Identity, Service
from tests.support.passports import GAMMA, START, a_life, check_of, fill

KEY = "osmu:1a2b3c4d"


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JOULEHASH_PASSPORT", str(tmp_path / "p"))
    return tmp_path / "p"


def show(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert run(["boards", "show", *arguments]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out.splitlines()


def test_a_life_on_a_page_of_eighty_columns(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(path, KEY, a_life())
    lines = show(capsys, "shelf-3")
    assert [line for line in lines if len(line) > 80] == []
    assert lines[:10] == [
        "osmu:1a2b3c4d, shelf-3: Bitaxe Gamma, 1 × BM1370",
        "known from 2026-01-01 to 2026-12-31",
        "firmware bitaxe-raw 1 since 2026-01-01",
        "recognised by OSMU Bitaxe Gamma: bitaxe-raw",
        "",
        "hashed    8,522.0 h: 29.1 EH, 949 GH/s, counted by its chips",
        "energy    138.0 kWh in 7,668.0 h, 18.96 J/TH (VR output, board)",
        "errors    0.5 % of 30,832,254 nonces; failed 3 times",
        "hottest   60.0 °C",
        "",
    ]
    page = "\n".join(lines)
    assert "2026-05-01  fail          967 GH/s ± 2.0%    18.61 ± 0.40   -       -" in page
    assert "J/TH of checks is measured at: DC input" in page
    trend = next(line for line in lines if line.startswith("J/TH, mining"))
    assert trend.startswith("J/TH, mining    ▁")
    assert "█" in trend
    assert trend.endswith("18.03 → 19.96 (+10.7%)")
    assert "2026-04  482.0     971 GH/s    28.0 MJ     18.53         0.28 %    60.0 °C" in page
    assert "2026-04-11 00:00  its fan turns 320 times a minute (3 times)" in page
    assert "2026-04-21 00:00  fan replaced" in page


def test_what_is_unknown_is_said_and_is_no_zero(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(path, "rig-1", [Hours(START, 3600.0, None)])
    page = "\n".join(show(capsys, "rig-1"))
    assert "hashed    1.0 h: how many hashes is unknown" in page
    assert "energy    unknown: no meter told it" in page
    assert "errors    - of 0 nonces" in page
    assert "unknown     -" in page
    fill(path, "rig-2", [GAMMA])
    assert "has not mined yet" in show(capsys, "rig-2")


def test_long_and_hostile_texts_stay_in_their_place(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nasty = "\x1b[2J\x1b]0;title\x07 a\u202eb\n\n" + "word " * 40 + "x" * 200
    life: list[AnyRecord] = [
        Identity(START, "icarus", nasty[:200], nasty[:200], 3, nasty[:200]),
        Service(START, nasty),
        Fault(START, nasty, 2**40),
        check_of(0, nasty, 1e18, findings=[{"code": nasty, "where": nasty}] * 5),
    ]
    fill(path, "rig-1", life)
    for lines in (show(capsys, "rig-1"), show(capsys)):
        assert [line for line in lines if len(line) > 80] == []
        assert all(line.isprintable() for line in lines)


def test_as_json_it_has_all_and_what_follows_from_it(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(path, KEY, a_life(62))
    (line,) = show(capsys, "shelf-3", "--json")
    data = json.loads(line)
    assert (data["key"], data["label"], data["identity"]["title"]) == (KEY, "shelf-3", "Bitaxe Gamma")
    assert data["total"]["energy"][0]["j_per_th"] == pytest.approx(18.1, rel=0.01)
    assert data["total"]["rate_hps"] == pytest.approx(data["total"]["hashes"] / data["total"]["hashed_s"])
    assert (len(data["days"]), data["days"][0]["day"], data["n_faults"]) == (62, "2026-01-01", 3)
    assert [check["verdict"] for check in data["checks"]] == ["pass", "pass"]
    fill(path, "rig-1", [Hours(START, 60.0, None)])
    assert json.loads(show(capsys, "rig-1", "--json")[0])["total"]["energy"] == []


def test_all_boards_a_row_each(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(path, KEY, a_life(30))
    fill(path, "rig-1", [Service(START, "new")])
    lines = show(capsys)
    assert lines[0].split() == ["KEY", "LABEL", "BOARD", "HOURS", "FAULTS", "CHECKED"]
    assert lines[1].split() == [KEY, "shelf-3", "Bitaxe", "Gamma", "720", "3", "2026-01-01", "pass"]
    assert lines[-1].split() == ["rig-1", "-", "-", "0", "0", "-"]
    assert [json.loads(line)["key"] for line in show(capsys, "--json")] == [KEY, "rig-1"]


def test_the_picture(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(path, KEY, a_life(30))
    lines = show(capsys, "shelf-3", "--plot", str(tmp_path / "trend.svg"))
    assert lines[0].startswith(KEY)
    assert "J/TH" in (tmp_path / "trend.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["shelf-9"], "board 'shelf-9': is not in the passport; there are shelf-3"),
        (["shelf-3", "--plot", "x.pdf"], "--plot x.pdf: takes a name that ends in .svg or .png"),
        (["shelf-3", "--plot", "/no/such/x.svg"], "--plot /no/such/x.svg: No such file or directory"),
        (["--plot", "x.svg"], "--plot: draws one board; takes its key or label before it"),
        (["--passport", "/no/such/file"], "passport /no/such/file: there is none yet"),
    ],
)
def test_what_is_wrong_is_one_line(
    arguments: list[str], why: str, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(path, KEY, a_life(1))
    assert run(["boards", "show", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"joulehash: {why}")
    assert said.count("\n") == 1
