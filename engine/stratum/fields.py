"""Values of Stratum messages, checked once at the door: a Refusal names the field, what came and what it takes."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from ..chain.target import exact_difficulty
from .lines import printable

MAX_BRANCHES = 32  # a block of 2^32 transactions
MAX_COINBASE = 100_000  # bytes of either half
MAX_EXTRANONCE1 = 64  # bytes
MAX_EXTRANONCE2 = 16  # bytes
MAX_TEXT = 1024  # characters of a job id, user name, host, …


class Refusal(ValueError):
    """Params that cannot be what their method wants; the text says which and why."""


def swap_words(data: bytes) -> bytes:
    """Stratum's prevhash: each 4-byte word reversed. Its own inverse."""
    return b"".join(data[i : i + 4][::-1] for i in range(0, len(data), 4))


def difficulty_number(difficulty: Fraction) -> int | float:
    """How a difficulty is written: whole numbers as integers, others to the nearest double."""
    return difficulty.numerator if difficulty.denominator == 1 else float(difficulty)


def at(params: list[object], index: int, name: str) -> object:
    if index >= len(params):
        raise Refusal(f"{name}: missing")
    return params[index]


def text(value: object, name: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise Refusal(f"{name}: takes a string of at most {MAX_TEXT} characters")
    return value


def job_id(value: object) -> str | int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return value
    return text(value, "job id")


def items(value: object, name: str, limit: int) -> list[object]:
    if not isinstance(value, list) or len(value) > limit:  # pyright: ignore[reportUnknownArgumentType]
        raise Refusal(f"{name}: takes a list of at most {limit}")
    return value  # pyright: ignore[reportUnknownVariableType]


def mapping(value: object, name: str, limit: int) -> dict[str, object]:
    if not isinstance(value, dict) or len(value) > limit:  # pyright: ignore[reportUnknownArgumentType]
        raise Refusal(f"{name}: takes an object of at most {limit}")
    return value  # pyright: ignore[reportUnknownVariableType]  # JSON has only strings for keys


def hex_bytes(value: object, name: str, least: int, most: int) -> bytes:
    if not isinstance(value, str):
        raise Refusal(f"{name}: takes hex digits")
    try:
        data = bytes.fromhex(value) if value.isascii() and not any(c.isspace() for c in value) else None
    except ValueError:
        data = None
    if data is None:
        raise Refusal(f"{name}: {printable(value, 24)!r} is not hex")
    if not least <= len(data) <= most:
        size = f"{least}" if least == most else f"{least} to {most}"
        raise Refusal(f"{name}: {len(data)} bytes; takes {size}")
    return data


def hex_number(value: object, name: str) -> int:
    """A 32-bit number as hex, big-endian; leading zeros may be missing."""
    if not isinstance(value, str) or not 1 <= len(value) <= 8 or not all(c in "0123456789abcdefABCDEF" for c in value):
        shown = printable(value, 16) if isinstance(value, str) else type(value).__name__
        raise Refusal(f"{name}: {shown!r}; takes up to 8 hex digits")
    return int(value, 16)


def integer(value: object, name: str, least: int, most: int) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Refusal(f"{name}: takes {least} to {most}")
    return value


def extranonce2_size(value: object) -> int:
    try:
        return integer(value, "extranonce2_size", 0, MAX_EXTRANONCE2)
    except Refusal:
        raise Refusal(f"extranonce2_size {printable(str(value), 16)}: takes 0 to {MAX_EXTRANONCE2} bytes") from None


def difficulty_of(value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise Refusal("difficulty: takes a number")
    try:
        return exact_difficulty(value)
    except ValueError as error:
        raise Refusal(str(error)) from None
