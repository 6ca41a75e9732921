"""What every kernel's arguments must satisfy before memory is touched: the bounds of ScanFn, checked in one place."""

from __future__ import annotations

from array import array

MAX_MIDSTATES = 65536
MAX_WORD = 2**32 - 1
MAX_PAIRS = 2**24  # of nonces listed and midstates: room for a hit each is made
NONCES = 2**32


def check(
    kernel: str,
    lanes: int,
    midstates: array[int],
    tail: array[int],
    first: int,
    count: int,
    top_word: int,
    hits: array[int],
    stop: array[int],
) -> int:
    """The number of midstates. Raises ValueError for anything that joulehash.ext.kernels.ScanFn does not allow."""
    n_midstates = _template(midstates, tail, top_word)
    if not 0 <= first <= MAX_WORD:
        raise ValueError(f"first: {first}; takes a nonce, 0 to {MAX_WORD}")
    if not 0 <= count <= NONCES:
        raise ValueError(f"count: {count} nonces; takes 0 to {NONCES}")
    room, needed = _length("hits", hits, "I", written=True) // 2, lanes * n_midstates
    if room < needed:
        raise ValueError(f"hits: room for {room}; {kernel} with {n_midstates} midstates takes at least {needed}")
    if (flags := _length("stop", stop, "i")) != 1:
        raise ValueError(f"stop: {flags} flags; takes 1")
    return n_midstates


def check_words(midstates: array[int], tail: array[int], words: array[int], top_word: int) -> None:
    """As `check`, for nonces that are listed."""
    n_midstates = _template(midstates, tail, top_word)
    if _length("words", words, "I") * n_midstates > MAX_PAIRS:
        raise ValueError(f"words: {len(words)} of them, {n_midstates} midstates; takes at most {MAX_PAIRS} pairs")


def _template(midstates: array[int], tail: array[int], top_word: int) -> int:
    words = _length("midstates", midstates, "I")
    n_midstates = words // 8
    if words % 8 or not 1 <= n_midstates <= MAX_MIDSTATES:
        raise ValueError(f"midstates: {words} words; takes 8 words each, 1 to {MAX_MIDSTATES} of them")
    if (words := _length("tail", tail, "I")) != 3:
        raise ValueError(f"tail: {words} words; takes 3")
    if not 0 <= top_word <= MAX_WORD:
        raise ValueError(f"top_word: {top_word}; takes 0 to {MAX_WORD}")
    return n_midstates


def _length(name: str, values: array[int], code: str, written: bool = False) -> int:
    view = memoryview(values)
    if view.format != code or view.ndim != 1 or not view.c_contiguous or (written and view.readonly):
        raise ValueError(f"{name}: an array({code!r}) is needed, or another{' writable' * written} buffer like it")
    return len(view)
