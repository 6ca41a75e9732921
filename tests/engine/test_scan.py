"""Scanning a header from Python: what the README's first example stands on."""

from __future__ import annotations

import signal
from array import array
from dataclasses import replace
from itertools import islice
from threading import Timer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash import scan, scan_iter, verify
from joulehash.engine.chain.header import Header, hash_number
from joulehash.engine.chain.target import MAX_TARGET
from joulehash.engine.errors import InputError
from joulehash.ext.kernels import KERNELS, Kernel, KernelError, choose

NONCES = 2**32
GENESIS = bytes.fromhex(
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81b"
    "c3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c"
)
SECOND_NONCE = 3197545707
NONCE = 2083236893
HASH = int("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f", 16)
AROUND = (NONCE - 3000, 6000)  # first, count


@pytest.mark.parametrize("length", [76, 80])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_finds_the_nonce_of_genesis(length: int, kind: type[bytes]) -> None:
    assert scan(kind(GENESIS[:length]), *AROUND) == [NONCE]


def test_the_nonce_given_is_ignored() -> None:
    assert scan(GENESIS[:76] + b"\xff\xff\xff\xff", *AROUND) == [NONCE]


@pytest.mark.parametrize("name", KERNELS)
def test_any_kernel(name: str) -> None:
    if reason := KERNELS[name].missing():
        pytest.skip(f"{name}: {reason}")
    assert scan(GENESIS, NONCE - 40, 80, kernel=name) == [NONCE]


@pytest.mark.long
def test_both_nonces_of_genesis() -> None:
    """It has two that meet its target, the one that was used and a later one; between them lie 2^30 others.

    A minute or two with vector code, ten and more where only portable C runs.
    """
    assert verify(GENESIS[:76] + SECOND_NONCE.to_bytes(4, "little"))
    assert scan(GENESIS, NONCE, SECOND_NONCE - NONCE + 1) == [NONCE, SECOND_NONCE]


def test_target_is_exact_to_the_last_bit() -> None:
    """The kernel compares 32 bits; the result compares 256."""
    assert scan(GENESIS, *AROUND, HASH) == [NONCE]
    assert scan(GENESIS, *AROUND, HASH - 1) == []


def test_target_in_place_of_nbits() -> None:
    """An easier target than the header's own; found in order, each judged by hashlib."""
    target = 2**250 - 1
    found = scan(GENESIS, 0, 3000, target)
    header = Header.parse(GENESIS)
    assert found == [n for n in range(3000) if hash_number(replace(header, nonce=n).hash) <= target]
    assert 20 < len(found) < 80  # 3000 / 64 on average


def test_target_0_matches_nothing() -> None:
    assert scan(GENESIS, *AROUND, 0) == []


def test_wraps() -> None:
    found = scan(GENESIS, NONCES - 10, 30, MAX_TARGET)
    assert found == [*range(NONCES - 10, NONCES), *range(20)]


def test_count_0() -> None:
    assert scan(GENESIS, NONCE, 0) == []


def test_more_than_the_limit() -> None:
    assert len(scan(GENESIS, 0, 50, MAX_TARGET, limit=50)) == 50
    with pytest.raises(InputError, match=r"more than 49 nonces .* scan_iter"):
        scan(GENESIS, 0, 50, MAX_TARGET, limit=49)


def test_scan_iter_gives_nonces_as_they_are_found() -> None:
    """The first hits of the whole space come at once, and as many as one wants."""
    assert list(islice(scan_iter(GENESIS, target=MAX_TARGET), 5000)) == list(range(5000))


@given(first=st.integers(0, NONCES - 1), count=st.integers(0, 300), cut=st.integers(0, 300))
def test_scans_join_seamlessly(first: int, count: int, cut: int) -> None:
    cut, target = min(cut, count), 2**253
    left = scan(GENESIS, first, cut, target)
    right = scan(GENESIS, (first + cut) % NONCES, count - cut, target)
    assert left + right == scan(GENESIS, first, count, target)


@pytest.mark.parametrize("length", [0, 75, 77, 79, 81, 160])
def test_bad_header(length: int) -> None:
    with pytest.raises(InputError, match=f"header: {length} bytes; takes 76 or 80"):
        scan(bytes(length))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"first": -1}, "first: -1; takes a nonce"),
        ({"first": NONCES}, "first: 4294967296"),
        ({"count": -1}, "count: -1"),
        ({"count": NONCES + 1}, "count: 4294967297; takes 0 to 4294967296"),
        ({"target": -1}, "target: -0x1; takes 0"),
        ({"target": MAX_TARGET + 1}, "target: 0x1"),
    ],
)
def test_bad_arguments_at_once(arguments: dict[str, Any], message: str) -> None:
    """scan_iter says so when it is called, not when its first nonce is asked for."""
    with pytest.raises(InputError, match=message):
        scan_iter(GENESIS, **arguments)


def test_nbits_that_are_no_target() -> None:
    negative = GENESIS[:72] + (0x1D800001).to_bytes(4, "little")
    with pytest.raises(InputError, match="give a target"):
        scan(negative)
    assert scan(negative, 0, 3, MAX_TARGET) == [0, 1, 2]


def test_unknown_kernel() -> None:
    with pytest.raises(KernelError, match=r"sha3.*portable"):
        scan(GENESIS, kernel="sha3")


def test_verify() -> None:
    assert verify(GENESIS)
    assert verify(GENESIS, HASH)
    assert not verify(GENESIS, HASH - 1)
    assert not verify(GENESIS[:76] + bytes(4))
    assert not verify(GENESIS, 0)
    assert verify(bytes(80), MAX_TARGET)


@pytest.mark.parametrize("length", [0, 76, 79, 81])
def test_verify_takes_whole_headers(length: int) -> None:
    with pytest.raises(InputError, match="takes 80"):
        verify(bytes(length))


@pytest.mark.parametrize("target", [-1, MAX_TARGET + 1])
def test_verify_bad_target(target: int) -> None:
    with pytest.raises(InputError, match="target"):
        verify(GENESIS, target)


@pytest.mark.parametrize("name", ["portable", "numba"])
def test_ctrl_c_ends_a_long_scan(name: str) -> None:
    """The signal that a terminal sends, while nearly 2^32 nonces are being scanned."""
    if reason := KERNELS[name].missing():
        pytest.skip(f"{name}: {reason}")
    choose(name)  # compiled, where it has to be
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = Timer(0.2, signal.raise_signal, (signal.SIGINT,))
    try:
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            scan(GENESIS, NONCE + 1, NONCES - 1, kernel=name)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)


def test_hits_that_fill_the_buffer_are_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel may do less than it is asked; scan goes on from there."""
    calls: list[int] = []
    portable = KERNELS["portable"].load()

    def lazy(
        midstates: array[int],
        tail: array[int],
        first: int,
        count: int,
        top_word: int,
        hits: array[int],
        stop: array[int],
    ) -> tuple[int, int]:
        calls.append(first)
        return portable(midstates, tail, first, min(count, 7), top_word, hits, stop)

    row = replace(KERNELS["portable"], name="lazy", load=lambda: lazy)

    def always(name: str | None) -> Kernel:
        return row

    monkeypatch.setattr("joulehash.engine.scan.choose", always)
    assert scan(GENESIS, 5, 100, MAX_TARGET) == list(range(5, 105))
    assert len(calls) >= 15
