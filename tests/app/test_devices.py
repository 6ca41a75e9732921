"""Devices as the command line names them, put together as they are used."""

from __future__ import annotations

import pytest

from tests.support.mined import Mined, mined


@pytest.mark.parametrize("board", ["newpac", "r606"])
def test_the_micro_of_a_simulated_stick_is_asked_as_that_of_a_real_one(board: str) -> None:
    """For its temperature, by which it is known to be there, and for as little voltage as it gives; it shares the
    chips' line, so that it is left alone while they run."""
    asked: list[bytes] = []

    def listen(found: Mined) -> None:
        (simulated,) = found.sims.values()
        micro = simulated.board.micro
        assert micro is not None

        def heard(data: bytes) -> bytes | None:
            answer = micro(data)
            if answer is not None:
                asked.append(data)
            return answer

        simulated.board.micro = heard

    found = mined([f"sim:{board}"], 20.0, listen)
    least = bytes((0xE0, 0))
    assert asked == [b"\x20", least, least]  # at the beginning, and the way to off
    mining = [rails for _, rails in found.rails[f"sim:{board}"] if not rails.reset][-1]
    assert mining.core_v == pytest.approx(0.3, abs=0.01)
    assert found.of(f"sim:{board}").accepted > 0
    assert found.of(f"sim:{board}").hardware_errors == 0
