"""The C of ext/ under compilers and for machines other than this one's: no warning, and the same hashes.

What is built for this CPU is loaded beside joulehash's own; what is built for 64-bit ARM runs under emulation.
"""

from __future__ import annotations

import ctypes
import platform
import random
import re
import subprocess
from array import array
from pathlib import Path

import pytest

from joulehash.ext._scan import compiled as kernels_here
from joulehash.ext.arguments import check
from joulehash.ext.kernels import KERNELS, Kernel, self_test
from tests.support import emulated
from tests.support.compilers import SOURCES, compiled, run, tool
from tests.support.emulated import CLANG, GCC, Emulator
from tests.support.scans import ALL, GENESIS, NONCES, brute_force, scan

# No headers of these systems are here, and none are needed but the compiler's own.
APPLE = ("clang", "--target=arm64-apple-macos11", "-ffreestanding")
BIG_ENDIAN = ("clang", "--target=aarch64_be-linux-gnu", "-ffreestanding")
ARM_32 = ("clang", "--target=armv7-linux-gnueabihf", "-ffreestanding")
X86_32 = ("clang", "--target=i686-linux-gnu", "-ffreestanding")


def agrees(kernel: Kernel) -> None:
    """A real block, and random headers over ranges that end inside a batch and wrap."""
    self_test(kernel)
    chance = random.Random(kernel.name)
    for n_midstates in (1, 1, 2, 5):
        tail = chance.randbytes(12)
        headers = [chance.randbytes(64) + tail for _ in range(n_midstates)]
        first, count = chance.randrange(NONCES - 2 * kernel.lanes, NONCES), 2 * kernel.lanes + chance.randrange(50)
        for top_word in (ALL, 2**30):
            expected = brute_force(headers, first, count, top_word)
            assert scan(kernel, headers, first, count, top_word) == (expected, count), kernel.name


# --- on this CPU -----------------------------------------------------------------------------------------------------

LEVELS = [
    ("gcc", "-O0"),
    ("clang", "-O3"),
    pytest.param("gcc", "-O1", marks=pytest.mark.long),
    pytest.param("gcc", "-O2", marks=pytest.mark.long),
    pytest.param("gcc", "-Os", marks=pytest.mark.long),
    pytest.param("gcc", "-O3", marks=pytest.mark.long),
    pytest.param("clang", "-O0", marks=pytest.mark.long),
    pytest.param("clang", "-O1", marks=pytest.mark.long),
]


class Scan(ctypes.Structure):
    """jh_scan in scan.h."""

    _fields_ = (
        ("midstates", ctypes.c_void_p),
        ("n_midstates", ctypes.c_size_t),
        ("tail", ctypes.c_uint32 * 3),
        ("first", ctypes.c_uint32),
        ("count", ctypes.c_uint64),
        ("top_word", ctypes.c_uint32),
        ("hits", ctypes.c_void_p),
        ("cap", ctypes.c_size_t),
        ("stop", ctypes.c_void_p),
    )


class Result(ctypes.Structure):
    """jh_result."""

    _fields_ = (("n_hits", ctypes.c_size_t), ("done", ctypes.c_uint64))


class Row(ctypes.Structure):
    """jh_kernel."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("lanes", ctypes.c_uint),
        ("scan", ctypes.CFUNCTYPE(Result, ctypes.POINTER(Scan))),
        ("runs", ctypes.CFUNCTYPE(ctypes.c_int)),
        ("needs", ctypes.c_char_p),
        ("family", ctypes.c_char_p),
        ("floor", ctypes.c_void_p),
    )


def loaded(row: Row, name: str) -> Kernel:
    """A row of another build as one of the kernel table."""

    def scan_it(
        midstates: array[int],
        tail: array[int],
        first: int,
        count: int,
        top_word: int,
        hits: array[int],
        stop: array[int],
    ) -> tuple[int, int]:
        n = check(name, row.lanes, midstates, tail, first, count, top_word, hits, stop)
        at = [words.buffer_info()[0] for words in (midstates, hits, stop)]
        three = (ctypes.c_uint32 * 3)(*tail)
        result = row.scan(Scan(at[0], n, three, first, count, top_word, at[1], len(hits) // 2, at[2]))
        return result.n_hits, result.done

    return Kernel(name, row.lanes, "", lambda: scan_it, lambda: None)


@pytest.mark.parametrize(("compiler", "level"), LEVELS)
def test_other_compilers_and_levels(compiler: str, level: str, tmp_path: Path) -> None:
    """Every kernel that runs when joulehash's own compiler has built it does so here, and finds the same."""
    run([tool(compiler), "-shared", *compiled((compiler, level), SOURCES, tmp_path), "-o", tmp_path / "kernels.so"])
    library = ctypes.CDLL(str(tmp_path / "kernels.so"))
    ran = [name for name, kernel in kernels_here().items() if kernel.missing is None]
    assert "portable" in ran
    for name in ran:
        row = Row.in_dll(library, f"jh_{name}")
        assert row.scan, f"{name} was left out by {compiler}"
        agrees(loaded(row, f"{name} by {compiler} {level}"))


