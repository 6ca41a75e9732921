"""The kernel in Numba: sixteen nonces side by side, one in each lane of a vector.

FIPS 180-4 stands here once, as in portable.c. It is run when the kernel is compiled, and not on numbers but on Words:
each operation on a Word writes down one LLVM instruction. So 128 rounds become straight-line vector code, which LLVM
fits to the CPU at hand. What a nonce scanner may save follows from what a Word knows of itself:

* what is the same for all nonces stays scalar, and constants are folded by LLVM (K + W of the padding);
* midstates differ only in their rounds: the schedule of the header's second block is computed once for all of them;
* only word 7 of the last hash is asked for, so LLVM drops whatever else the last rounds would compute.

Numba compiles the loops around it, and keeps the result in its cache: beside this file, or in the user's cache
directory where that cannot be written. Importing this module compiles, under Python's import lock.
"""
# llvmlite carries no types, and Numba's own do not know what its decorators make of a function.
# pyright: basic

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import add
from typing import Any, cast

import numba
import numpy as np
from llvmlite import ir
from numba import extending

from .arguments import check
from .reference import H0, K

types: Any = numba.types
intrinsic = cast("Callable[[Callable[..., Any]], Any]", extending.intrinsic)

LANES = 16
_WORD = ir.IntType(32)
_LANES = ir.VectorType(_WORD, LANES)
_ROW = 4 * LANES  # bytes of one word in all lanes


def _operation(instruction: str) -> Callable[[Word, Word | int], Word]:
    def write(self: Word, other: Word | int) -> Word:
        if isinstance(other, int):
            other = Word(self.builder, ir.Constant(_WORD, other))
        emit = getattr(self.builder, instruction)
        if self.varies == 2 or other.varies == 2:
            return Word(self.builder, emit(self.in_lanes(), other.in_lanes()))
        return Word(self.builder, emit(self.value, other.value))

    return write


