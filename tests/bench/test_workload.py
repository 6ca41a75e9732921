"""Made-up work on simulated boards, on virtual time: as many nonces as are due, each counted for what it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from joulehash.bench.window import Counts
from joulehash.bench.workload import Workload
from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError, cause
from joulehash.hw.errors import Mute
from joulehash.hw.powered import Powered
from joulehash.hw.wire.bm13xx import HeaderJob, MidstateJob
from tests.support.rigs import simulated_board


def counted(
    name: str, seconds: float, *, new_job_s: float = 30.0, meddle: Callable[[Powered, Workload], None] | None = None
) -> Counts:
    async def main() -> Counts:
        async with simulated_board(name) as (board, _):
            mhz = 200.0 if "bitaxe" in name else None
            async with board.powered(board.point(mhz)) as powered, Workload(powered, new_job_s=new_job_s) as load:
                if meddle is not None:
                    meddle(powered, load)
                await load.settle()
                window = load.window()
                await asyncio.sleep(seconds)
                return window.counts()

    return run_virtual(main())


def test_as_much_comes_as_is_due() -> None:
    counts = counted("bitaxe-gamma?scale=24", 10.0)
    assert abs(counts.valid - counts.expected) < 5 * counts.expected**0.5
    assert (counts.errors, counts.duplicate, counts.broken_bytes) == (0, 0, 0)
    assert counts.hashes == counts.valid * counts.hashes_each
    assert counts.counted_hashes is not None
    assert abs(counts.counted_hashes / counts.hashes - 1) < 0.2
    assert counts.by_chip == {0: counts.valid}
    assert len(counts.by_core) > 100
    assert sum(counts.by_small_core.values()) == counts.valid


def test_icarus() -> None:
    counts = counted("block-erupter", 100.0)
    assert counts.valid > 1
    assert abs(counts.valid - counts.expected) < 5 * counts.expected**0.5
    assert counts.by_chip == {0: counts.valid}
    assert counts.counted_hashes is None


def test_new_jobs_make_older_ones_stale_and_no_error() -> None:
    counts = counted("bitaxe-gamma?scale=24", 10.0, new_job_s=0.5)
    assert counts.stale > 0
    assert counts.errors == 0
    assert abs(counts.valid - counts.expected) < 5 * counts.expected**0.5


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("duplicate-nonces", "duplicate"), ("noise:1e-2", "broken_bytes"), ("stuck-nonce", "wrong_job")],
)
def test_what_is_wrong_is_counted_apart(fault: str, kind: str) -> None:
    counts = counted(f"bitaxe-gamma?scale=24&fault={fault}", 5.0)
    assert getattr(counts, kind) > 10


def test_a_nonce_under_another_jobs_id_is_of_a_wrong_job() -> None:
    def mix_ids(powered: Powered, load: Workload) -> None:
        """The chips tell the job before."""
        del load
        assert powered.chain is not None
        send, chip = powered.chain.send, powered.chain.chip

        def send_as_another(job: HeaderJob | MidstateJob) -> None:
            send(replace(job, id=(job.id - chip.id_step) % chip.id_mod))

        powered.chain.send = send_as_another  # type: ignore[method-assign]

    counts = counted("bitaxe-gamma?scale=24", 8.0, meddle=mix_ids)
    assert counts.wrong_job > 100
    assert counts.valid < 20  # of 8 zero bits, which one in 256 has by chance


def test_a_board_that_fails_raises_out_of_the_block() -> None:
    with pytest.raises((DeviceError, BaseExceptionGroup)) as raised:
        counted("bitaxe-gamma?scale=24&fault=dead-chip:0", 30.0)
    error = raised.value
    found = cause(error) if isinstance(error, BaseExceptionGroup) else error
    assert isinstance(found, Mute)
    assert found.because == "hash nothing"
