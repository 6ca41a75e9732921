from __future__ import annotations

import pytest

from joulehash.hw.sim.faults import Faults
from joulehash.hw.sim.line import Line


def test_frames_leave_in_order_at_the_speed_of_the_line() -> None:
    line = Line()
    for index in range(10):
        line.say(bytes([index]) * 11)
    steps = [line.leave(115200, 0.001) for _ in range(10)]
    assert b"".join(steps) == b"".join(bytes([index]) * 11 for index in range(10))
    assert max(map(len, steps)) <= 12


def test_silence_is_not_saved_up() -> None:
    line = Line()
    line.leave(115200, 10.0)
    line.say(bytes(1000))
    assert len(line.leave(115200, 0.01)) == 115


def test_clear_drops_what_waits_and_what_has_begun() -> None:
    line = Line()
    line.say(b"abcdef", nonce=True)
    line.say(b"ghi", nonce=True)
    assert line.leave(10_000, 0.003) == b"abc"
    assert line.nonces == 1
    line.clear()
    assert line.leave(10_000, 1.0) == b""
    assert line.nonces == 0


@pytest.mark.parametrize(
    ("faults", "lost", "flipped"), [(Faults(lost_bytes=0.1), 0.1, 0.0), (Faults(noise=0.1), 0.0, 0.1)]
)
def test_a_bad_line(faults: Faults, lost: float, flipped: float) -> None:
    line = Line(faults)
    line.say(bytes(20_000))
    came = line.leave(1e9, 1.0)
    assert 1 - len(came) / 20_000 == pytest.approx(lost, abs=0.01)
    assert sum(byte != 0 for byte in came) / len(came) == pytest.approx(flipped, abs=0.01)
    assert all(byte.bit_count() <= 1 for byte in came)
