"""`joulehash mine` with a board that breaks, in real time: it goes on with the other, tells what docs/json.md says, and
ends well."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import Command, Event

PATIENCE_S = 120.0  # beside the seconds that a fault takes
_ROW = re.compile(r"\| (?P<event>\w+) \| (?P<fields>[\w, ]+) \|")
_TEXT = (Path(__file__).parents[2] / "docs" / "json.md").read_text()
DOCUMENTED = {row["event"]: set(row["fields"].split(", ")) for row in _ROW.finditer(_TEXT)}

pytestmark = [pytest.mark.long, pytest.mark.alone]


def mine(
    board: str, seconds: int, until: Callable[[list[Event]], object], patience_s: float = PATIENCE_S
) -> list[Event]:
    """Its events, after so many seconds, and when `until` is true of them and the CPU has a share; all but the last,
    the summary, as documented."""
    with Command("mine", "-d", board, "-d", "cpu", "--json") as miner:
        time.sleep(seconds)
        miner.wait_until(lambda events: until(events) and shares(events, "cpu"), patience_s)
        miner.signal(signal.SIGINT)
        assert miner.end() == (0, "")
        events = miner.events
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


def shares(events: list[Event], device: str) -> list[Event]:
    return [e for e in events if e["event"] == "share" and e["device"] == device and e["outcome"] == "accepted"]


def after(events: list[Event], kind: str) -> list[Event]:
    """The events since the last of a kind; none where there was none."""
    places = [at for at, event in enumerate(events) if event["event"] == kind]
    return events[places[-1] + 1 :] if places else []


def of_board(events: list[Event]) -> Event:
    return next(device for device in events[-1]["devices"] if device["name"].startswith("sim:"))


def test_a_board_that_overheats_cools_down_and_is_told() -> None:
    """A point lower it is too hot again in a quarter of a minute, with a share every five seconds: it is given three
    such points."""
    board = "sim:bitaxe-gamma"

    def mines_on(events: list[Event]) -> object:
        alarms = told(events, "device_alarm")
        return alarms and alarms[-1].startswith("overheated at") and shares(after(events, "device_alarm"), board)

    events = mine(f"{board}?fault=overheat&mhz=500&volts=1.1", 60, mines_on, 240.0)
    assert not told(events, "device_failed")
    alarms = told(events, "device_alarm")
    hot = "its limit is 75 °C; it was switched off; it cools down, then goes on at 475 MHz and 1.08 V"
    assert [text for text in alarms if hot in text]
    assert "overheated at 500 MHz and 1.1 V: goes on at 475 MHz and 1.08 V" in alarms


def test_a_board_that_has_not_yet_overheated_is_like_any_other() -> None:
    events = mine("sim:bitaxe-gamma?fault=overheat", 20, lambda events: shares(events, "sim:bitaxe-gamma"))
    assert not told(events, "device_failed")
    assert not told(events, "device_alarm")
    assert of_board(events)["accepted"] > 0


def test_a_board_that_is_unplugged_is_told_once_and_comes_back() -> None:
    board = "sim:compac-f"
    events = mine(f"{board}?fault=unplug:8+3", 15, lambda events: shares(after(events, "device_failed"), board))
    assert told(events, "device_failed") == ["sim:compac-f: was unplugged; plug it in again"]
    assert shares(after(events, "device_failed"), board)


def test_a_line_that_flips_bits_is_counted_and_told() -> None:
    board, broken = "sim:bitaxe-gamma", "comes broken: look at its cable"

    def is_told(events: list[Event]) -> object:
        return broken in " ".join(told(events, "device_alarm")) and shares(events, board)

    events = mine(f"{board}?fault=noise:1e-2", 20, is_told)
    assert not told(events, "device_failed")
    assert any(broken in text for text in told(events, "device_alarm"))
    assert of_board(events)["errors"]["bytes of broken frames"] > 0
    assert of_board(events)["accepted"] > 0
