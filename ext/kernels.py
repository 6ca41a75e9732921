"""The table of hash kernels: one row each, one signature, chosen by name or by measuring.

A new kernel is a file beside this one and a row in KERNELS: a Python module with a `scan`, or a C file whose last line
is its entry in the C table. Every row passes the same tests (tests/ext/test_kernels.py). docs/kernels.md has the steps.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from threading import Lock
from time import thread_time
from types import MappingProxyType
from typing import Literal, Protocol

ENVIRONMENT = "JOULEHASH_KERNEL"  # forces a kernel by name, as --kernel does
_ROUNDS = 3
_CALL_S = 0.0015
_WARM_S = 0.0003
_MOST = 1 << 30  # nonces in one call, whatever a clock says


class ScanFn(Protocol):
    """Double-SHA-256 over consecutive nonces of one 80-byte header, for several midstates.

    midstates  array('I'), 8·M words: the SHA-256 state after header bytes 0..63, M of them
    tail       array('I'), 3 words: header bytes 64..75 as big-endian words
    first      the first nonce, as the integer in the header; nonces wrap at 2^32
    count      nonces to scan, 0 to 2^32
    top_word   report a hash whose top 32 bits, as the number compared with a target, are at most this
    hits       array('I') with room for pairs (midstate index, nonce): at least lanes·M of them
    stop       array('i') of one flag; when it is not 0, scanning ends within a millisecond

    Returns (n_hits, done): the first `done` nonces have been hashed with every midstate, and all n_hits hits among
    them, and none beyond, stand in `hits`. Returns early when stopped or while one batch × M still fits; resume at
    first + done. Nothing is dropped. Raises ValueError for arguments out of bounds. The GIL is released.
    """

    def __call__(
        self,
        midstates: array[int],
        tail: array[int],
        first: int,
        count: int,
        top_word: int,
        hits: array[int],
        stop: array[int],
    ) -> tuple[int, int]: ...


@dataclass(frozen=True, slots=True)
class Kernel:
    """A row of the table. `load` imports or compiles on first use; `missing` tells why it cannot run here, or None.

    candidate  when it is measured where none is named: "always"; as a "last resort", if the fastest of the others takes
               one nonce at a time (it costs seconds to compile, and wins nothing beside vector code in C); "never"
    """

    name: str
    lanes: int  # nonces in one batch
    about: str
    load: Callable[[], ScanFn]
    missing: Callable[[], str | None]
    candidate: Literal["always", "last resort", "never"] = "always"
    limits: tuple[str, ...] = ()  # kernels with a counted floor: the first that runs here has this one's too


@dataclass(frozen=True, slots=True)
class Choice:
    """What measuring found."""

    kernel: Kernel
    rates_hps: Mapping[str, float]  # of each that was measured: hashes a second of one core, the best of some calls


class KernelError(ValueError):
    """A kernel was asked for by a name that is unknown, or that cannot run on this machine."""


def _runs_anywhere() -> None:
    return None


def _load_reference() -> ScanFn:
    from .reference import scan

    return scan


def _load_numba() -> ScanFn:
    from .lanes_numba import scan

    return scan


def _numba_missing() -> str | None:
    try:
        from numba import config
    except ImportError as error:  # not installed, or it does not take this NumPy or this Python
        return f"numba cannot be imported ({error})"
    return "numba compiles nothing while NUMBA_DISABLE_JIT is set" if getattr(config, "DISABLE_JIT", 0) else None


def _compiled(name: str, lanes: int, about: str, limits: tuple[str, ...] = ()) -> Kernel:
    def load() -> ScanFn:
        from ._scan import compiled

        return compiled()[name]

    def missing() -> str | None:
        from ._scan import compiled

        return compiled()[name].missing

    return Kernel(name, lanes, about, load, missing, limits=limits)


KERNELS: Mapping[str, Kernel] = MappingProxyType(
    {
        kernel.name: kernel
        for kernel in (
            _compiled("avx512", 48, "AVX-512; three streams of sixteen nonces", ("avx512",)),
            _compiled("shani", 4, "the SHA instructions; four nonces in turns", ("shani",)),
            _compiled("avx2", 16, "AVX2; two streams of eight nonces", ("avx2",)),
            _compiled("armv8", 4, "ARM's SHA-2 instructions; four in turns", ("armv8",)),
            _compiled("portable", 1, "C, as FIPS 180-4 reads; defines the others"),
            Kernel(
                "numba",
                48,
                "vector code that LLVM fits to this CPU",
                _load_numba,
                _numba_missing,
                "last resort",
                limits=("avx512", "avx2"),  # it compiles to the widest vectors of the CPU
            ),
            Kernel("reference", 1, "Python's hashlib; the independent check", _load_reference, _runs_anywhere, "never"),
        )
    }
)


def choose(name: str | None = None) -> Kernel:
    """The kernel of that name, or the one JOULEHASH_KERNEL names, or else the fastest here, measured once a process.

    It is self-tested on a real block before it is first returned. Raises KernelError.
    """
    kernel = row(name)
    if kernel is None:
        return measured().kernel
    _tested(kernel)
    return kernel


def row(name: str | None) -> Kernel | None:
    """The row of that name, or the one JOULEHASH_KERNEL names; None: neither names any. Nothing is loaded.

    Raises KernelError for a name that is unknown, or that cannot run here.
    """
    where, wanted = ("", name) if name is not None else (f"{ENVIRONMENT}: ", os.environ.get(ENVIRONMENT) or None)
    if wanted is None:
        return None
    if wanted not in KERNELS:
        raise KernelError(f"{where}kernel {wanted!r} is unknown; choose from {', '.join(KERNELS)}")
    if reason := KERNELS[wanted].missing():
        runnable = ", ".join(k.name for k in KERNELS.values() if k.missing() is None)
        raise KernelError(f"{where}kernel {wanted} cannot run here: {reason}; choose from {runnable}")
    return KERNELS[wanted]


def measured() -> Choice:
    """The fastest kernel here, and what the others reach: within some 30 ms of CPU time, once a process.

    One that fails its self-test is passed over; `joulehash doctor` tells of it. Measured with one midstate, as more of
    them change no order, and in CPU time of this thread, so that a busy machine does not mislead. Any thread may ask.
    Raises KernelError when no kernel can be used.
    """
    with _MEASURING:  # threads that ask meanwhile wait for the answer
        return _measured(tuple(KERNELS.values()))


_MEASURING = Lock()


@cache
def _measured(rows: tuple[Kernel, ...]) -> Choice:
    rates = _race([kernel for kernel in rows if kernel.candidate == "always"])
    if not rates or _fastest(rates).lanes == 1:
        rates |= _race([kernel for kernel in rows if kernel.candidate == "last resort"])
    if not rates:
        raise KernelError("no kernel can be used here; joulehash doctor tells why")
    return Choice(_fastest(rates), MappingProxyType({kernel.name: rate for kernel, rate in rates.items()}))


def _fastest(rates: Mapping[Kernel, float]) -> Kernel:
    """Of equal ones the first of the table."""
    return max(rates, key=lambda kernel: rates[kernel])


def _race(kernels: list[Kernel]) -> dict[Kernel, float]:
    """Hashes a second of those that run here and pass their self-test, measured in turns."""
    calls: dict[Kernel, Callable[[], float]] = {}
    for kernel in kernels:
        with suppress(KernelError):
            if kernel.missing() is None:
                _tested(kernel)
                calls[kernel] = _timed_call(kernel)
    rounds = [{kernel: call() for kernel, call in calls.items()} for _ in range(_ROUNDS)]
    return {kernel: max(rates[kernel] for rates in rounds) for kernel in calls}


def _timed_call(kernel: Kernel) -> Callable[[], float]:
    """A call of about _CALL_S that returns its rate. The kernel is warm then."""
    scan, hits, stop = kernel.load(), array("I", bytes(8 * kernel.lanes)), array("i", [0])
    midstates, tail = array("I", range(8)), array("I", range(3))

    def time(count: int) -> tuple[int, float]:
        began_s = thread_time()
        _, done = scan(midstates, tail, 0, count, 0, hits, stop)
        return done, max(thread_time() - began_s, 1e-9)

    count, took_s = kernel.lanes, 0.0
    while took_s < _WARM_S and count < _MOST:
        count *= 2
        _, took_s = time(count)
    count = min(_MOST, max(1, int(count * _CALL_S / took_s)))

    def rate_hps() -> float:
        done, took_s = time(count)
        return done / took_s

    return rate_hps


@cache
def _tested(kernel: Kernel) -> None:
    self_test(kernel)


# Block 1 of the main chain: its midstate, the rest of its header as message words, its nonce.
_MIDSTATE = "a9f613237fbb2a30066ca2d47d617869ccbd0ee028757b755ff2646f0e7501ac"
_TAIL = (0x57233E0E, 0x61BC6649, 0xFFFF001D)
_NONCE = 2573394689


def self_test(kernel: Kernel) -> None:
    """Find the nonce of a real block with `kernel`. Raises KernelError when it finds another, or none."""
    words = array("I", (int(_MIDSTATE[i : i + 8], 16) for i in range(0, 64, 8)))
    before = 2 * kernel.lanes
    hits = array("I", bytes(8 * 2 * kernel.lanes))
    scan = kernel.load()
    n_hits, done = scan(words, array("I", _TAIL), _NONCE - before, before + 1, 0, hits, array("i", [0]))
    if (n_hits, done, hits[0], hits[1]) != (1, before + 1, 0, _NONCE):
        raise KernelError(f"kernel {kernel.name} fails its self-test on block 1: it must not be used; report this")
