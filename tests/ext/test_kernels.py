"""One body of tests for every row of the kernel table, against hashlib on whole 80-byte headers.

A kernel that cannot run here is skipped with its reason. Sizes scale with the kernel, what is asserted does not. The
kernel for ARM runs under emulation too, and portable C beside it: a fault of both would be the emulator's.
"""

from __future__ import annotations

import subprocess
import sys
from array import array
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from joulehash.ext import kernels
from joulehash.ext.kernels import ENVIRONMENT, KERNELS, Kernel, KernelError, choose, self_test
from tests.support.compilers import absent
from tests.support.emulated import Emulator
from tests.support.scans import (
    ALL,
    BLOCKS,
    GENESIS,
    NONCES,
    Hits,
    brute_force,
    flag,
    pairs,
    room,
    scan,
    top_word_of,
    versions_of,
    words_of,
)

HASHES = {"reference": 64}  # how many one test may ask of a kernel; the others take FAST
FAST = 4096


# A kernel for another family of CPUs is no row here, and needs no line that says so in every test.
HERE = [name for name, row in KERNELS.items() if ": it is no" not in (row.missing() or "")]
EMULATED = {f"{name} under emulation": name for name in ("armv8", "portable")}


@pytest.fixture(params=[*HERE, *EMULATED], scope="module")
def kernel(request: pytest.FixtureRequest) -> Kernel:
    if request.param in EMULATED:
        started: Emulator = request.getfixturevalue("emulator")
        row = started.row(EMULATED[request.param])
        assert row.missing() is None
        return row
    row = KERNELS[request.param]
    if reason := row.missing():
        if not reason.startswith("this CPU has no"):
            absent(f"{row.name}: {reason}")
        pytest.skip(f"{row.name}: {reason}")
    return row


only_in_the_table = pytest.mark.parametrize("kernel", HERE, indirect=True, scope="module")


def budget(kernel: Kernel) -> int:
    return HASHES.get(kernel.name, FAST)


# --- agreement -------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.differing_executors])
@given(
    header=st.binary(min_size=76, max_size=76),
    n_midstates=st.integers(1, 5),
    first=st.integers(0, ALL) | st.integers(NONCES - 50, ALL),  # the second half wraps
    share=st.floats(0, 1),
    top_word=st.sampled_from([ALL, 2**31, 2**28]) | st.integers(0, ALL),
)
def test_agrees_with_hashlib(
    kernel: Kernel, header: bytes, n_midstates: int, first: int, share: float, top_word: int
) -> None:
    headers = versions_of(header, n_midstates)
    count = int(share * min(512, budget(kernel)) / n_midstates)
    assert scan(kernel, headers, first, count, top_word) == (brute_force(headers, first, count, top_word), count)


COUNTS: dict[str, Callable[[int], int]] = {
    "0": lambda lanes: 0,  # nothing at all
    "1": lambda lanes: 1,  # one lane of the first batch
    "lanes-1": lambda lanes: lanes - 1,  # one lane too few
    "lanes": lambda lanes: lanes,  # exactly one batch: no second may begin
    "lanes+1": lambda lanes: lanes + 1,  # a second batch with one lane
    "2*lanes-1": lambda lanes: 2 * lanes - 1,  # as above, after a whole batch
    "2*lanes+1": lambda lanes: 2 * lanes + 1,
    # kernels that hand a rest on to narrower ones pass through each of them
    "sum of widths": lambda lanes: sum({row.lanes for row in KERNELS.values() if row.lanes <= lanes}),
}


@pytest.mark.parametrize("n_midstates", [1, 3])
@pytest.mark.parametrize("count", COUNTS)
def test_counts_that_straddle_the_lanes(kernel: Kernel, count: str, n_midstates: int) -> None:
    headers, n = versions_of(GENESIS, n_midstates), COUNTS[count](kernel.lanes)
    assert scan(kernel, headers, 1000, n) == (brute_force(headers, 1000, n), n)
    assert scan(kernel, headers, 1000, n, 2**30) == (brute_force(headers, 1000, n, 2**30), n)


@pytest.mark.parametrize("back", [0, 1, 5])  # the wrap between batches, and inside one
def test_nonces_wrap(kernel: Kernel, back: int) -> None:
    first, count = NONCES - kernel.lanes - back, 2 * kernel.lanes + back
    assert scan(kernel, [GENESIS], first, count) == (brute_force([GENESIS], first, count), count)


@pytest.mark.parametrize("top_word", [0, 1, 2**31, ALL])  # none but blocks; the next; where a signed compare fails; all
def test_top_word(kernel: Kernel, top_word: int) -> None:
    count = budget(kernel)
    assert scan(kernel, [GENESIS], 7, count, top_word) == (brute_force([GENESIS], 7, count, top_word), count)


