"""Inputs for parsers: valid ones, changed a little or much. Hypothesis makes them, and makes small what has failed."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

TOKENS = [
    *(b"null", b"true", b"-1", b"0", b"1e999999", b"9" * 5000, b'""', b"[]", b"{}", b"[" * 2000, b"]", b"}", b"NaN"),
    *(b'"\\ud800"', b"\xff", b"\0", b"\r", b"\n", b",", b":", b'"', b"\\", b"\x1b[31m", b"\xe2\x80\xae", b"\xc2\x9b"),
    *(b"00", b"f" * 64, b"a" * 20_000, b'"x"', b"@", b"#", b"%", b"//", b"\xaa\x55", b"\x55\xaa", b"inf", b"0x"),
]  # fmt: skip
_places = st.integers(0, 1 << 16)
_edits = st.tuples(
    st.sampled_from(["cut", "insert", "bytes", "repeat", "swap"]),
    _places,
    st.sampled_from((0, 1, 1, 2, 4, 30)),
    st.sampled_from(TOKENS) | st.binary(max_size=12),
)


def changed(samples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of these, with up to six changes; now and then bytes that were none of them."""
    edits = st.lists(_edits, max_size=6)
    return st.builds(_changed, st.sampled_from(samples), edits) | st.binary(max_size=200)


def changed_text(samples: Sequence[str]) -> st.SearchStrategy[str]:
    return changed([sample.encode() for sample in samples]).map(lambda data: data.decode("utf-8", "surrogateescape"))


def _changed(data: bytes, edits: list[tuple[str, int, int, bytes]]) -> bytes:
    for kind, place, length, token in edits:
        at = place % (len(data) + 1)
        end = min(len(data), at + length)
        match kind:
            case "cut":
                data = data[:at] + data[end:]
            case "insert":
                data = data[:at] + token + data[at:]
            case "bytes":
                data = data[:at] + token + data[end:]
            case "repeat":
                data = data[:at] + data[at:end] * 50 + data[end:]
            case _:
                data = data[at:end] + data[:at] + data[end:]
    return data
