"""`joulehash mine` with a board that breaks, in real time: it goes on with the other, tells what docs/json.md says, and
ends well."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import run

Event = dict[str, Any]
_ROW = re.compile(r"\| (?P<event>\w+) \| (?P<fields>[\w, ]+) \|")
_TEXT = (Path(__file__).parents[2] / "docs" / "json.md").read_text()
DOCUMENTED = {row["event"]: set(row["fields"].split(", ")) for row in _ROW.finditer(_TEXT)}


pytestmark = [pytest.mark.long, pytest.mark.alone]


def mine(board: str, seconds: int) -> list[Event]:
    """Its events; all but the last, the summary, as documented."""
    done = run("mine", "-d", board, "-d", "cpu", "--duration", str(seconds), "--json", timeout_s=seconds + 60)
    assert done.returncode == 0, done.stderr
    events: list[Event] = [json.loads(line) for line in done.stdout.splitlines()]
    for event in events[:-1]:
        assert event.keys() - {"event"} == DOCUMENTED[event["event"]], event
    summary = events[-1]
    assert summary["event"] == "summary"
    assert (summary["rejected"], summary["pending"], summary["lost"]) == (0, 0, 0)
    assert [device["accepted"] > 0 for device in summary["devices"] if device["name"] == "cpu"] == [True]
    assert not [e for e in events if e["event"] == "device_failed" and e["device"] == "cpu"]
    return events


def told(events: list[Event], kind: str) -> list[str]:
    return [e["text"] if kind == "device_alarm" else e["reason"] for e in events if e["event"] == kind]


def of_board(events: list[Event]) -> Event:
    return next(device for device in events[-1]["devices"] if device["name"].startswith("sim:"))


def test_a_board_that_overheats_cools_down_and_is_told() -> None:
    """As fast as it goes, so that it does not take long."""
    events = mine("sim:bitaxe-gamma?fault=overheat&mhz=625&volts=1.25", 75)
    assert not told(events, "device_failed")
    alarms = told(events, "device_alarm")
    hot = "its limit is 75 °C; it was switched off; it cools down, then goes on at 600 MHz and 1.23 V"
    assert [text for text in alarms if hot in text]
    assert "overheated at 625 MHz and 1.25 V: goes on at 600 MHz and 1.23 V" in alarms
    assert of_board(events)["accepted"] > 0


def test_a_board_that_has_not_yet_overheated_is_like_any_other() -> None:
    events = mine("sim:bitaxe-gamma?fault=overheat", 20)
    assert not told(events, "device_failed")
    assert not told(events, "device_alarm")
    assert of_board(events)["accepted"] > 0


def test_a_board_that_is_unplugged_is_told_once_and_comes_back() -> None:
    events = mine("sim:compac-f?fault=unplug:8+3", 28)
    assert told(events, "device_failed") == ["sim:compac-f: was unplugged; plug it in again"]
    shares = [e for e in events if e["event"] == "share" and e["device"] == "sim:compac-f"]
    gone = next(at for at, e in enumerate(events) if e["event"] == "device_failed")
    assert [e for e in events[gone:] if e in shares]


def test_a_line_that_flips_bits_is_counted_and_told() -> None:
    events = mine("sim:bitaxe-gamma?fault=noise:1e-2", 20)
    assert not told(events, "device_failed")
    assert any("comes broken: look at its cable" in text for text in told(events, "device_alarm"))
    assert of_board(events)["errors"]["bytes of broken frames"] > 0
    assert of_board(events)["accepted"] > 0
