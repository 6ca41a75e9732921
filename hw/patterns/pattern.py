"""A pattern: a block header whose nonce is known, and the file that holds many of them.

It names no board and no chip: which core of which chip comes to that nonce is computed from the board's row (place.py),
so that one file serves every kind of chip. A file is JSON, {"schema", "zero_bits", "searched", "headers"}, each header
80 bytes in wire order as hex. Nothing in a file is believed: each header is hashed when it is read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from ...engine.chain.header import Header, hash_number
from ...engine.errors import InputError

SCHEMA = "joulehash.patterns/1"
MOST_BYTES = 4 << 20
MOST = MOST_BYTES // 168  # headers that fit; the longest chain of all, 126 chips of 128 cores, has fewer cores
_SHIFT = 13  # where the bits stand that chips roll, 28 to 13 of the version


@dataclass(frozen=True, slots=True)
class Pattern:
    header: Header
    zero_bits: int  # that its hash leads with

    @classmethod
    def of(cls, header: Header) -> Pattern:
        return cls(header, 256 - hash_number(header.hash).bit_length())

    @property
    def h(self) -> int:
        """The nonce as chips count it: the header's four bytes, read big-endian."""
        return int.from_bytes(self.header.nonce.to_bytes(4, "little"), "big")

    @property
    def rolled(self) -> int:
        """The 16 bits of the version that a chip may roll."""
        return self.header.version >> _SHIFT & 0xFFFF


@dataclass(frozen=True, slots=True)
class Library:
    """What a file holds."""

    patterns: tuple[Pattern, ...] = ()
    zero_bits: int = 32  # that each of them has at least
    searched: int = 0  # units of search.py that are done


class _File(msgspec.Struct):
    schema: str
    zero_bits: Annotated[int, msgspec.Meta(ge=0, le=256)]
    headers: Annotated[list[Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{160}$")]], msgspec.Meta(max_length=MOST)]
    searched: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0


def encode(library: Library) -> bytes:
    """The file, a header a line. InputError for more patterns than one may hold."""
    if len(library.patterns) > MOST:
        raise InputError(f"{len(library.patterns)} patterns: a file holds {MOST}; write several")
    headers = [pattern.header.pack().hex() for pattern in library.patterns]
    data = msgspec.json.encode(_File(SCHEMA, library.zero_bits, headers, library.searched))
    return msgspec.json.format(data, indent=1) + b"\n"


def decode(data: bytes, name: str = "patterns") -> Library:
    """Of a file of that name. InputError for what is none, and for a header that has not the zero bits it should."""
    if len(data) > MOST_BYTES:
        raise InputError(f"{name}: {len(data)} bytes; patterns take {MOST_BYTES} at most")
    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{name}: is no file of patterns: {str(error)[:120]}") from None
    if file.schema != SCHEMA:
        raise InputError(f"{name}: schema {file.schema[:40]!r}; takes {SCHEMA!r}")
    patterns = tuple(Pattern.of(Header.parse(bytes.fromhex(header))) for header in file.headers)
    for index, pattern in enumerate(patterns):
        if pattern.zero_bits < file.zero_bits:
            raise InputError(
                f"{name}: header {index} hashes to {pattern.zero_bits} zero bits; takes {file.zero_bits}: "
                "it was changed; make the file anew"
            )
    return Library(patterns, file.zero_bits, file.searched)


def load(path: Path) -> Library:
    """Raises InputError."""
    try:
        with path.open("rb") as file:
            return decode(file.read(MOST_BYTES + 1), str(path))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def save(path: Path, library: Library) -> None:
    """In one step, so that it is whole at any moment. Raises InputError."""
    data, beside = encode(library), path.with_name(path.name + ".new")
    try:
        beside.write_bytes(data)
        os.replace(beside, path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
