from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from joulehash.bench.results import Results, load, this_machine
from joulehash.engine.errors import InputError
from tests.support.rates import MACHINE, rate


def stored(path: Path, **changes: Any) -> Path:
    """A good file, with one row, but for these changes in its row or its rounds."""
    row = msgspec.to_builtins(rate("avx512", 8, 1, [80.0, 81.0], [70.0, 71.0]))
    for name, value in changes.items():
        (row if name in row else row["rounds"])[name] = value
    path.write_bytes(msgspec.json.encode({"machine": msgspec.to_builtins(MACHINE), "kernels": [row], "pipeline": {}}))
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """And what else stands in the file is passed over: the pipeline, and what later versions may add."""
    assert load(stored(tmp_path / "a.json")) == Results(MACHINE, [rate("avx512", 8, 1, [80.0, 81.0], [70.0, 71.0])])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rate_hps": "fast"}, "Expected `float`, got `str` - at `$.kernels[0].rate_hps`"),
        ({"midstates": None}, "$.kernels[0].midstates"),
        ({"cycles_per_hash": []}, "cycles_per_hash"),  # of the row, where a number belongs
        (
            {"floor_cycles_per_hash": [70.0]},
            "avx512 with 8 midstates on 1 threads: 1 and 2 samples; takes one for each",
        ),
        ({"floor_cycles_per_hash": [70.0, 0.0]}, "a sample is not above 0"),
        ({"floor_cycles_per_hash": [70.0, -1.0]}, "a sample is not above 0"),
        ({"floor_cycles_per_hash": None}, "no samples or operations of the floor of avx512"),
        ({"floor_operations": None}, "no samples or operations of the floor of avx512"),
        ({"rounds": {"rate_hps": [], "cycles_per_hash": [], "floor_cycles_per_hash": []}}, "0 samples"),
    ],
)
def test_what_a_comparison_cannot_use_is_one_line(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    path = stored(tmp_path / "bad.json", **changes)
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"\xff", b'{"machine": {}, "kernels": []}', b'{"event": "started"}']
)
def test_another_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(data)
    with pytest.raises(InputError, match="takes what joulehash bench kernels --json wrote"):
        load(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load(tmp_path / "none.json")


def test_this_machine_is_named() -> None:
    machine = this_machine(2.5)
    assert machine.cpu
    assert machine.compiler
    assert machine.cores >= 1
    assert machine.clock_ghz == 2.5
