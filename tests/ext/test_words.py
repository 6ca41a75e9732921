"""Nonces listed as SHA-256's message words: against the kernels, which count numbers of the header."""

from __future__ import annotations

from array import array
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.ext import reference
from joulehash.ext._scan import try_words
from joulehash.ext.arguments import MAX_PAIRS

WORDS = st.integers(0, 2**32 - 1)


def swapped(word: int) -> int:
    return int.from_bytes(word.to_bytes(4, "big"), "little")


def by_reference(states: array[int], tail: array[int], words: array[int], top_word: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for word in words:
        hits = array("I", bytes(8 * len(states)))
        n_hits, _ = reference.scan(states, tail, swapped(word), 1, top_word, hits, array("i", [0]))
        found += [(hits[2 * i], word) for i in range(n_hits)]
    return found


@given(
    st.lists(WORDS, max_size=20),  # 0, and around the eight lanes
    st.integers(1, 3).flatmap(lambda n: st.lists(WORDS, min_size=8 * n, max_size=8 * n)),
    st.lists(WORDS, min_size=3, max_size=3),
    st.sampled_from([0, 2**28, 2**31, 2**32 - 1]),
)
def test_it_finds_what_the_reference_finds(words: list[int], states: list[int], tail: list[int], top: int) -> None:
    arguments = array("I", states), array("I", tail), array("I", words), top
    assert sorted(try_words(*arguments)) == sorted(by_reference(*arguments))


def test_of_many_it_finds_few() -> None:
    words = Random(1).sample(range(2**32), 5000)
    states, tail = array("I", range(8)), array("I", range(3))
    hits = try_words(states, tail, array("I", words), 2**22)
    assert sorted(hits) == sorted(by_reference(states, tail, array("I", [w for _, w in hits]), 2**22))
    assert len(hits) > 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((array("I", range(7)), array("I", range(3)), array("I", [1]), 0), "midstates: 7 words"),
        ((array("I", range(8)), array("I", range(2)), array("I", [1]), 0), "tail: 2 words"),
        ((array("I", range(8)), array("I", range(3)), array("I", [1]), 2**32), "top_word: 4294967296"),
        ((array("I", range(8)), array("I", range(3)), array("i", [1]), 0), "words: an array"),
        ((array("I", bytes(32 * 65536)), array("I", range(3)), array("I", bytes(4 * 257)), 0), f"at most {MAX_PAIRS}"),
    ],
)
def test_it_refuses_what_it_cannot_hash(arguments: tuple[array[int], array[int], array[int], int], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        try_words(*arguments)
