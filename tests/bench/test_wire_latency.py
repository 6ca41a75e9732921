from __future__ import annotations

import pytest

from joulehash.bench import wire_latency
from joulehash.bench.wire_latency import measure_wire_latency, nonces_sent, shares_got, waits_of
from joulehash.engine.errors import InputError
from joulehash.hw.wire.bm13xx import nonce_response, register_response


def submit(nonce: int, version: int) -> bytes:
    return (
        f'{{"id":7,"method":"mining.submit","params":["a","1f","00","504e86ed","{nonce:08x}","{version:08x}"]}}\n'
    ).encode()


def test_every_nonce_becomes_a_share_idle_and_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_latency, "_SETTLED_S", 0.1)
    latency = measure_wire_latency(3, "portable", "chain:bm1370x1")
    assert (latency.board, latency.kernel) == ("chain:bm1370x1", "portable")
    assert latency.threads >= 1
    for found in (latency.idle, latency.busy):
        assert found.samples == sorted(found.samples)
    assert len(latency.idle.samples) >= 3
    assert latency.idle.samples[0] > 0


def test_a_nonce_is_sent_with_its_last_byte() -> None:
    frames = nonce_response(5, 0, 0x30, 0x0001), register_response(1, 0, 0x8C, 11), nonce_response(6, 0, 0x30, 0x8000)
    stream = b"".join(frames)
    passed = [(1.0, stream[:4]), (2.0, stream[4:25]), (3.0, stream[25:])]
    assert nonces_sent(passed) == [(2.0, (5, 0x2000)), (3.0, (6, 0x10000000))]


def test_a_share_is_there_with_its_last_byte() -> None:
    lines = b'{"id":1,"method":"mining.subscribe","params":[]}\n' + submit(5, 0x2000)
    passed = [(1.0, lines[:60]), (2.0, lines[60:-1]), (3.0, b"\n" + submit(6, 0))]
    assert shares_got(passed) == [(3.0, (5, 0x2000)), (3.0, (6, 0))]


def test_each_nonce_has_the_next_share_that_says_the_same() -> None:
    one, other = (5, 0x2000), (6, 0)
    sent = [(1.0, one), (1.5, other), (4.0, one), (6.0, one)]
    got = [(1.25, one), (2.0, other), (4.5, one)]
    assert waits_of(sent, got, (0.0, 9.0)) == [0.25, 0.5, 0.5, None]
    assert waits_of(sent, got, (1.2, 5.0)) == [0.5, 0.5]


def test_a_share_after_more_than_a_second_is_missing() -> None:
    assert waits_of([(1.0, (5, 0))], [(2.5, (5, 0))], (0.0, 9.0)) == [None]


def test_bounds() -> None:
    with pytest.raises(InputError, match="shares: 0; takes 1 or more"):
        measure_wire_latency(0)
