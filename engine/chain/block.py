"""A block as bytes: its header and all its transactions, the coinbase first.

Source: Bitcoin developer reference, "Serialized Blocks".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .header import HEADER_BYTES, Header
from .transaction import Reader, Transaction, read_transaction, varint


@dataclass(frozen=True, slots=True)
class Block:
    header: Header
    transactions: tuple[Transaction, ...]

    @classmethod
    def parse(cls, data: bytes) -> Block:
        """From exactly these bytes. ValueError for anything else."""
        reader = Reader(data)
        header = Header.parse(reader.take(HEADER_BYTES))
        transactions = tuple(read_transaction(reader) for _ in range(reader.count(smallest=10)))
        reader.end()
        return cls(header, transactions)


def pack_block(header: bytes, transactions: Sequence[bytes]) -> bytes:
    """A header of 80 bytes and serialised transactions, as `submitblock` takes them (there in hex)."""
    if len(header) != HEADER_BYTES:
        raise ValueError(f"header: {len(header)} bytes; takes {HEADER_BYTES}")
    return b"".join([header, varint(len(transactions)), *transactions])