class Word:
    """A 32-bit word of code to be: a constant, a scalar (the same in all lanes), or one value a lane."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    @property
    def varies(self) -> int:
        """0: constant; 1: the same for all nonces; 2: of each nonce."""
        return 2 if self.value.type == _LANES else 0 if isinstance(self.value, ir.Constant) else 1

    def in_lanes(self) -> Any:
        if self.varies == 2:
            return self.value
        if self.varies == 0:
            return ir.Constant(_LANES, [self.value.constant] * LANES)
        undefined = ir.Constant(_LANES, ir.Undefined)
        lane_0 = self.builder.insert_element(undefined, self.value, ir.Constant(_WORD, 0))
        return self.builder.shuffle_vector(lane_0, undefined, ir.Constant(_LANES, [0] * LANES))

    __add__, __xor__, __and__, __or__ = (_operation(name) for name in ("add", "xor", "and_", "or_"))
    __lshift__, __rshift__ = (_operation(name) for name in ("shl", "lshr"))

    def __invert__(self) -> Word:
        return self ^ 0xFFFFFFFF


def _sum(*words: Word) -> Word:
    """The order of a sum is free: what varies least comes first, so that as much as possible is added only once."""
    return reduce(add, sorted(words, key=lambda word: word.varies))


# FIPS 180-4, section 4.1.2
def _rotr(x: Word, n: int) -> Word:
    return x >> n | x << 32 - n


def _Ch(x: Word, y: Word, z: Word) -> Word:
    return (x & y) ^ (~x & z)


def _Maj(x: Word, y: Word, z: Word) -> Word:
    return (x & y) ^ (x & z) ^ (y & z)


def _Sigma0(x: Word) -> Word:
    return _rotr(x, 2) ^ _rotr(x, 13) ^ _rotr(x, 22)


def _Sigma1(x: Word) -> Word:
    return _rotr(x, 6) ^ _rotr(x, 11) ^ _rotr(x, 25)


def _sigma0(x: Word) -> Word:
    return _rotr(x, 7) ^ _rotr(x, 18) ^ x >> 3


def _sigma1(x: Word) -> Word:
    return _rotr(x, 17) ^ _rotr(x, 19) ^ x >> 10


def _schedule(block: Sequence[Word]) -> list[Word]:
    """Section 6.2.2, step 1: K[t] + W[t] of the 64 rounds."""
    W = list(block)
    for t in range(16, 64):
        W.append(_sum(_sigma1(W[t - 2]), W[t - 7], _sigma0(W[t - 15]), W[t - 16]))
    return [W[t] + K[t] for t in range(64)]


def _rounds(state: Sequence[Word], KW: Sequence[Word], ts: Iterable[int]) -> list[Word]:
    """Section 6.2.2, step 3, for the rounds `ts`."""
    a, b, c, d, e, f, g, h = state
    for t in ts:
        T1 = _sum(h, _Sigma1(e), _Ch(e, f, g), KW[t])
        T2 = _Sigma0(a) + _Maj(a, b, c)
        a, b, c, d, e, f, g, h = T1 + T2, a, b, c, d + T1, e, f, g
    return [a, b, c, d, e, f, g, h]


def _swap_bytes(x: Word) -> Word:
    return x << 24 | (x & 0xFF00) << 8 | x >> 8 & 0xFF00 | x >> 24


def _constants(builder: Any, values: Iterable[int]) -> list[Word]:
    return [Word(builder, ir.Constant(_WORD, value)) for value in values]


def _place(builder: Any, address: Any, type_: Any, index: int) -> Any:
    return builder.gep(builder.inttoptr(address, type_.as_pointer()), [ir.Constant(_WORD, index)])


def _load(builder: Any, address: Any, n: int) -> list[Word]:
    return [Word(builder, builder.load(_place(builder, address, _WORD, i), align=4)) for i in range(n)]


def _second_schedule(builder: Any, tail: Any, nonce: Any) -> list[Word]:
    """K + W of the block that holds header bytes 64..79 and ends a message of 640 bits (section 5.1.1)."""
    nonces = Word(builder, nonce) + Word(builder, ir.Constant(_LANES, list(range(LANES))))
    padding = _constants(builder, [0x80000000, *[0] * 10, 640])
    return _schedule([*_load(builder, tail, 3), _swap_bytes(nonces), *padding])


# Numba calls an intrinsic's typing function with types and gets back how to write the code. All addresses are uintp.


@intrinsic
def _first_rounds(typing: Any, out: Any, midstate: Any, tail: Any) -> Any:
    """Write the state after rounds 0 to 2, which no nonce has reached yet, to `out`."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        out, midstate, tail = args
        KW = [W + k for W, k in zip(_load(builder, tail, 3), K, strict=False)]
        for i, word in enumerate(_rounds(_load(builder, midstate, 8), KW, range(3))):
            builder.store(word.value, _place(builder, out, _WORD, i), align=4)
        return context.get_dummy_value()

    return types.void(types.uintp, types.uintp, types.uintp), write


@intrinsic
def _fill_schedule(typing: Any, rows: Any, tail: Any, nonce: Any) -> Any:
    """Write K + W of the second block for LANES nonces, one row of LANES a round, where they vary."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows, tail, nonce = args
        for t, word in enumerate(_second_schedule(builder, tail, nonce)):
            if word.varies == 2:
                builder.store(word.value, _place(builder, rows, _LANES, t), align=_ROW)
        return context.get_dummy_value()

    return types.void(types.uintp, types.uintp, types.uint32), write


@intrinsic
def _hit_lanes(typing: Any, rows: Any, midstate: Any, state_3: Any, tail: Any, top_word: Any) -> Any:
    """Both hashes of LANES nonces for one midstate: bit i is set when lane i hits."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows, midstate, state_3, tail, top_word = args
        KW = _second_schedule(builder, tail, ir.Constant(_WORD, 0))  # of the words that vary only the row is used
        for t, word in enumerate(KW):
            if word.varies == 2:
                KW[t] = Word(builder, builder.load(_place(builder, rows, _LANES, t), align=_ROW))
        last = _rounds(_load(builder, state_3, 8), KW, range(3, 64))
        digest = [x + y for x, y in zip(_load(builder, midstate, 8), last, strict=True)]

        # A digest of 256 bits and its padding fill one block (section 5.1.1).
        KW = _schedule([*digest, *_constants(builder, [0x80000000, *[0] * 6, 256])])
        word_7 = _rounds(_constants(builder, H0), KW, range(64))[7] + H0[7]
        hit = builder.icmp_unsigned("<=", _swap_bytes(word_7).value, Word(builder, top_word).in_lanes())
        return builder.zext(builder.bitcast(hit, ir.IntType(LANES)), ir.IntType(64))

    return types.int64(types.uintp, types.uintp, types.uintp, types.uintp, types.uint32), write


