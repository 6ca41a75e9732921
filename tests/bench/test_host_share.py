"""In small: a chain of one chip, which is up in a second as it needs no ramp."""

from __future__ import annotations

import pytest

from joulehash.bench import host_share
from joulehash.bench.far_ends import board_end
from joulehash.bench.host_share import HostShare, measure_host_shares
from joulehash.engine.errors import InputError


def test_a_board_costs_what_the_miner_takes_beyond_itself() -> None:
    share = HostShare("bitaxe-gamma", 4, 8.0, 250.0, 200.0, cpu_part=0.09, alone_part=0.01)
    assert share.board_part == pytest.approx(0.02)
    assert share.boards_a_core == pytest.approx(49.5)
    assert HostShare("bitaxe-gamma", 1, 8.0, 250.0, 200.0, 0.01, 0.01).boards_a_core is None


def test_a_board_in_its_own_process_is_driven_over_a_pseudo_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_share, "_SETTLED_S", 0.1)
    [share] = measure_host_shares([("chain:bm1370x1", 1)], 0.5)
    assert (share.board, share.boards, share.seconds) == ("chain:bm1370x1", 1, 0.5)
    assert share.nonces_per_s > 0
    assert share.reads_per_s > 0
    assert share.cpu_part > 0
    assert share.alone_part > 0


def test_bounds() -> None:
    with pytest.raises(InputError, match="chain:bm1370x1: 0 boards; takes 1 or more"):
        measure_host_shares([("chain:bm1370x1", 0)], 1)
    with pytest.raises(InputError, match="seconds: 0; takes more than 0"):
        measure_host_shares([], 0)
    with pytest.raises(InputError, match="its reset is on pins of USB"):
        board_end("compac-f", "/nowhere")
