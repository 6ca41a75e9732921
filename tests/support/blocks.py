"""A second reading of blocks and transactions, for judging the first: dicts, offsets, and none of joulehash's code."""

from __future__ import annotations

import hashlib
import struct
from typing import TypedDict


class Tx(TypedDict):
    raw: bytes
    txid: bytes
    wtxid: bytes
    version: int
    ins: list[tuple[bytes, int, bytes, int]]  # previous hash and index, script, sequence
    outs: list[tuple[int, bytes]]  # satoshi, script
    witness: list[list[bytes]]
    locktime: int


class Parsed(TypedDict):
    version: int
    prev: bytes
    root: bytes
    time: int
    bits: int
    nonce: int
    hash: bytes
    txs: list[Tx]


def dsha(data: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def root_of(ids: list[bytes]) -> bytes:
    """By definition, from the top: the root of a tree is the hash of the roots of its halves."""
    if len(ids) == 1:
        return ids[0]
    half = 1 << (len(ids) - 1).bit_length() - 1
    left, right = ids[:half], ids[half:]
    return dsha(root_of(left) + _padded_root(right, half))


def _padded_root(ids: list[bytes], width: int) -> bytes:
    """The root of a right subtree of `width` places, of which the missing are copies level by level."""
    if width == 1:
        return ids[0]
    half = width // 2
    left = _padded_root(ids[:half], half)
    return dsha(left + (_padded_root(ids[half:], half) if len(ids) > half else left))


def parse_block(data: bytes) -> Parsed:
    version, prev, root, time, bits, nonce = struct.unpack_from("<I32s32sIII", data, 0)
    n, at = _compact(data, 80)
    txs: list[Tx] = []
    for _ in range(n):
        tx, at = parse_tx(data, at)
        txs.append(tx)
    assert at == len(data), f"{len(data) - at} bytes after the last transaction"
    return Parsed(
        version=version, prev=prev, root=root, time=time, bits=bits, nonce=nonce, hash=dsha(data[:80]), txs=txs
    )


def parse_tx(data: bytes, at: int = 0) -> tuple[Tx, int]:
    """The transaction that begins at `at`, and where it ends."""
    start = at
    (version,) = struct.unpack_from("<I", data, at)
    segwit = data[at + 4] == 0
    at += 6 if segwit else 4
    body = at
    n, at = _compact(data, at)
    ins: list[tuple[bytes, int, bytes, int]] = []
    for _ in range(n):
        prev, index = struct.unpack_from("<32sI", data, at)
        script, at = _blob(data, at + 36)
        (sequence,) = struct.unpack_from("<I", data, at)
        at += 4
        ins.append((prev, index, script, sequence))
    n, at = _compact(data, at)
    outs: list[tuple[int, bytes]] = []
    for _ in range(n):
        (value,) = struct.unpack_from("<Q", data, at)
        script, at = _blob(data, at + 8)
        outs.append((value, script))
    body_end = at
    witness: list[list[bytes]] = []
    for _ in ins if segwit else ():
        n, at = _compact(data, at)
        stack: list[bytes] = []
        for _ in range(n):
            item, at = _blob(data, at)
            stack.append(item)
        witness.append(stack)
    (locktime,) = struct.unpack_from("<I", data, at)
    at += 4
    assert at <= len(data)
    raw = data[start:at]
    bare = data[start : start + 4] + data[body:body_end] + data[at - 4 : at]
    tx = Tx(
        raw=raw,
        txid=dsha(bare),
        wtxid=dsha(raw),
        version=version,
        ins=ins,
        outs=outs,
        witness=witness,
        locktime=locktime,
    )
    return tx, at


def check_block(data: bytes, target: int | None = None) -> Parsed:
    """Parsed, after asserting proof of work, merkle root and witness commitment."""
    block = parse_block(data)
    exponent, mantissa = block["bits"] >> 24, block["bits"] & 0x7FFFFF
    limit = mantissa * 256 ** (exponent - 3) if exponent >= 3 else mantissa // 256 ** (3 - exponent)
    assert int.from_bytes(block["hash"], "little") <= (limit if target is None else target)
    assert root_of([tx["txid"] for tx in block["txs"]]) == block["root"]
    commitments = [s for _, s in block["txs"][0]["outs"] if s[:6] == bytes.fromhex("6a24aa21a9ed")]
    if commitments:
        assert block["txs"][0]["witness"] == [[bytes(32)]]
        witness_root = root_of([bytes(32), *(tx["wtxid"] for tx in block["txs"][1:])])
        assert commitments[-1][6:38] == dsha(witness_root + bytes(32))
    else:
        assert not any(any(tx["witness"]) for tx in block["txs"])
    return block


def _compact(data: bytes, at: int) -> tuple[int, int]:
    if data[at] < 0xFD:
        return data[at], at + 1
    fmt = {0xFD: "<H", 0xFE: "<I", 0xFF: "<Q"}[data[at]]
    return struct.unpack_from(fmt, data, at + 1)[0], at + 1 + struct.calcsize(fmt)


def _blob(data: bytes, at: int) -> tuple[bytes, int]:
    n, at = _compact(data, at)
    assert at + n <= len(data)
    return data[at : at + n], at + n
