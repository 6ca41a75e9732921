"""Merkle trees of transaction ids, and the branch that a miner folds into its own coinbase.

All hashes are 32 bytes in internal order. Source: Bitcoin developer reference, "Merkle Trees".
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from .header import double_sha256


def merkle_root(txids: Sequence[bytes]) -> bytes:
    """The root over all transactions, the coinbase first. ValueError when there are none."""
    if not txids:
        raise ValueError("merkle root: takes at least the coinbase's txid")
    level = list(txids)
    while len(level) > 1:
        if len(level) % 2:
            level.append(level[-1])
        level = [double_sha256(a + b) for a, b in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def merkle_branches(txids: Sequence[bytes]) -> list[bytes]:
    """What leads from the coinbase to the root; txids are the other transactions, the coinbase left out."""
    branches: list[bytes] = []
    level = list(txids)  # the leftmost place, the coinbase's, is left out at every level
    while level:
        branches.append(level[0])
        rest = level[1:]
        if len(rest) % 2:
            rest.append(rest[-1])
        level = [double_sha256(a + b) for a, b in zip(rest[::2], rest[1::2], strict=True)]
    return branches


def fold(coinbase_txid: bytes, branches: Sequence[bytes]) -> bytes:
    """The merkle root of a coinbase's txid and its branch."""
    root = coinbase_txid
    for branch in branches:
        root = sha256(sha256(root + branch).digest()).digest()  # double_sha256, without a call for each
    return root
