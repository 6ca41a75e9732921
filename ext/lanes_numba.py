"""The kernel in Numba: what lanes.h does, in vectors as wide as this CPU has them.

FIPS 180-4 stands in numba_words.py, whose Words write down LLVM instructions. Here it is put together as in lanes.h:
several streams of vectors side by side; four rounds of all of them as the body of a loop, because straight-line code
for a hundred rounds does not fit the caches of decoded instructions; words that wait in rows in memory; the rounds
before the nonce once a scan, and the schedule of the header's second block once for all midstates.

Numba compiles the loops around it, and keeps the result in its cache: beside this file, or in the user's cache
directory where that cannot be written. Importing this module compiles, under Python's import lock.
"""
# llvmlite carries no types, and Numba's own do not know what its decorators make of a function.
# pyright: basic

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from itertools import chain
from pathlib import Path
from typing import Any, cast
from zlib import crc32

import numba
import numpy as np
from llvmlite import ir
from numba import extending
from numba.core import cgutils

from . import numba_words
from .arguments import check
from .numba_words import (
    INT,
    LANES,
    STREAMS,
    VECTOR,
    VECTOR_BYTES,
    WORD,
    State,
    Table,
    Word,
    constants,
    digest_block,
    header_block,
    next_word,
    round_,
    schedule,
    swap_bytes,
)
from .reference import H0, K

types: Any = numba.types
intrinsic = cast("Callable[[Callable[..., Any]], Any]", extending.intrinsic)

BATCH = 48  # nonces in a batch, whatever the CPU: a multiple of LANES * STREAMS on each
_ROW = 4 * BATCH  # bytes
_ROWS = 64 + 64 + 32  # X, W and last_X


def _rows(builder: Any, column: Any) -> tuple[Table, Table, Table]:
    """What waits in memory of LANES nonces: X, K + W of the first hash; W of either; last_X, K + W of the last."""

    def from_row(t: int) -> Table:
        return Table(builder, builder.add(column, ir.Constant(INT, t * _ROW)), VECTOR, _ROW)

    return from_row(0), from_row(64), from_row(128)


def _streams(builder: Any, column: Any) -> list[tuple[Table, Table, Table]]:
    return [_rows(builder, builder.add(column, ir.Constant(INT, VECTOR_BYTES * s))) for s in range(STREAMS)]


def _wait(builder: Any) -> None:
    """LLVM moves no load or store past this, though it is no instruction. Otherwise it would remember the words that it
    has stored, in registers that the CPU does not have."""
    builder.fence("acq_rel", "singlethread")


def _K(builder: Any) -> Table:
    name, module = "joulehash_K", builder.module
    values = ir.Constant(ir.ArrayType(WORD, 64), K)
    return Table(builder, module.globals.get(name) or cast("Any", cgutils).global_constant(module, name, values))


# Loops: four rounds, or four words of the schedule, of all streams are a body.


def _loop(
    builder: Any, ts: range, states: Sequence[State], body: Callable[[Any, list[State]], list[State]]
) -> list[State]:
    """A loop in the code: `body` gets t and the states of the streams as they are in a turn, and returns the next."""
    before, loop, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
    builder.branch(loop)
    builder.position_at_end(loop)
    t = builder.phi(INT)
    now = [[Word(builder, builder.phi(VECTOR)) for _ in state] for state in states]
    then = body(t, now)
    next_t = builder.add(t, ir.Constant(INT, ts.step))
    builder.cbranch(builder.icmp_unsigned("<", next_t, ir.Constant(INT, ts.stop)), loop, after)

    t.add_incoming(ir.Constant(INT, ts.start), before)
    t.add_incoming(next_t, loop)
    for first, phi, last in zip(*map(chain.from_iterable, (states, now, then)), strict=True):
        phi.value.add_incoming(first.value, before)
        phi.value.add_incoming(last.value, loop)
    builder.position_at_end(after)
    return then


def _four_words(tables: Iterable[Table]) -> None:
    for W in tables:
        for i in range(4):
            W[i] = next_word(W, i)


def _known_rounds(builder: Any, ts: range, tables: Sequence[Table], states: list[State]) -> list[State]:
    """Rounds for which K + W stands in the tables."""

    def body(t: Any, states: list[State]) -> list[State]:
        from_t = [X.at(t) for X in tables]
        for i in range(4):
            states = [round_(state, X[i]) for state, X in zip(states, from_t, strict=True)]
        return states

    return _loop(builder, ts, states, body)


def _scheduled_rounds(builder: Any, ts: range, tables: Sequence[Table], states: list[State]) -> list[State]:
    """Rounds, and before them their words of the schedule."""

    def body(t: Any, states: list[State]) -> list[State]:
        from_t, k = [W.at(t) for W in tables], _K(builder).at(t)
        _four_words(from_t)
        _wait(builder)
        for i in range(4):
            states = [round_(state, W[i] + k[i]) for state, W in zip(states, from_t, strict=True)]
        return states

    return _loop(builder, ts, states, body)