# --- on 64-bit ARM, under emulation ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("compiler", "level"),
    [
        (CLANG, "-O3"),
        pytest.param(CLANG, "-O0", marks=pytest.mark.long),
        pytest.param(GCC, "-O0", marks=pytest.mark.long),
        pytest.param(GCC, "-Os", marks=pytest.mark.long),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_other_compilers_for_arm(compiler: tuple[str, ...], level: str, tmp_path: Path) -> None:
    """And that all other kernels leave themselves out there."""
    with Emulator(emulated.build(tmp_path, compiler, level), tmp_path) as emulator:
        assert {name for name, lanes in emulator.lanes.items() if lanes} == {"armv8", "portable"}
        agrees(emulator.row("armv8"))
        agrees(emulator.row("portable"))


def test_the_floor_on_arm(server: list[str], tmp_path: Path) -> None:
    """Its operations are carried out, and are as many as the kernel's own, which makes none uncounted."""
    done = subprocess.run(
        [*server, "issue"], check=True, capture_output=True, text=True, env=emulated.GUEST, cwd=tmp_path, timeout=60
    )
    ((name, *figures),) = [line.split() for line in done.stdout.splitlines()]
    width, shared, each = map(int, figures)
    assert (name, width) == ("armv8", 1)
    compiled([*GCC, "-O3"], [source for source in SOURCES if source.stem == name], tmp_path)
    listing = run([tool("aarch64-linux-gnu-objdump"), "-d", "--no-show-raw-insn", tmp_path / f"{name}.o"])
    batch = KERNELS[name].lanes
    assert sha_instructions(listing, "hash_alone") == batch * (shared + each)
    assert sha_instructions(listing, "hash_shared") == batch * each


def sha_instructions(listing: str, function: str) -> int:
    body = re.split(r"^[0-9a-f]+ <([\w.]+)>:$", listing, flags=re.MULTILINE)
    bodies = {name.split(".")[0]: text for name, text in zip(body[1::2], body[2::2], strict=True)}
    return len(re.findall(r"\tsha256(?:h2?|su[01])\t", bodies[function]))


# --- where nothing of it can run -------------------------------------------------------------------------------------


MACHINES = {
    "ARM, 64 bits": (GCC, {"armv8"}),
    "Apple": (APPLE, {"armv8"}),
    "big-endian": (BIG_ENDIAN, set[str]()),
    "ARM, 32 bits": (ARM_32, set[str]()),
    "x86, 32 bits": (X86_32, set[str]()),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_every_file_compiles_for_every_machine(machine: str, tmp_path: Path) -> None:
    """Of a kernel that is not for it there is only the entry in the table."""
    compiler, kernels = MACHINES[machine]
    objects = compiled((*compiler, "-O1"), SOURCES, tmp_path)
    assert {path.stem for path in objects if b"hash_alone" in path.read_bytes()} == kernels


def test_a_kernel_for_another_machine_says_so() -> None:
    """And does not blame the compiler; nor does it scan, or count."""
    family = "ARM" if platform.machine() in ("x86_64", "AMD64", "i686") else "x86"
    others = ("armv8",) if family == "ARM" else ("avx512", "shani", "avx2")
    for name in others:
        kernel = kernels_here()[name]
        assert re.fullmatch(rf"this CPU has no [\w -]+: it is no {family}", kernel.missing or "")
        assert kernel.floor is None
        with pytest.raises(RuntimeError, match=f"it is no {family}"):
            scan(KERNELS[name], [GENESIS], 0, 1)
        with pytest.raises(RuntimeError, match=f"it is no {family}"):
            kernel.issue(1, 1)
