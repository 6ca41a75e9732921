"""The file of patterns: what is written is read again, and nothing is believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.chain.header import HEADER_BYTES, Header
from joulehash.engine.errors import InputError
from joulehash.hw.patterns.pattern import MOST, MOST_BYTES, SCHEMA, Library, Pattern, decode, encode, load, save
from tests.support.patterns import GAMMA_SHARE, GENESIS

headers = st.binary(min_size=HEADER_BYTES, max_size=HEADER_BYTES).map(Header.parse)
patterns = headers.map(Pattern.of)
LIBRARY = Library((GENESIS, GAMMA_SHARE), 32, 7)


@given(st.lists(patterns, max_size=5), st.integers(0, 2**40))
def test_what_is_written_is_read(some: list[Pattern], searched: int) -> None:
    library = Library(tuple(some), min((each.zero_bits for each in some), default=32), searched)
    assert decode(encode(library)) == library


def test_zero_bits_and_views_are_those_of_the_header() -> None:
    assert GENESIS.zero_bits == 43  # 000000000019d668…
    assert GENESIS.h == 0x1DAC2B7C
    assert GENESIS.rolled == 0
    assert (GAMMA_SHARE.h, GAMMA_SHARE.rolled) == (0x4C035275, 0x05A2)


def test_a_header_takes_a_line_so_that_a_person_can_compare() -> None:
    lines = encode(LIBRARY).decode().splitlines()
    assert sum(GENESIS.header.pack().hex() in line for line in lines) == 1
    assert len(lines) == 9


def _file(**changes: Any) -> bytes:
    return json.dumps(json.loads(encode(LIBRARY)) | changes).encode()


def test_a_changed_header_is_seen() -> None:
    changed = bytearray(GENESIS.header.pack())
    changed[50] ^= 1
    with pytest.raises(InputError, match=r"header 1 hashes to .* zero bits; takes 32"):
        decode(_file(headers=[GENESIS.header.pack().hex(), changed.hex()]))
    with pytest.raises(InputError, match="header 0 hashes to 43 zero bits; takes 44"):
        decode(_file(zero_bits=44))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        _file(headers=["00"]),
        _file(headers=[GENESIS.header.pack().hex() + "00"]),
        _file(headers=["zz" * 80]),
        _file(headers="none"),
        _file(zero_bits=257),
        _file(zero_bits=-1),
        _file(searched=-1),
        _file(searched=2**64),
        _file(schema="joulehash.patterns/2"),
        _file(schema="x" * 100_000),
        _file(headers=["00" * 80] * 2, zero_bits=32),
    ],
)
def test_what_is_no_such_file_is_refused_in_one_short_line(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^mine: ") as refused:
        decode(data, "mine")
    assert len(str(refused.value)) < 250
    assert "\n" not in str(refused.value)


@given(st.binary(max_size=300))
def test_bytes_of_chance_are_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        decode(data)


def test_what_is_too_much_is_refused() -> None:
    with pytest.raises(InputError, match=f"{MOST_BYTES + 1} bytes"):
        decode(b" " * (MOST_BYTES + 1))
    with pytest.raises(InputError, match=f"{MOST + 1} patterns"):
        encode(Library((GENESIS,) * (MOST + 1)))
    assert len(encode(Library((GENESIS,) * MOST))) <= MOST_BYTES


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    save(path, LIBRARY)
    save(path, Library((GENESIS,)))
    assert load(path) == Library((GENESIS,))
    assert [each.name for each in tmp_path.iterdir()] == ["mine.json"]


def test_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load(tmp_path / "none.json")
    with pytest.raises(InputError, match="directory"):
        load(tmp_path)
    with pytest.raises(InputError, match="No such file"):
        save(tmp_path / "none" / "mine.json", LIBRARY)


def test_the_schema_is_named() -> None:
    assert json.loads(encode(LIBRARY))["schema"] == SCHEMA == "joulehash.patterns/1"
