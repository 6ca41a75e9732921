"""A midstate as boards take it: the eight state words H7 to H0, each big-endian. For BM1387, BM1397 and Icarus."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence

_EIGHT = struct.Struct(">8I")


def midstate_bytes(words: Sequence[int]) -> bytes:
    """32 bytes of H0 to H7, which is how the kernels have them."""
    return _EIGHT.pack(*reversed(words))


def midstate_words(data: bytes) -> array[int]:
    """H0 to H7 of 32 bytes."""
    return array("I", (int.from_bytes(data[at : at + 4], "big") for at in range(28, -4, -4)))