def test_top_word_is_the_last_that_hits(kernel: Kernel) -> None:
    """Not <, and the word that a target is compared with: a byte order mixed up would not sort like this."""
    words = sorted((top_word_of(GENESIS, nonce), nonce) for nonce in range(32))
    for n, (word, _) in enumerate(words):
        assert scan(kernel, [GENESIS], 0, 32, word)[0] == sorted((0, nonce) for _, nonce in words[: n + 1])
        assert scan(kernel, [GENESIS], 0, 32, word - 1)[0] == sorted((0, nonce) for _, nonce in words[:n])


@pytest.mark.parametrize("block", BLOCKS)
def test_finds_real_blocks(kernel: Kernel, block: str) -> None:
    header = bytes.fromhex(BLOCKS[block])
    nonce = int.from_bytes(header[76:], "little")
    around = budget(kernel) // 2
    found, done = scan(kernel, [header], (nonce - around) % NONCES, 2 * around, 0)
    assert (found, done) == ([(0, nonce)], 2 * around)


def test_many_midstates(kernel: Kernel) -> None:
    headers = [n.to_bytes(4, "little") + GENESIS[4:] for n in range(budget(kernel) // kernel.lanes)]
    assert scan(kernel, headers, 3, 1, 2**31) == (brute_force(headers, 3, 1, 2**31), 1)


# --- room for hits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_midstates", [1, 3])
@pytest.mark.parametrize("extra", [0, 1])
@pytest.mark.parametrize("top_word", [2**31, ALL])
def test_resuming_drops_and_doubles_nothing(kernel: Kernel, n_midstates: int, extra: int, top_word: int) -> None:
    """With room for one batch, or one hit more, a scan returns early again and again."""
    headers = versions_of(GENESIS, n_midstates)
    cap = kernel.lanes * n_midstates + extra
    first, count = NONCES - 20, min(150, budget(kernel))
    found: Hits = []
    done = calls = 0
    while done < count:
        more, step = scan(kernel, headers, (first + done) % NONCES, count - done, top_word, cap)
        assert step > 0
        assert more == brute_force(headers, (first + done) % NONCES, step, top_word)
        found, done, calls = found + more, done + step, calls + 1
    assert calls > 1
    assert sorted(found) == brute_force(headers, first, count, top_word)


@pytest.mark.parametrize("n_midstates", [1, 3])
def test_writes_only_where_hits_belong(kernel: Kernel, n_midstates: int) -> None:
    """Every nonce hits and the room is exact. Under `make sanitize` the guard is the allocator's; here it is a word."""
    headers, cap = versions_of(GENESIS, n_midstates), kernel.lanes * n_midstates
    assert scan(kernel, headers, 0, NONCES, ALL, cap) == (brute_force(headers, 0, kernel.lanes), kernel.lanes)

    guard = 0xDEADBEEF
    words = array("I", [guard] * (2 * cap + 2))
    inside: Any = memoryview(words)[1:-1]
    n_hits, done = kernel.load()(*words_of(headers), 0, NONCES, ALL, inside, flag())
    assert (n_hits, done) == (cap, kernel.lanes)
    assert (words[0], words[-1]) == (guard, guard)
    assert sorted(zip(inside[0::2], inside[1::2], strict=True)) == brute_force(headers, 0, kernel.lanes)


def test_a_partial_batch_writes_only_its_own(kernel: Kernel) -> None:
    hits = array("I", [0xDEADBEEF] * (2 * kernel.lanes))
    n_hits, done = kernel.load()(*words_of([GENESIS]), 0, 1, ALL, hits, flag())
    assert (n_hits, done, pairs(hits, 1)) == (1, 1, [(0, 0)])
    assert set(hits[2:]) <= {0xDEADBEEF}


# --- stopping, and the GIL -------------------------------------------------------------------------------------------


def test_stopped_before_the_call(kernel: Kernel) -> None:
    hits = room(kernel.lanes)
    n_hits, done = kernel.load()(*words_of([GENESIS]), 0, NONCES, ALL, hits, flag(1))
    assert done <= kernel.lanes
    assert pairs(hits, n_hits) == brute_force([GENESIS], 0, done)


def start_scan(
    pool: ThreadPoolExecutor, kernel: Kernel, headers: list[bytes], count: int, top_word: int
) -> tuple[Future[tuple[int, int]], array[int], array[int]]:
    """Scan from nonce 1 on in a thread, return when the first hit is written: (result to be, hits, stop flag)."""
    hits, stop, run = room(2**20), flag(), kernel.load()
    future = pool.submit(run, *words_of(headers), 1, count, top_word, hits, stop)
    while not any(hits[:2]) and not future.done():
        sleep(0.001)
    return future, hits, stop


def test_the_gil_is_released(kernel: Kernel) -> None:
    """This thread sees the first hit of a scan of seconds and stops it. Were the GIL held, it would see the end."""
    count = 2**24 * kernel.lanes
    with ThreadPoolExecutor(1) as pool:
        future, _, stop = start_scan(pool, kernel, [GENESIS], count, NONCES // budget(kernel))
        stop[0] = 1
        assert future.result()[1] < count


@pytest.mark.parametrize("n_midstates", [1, 40])
def test_stopped_from_another_thread(kernel: Kernel, n_midstates: int) -> None:
    """It returns long before 2^32, and what it says is done is: up to there all hits stand, and none beyond."""
    headers = [n.to_bytes(4, "little") + GENESIS[4:] for n in range(n_midstates)]
    top_word = NONCES // (budget(kernel) // 8)  # rare enough to fit
    with ThreadPoolExecutor(1) as pool:
        future, hits, stop = start_scan(pool, kernel, headers, NONCES, top_word)
        stop[0] = 1
        n_hits, done = future.result()
    assert done < NONCES
    found = pairs(hits, n_hits)
    assert all(1 <= nonce <= done for _, nonce in found)
    window = min(done, budget(kernel) // n_midstates)
    last = [hit for hit in found if hit[1] > done - window]
    assert last == brute_force(headers, done - window + 1, window, top_word)


def test_stopped_within_a_batch(kernel: Kernel) -> None:
    """With many midstates a batch takes many milliseconds. One that is left unfinished counts as not begun."""
    n_midstates = 20000
    midstates, (_, tail) = array("I", range(8 * n_midstates)), words_of([GENESIS])
    hits, stop = room(kernel.lanes * n_midstates), flag()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(kernel.load(), midstates, tail, 1, NONCES, ALL, hits, stop)
        while not hits[1] and not future.done():
            sleep(0)
        stop[0] = 1
        n_hits, done = future.result()
    assert done in (0, kernel.lanes)  # the latter should this thread have slept
    assert n_hits == done * n_midstates


FIRST_CALLS = """
import sys
from array import array
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from joulehash.ext.kernels import KERNELS
assert not {"numba", "numpy", "llvmlite"} & set(sys.modules), "imported before its kernel is asked for"
row, start = KERNELS[sys.argv[1]], Barrier(4)
def call(_):
    start.wait()
    hits = array("I", bytes(8 * row.lanes))
    return row.load()(array("I", range(8)), array("I", range(3)), 0, 40, 0, hits, array("i", [0]))
with ThreadPoolExecutor(4) as pool:
    assert list(pool.map(call, range(4))) == [(0, 40)] * 4
"""


@only_in_the_table
def test_first_calls_at_once(kernel: Kernel) -> None:
    """Four threads load it in the same moment in a fresh process, into which Numba comes only when it is asked for."""
    call = [sys.executable, "-c", FIRST_CALLS, kernel.name]
    answer = subprocess.run(call, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")


@pytest.mark.parametrize("name", EMULATED.values())
def test_first_calls_at_once_under_emulation(server: list[str], tmp_path: Path, name: str) -> None:
    with Emulator(server, tmp_path) as fresh, ThreadPoolExecutor(4) as pool:
        row = fresh.row(name)
        calls = [pool.submit(scan, row, [GENESIS], 0, 40, 2**30) for _ in range(4)]
        assert [call.result() for call in calls] == [(brute_force([GENESIS], 0, 40, 2**30), 40)] * 4


def test_several_threads_at_once(kernel: Kernel) -> None:
    """A kernel has no globals: scans of different headers do not disturb each other."""
    headers = versions_of(GENESIS, 4)
    count = budget(kernel) // 4
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(scan, kernel, [header], 0, count, 2**30) for header in headers]
        results = [future.result() for future in futures]
    assert results == [(brute_force([header], 0, count, 2**30), count) for header in headers]


# --- bad arguments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("midstates", array("I")),
        ("midstates", array("I", [0] * 7)),
        ("midstates", array("I", [0] * 9)),
        ("midstates", array("I", bytes(32 * 65537))),
        ("midstates", array("i", [0] * 8)),
        ("tail", array("I", [0] * 2)),
        ("tail", array("I", [0] * 4)),
        ("tail", array("d", [0.0] * 3)),
        ("first", -1),
        ("first", NONCES),
        ("count", -1),
        ("count", NONCES + 1),
        ("count", 2**64),
        ("top_word", -1),
        ("top_word", NONCES),
        ("hits", array("I")),
        ("hits", array("Q", bytes(8 * 4096))),
        ("hits", memoryview(bytes(8 * 4096)).cast("I")),  # read-only
        ("stop", array("i")),
        ("stop", array("i", [0, 0])),
        ("stop", array("I", [0])),
    ],
)
def test_bad_arguments(kernel: Kernel, name: str, value: Any) -> None:
    midstates, tail = words_of([GENESIS])
    arguments: dict[str, Any] = {
        "midstates": midstates,
        "tail": tail,
        "first": 0,
        "count": 1,
        "top_word": 0,
        "hits": room(kernel.lanes),
        "stop": flag(),
    }
    run = kernel.load()
    assert run(*arguments.values())[1] == 1
    with pytest.raises(ValueError, match=name):
        run(*(arguments | {name: value}).values())


def test_too_little_room(kernel: Kernel) -> None:
    headers = versions_of(GENESIS, 3)
    with pytest.raises(ValueError, match=f"hits: room for {3 * kernel.lanes - 1}; .*at least {3 * kernel.lanes}"):
        scan(kernel, headers, 0, 1, cap=3 * kernel.lanes - 1)


# --- the table, the self-test, the choice ----------------------------------------------------------------------------


@only_in_the_table
def test_the_table_has_its_rows_by_name(kernel: Kernel) -> None:
    assert KERNELS[kernel.name] is kernel


def test_rows(kernel: Kernel) -> None:
    assert kernel.lanes > 0
    assert getattr(kernel.load(), "lanes", kernel.lanes) == kernel.lanes  # the C table says the same
    self_test(kernel)


def fake(name: str, answer: Callable[..., tuple[int, int]], missing: str | None = None) -> Kernel:
    return Kernel(name, 4, "", lambda: answer, lambda: missing)


def _blind(midstates: Any, tail: Any, first: int, count: int, *rest: Any) -> tuple[int, int]:
    return 0, count


def _off_by_one(midstates: Any, tail: Any, first: int, count: int, top_word: int, hits: Any, stop: Any) -> Any:
    hits[0], hits[1] = 0, first + count - 2
    return 1, count


def _eager(midstates: Any, tail: Any, first: int, count: int, top_word: int, hits: Any, stop: Any) -> Any:
    hits[0], hits[1] = 0, first + count - 1
    return 2, count


def _lazy(midstates: Any, tail: Any, first: int, count: int, top_word: int, hits: Any, stop: Any) -> Any:
    hits[0], hits[1] = 0, first + count - 1
    return 1, count - 1


@pytest.mark.parametrize("liar", [_blind, _off_by_one, _eager, _lazy])
def test_self_test_finds_the_liar(liar: Callable[..., tuple[int, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    row = fake("liar", liar)
    with pytest.raises(KernelError, match="liar fails its self-test"):
        self_test(row)
    monkeypatch.setattr(kernels, "KERNELS", {"liar": row})
    with pytest.raises(KernelError, match="self-test"):
        choose("liar")


@pytest.fixture
def no_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)


@only_in_the_table
@pytest.mark.usefixtures("no_wish")
def test_choose_by_name(kernel: Kernel) -> None:
    assert choose(kernel.name) is kernel


@pytest.mark.usefixtures("no_wish")
def test_choose_unknown() -> None:
    with pytest.raises(KernelError) as caught:
        choose("sha3")
    assert "sha3" in str(caught.value)
    assert all(name in str(caught.value) for name in KERNELS)


@pytest.mark.usefixtures("no_wish")
def test_choose_what_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that names the reason and what could run instead, never another kernel quietly."""
    rows: Mapping[str, Kernel] = {
        "portable": KERNELS["portable"],
        "abacus": fake("abacus", _blind, missing="this CPU has no beads"),
    }
    monkeypatch.setattr(kernels, "KERNELS", rows)
    with pytest.raises(KernelError, match=r"abacus cannot run here: this CPU has no beads; choose from portable$"):
        choose("abacus")
    assert choose() is rows["portable"]


@only_in_the_table
def test_choose_by_environment(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, kernel.name)
    assert choose() is kernel
    assert choose("portable") is KERNELS["portable"]  # a name given outright goes first
    monkeypatch.setenv(ENVIRONMENT, "sha3")
    with pytest.raises(KernelError, match="sha3"):
        choose()


def test_numba_says_why_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    assert "numba cannot be imported" in (KERNELS["numba"].missing() or "")
