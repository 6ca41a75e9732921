from __future__ import annotations

import pytest

from joulehash.bench.frames import effortless, measure_claims, measure_decoder
from joulehash.engine.errors import InputError
from joulehash.hw.boards.table import board_row
from joulehash.hw.cadence import cadence


def test_the_decoder_is_measured() -> None:
    assert measure_decoder(9, 0.001) > 0
    assert measure_decoder(11, 0.001, in_a_read=32) > 0


def test_every_nonce_becomes_a_fresh_claim() -> None:
    """What does not fails there."""
    assert measure_claims(0.001, in_a_read=32) > 0


def test_an_effortless_row_has_as_many_nonces_and_jobs() -> None:
    real, made = (row.chip for row in (board_row("bitaxe-gamma"), effortless(board_row("bitaxe-gamma"))))
    assert real is not None
    assert made is not None
    assert made.zero_bits == 0
    assert made.rate_hps(525) == pytest.approx(real.rate_hps(525) / 2**32)
    assert cadence(made, 1, 525, 0x1FFFE000, 10**6) == cadence(real, 1, 525, 0x1FFFE000, 10**6)


def test_bounds() -> None:
    with pytest.raises(InputError, match="seconds: 0; takes more than 0"):
        measure_decoder(9, 0)
    with pytest.raises(InputError, match="frames in a read: 0; takes 1 or more"):
        measure_claims(1, in_a_read=0)
