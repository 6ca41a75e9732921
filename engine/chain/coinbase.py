"""The coinbase transaction, in the two halves that a Stratum pool sends around the extranonce.

Sources: BIP 34 (height), BIP 22 (coinbaseaux), BIP 141 (witness commitment and reserved value), BIP 54 (locktime and
sequence). Leaves out whose script is paid: that is address.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import InputError
from .header import double_sha256
from .merkle import merkle_root
from .transaction import FINAL, NO_INDEX, NULL_HASH, WITNESS_MARK, Output, varint, with_length

TAG = b"/joulehash/"
SCRIPT_BYTES = range(2, 101)  # what a coinbase's script may be long; Bitcoin Core, "bad-cb-length"
RESERVED_VALUE = bytes(32)  # BIP 141, the only item of the coinbase's witness
COMMITMENT_PREFIX = bytes.fromhex("6a24aa21a9ed")  # OP_RETURN, 36 bytes, BIP 141's mark
_MAX_PUSH = 75  # one byte of length, no OP_PUSHDATA


@dataclass(frozen=True, slots=True)
class Coinbase:
    """Everything in a coinbase but the extranonce."""

    height: int
    outputs: tuple[Output, ...]  # whom it pays, in this order
    flags: bytes = b""  # what the node's coinbaseaux wants in the script
    tag: bytes = TAG
    commitment: bytes | None = None  # the 32 bytes of witness_commitment, or None before segwit

    def halves(self, extranonce_bytes: int) -> tuple[bytes, bytes]:
        """(coinb1, coinb2): between them stand the extranonces 1 and 2, `extranonce_bytes` together (0 to 75).

        Joined they are the transaction without witness, of which the txid is made. Raises InputError when the script
        would not be 2 to 100 bytes long.
        """
        if not 0 <= extranonce_bytes <= _MAX_PUSH:
            raise InputError(f"extranonces of {extranonce_bytes} bytes together: takes 0 to {_MAX_PUSH}")
        # The extranonce is pushed as data: bare, its bytes would count as opcodes and at times as signature checks.
        # The node's flags come last, for they need not be a script (bcoin's are text) and might swallow what follows.
        before = push_height(self.height) + bytes([extranonce_bytes])
        after = push(self.tag) + self.flags
        size = len(before) + extranonce_bytes + len(after)
        if size not in SCRIPT_BYTES:
            raise InputError(f"coinbase script of {size} bytes: takes 2 to 100; shorten the tag or the extranonces")
        outputs = self.outputs
        if self.commitment is not None:
            outputs += (Output(0, COMMITMENT_PREFIX + self.commitment),)
        head = [(2).to_bytes(4, "little"), varint(1), NULL_HASH, NO_INDEX.to_bytes(4, "little"), varint(size), before]
        tail = [after, (FINAL - 1).to_bytes(4, "little"), varint(len(outputs))]
        tail += [o.value.to_bytes(8, "little") + with_length(o.script) for o in outputs]
        # BIP 54: the locktime is the height before, and the sequence lets it count. Valid today, one day demanded.
        tail.append(max(self.height - 1, 0).to_bytes(4, "little"))
        return b"".join(head), b"".join(tail)

    def in_block(self, coinbase: bytes) -> bytes:
        """The coinbase as it stands in a block: with BIP 141's witness where there is a commitment."""
        if self.commitment is None:
            return coinbase
        return b"".join(
            [coinbase[:4], WITNESS_MARK, coinbase[4:-4], b"\x01", with_length(RESERVED_VALUE), coinbase[-4:]]
        )


def witness_commitment(wtxids: Iterable[bytes]) -> bytes:
    """BIP 141: the 32 bytes that commit to the witnesses of all transactions but the coinbase."""
    return double_sha256(merkle_root([NULL_HASH, *wtxids]) + RESERVED_VALUE)


def push_height(height: int) -> bytes:
    """BIP 34: the height as a script pushes it, in the shortest form (OP_0, OP_1 .. OP_16, or a signed number)."""
    if height < 0:
        raise InputError(f"height {height}: takes 0 or more")
    if height <= 16:
        return bytes([0x50 + height if height else 0])
    return push(height.to_bytes(height.bit_length() // 8 + 1, "little"))  # one more bit: the sign


def push(data: bytes) -> bytes:
    """A script that pushes up to 75 bytes."""
    if len(data) > _MAX_PUSH:
        raise InputError(f"{len(data)} bytes to push in a coinbase: takes 0 to {_MAX_PUSH}")
    return bytes([len(data)]) + data
