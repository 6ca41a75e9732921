"""Devices as the user names them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.errors import InputError
from joulehash.hw.boards.table import BOARDS
from joulehash.hw.spec import Spec, parse_spec


@pytest.mark.parametrize(
    ("text", "kind", "board", "rest"),
    [
        ("cpu", "cpu", None, ""),
        ("cpu:avx2", "cpu", None, "avx2"),
        ("sim:bitaxe-gamma", "sim", "bitaxe-gamma", ""),
        ("sim:chain:bm1368x6", "sim", "chain:bm1368x6", ""),
        ("/dev/ttyACM0", "port", None, "/dev/ttyACM0"),
        ("/dev/ttyACM0,/dev/ttyACM1", "port", None, "/dev/ttyACM0,/dev/ttyACM1"),
        ("COM3", "port", None, "COM3"),
        ("com12", "port", None, "com12"),
        ("usb:1-1.4", "port", None, "usb:1-1.4"),
        ("bitaxe-gamma:COM3", "port", "bitaxe-gamma", "COM3"),
        ("compac-a1:usb:1-1.4", "port", "compac-a1", "usb:1-1.4"),
        ("icarus:/dev/ttyUSB0", "port", "icarus", "/dev/ttyUSB0"),
        ("icarus:rfc2217://host:4000", "port", "icarus", "rfc2217://host:4000"),
        ("rfc2217://host:4000", "port", None, "rfc2217://host:4000"),
        ("chain:bm1362x2:/dev/ttyUSB0", "port", "chain:bm1362x2", "/dev/ttyUSB0"),
        ("bitaxe-gamma:anything", "port", "bitaxe-gamma", "anything"),
    ],
)
def test_what_it_means(text: str, kind: str, board: str | None, rest: str) -> None:
    assert parse_spec(text) == Spec(text, kind, board, rest)
    assert parse_spec(text).name == text


def test_what_stands_after_the_question_mark() -> None:
    spec = parse_spec("sim:bitaxe-gamma?fault=dead-core:17,noise:1e-3&scale=20&mhz=412.5&volts=1.1&seed=4&format=v1")
    assert (spec.name, spec.mhz, spec.volts) == ("sim:bitaxe-gamma", 412.5, 1.1)
    assert dict(spec.sim) == {"fault": "dead-core:17,noise:1e-3", "scale": "20", "seed": "4", "format": "v1"}
    spec = parse_spec("bitaxe-gamma:/dev/ttyACM0?mhz=500&scale=22")
    assert (spec.board, spec.rest, spec.mhz, spec.volts, spec.scale) == (
        "bitaxe-gamma",
        "/dev/ttyACM0",
        500.0,
        None,
        22,
    )
    assert parse_spec("sim:icarus?seed=1+2").sim == (("seed", "1+2"),), "a plus is a plus"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gpu", "is unknown; takes cpu, cpu:KERNEL, sim:BOARD or"),
        ("", "is unknown"),
        ("bitaxe-gama:/x?mhz", "takes KEY=VALUE"),
        ("compac-g", "is unknown"),  # and no COM port
        ("company", "is unknown"),
        ("bitaxe-gamma", "names no port; takes bitaxe-gamma:PORT, and sim:bitaxe-gamma"),
        ("bitaxe-gamma:", "names no port"),
        ("chain:bm1362x2", "names no port"),
        ("sim", "takes sim:BOARD, of bitaxe-max"),
        ("sim:", "takes sim:BOARD"),
        ("cpu?mhz=3", "cpu takes no 'mhz'"),
        ("/dev/x?fault=mute", "'fault' is unknown; takes mhz, volts, scale"),
        ("sim:icarus?speed=3", "'speed' is unknown; takes mhz, volts, fault, scale, seed, format"),
        ("/dev/x?mhz=1&mhz=2", "can be given once"),
        ("/dev/x?scale=-1", "scale '-1'; takes a whole number of 0 to 32"),
        ("/dev/x?scale=33", "takes a whole number of 0 to 32"),
        ("/dev/x?scale=٣", "takes a whole number"),
        *(
            (f"/dev/x?mhz={bad}", f"mhz '{bad}'; takes a number above 0")
            for bad in ("0", "-1", "nan", "inf", "fast", "")
        ),
    ],
)
def test_what_it_does_not_mean(text: str, says: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_spec(text)
    assert says in str(raised.value)
    assert repr(text) in str(raised.value)


@pytest.mark.parametrize("name", BOARDS)
def test_every_board_can_be_named_whatever_others_begin_alike(name: str) -> None:
    assert parse_spec(f"{name}:/dev/x").board == name
    assert parse_spec(f"sim:{name}").board == name


@given(st.text(max_size=40))
def test_whatever_is_typed_gives_a_device_or_one_line(text: str) -> None:
    try:
        spec = parse_spec(text)
    except InputError:
        return
    assert spec.kind in ("cpu", "sim", "port")
    assert spec.text == text
