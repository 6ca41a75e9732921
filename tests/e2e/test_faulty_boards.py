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


def mine(board: str, seconds: int, until: Callable[[list[Event]], object]) -> list[Event]:
    """Its events, after so many seconds, and when `until` is true of them and the CPU has a share; all but the last,
    the summary, as documented."""
    with Command("mine", "-d", board, "-d", "cpu", "--json") as miner:
        time.sleep(seconds)
        miner.wait_until(lambda events: until(events) and shares(events, "cpu"), PATIENCE_S)
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
    """As fast as it goes, so that it does not take long."""
    board, lowered = "sim:bitaxe-gamma", "overheated at 625 MHz and 1.25 V: goes on at 600 MHz and 1.23 V"

    def mines_on(events: list[Event]) -> object:
        """At whichever point: a point lower it is soon too hot again, so that a share there is a matter of luck."""
        texts = [event.get("text") for event in events]
        return lowered in texts and shares(events[texts.index(lowered) :], board)

    events = mine(f"{board}?fault=overheat&mhz=625&volts=1.25", 30, mines_on)
    assert not told(events, "device_failed")
    alarms = told(events, "device_alarm")
    hot = "its limit is 75 °C; it was switched off; it cools down, then goes on at 600 MHz and 1.23 V"
    assert [text for text in alarms if hot in text]
    assert lowered in alarms


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
