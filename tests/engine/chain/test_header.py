from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.chain.header import Header, double_sha256, hash_number, hash_text, pack_header

u32 = st.integers(0, 2**32 - 1)
digest = st.binary(min_size=32, max_size=32)


@given(u32, digest, digest, u32, u32, u32)
def test_what_is_packed_is_parsed(
    version: int, prev_hash: bytes, merkle_root: bytes, ntime: int, nbits: int, nonce: int
) -> None:
    header = Header(version, prev_hash, merkle_root, ntime, nbits, nonce)
    data = header.pack()
    assert len(data) == 80
    assert Header.parse(data) == header
    assert data == b"".join(
        [
            version.to_bytes(4, "little"),
            prev_hash,
            merkle_root,
            *(n.to_bytes(4, "little") for n in (ntime, nbits, nonce)),
        ]
    )
    assert header.hash == double_sha256(data)


@pytest.mark.parametrize("size", [0, 79, 81, 160])
def test_another_length_is_no_header(size: int) -> None:
    with pytest.raises(ValueError, match=f"{size} bytes; takes 80"):
        Header.parse(bytes(size))


@pytest.mark.parametrize(
    "header",
    [
        Header(-1, bytes(32), bytes(32), 0, 0),
        Header(2**32, bytes(32), bytes(32), 0, 0),
        Header(0, bytes(31), bytes(32), 0, 0),  # struct would pad it in silence
        Header(0, bytes(32), bytes(33), 0, 0),  # and cut this
        Header(0, bytes(32), bytes(32), -1, 0),
        Header(0, bytes(32), bytes(32), 0, 2**32),
        Header(0, bytes(32), bytes(32), 0, 0, 2**32),
    ],
)
def test_fields_out_of_range_are_not_packed(header: Header) -> None:
    with pytest.raises(ValueError, match="takes"):
        header.pack()


@given(u32, digest, digest, u32, u32, u32)
def test_a_header_is_packed_the_same_without_a_header(
    version: int, prev_hash: bytes, merkle_root: bytes, ntime: int, nbits: int, nonce: int
) -> None:
    made = Header(version, prev_hash, merkle_root, ntime, nbits, nonce)
    assert pack_header(version, prev_hash + merkle_root, ntime, nbits, nonce) == made.pack()


@pytest.mark.parametrize("size", [0, 63, 65])
def test_both_hashes_make_64_bytes(size: int) -> None:
    with pytest.raises(ValueError, match=f"{size} bytes together; takes 64"):
        pack_header(0, bytes(size), 0, 0, 0)


def test_a_hash_is_compared_from_its_last_byte_and_shown_from_there() -> None:
    number = hash_number(bytes([1, *bytes(30), 2]))
    assert number == 2 << 248 | 1
    assert hash_text(bytes([1, *bytes(30), 2])) == f"{number:064x}"


@given(st.binary(max_size=200))
def test_double_sha256_of_an_empty_string_and_others_has_32_bytes(data: bytes) -> None:
    assert len(double_sha256(data)) == 32
    # the well-known double SHA-256 of nothing
    assert double_sha256(b"").hex() == "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456"
