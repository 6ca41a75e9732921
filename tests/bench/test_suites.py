from __future__ import annotations

import json
from pathlib import Path

import pytest

from joulehash.bench.suites import load_suites, suites_lines
from joulehash.engine.errors import InputError


def case(name: str, median: float, **extra: object) -> dict[str, object]:
    stats = {"median": median, "q1": 0.9 * median, "q3": 1.5 * median, "rounds": 7, "mean": 1.0}
    return {"fullname": name, "name": "x", "stats": stats, "extra_info": extra, "group": None}


def test_a_line_a_case(tmp_path: Path) -> None:
    path = tmp_path / "speed.json"
    cases = [
        case("tests/speed/test_kernels.py::test_scan[avx512-1]", 0.004, hashes=262144, note="not a number"),
        case("tests/speed/test_kernels.py::test_call_overhead", 5e-7),
    ]
    path.write_text(json.dumps({"benchmarks": cases, "machine_info": {}}))
    assert list(suites_lines(load_suites(path)))[2:] == [
        "| kernels | scan[avx512-1] | 4 ms | 3.6 ms to 6 ms | 7 | 65,536,000 hashes |",
        "| kernels | call_overhead | 500 ns | 450 ns to 750 ns | 7 | 2,000,000 calls |",
    ]


@pytest.mark.parametrize("text", ["", "[]", '{"benchmarks": [{}]}'])
def test_another_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"other\.json: .*takes what pytest --benchmark-json wrote"):
        load_suites(path)
    with pytest.raises(InputError, match="No such file"):
        load_suites(tmp_path / "none.json")
