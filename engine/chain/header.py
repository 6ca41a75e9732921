"""The 80 bytes of a block header, and the double SHA-256 that decides over it.

Hashes are kept in internal order (as hashed and as in the header); text shows them reversed, as explorers do.
Source: Bitcoin developer reference, "Block Headers".
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from struct import error as StructError

_LAYOUT = Struct("<I64sIII")
HEADER_BYTES = _LAYOUT.size


def double_sha256(data: bytes) -> bytes:
    """SHA-256 of the SHA-256: 32 bytes in internal order."""
    return sha256(sha256(data).digest()).digest()


def hash_number(digest: bytes) -> int:
    """The number that is compared with a target."""
    return int.from_bytes(digest, "little")


def header_number(header: bytes) -> int:
    """hash_number of double_sha256, in one call: for each claim, and there may be 100 000 of them a second."""
    return int.from_bytes(sha256(sha256(header).digest()).digest(), "little")


def hash_text(digest: bytes) -> str:
    """As people write it: hex with the zeros first."""
    return digest[::-1].hex()


def pack_header(version: int, hashes: bytes, ntime: int, nbits: int, nonce: int) -> bytes:
    """80 bytes in wire order; `hashes` are the previous block's and the merkle root, 64 bytes together.

    For who hashes many headers of one template: it makes no Header. ValueError for a field out of range.
    """
    if len(hashes) != 64:
        raise ValueError(f"header: hashes of {len(hashes)} bytes together; takes 64")
    try:
        return _LAYOUT.pack(version, hashes, ntime, nbits, nonce)
    except StructError:
        fields = f"version {version}, ntime {ntime}, nbits {nbits}, nonce {nonce}"
        raise ValueError(f"header: {fields}: each takes 0 to 2^32-1") from None


@dataclass(frozen=True, slots=True)
class Header:
    version: int  # all numbers unsigned 32-bit
    prev_hash: bytes  # 32 bytes, internal order
    merkle_root: bytes  # 32 bytes, internal order
    ntime: int  # seconds since 1970
    nbits: int
    nonce: int = 0

    @classmethod
    def parse(cls, data: bytes) -> Header:
        """From 80 bytes in wire order. ValueError for another length."""
        if len(data) != HEADER_BYTES:
            raise ValueError(f"header: {len(data)} bytes; takes {HEADER_BYTES}")
        version, hashes, ntime, nbits, nonce = _LAYOUT.unpack(data)
        return cls(version, hashes[:32], hashes[32:], ntime, nbits, nonce)

    def pack(self) -> bytes:
        """80 bytes in wire order. ValueError for a field out of range."""
        if len(self.prev_hash) != 32 or len(self.merkle_root) != 32:
            raise ValueError(f"header: hashes of {len(self.prev_hash)} and {len(self.merkle_root)} bytes; takes 32")
        return pack_header(self.version, self.prev_hash + self.merkle_root, self.ntime, self.nbits, self.nonce)

    @property
    def hash(self) -> bytes:
        """Its double SHA-256, 32 bytes in internal order."""
        return double_sha256(self.pack())