@intrinsic
def _read(typing: Any, flag: Any) -> Any:
    """The int32 at `flag` as it is now: an atomic load is never moved out of a loop."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(builder.inttoptr(args[0], _WORD.as_pointer()), "monotonic", 4)

    return types.int32(types.uintp), write


def _scan(
    midstates: Any, tail: Any, first: int, count: int, top_word: int, hits: Any, stop: Any
) -> tuple[int, int]:  # compiled by Numba
    n_midstates, cap = len(midstates) // 8, len(hits) // 2
    schedule = np.empty(64 * LANES + LANES, np.uint32)
    states_3 = np.empty(8 * n_midstates, np.uint32)  # after rounds 0 to 2
    rows = (schedule.ctypes.data + np.uintp(_ROW - 1)) & ~np.uintp(_ROW - 1)  # vectors are aligned
    for m in range(n_midstates):
        offset = np.uintp(32 * m)
        _first_rounds(states_3.ctypes.data + offset, midstates.ctypes.data + offset, tail.ctypes.data)

    done = n_hits = 0
    while done < count and cap - n_hits >= LANES * n_midstates:
        nonce = np.uint32(first + done)
        in_batch = min(LANES, count - done)
        found = n_hits
        _fill_schedule(rows, tail.ctypes.data, nonce)
        for m in range(n_midstates):
            if _read(stop.ctypes.data):
                return n_hits, done  # what this batch has found will be found again
            offset = np.uintp(32 * m)
            lanes = _hit_lanes(
                rows, midstates.ctypes.data + offset, states_3.ctypes.data + offset, tail.ctypes.data, top_word
            )
            if lanes:
                for i in range(in_batch):
                    if lanes >> i & 1:
                        hits[2 * found], hits[2 * found + 1] = m, nonce + np.uint32(i)
                        found += 1
        n_hits = found
        done += in_batch
    return n_hits, done


_WORDS = types.Array(types.uint32, 1, "C")
_SIGNATURE = types.UniTuple(types.int64, 2)(
    _WORDS, _WORDS, types.int64, types.int64, types.uint32, _WORDS, types.Array(types.int32, 1, "C")
)


def _compile() -> Any:
    try:
        return numba.njit(_SIGNATURE, nogil=True, cache=True)(_scan)
    except RuntimeError:  # no place for a cache that can be written: compile anew in each process
        return numba.njit(_SIGNATURE, nogil=True)(_scan)


_compiled = _compile()


def scan(
    midstates: array[int],
    tail: array[int],
    first: int,
    count: int,
    top_word: int,
    hits: array[int],
    stop: array[int],
) -> tuple[int, int]:
    """See joulehash.ext.kernels.ScanFn."""
    check("numba", LANES, midstates, tail, first, count, top_word, hits, stop)
    as_words = [np.frombuffer(words, np.uint32) for words in (midstates, tail, hits)]
    n_hits, done = _compiled(
        as_words[0], as_words[1], first, count, np.uint32(top_word), as_words[2], np.frombuffer(stop, np.int32)
    )
    return int(n_hits), int(done)
