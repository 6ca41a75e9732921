"""docs/json.md is what people read of the events: its table has each of them, with its fields in their order."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from joulehash.engine.events import DeviceSummary, EnergyUsed, Event, PoolSummary, Summary

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8").partition("\n## ")[0]
LINES = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]
ROWS = {cells[0]: [name.strip() for name in cells[1].split(",")] for cells in LINES if cells[0] != "event"}
EVENTS = {str(event.__struct_config__.tag): event for event in Event.__subclasses__()}


@pytest.mark.parametrize("kind", sorted(set(EVENTS) - {"summary"}))
def test_the_page_has_each_event_and_its_fields(kind: str) -> None:
    assert ROWS[kind] == [field.encode_name for field in msgspec.structs.fields(EVENTS[kind])]


def test_the_page_has_no_other_events() -> None:
    assert sorted(cells[0] for cells in LINES) == sorted({*EVENTS, "event"} - {"summary"})


def test_the_page_has_the_summary() -> None:
    shown = re.search(r'{"event": "summary", .*?}\n', PAGE, re.DOTALL)
    assert shown is not None
    summary, devices = shown[0].split('"devices"')
    devices, energy = devices.split('"energy"')
    energy, pools = energy.split('"pools"')
    fields = [*re.findall(r'"(\w+)"', summary)[2:], "devices", "energy", "pools"]
    assert fields == [f.encode_name for f in msgspec.structs.fields(Summary)]
    assert re.findall(r'"(\w+)"', devices) == [f.encode_name for f in msgspec.structs.fields(DeviceSummary)]
    assert re.findall(r'"(\w+)"', energy) == [f.encode_name for f in msgspec.structs.fields(EnergyUsed)]
    assert re.findall(r'"(\w+)"', pools) == [f.encode_name for f in msgspec.structs.fields(PoolSummary)]
