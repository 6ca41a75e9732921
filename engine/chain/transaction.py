"""Transactions as bytes: read, written with or without their witness, and named by their ids.

Source: Bitcoin developer reference, "Raw Transaction Format"; BIP 141 and BIP 144 for the witness. Leaves out what
a script means: that is the node's to judge.
"""

from __future__ import annotations

from dataclasses import dataclass

from .header import double_sha256

NULL_HASH = bytes(32)
NO_INDEX = 0xFFFFFFFF  # with NULL_HASH: the input of a coinbase
FINAL = 0xFFFFFFFF  # sequence
WITNESS_MARK = b"\x00\x01"  # BIP 144: marker and flag
MAX_BYTES = 4_000_000  # BIP 141: no block weighs more, so nothing in it is longer


@dataclass(frozen=True, slots=True)
class Input:
    prev_hash: bytes  # 32 bytes, internal order
    prev_index: int
    script: bytes
    sequence: int = FINAL
    witness: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    value: int  # satoshi
    script: bytes


@dataclass(frozen=True, slots=True)
class Transaction:
    version: int  # unsigned 32-bit, as locktime
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    locktime: int = 0

    @classmethod
    def parse(cls, data: bytes) -> Transaction:
        """From exactly these bytes, with or without witness. ValueError for anything else."""
        reader = Reader(data)
        transaction = read_transaction(reader)
        reader.end()
        return transaction

    @property
    def has_witness(self) -> bool:
        return any(i.witness for i in self.inputs)

    def pack(self, witness: bool = True) -> bytes:
        """As on the wire; without any witness in it, or when told, in the old form that the txid is made of."""
        witness = witness and self.has_witness
        parts = [self.version.to_bytes(4, "little"), WITNESS_MARK if witness else b"", varint(len(self.inputs))]
        for i in self.inputs:
            parts += [i.prev_hash, i.prev_index.to_bytes(4, "little"), with_length(i.script)]
            parts.append(i.sequence.to_bytes(4, "little"))
        parts.append(varint(len(self.outputs)))
        for o in self.outputs:
            parts += [o.value.to_bytes(8, "little"), with_length(o.script)]
        if witness:
            for i in self.inputs:
                parts += [varint(len(i.witness)), *map(with_length, i.witness)]
        return b"".join([*parts, self.locktime.to_bytes(4, "little")])

    @property
    def txid(self) -> bytes:
        """What merkle roots are made of: 32 bytes, internal order."""
        return double_sha256(self.pack(witness=False))

    @property
    def wtxid(self) -> bytes:
        """What the witness commitment is made of (BIP 141; there a coinbase counts as 32 zero bytes)."""
        return double_sha256(self.pack())

    @property
    def is_coinbase(self) -> bool:
        return len(self.inputs) == 1 and (self.inputs[0].prev_hash, self.inputs[0].prev_index) == (NULL_HASH, NO_INDEX)


def txid(raw: bytes) -> bytes:
    """The id of a serialised transaction, its witness left out. ValueError when it is none."""
    return Transaction.parse(raw).txid


def varint(n: int) -> bytes:
    """Bitcoin's CompactSize of 0 .. 2^64-1, in the shortest form."""
    if n < 0xFD:
        return n.to_bytes(1, "little")
    if n < 2**16:
        return b"\xfd" + n.to_bytes(2, "little")
    if n < 2**32:
        return b"\xfe" + n.to_bytes(4, "little")
    return b"\xff" + n.to_bytes(8, "little")


def with_length(data: bytes) -> bytes:
    """A string of bytes as in a transaction: its length before it."""
    return varint(len(data)) + data


def read_transaction(reader: Reader) -> Transaction:
    """The next transaction. ValueError when what comes is none."""
    version = reader.number(4)
    segwit = reader.peek(2) == WITNESS_MARK
    if segwit:
        reader.take(2)
    inputs = [
        Input(reader.take(32), reader.number(4), reader.string(), reader.number(4))
        for _ in range(reader.count(smallest=41))
    ]
    outputs = tuple(Output(reader.number(8), reader.string()) for _ in range(reader.count(smallest=9)))
    if segwit:
        inputs = [Input(i.prev_hash, i.prev_index, i.script, i.sequence, _read_stack(reader)) for i in inputs]
        if not any(i.witness for i in inputs):
            raise ValueError("transaction: marked as having a witness, and has none")
    return Transaction(version, tuple(inputs), outputs, reader.number(4))


def _read_stack(reader: Reader) -> tuple[bytes, ...]:
    return tuple(reader.string() for _ in range(reader.count(smallest=1)))


class Reader:
    """Takes serialised things off the front of some bytes; ValueError where they end too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        if size > len(self._data) - self._at:
            raise ValueError(f"ends at byte {len(self._data)}; byte {self._at + size} was wanted")
        self._at += size
        return self._data[self._at - size : self._at]

    def peek(self, size: int) -> bytes:
        """The next bytes, or the fewer that there are, left where they are."""
        return self._data[self._at : self._at + size]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def varint(self) -> int:
        first = self.number(1)
        if first < 0xFD:
            return first
        n = self.number(1 << first - 0xFC)
        if len(varint(n)) != 1 + (1 << first - 0xFC):
            raise ValueError(f"length {n} before byte {self._at}: not in its shortest form")
        return n

    def count(self, smallest: int) -> int:
        """A number of things of at least `smallest` bytes each; ValueError when so many cannot follow."""
        n = self.varint()
        if n * smallest > len(self._data) - self._at:
            raise ValueError(f"{n} items announced before byte {self._at}, {len(self._data) - self._at} bytes left")
        return n

    def string(self) -> bytes:
        return self.take(self.count(smallest=1))

    def end(self) -> None:
        if self._at != len(self._data):
            raise ValueError(f"{len(self._data) - self._at} bytes left over after byte {self._at}")
