"""Values of Stratum messages, checked once at the door: a Refusal names the field, what came and what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from ..chain.target import exact_difficulty
from .lines import printable

MAX_BRANCHES = 32  # a block of 2^32 transactions
MAX_COINBASE = 100_000  # bytes of either half
MAX_EXTRANONCE1 = 64  # bytes
MAX_EXTRANONCE2 = 16  # bytes
MAX_TEXT = 1024  # characters of a job id, user name, host, …
MAX_NUMBER = 64  # characters of a number in a string


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
        raise Refusal(f"{name} {shown(value)}: takes a string of at most {MAX_TEXT} characters")
    return value


def job_id(value: object) -> str | int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return value
    return text(value, "job id")


def items(value: object, name: str, limit: int) -> list[object]:
    if not isinstance(value, list) or len(value) > limit:  # pyright: ignore[reportUnknownArgumentType]
        raise Refusal(f"{name} {shown(value)}: takes a list of at most {limit}")  # pyright: ignore[reportUnknownArgumentType]
    return value  # pyright: ignore[reportUnknownVariableType]


def mapping(value: object, name: str, limit: int) -> dict[str, object]:
    if not isinstance(value, dict) or len(value) > limit:  # pyright: ignore[reportUnknownArgumentType]
        raise Refusal(f"{name} {shown(value)}: takes an object of at most {limit}")  # pyright: ignore[reportUnknownArgumentType]
    return value  # pyright: ignore[reportUnknownVariableType]  # JSON has only strings for keys


def hex_bytes(value: object, name: str, least: int, most: int) -> bytes:
    if not isinstance(value, str):
        raise Refusal(f"{name} {shown(value)}: takes hex digits")
    try:
        data = bytes.fromhex(value) if value.isalnum() or not value else None  # fromhex would skip spaces
    except ValueError:
        data = None
    if data is None:
        raise Refusal(f"{name} {shown(value)}: takes pairs of hex digits")
    if not least <= len(data) <= most:
        size = f"{least}" if least == most else f"{least} to {most}"
        raise Refusal(f"{name}: {len(data)} bytes; takes {size}")
    return data


def hex_number(value: object, name: str) -> int:
    """A 32-bit number as hex, big-endian; leading zeros may be missing."""
    if (
        isinstance(value, str)
        and 1 <= len(value) <= 8
        and value.isascii()
        and value.isalnum()
        and value[1:2] not in ("x", "X")
    ):
        try:
            return int(value, 16)
        except ValueError:
            pass
    raise Refusal(f"{name} {shown(value)}: takes 1 to 8 hex digits")


def integer(value: object, name: str, least: int, most: int) -> int:
    """A whole number in any of the forms seen: 4, 4.0, "4"."""
    number: int | None = None
    match value:
        case bool():
            pass
        case int():
            number = value
        case str() if value.isascii() and value.isdigit() and len(value) < 12:
            number = int(value)
        case Decimal() if least <= value <= most and value == int(value):
            number = int(value)
        case _:
            pass
    if number is None or not least <= number <= most:
        raise Refusal(f"{name} {shown(value)}: takes {least} to {most}")
    return number


def extranonce2_size(value: object) -> int:
    """In bytes. Never clamped: shares of another length are refused, or spoil the job at some servers."""
    return integer(value, "extranonce2_size", 0, MAX_EXTRANONCE2)


def difficulty_of(value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise Refusal(f"difficulty {shown(value)}: takes a number")
    if isinstance(value, str) and len(value) > MAX_NUMBER:
        raise Refusal(f"difficulty {shown(value)}: takes a number of at most {MAX_NUMBER} characters")
    try:
        return exact_difficulty(value)
    except ValueError as error:
        raise Refusal(str(error)) from None


def flag(values: Sequence[object]) -> bool:
    """The last of `values` that can be a flag, or false: servers append what they like before or behind it."""
    return bool(next((v for v in reversed(values) if isinstance(v, int)), False))


def shown(value: object) -> str:
    """A value that was refused, for a person: short, and without control characters."""
    if isinstance(value, str):
        return repr(printable(value, 24))
    if isinstance(value, list):
        return "[…]" if value else "[]"
    if isinstance(value, dict):
        return "{…}" if value else "{}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and value.bit_length() > 128:
        return "of many digits"
    return printable(str(value), 24)
