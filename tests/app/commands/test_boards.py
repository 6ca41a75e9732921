from __future__ import annotations

import json

import pytest

from joulehash.app.cli import run
from joulehash.hw import find
from joulehash.hw.find import Descriptor, Recognised, recognise

WIDTH = 80
PLUGGED = recognise(
    [
        Descriptor("/dev/ttyACM0", 0xC0DE, 0xCAFE, "OSMU", "Bitaxe Gamma", "a1b2", "1-3", 0),
        Descriptor("/dev/ttyACM1", 0xC0DE, 0xCAFE, "OSMU", "Bitaxe Gamma", "a1b2", "1-3", 2),
        Descriptor(None, 0x0403, 0x6015, "GekkoScience", "CompacF Bitcoin Miner", "DK01", "1-1.4"),
        Descriptor("/dev/ttyUSB0", 0x067B, 0x2303, "Prolific Technology Inc.", "USB-Serial Controller", None, "1-1.1"),
        Descriptor("/dev/ttyACM2", 0x303A, 0x1001, "Espressif", "USB JTAG/serial debug unit", "C0:FF:EE", "1-1.2"),
    ]
)


def plug(monkeypatch: pytest.MonkeyPatch, found: list[Recognised]) -> None:
    def plugged_in() -> list[Recognised]:
        return found

    monkeypatch.setattr(find, "plugged_in", plugged_in)


def test_each_is_a_row_with_what_it_was_recognised_by(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(monkeypatch, PLUGGED)
    assert run(["boards"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > WIDTH] == []
    assert lines[:4] == [
        "BOARD          PORTS                  RECOGNISED BY",
        "bitaxe-gamma   control /dev/ttyACM0   OSMU Bitaxe Gamma: bitaxe-raw",
        "               chips /dev/ttyACM1",
        "compac-f       usb:1-1.4              GekkoScience CompacF Bitcoin Miner",
    ]
    text = " ".join(" ".join(lines).split())
    assert "a PL2303, as on Icarus" in text
    assert "-d icarus:/dev/ttyUSB0" in text
    assert "flash bitaxe-raw" in text


def test_as_json_one_a_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, PLUGGED)
    assert run(["boards", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["board"] for line in lines] == ["bitaxe-gamma", "compac-f", None, None]
    assert lines[0]["ports"] == {"control": "/dev/ttyACM0", "chips": "/dev/ttyACM1"}
    assert lines[0]["remedy"] is None
    assert (lines[1]["by"], lines[1]["serial"]) == ("GekkoScience CompacF Bitcoin Miner", "DK01")
    assert "flash bitaxe-raw" in lines[3]["remedy"]


def test_with_nothing_there_it_says_how_to_try_a_simulator(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(monkeypatch, [])
    assert run(["boards"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("nothing is plugged in that could be a board")
    assert "joulehash mine -d sim:bitaxe-gamma" in " ".join(said.split())
    assert run(["boards", "--json"]) == 0
    assert capsys.readouterr().out == ""


def test_on_this_machine_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["boards"]) == 0
    assert capsys.readouterr().out
