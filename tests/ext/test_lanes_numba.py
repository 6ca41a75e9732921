"""The Numba kernel as it is compiled for other CPUs: their vectors have another width, and other streams fit them.

This CPU runs that code where it can do more. Each compiles anew in a process of its own, for some seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from joulehash.ext.kernels import KERNELS

# Arguments: the shape expected, or none. Prints how many vector instructions the code has.
COMPILE = r"""
import re, sys
from array import array
from joulehash.ext import lanes_numba, numba_words
from joulehash.ext.kernels import KERNELS, self_test
assert not sys.argv[1:] or f"{numba_words.LANES}x{numba_words.STREAMS}" == sys.argv[1]
self_test(KERNELS["numba"])
for n_midstates in (1, 3):
    answers = []
    for name in ("numba", "portable"):
        hits = array("I", bytes(8 * 400 * n_midstates))
        scan = KERNELS[name].load()
        n_hits, done = scan(array("I", range(8 * n_midstates)), array("I", range(3)), 2**32 - 100, 300, 2**30, hits,
                            array("i", [0]))
        answers.append((done, sorted(zip(hits[0 : 2 * n_hits : 2], hits[1 : 2 * n_hits : 2]))))
    assert answers[0] == answers[1]
    assert len(answers[0][1]) > 0
code = "\n".join(lanes_numba._compiled.inspect_asm().values())
print(sum(bool(re.search(r"%[xyz]mm\d|\b[vq]\d+\b", line)) for line in code.splitlines()))
"""

OTHERS = {  # on x86: CPU, features, lanes x streams; who can do more runs them all
    "AVX2": ("haswell", "+avx2", "8x1"),
    "SSE2": ("x86-64", "", "4x1"),
}


def compiled(tmp_path: Path, *arguments: str, **environment: str) -> int:
    """Vector instructions of the kernel, after it has found the same as the portable one. tmp_path: an empty cache."""
    answer = subprocess.run(
        [sys.executable, "-c", COMPILE, *arguments],
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    return int(answer.stdout)


pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(KERNELS["numba"].missing() is not None, reason=str(KERNELS["numba"].missing())),
]


@pytest.mark.skipif(KERNELS["avx2"].missing() is not None, reason=f"avx2: {KERNELS['avx2'].missing()}")
@pytest.mark.parametrize("name", OTHERS)
def test_for_other_cpus(name: str, tmp_path: Path) -> None:
    cpu, features, shape = OTHERS[name]
    compiled(tmp_path, shape, NUMBA_CPU_NAME=cpu, NUMBA_CPU_FEATURES=features)


def test_loops_stay_small(tmp_path: Path) -> None:
    """All three streams with both kinds of first hash are less than a cache of decoded instructions holds: 4224 run at
    full speed on Zen 5, and 5280 at half. Were a loop unrolled again, there would be more."""
    assert 500 < compiled(tmp_path) < 4000
