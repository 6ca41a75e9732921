"""SHA-256 as code to be, for the kernel in Numba: FIPS 180-4 once more, as in fips180.h and portable.c.

It is run when the kernel is compiled, and not on numbers but on Words: each operation on a Word writes down one LLVM
instruction. What a nonce scanner may save follows from what a Word knows of itself: what is the same for all nonces
stays scalar until it meets what is not, and LLVM folds constants and drops what nobody asks for.

What depends on the CPU is here too: how wide a vector is, and the one function that LLVM needs help with.
"""
# llvmlite carries no types, and Numba's own do not know what its decorators make of a function.
# pyright: basic

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import add
from typing import Any, cast

import numba
from llvmlite import ir
from numba.core import codegen

# What LLVM compiles for: NUMBA_CPU_FEATURES, or what this CPU has.
_asked = cast("str | None", getattr(cast("Any", numba).config, "CPU_FEATURES", None))
FEATURES: str = cast("Any", codegen).get_host_cpu_features() if _asked is None else _asked

# Lanes of a vector, and how many streams of vectors fit the registers: 32 of them, but 16 with AVX2 and with SSE2.
_SHAPES = {"+avx512f": (16, 3), "+avx2": (8, 1), "+neon": (4, 2), "": (4, 1)}
LANES, STREAMS = next(shape for feature, shape in _SHAPES.items() if feature in FEATURES)

WORD, INT, _BYTE = (ir.IntType(bits) for bits in (32, 64, 8))
VECTOR = ir.VectorType(WORD, LANES)
VECTOR_BYTES = 4 * LANES


def _operation(instruction: str) -> Callable[[Word, Word | int], Word]:
    def write(self: Word, other: Word | int) -> Word:
        if isinstance(other, int):
            other = Word(self.builder, ir.Constant(WORD, other))
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
        return 2 if self.value.type == VECTOR else 0 if isinstance(self.value, ir.Constant) else 1

    def in_lanes(self) -> Any:
        if self.varies == 2:
            return self.value
        if self.varies == 0:
            return ir.Constant(VECTOR, [self.value.constant] * LANES)
        undefined = ir.Constant(VECTOR, ir.Undefined)
        lane_0 = self.builder.insert_element(undefined, self.value, ir.Constant(WORD, 0))
        return self.builder.shuffle_vector(lane_0, undefined, ir.Constant(VECTOR, [0] * LANES))

    __add__, __xor__, __and__, __or__ = (_operation(name) for name in ("add", "xor", "and_", "or_"))
    __lshift__, __rshift__ = (_operation(name) for name in ("shl", "lshr"))

    def __invert__(self) -> Word:
        return self ^ 0xFFFFFFFF


State = list[Word]  # a to h


def _sum(*words: Word) -> Word:
    """The order of a sum is free: what varies least comes first, so that as much as possible is added only once."""
    return reduce(add, sorted(words, key=lambda word: word.varies))


# FIPS 180-4, section 4.1.2
def rotr(x: Word, n: int) -> Word:
    return x >> n | x << 32 - n


def Ch(x: Word, y: Word, z: Word) -> Word:
    return (x & y) ^ (~x & z)


def Maj(x: Word, y: Word, z: Word) -> Word:
    """y, unless both others differ from it. AVX-512 has it as one instruction, which LLVM does not find by itself."""
    if LANES < 16 or max(word.varies for word in (x, y, z)) < 2:
        return y ^ ((x ^ y) & (y ^ z))
    module, name = x.builder.module, "llvm.x86.avx512.pternlog.d.512"  # any function of three operands
    type_ = ir.FunctionType(VECTOR, [VECTOR, VECTOR, VECTOR, WORD])
    instruction = module.globals.get(name) or ir.Function(module, type_, name)
    truth_table = ir.Constant(WORD, 0b11101000)  # of the operands 111 down to 000
    return Word(x.builder, x.builder.call(instruction, [x.in_lanes(), y.in_lanes(), z.in_lanes(), truth_table]))


def Sigma0(x: Word) -> Word:
    return rotr(x, 2) ^ rotr(x, 13) ^ rotr(x, 22)


def Sigma1(x: Word) -> Word:
    return rotr(x, 6) ^ rotr(x, 11) ^ rotr(x, 25)


def sigma0(x: Word) -> Word:
    return rotr(x, 7) ^ rotr(x, 18) ^ x >> 3


def sigma1(x: Word) -> Word:
    return rotr(x, 17) ^ rotr(x, 19) ^ x >> 10


def next_word(W: Sequence[Word] | Table, t: int) -> Word:
    """Section 6.2.2, step 1."""
    return _sum(sigma0(W[t - 15]), W[t - 16], W[t - 7], sigma1(W[t - 2]))


def schedule(words: Iterable[Word], end: int) -> list[Word]:
    """W[0] to W[end - 1] by that step, from the first 16 of them."""
    W = list(words)
    for t in range(16, end):
        W.append(next_word(W, t))
    return W


def round_(state: State, KW: Word) -> State:
    """Step 3, where K + W is KW. What is ready early is added early: e comes out of the round before."""
    a, b, c, d, e, f, g, h = state
    T1 = _sum(h, KW, Ch(e, f, g), Sigma1(e))
    return [_sum(T1, Maj(a, b, c), Sigma0(a)), a, b, c, d + T1, e, f, g]


def swap_bytes(x: Word) -> Word:
    return x << 24 | (x & 0xFF00) << 8 | x >> 8 & 0xFF00 | x >> 24


def constants(builder: Any, values: Iterable[int]) -> list[Word]:
    return [Word(builder, ir.Constant(WORD, value)) for value in values]


# Section 5.1.1: header bytes 64..79 end a message of 640 bits, and a digest is a message of 256 bits.
def header_block(builder: Any, tail: Any, nonces: Word) -> list[Word]:
    words = Table(builder, tail)
    return [*(words[t] for t in range(3)), nonces, *constants(builder, [0x80000000, *[0] * 10, 640])]


def digest_block(builder: Any, digest: Iterable[Word]) -> list[Word]:
    return [*digest, *constants(builder, [0x80000000, *[0] * 6, 256])]


class Table:
    """Words in memory: one a round, or one for each lane with a row for each round.

    The address is an integer, as Numba has it, or a pointer; `row` is bytes from round to round.
    """

    def __init__(self, builder: Any, address: Any, type_: Any = WORD, row: int = 4) -> None:
        self.builder, self.type, self.row = builder, type_, row
        bytes_ = _BYTE.as_pointer()
        self.start = (builder.bitcast if address.type.is_pointer else builder.inttoptr)(address, bytes_)

    def at(self, t: Any) -> Table:
        """The same from row t on, which the code computes."""
        start = self.builder.gep(self.start, [self.builder.mul(t, ir.Constant(INT, self.row))])
        return Table(self.builder, start, self.type, self.row)

    def _place(self, t: int) -> Any:
        start = self.builder.gep(self.start, [ir.Constant(INT, t * self.row)])
        return self.builder.bitcast(start, self.type.as_pointer())

    def __getitem__(self, t: int) -> Word:
        return Word(self.builder, self.builder.load(self._place(t), align=_alignment(self.type)))

    def __setitem__(self, t: int, word: Word) -> None:
        value = word.in_lanes() if self.type == VECTOR else word.value
        self.builder.store(value, self._place(t), align=_alignment(self.type))


def _alignment(type_: Any) -> int:
    return VECTOR_BYTES if type_ == VECTOR else 4
