"""`pytest tests/speed --benchmark-only`: every kernel for one job of a miner. It measures; it asserts no figure.

Compare ratios within one run; `joulehash bench kernels` alternates, which this does not.
"""

from __future__ import annotations

from array import array
from typing import Any

import pytest

from joulehash.ext.kernels import KERNELS, choose

pytestmark = pytest.mark.speed
HASHES = {"reference": 256, "portable": 2**15}  # in one call; the others take FAST
FAST = 2**18


@pytest.mark.parametrize("n_midstates", [1, 8])
@pytest.mark.parametrize("name", KERNELS)
def test_scan(benchmark: Any, name: str, n_midstates: int) -> None:
    if reason := KERNELS[name].missing():
        pytest.skip(f"{name}: {reason}")
    kernel = choose(name)
    run, nonces = kernel.load(), HASHES.get(name, FAST) // n_midstates
    midstates, tail = array("I", range(8 * n_midstates)), array("I", range(3))
    hits, stop = array("I", bytes(8 * kernel.lanes * n_midstates)), array("i", [0])
    benchmark.group = f"{n_midstates} midstates"
    benchmark.extra_info["hashes"] = nonces * n_midstates
    _, done = benchmark(run, midstates, tail, 0, nonces, 0, hits, stop)
    assert done == nonces


def test_call_overhead(benchmark: Any) -> None:
    """One nonce a call: what checking the arguments and releasing the GIL cost, beside one hash."""
    run = choose("portable").load()
    midstates, tail = array("I", range(8)), array("I", range(3))
    hits, stop = array("I", bytes(8)), array("i", [0])
    benchmark(run, midstates, tail, 0, 1, 0, hits, stop)
