"""From URLs to meters and supplies."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from joulehash.engine.errors import InputError
from joulehash.hw.limits import Reading
from joulehash.hw.meters.meter import Meter
from joulehash.hw.meters.sensors import Sensing
from joulehash.hw.meters.sensors import meter as sensors
from joulehash.hw.meters.url import KINDS, parse_meter, parse_supply
from tests.support.project import HOUSE


@dataclass
class Board:
    reading: Reading


BOARDS: list[Sensing] = [Board(Reading(input_w=19.0))]
EXAMPLES = {
    "rapl": "rapl:0",
    "nvml": "nvml:",
    "board": "board",
    "scpi": "scpi:TCPIP::127.0.0.1::5025::SOCKET",
    "shelly": "shelly:me:s3cret@10.0.0.5",
    "tasmota": "tasmota:me:s3cret@plug.lan",
    "modbus": "modbus:10.0.0.5?model=sdm120",
    "fixed": "fixed:19W",
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_makes_a_meter_that_says_what_it_is(kind: str) -> None:
    """Nothing is opened, and nothing optional imported, before it is used."""
    meter: Meter = parse_meter(EXAMPLES[kind], lambda address: sensors(address, lambda: BOARDS))
    assert meter.name.startswith(kind)
    assert "s3cret" not in meter.name
    assert meter.source == ("declared" if kind == "fixed" else "measured")
    assert 0 < meter.accuracy.gain < 1
    assert meter.period_s > 0


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_documented(kind: str) -> None:
    text = (HOUSE / "docs/meters.md").read_text(encoding="utf-8")
    assert f"| `{KINDS[kind].form}` |" in text


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_takes_a_gain_and_nothing_unknown(kind: str) -> None:
    mark = "&" if "?" in EXAMPLES[kind] else "?"
    made = parse_meter(f"{EXAMPLES[kind]}{mark}gain=0.25%", lambda address: sensors(address, lambda: BOARDS))
    assert made.accuracy.gain == pytest.approx(0.0025)
    with pytest.raises(InputError, match="'colour' is unknown"):
        parse_meter(f"{EXAMPLES[kind]}{mark}colour=red", lambda address: sensors(address, lambda: BOARDS))


def test_unknown_kinds_are_told_what_there_is() -> None:
    with pytest.raises(InputError, match=r"meter kasa:…: is unknown; choose from rapl:\[PACKAGE\], nvml"):
        parse_meter("kasa:10.0.0.5")
    with pytest.raises(InputError, match="choose from rapl"):
        parse_meter("board")  # where there are none
    with pytest.raises(InputError, match="supply fixed:…: is unknown; choose from scpi:VISA-ADDRESS"):
        parse_supply("fixed:19W")
