"""Every byte of tests/data/kat.json is computed again from the others."""

from __future__ import annotations

import json
from array import array
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from joulehash import KERNELS, scan, verify
from joulehash.engine.chain.header import Header, double_sha256, hash_number, hash_text
from joulehash.engine.chain.merkle import fold
from joulehash.engine.chain.target import difficulty_from_target
from joulehash.engine.chain.transaction import Transaction
from joulehash.ext._scan import midstate
from joulehash.ext.reference import compress
from tests.support.blocks import parse_tx

KAT: dict[str, dict[str, Any]] = json.loads((Path(__file__).parents[2] / "data/kat.json").read_text())
HEADERS = [name for name, vector in KAT.items() if "header" in vector]
SESSIONS = [name for name, vector in KAT.items() if "notify" in vector]
ICARUS = KAT["icarus-golden-171874"]


def words(text: str) -> list[int]:
    return [int(text[i : i + 8], 16) for i in range(0, len(text), 8)]


def test_nothing_in_the_file_is_left_out() -> None:
    assert {*HEADERS, *SESSIONS, "icarus-golden-171874"} == set(KAT)
    assert len(HEADERS) == 5
    assert len(SESSIONS) == 2


@pytest.mark.parametrize("name", HEADERS)
def test_headers_hash_as_recorded(name: str) -> None:
    vector = KAT[name]
    raw = bytes.fromhex(vector["header"])
    header = Header.parse(raw)
    assert header.pack() == raw
    assert hash_text(header.hash) == vector["hash"]
    assert float(difficulty_from_target(hash_number(header.hash))) == pytest.approx(vector["difficulty"], rel=1e-14)
    assert list(midstate(raw[:64])) == words(vector["midstate_words_be"])


@pytest.mark.parametrize("name", HEADERS)
def test_their_nonces_are_found(name: str) -> None:
    raw = bytes.fromhex(KAT[name]["header"])
    header = Header.parse(raw)
    found = hash_number(header.hash)
    assert scan(raw, first=header.nonce - 20, count=41, target=found) == [header.nonce]
    assert verify(raw, target=found)
    assert not verify(raw, target=found - 1)
    # Only the share of today is no block: the one in the old documentation met its nBits of difficulty 5.98.
    assert verify(raw) == (name != "bitaxe-gamma-2025-06-19")


@pytest.mark.parametrize("name", SESSIONS)
def test_the_header_of_a_submitted_share_follows_from_its_job(name: str) -> None:
    vector = KAT[name]
    job_id, prevhash, coinb1, coinb2, branches, version, nbits, _, _ = vector["notify"]
    _, submitted_id, extranonce2, ntime, nonce, *bits = vector["submit"]
    assert submitted_id == job_id
    if "extranonce2_size" in vector:
        assert len(extranonce2) == 2 * vector["extranonce2_size"]
    coinbase = bytes.fromhex(coinb1 + vector["extranonce1"] + extranonce2 + coinb2)
    root = fold(double_sha256(coinbase), [bytes.fromhex(b) for b in branches])
    if "merkleroot_internal" in vector:
        assert root.hex() == vector["merkleroot_internal"]
    rolled = int(version, 16)
    if bits:
        mask = int(vector["version_mask"], 16)
        rolled = rolled & ~mask | int(bits[0], 16) & mask  # BIP 310
        assert rolled == int(vector["version"], 16)
    prev_hash = b"".join(bytes.fromhex(prevhash)[i : i + 4][::-1] for i in range(0, 32, 4))
    header = Header(rolled, prev_hash, root, int(ntime, 16), int(nbits, 16), int(nonce, 16))
    assert header.pack().hex() == vector["header"]


@pytest.mark.parametrize("name", SESSIONS)
def test_the_coinbase_of_a_real_pool_is_a_transaction(name: str) -> None:
    vector = KAT[name]
    raw = bytes.fromhex(vector["notify"][2] + vector["extranonce1"] + vector["submit"][2] + vector["notify"][3])
    transaction = Transaction.parse(raw)
    assert transaction.is_coinbase
    assert not transaction.has_witness
    assert transaction.pack() == raw
    assert transaction.txid == parse_tx(raw)[0]["txid"] == double_sha256(raw)


def test_the_icarus_golden_work() -> None:
    work = bytes.fromhex(ICARUS["ob"])
    # On the wire the midstate and the rest of the header stand last byte first, each as one little-endian number.
    state = words(work[:32].hex())[::-1]
    tail = words(work[-12:].hex())[::-1]
    assert state == words(ICARUS["midstate_words_be"])
    assert tail == words(ICARUS["block2_first12"])
    assert ICARUS["golden_nonce_as_returned"] == ICARUS["nonce_in_block2_be"]
    golden = int(ICARUS["nonce_in_block2_be"], 16)
    block = [*tail, golden, 0x80000000, *[0] * 10, 640]
    second = b"".join(w.to_bytes(4, "big") for w in compress(tuple(state), block))
    assert hash_text(sha256(second).digest()) == ICARUS["hash"]


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_finds_the_icarus_golden_nonce(name: str) -> None:
    kernel = KERNELS[name]
    if reason := kernel.missing():
        pytest.skip(reason)
    # As a number in the header the nonce is the other way round than in the message block.
    nonce = int.from_bytes(bytes.fromhex(ICARUS["nonce_in_block2_be"]), "little")
    hits = array("I", bytes(8 * 64 * kernel.lanes))
    state, tail = array("I", words(ICARUS["midstate_words_be"])), array("I", words(ICARUS["block2_first12"]))
    n_hits, done = kernel.load()(state, tail, nonce - 100, 200, 0, hits, array("i", [0]))
    assert (n_hits, done) == (1, 200)
    assert list(hits[:2]) == [0, nonce]