def _code(write: Callable[..., Any]) -> Any:
    """For the compiled loops below: a function of LLVM's, which `write` writes down. It takes and returns int64."""

    @intrinsic  # calls this with types, and gets back how to write a call
    @wraps(write)
    def typing(_: Any, *arguments: Any) -> Any:
        def call(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            type_ = ir.FunctionType(INT, [INT] * len(args))
            function = ir.Function(builder.module, type_, f"joulehash{write.__name__}")
            function.linkage = "internal"
            function.attributes.add("noinline")  # not merged: each is allocated registers by itself
            inside = ir.IRBuilder(function.append_basic_block())
            inside.ret(write(inside, *function.args) or ir.Constant(INT, 0))
            return builder.call(function, args)

        return types.int64(*[types.int64] * len(arguments)), call

    return typing


@_code
def _after_round_3(builder: Any, out: Any, midstate: Any, tail: Any) -> None:
    """Write the state after rounds 0 to 3 to `out`. The last of them, where the nonce comes in, is without K + W."""
    W, H, state_3 = Table(builder, tail), Table(builder, midstate), Table(builder, out)
    state = [H[i] for i in range(8)]
    for KW in [*(W[t] + K[t] for t in range(3)), *constants(builder, [0])]:
        state = round_(state, KW)
    for i, word in enumerate(state):
        state_3[i] = word


@_code
def _fill_known(builder: Any, column: Any, tail: Any) -> None:
    """Once a scan: K + W where no nonce has reached it."""
    X, _, last_X = _rows(builder, column)
    unknown = Word(builder, ir.Constant(VECTOR, ir.Undefined))
    for table, words in (
        (X, schedule(header_block(builder, tail, unknown), 32)),
        (last_X, digest_block(builder, [unknown] * 8)),
    ):
        for t, word in enumerate(words):
            if word.varies < 2:
                table[t] = word + K[t]


@_code
def _fill_schedule(builder: Any, column: Any, tail: Any, nonce: Any) -> None:
    """Once for LANES nonces: W[16] to W[31] of the header's second block, and K + W up to there."""
    X, W, _ = _rows(builder, column)
    lanes = Word(builder, ir.Constant(VECTOR, list(range(LANES))))
    nonces = swap_bytes(Word(builder, builder.trunc(nonce, WORD)) + lanes)
    for t, word in enumerate(schedule(header_block(builder, tail, nonces), 32)):
        if word.varies == 2:
            X[t] = word + K[t]
        if t >= 16:
            W[t] = word


@_code
def _fill_shared(builder: Any, column: Any) -> None:
    """The rest of both, for several midstates to share."""
    streams = _streams(builder, column)

    def body(t: Any, states: list[State]) -> list[State]:
        k = _K(builder).at(t)
        _four_words(W.at(t) for _, W, _ in streams)
        for X, W, _ in streams:
            for i in range(4):
                X.at(t)[i] = W.at(t)[i] + k[i]
        return states

    _loop(builder, range(32, 64, 4), [], body)


def _first_hash(builder: Any, column: Any, midstate: Any, state_3: Any, shared: bool) -> None:
    """The digest, as W[0] to W[7] of its block."""
    X, W, _ = zip(*_streams(builder, column), strict=True)
    H, start = Table(builder, midstate), Table(builder, state_3)
    states = []
    for s in range(STREAMS):
        a, b, c, d, e, f, g, h = (start[i] for i in range(8))
        states.append([Word(builder, word.in_lanes()) for word in (a + X[s][3], b, c, d, e + X[s][3], f, g, h)])
    states = _known_rounds(builder, range(4, 64 if shared else 32, 4), X, states)
    if not shared:
        states = _scheduled_rounds(builder, range(32, 64, 4), W, states)
    for s, state in enumerate(states):
        for i in range(8):
            W[s][i] = state[i] + H[i]


@_code
def _first_hash_alone(builder: Any, column: Any, midstate: Any, state_3: Any) -> None:
    _first_hash(builder, column, midstate, state_3, shared=False)


@_code
def _first_hash_shared(builder: Any, column: Any, midstate: Any, state_3: Any) -> None:
    _first_hash(builder, column, midstate, state_3, shared=True)


@_code
def _fill_last_schedule(builder: Any, column: Any) -> None:
    """W[16] to W[31] of the digest's block, and K + W up to there."""
    _, W, X = _rows(builder, column)
    for t, word in enumerate(schedule(digest_block(builder, [W[i] for i in range(8)]), 32)):
        if t >= 4 and word.varies == 2:
            X[t] = word + K[t]
        if t >= 16:
            W[t] = word


@_code
def _hit_lanes(builder: Any, column: Any, top_word: Any) -> Any:
    """The second hash of all streams: a bit is set for each lane that hits."""
    _, W, X = zip(*_streams(builder, column), strict=True)
    states = [constants(builder, H0) for _ in range(STREAMS)]
    for t in range(4):
        states = [round_(state, W[s][t] + K[t]) for s, state in enumerate(states)]
    states = _known_rounds(builder, range(4, 32, 4), X, states)
    states = _scheduled_rounds(builder, range(32, 56, 4), W, states)
    most = Word(builder, builder.trunc(top_word, WORD)).in_lanes()
    lanes = ir.Constant(INT, 0)
    for s, state in enumerate(states):
        _wait(builder)
        words = schedule((W[s][t] for t in range(40, 56)), 16 + 8)[16:]
        for t in range(56, 64):
            state = round_(state, words[t - 56] + K[t])
        word_7 = state[7] + H0[7]
        hit = builder.icmp_unsigned("<=", swap_bytes(word_7).value, most)
        bits = builder.zext(builder.bitcast(hit, ir.IntType(LANES)), INT)
        lanes = builder.or_(lanes, builder.shl(bits, ir.Constant(INT, LANES * s)))
    return lanes


@_code
def _read(builder: Any, flag: Any) -> Any:
    """The int32 at `flag` as it is now: an atomic load is never moved out of a loop."""
    return builder.zext(builder.load_atomic(builder.inttoptr(flag, WORD.as_pointer()), "monotonic", 4), INT)


def _scan(
    memory: Any, midstates: Any, tail: Any, first: int, count: int, top_word: int, hits: Any, stop: Any
) -> tuple[int, int]:  # compiled by Numba
    n_midstates, cap = len(midstates) // 8, len(hits) // 2
    rows = np.int64(memory.ctypes.data) + 63 & ~63  # vectors are aligned
    midstate_0, state_3_0 = np.int64(midstates.ctypes.data), rows + _ROWS * _ROW
    words, flag = np.int64(tail.ctypes.data), np.int64(stop.ctypes.data)
    for m in range(n_midstates):
        _after_round_3(state_3_0 + 32 * m, midstate_0 + 32 * m, words)
    for i in range(0, BATCH, LANES):
        _fill_known(rows + 4 * i, words)

    done = n_hits = 0
    while done < count and cap - n_hits >= BATCH * n_midstates:
        nonce = first + done
        in_batch = min(BATCH, count - done)
        found = n_hits
        for i in range(0, BATCH, LANES):
            _fill_schedule(rows + 4 * i, words, nonce + i)
        if n_midstates > 1:
            for i in range(0, BATCH, LANES * STREAMS):
                _fill_shared(rows + 4 * i)
        for m in range(n_midstates):
            if _read(flag):
                return n_hits, done  # what this batch has found will be found again
            lanes = 0
            for i in range(0, BATCH, LANES * STREAMS):
                if n_midstates > 1:
                    _first_hash_shared(rows + 4 * i, midstate_0 + 32 * m, state_3_0 + 32 * m)
                else:
                    _first_hash_alone(rows + 4 * i, midstate_0 + 32 * m, state_3_0 + 32 * m)
                for j in range(i, i + LANES * STREAMS, LANES):
                    _fill_last_schedule(rows + 4 * j)
                lanes |= _hit_lanes(rows + 4 * i, np.int64(top_word)) << i
            if lanes:
                for i in range(in_batch):
                    if lanes >> i & 1:
                        hits[2 * found], hits[2 * found + 1] = m, np.uint32(nonce + i)
                        found += 1
        n_hits = found
        done += in_batch
    return n_hits, done


_WORDS = types.Array(types.uint32, 1, "C")
_SIGNATURE = types.UniTuple(types.int64, 2)(
    _WORDS, _WORDS, _WORDS, types.int64, types.int64, types.uint32, _WORDS, types.Array(types.int32, 1, "C")
)


def _compile() -> Any:
    # The cache looks whether this file has changed, and not the other: so the name changes with that.
    _scan.__qualname__ += f"_{crc32(Path(numba_words.__file__).read_bytes()):08x}"
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
    n_midstates = check("numba", BATCH, midstates, tail, first, count, top_word, hits, stop)
    # Allocated here, because Numba frees an array after its last use, and does not see that addresses are a use.
    memory = np.empty(16 + _ROWS * BATCH + 8 * n_midstates, np.uint32)
    of_midstates, of_tail, of_hits = (np.frombuffer(words, np.uint32) for words in (midstates, tail, hits))
    flag = np.frombuffer(stop, np.int32)
    n_hits, done = _compiled(memory, of_midstates, of_tail, first, count, np.uint32(top_word), of_hits, flag)
    return int(n_hits), int(done)
