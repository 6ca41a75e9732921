from __future__ import annotations

from pathlib import Path

import pytest

from joulehash.app.cli import run
from joulehash.hw import find
from joulehash.hw.find import Descriptor, Recognised, recognise
from joulehash.hw.passport import key
from tests.support.passports import use

PLUGGED = recognise(
    [
        Descriptor("/dev/ttyACM0", 0xC0DE, 0xCAFE, "OSMU", "Bitaxe Gamma", "1a2b3c4d", "1-3", 0),
        Descriptor("/dev/ttyACM1", 0xC0DE, 0xCAFE, "OSMU", "Bitaxe Gamma", "1a2b3c4d", "1-3", 2),
        Descriptor("/dev/ttyUSB0", 0x067B, 0x2303, "Prolific Technology Inc.", "USB-Serial Controller", None, "1-1.1"),
    ]
)


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def plugged_in() -> list[Recognised]:
        return PLUGGED

    def plug_of(place: str | None, root: Path = Path("/")) -> str | None:
        return None if place is None else f"boot/{place}/4"

    monkeypatch.setattr(find, "plugged_in", plugged_in)
    monkeypatch.setattr(key, "plug_of", plug_of)
    monkeypatch.setenv("JOULEHASH_PASSPORT", str(tmp_path / "new" / "p"))
    return tmp_path / "new" / "p"


def labels(path: Path) -> dict[str, str | None]:
    return {board.key: board.label for board in use(path, lambda passport: passport.boards())}


def test_a_board_that_knows_itself_is_called_so_for_good(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["boards", "label", "/dev/ttyACM1", "shelf-3"]) == 0
    assert capsys.readouterr().out == "/dev/ttyACM1 is shelf-3; its passport: joulehash boards show shelf-3\n"
    assert labels(path) == {"osmu:1a2b3c4d": "shelf-3"}


def test_one_that_does_not_until_it_is_pulled(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["boards", "label", "icarus:/dev/ttyUSB0", "rig-1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(
        "icarus:/dev/ttyUSB0 is rig-1, until it is pulled; its passport: joulehash boards show rig-1"
    )
    assert labels(path) == {"rig-1": "rig-1"}


@pytest.mark.parametrize(
    ("port", "label", "why"),
    [
        ("/dev/ttyUSB0", "x", "device /dev/ttyUSB0: recognised as no board"),
        ("/dev/ttyACM9", "x", "device /dev/ttyACM9: nothing is recognised there"),
        ("sim:icarus", "x", "sim:icarus: a simulated board is labelled where it is used: -d 'sim:icarus?label=NAME'"),
        ("cpu", "x", "cpu: takes [BOARD:]PORT"),
        ("/dev/ttyACM0", "two words", "label 'two words': takes 1 to 40 letters, digits"),
        ("chain:bm1370x2:/dev/ttyUSB0", "x", "chain:bm1370x2:/dev/ttyUSB0: is behind an adapter, which is not the"),
        ("icarus:/dev/ttyS0", "x", "icarus:/dev/ttyS0: its port does not tell which board is there; so that it has"),
    ],
)
def test_what_cannot_be_is_one_line(
    port: str, label: str, why: str, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["boards", "label", port, label]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"joulehash: {why}")
    assert said.count("\n") == 1
    assert not path.exists() or labels(path) == {}
