"""What the requests of Stratum V1 are answered with, in every form that pools were seen to use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from .fields import MAX_EXTRANONCE1, MAX_TEXT, Refusal, extranonce2_size, hex_bytes, hex_number, items
from .lines import printable

_CODES = {
    20: "other error",
    21: "job not found",
    22: "duplicate share",
    23: "low difficulty share",
    24: "unauthorized worker",
    25: "not subscribed",
}


@dataclass(frozen=True, slots=True)
class SubscribeResult:
    extranonce1: bytes
    extranonce2_size: int
    session: str | None = None

    @classmethod
    def decode(cls, result: object) -> Self:
        """[subscriptions, extranonce1, extranonce2_size]; the first is a list of pairs, one bare pair, or anything."""
        parts = items(result, "subscribe result", 16)
        if len(parts) < 3:
            raise Refusal(f"subscribe result: {len(parts)} parts; takes 3")
        en1 = hex_bytes(parts[1], "extranonce1", 0, MAX_EXTRANONCE1)
        return cls(en1, extranonce2_size(parts[2]), session_of(parts[0]))

    def encode(self) -> object:
        pairs = [["mining.set_difficulty", self.session or ""], ["mining.notify", self.session or ""]]
        return [pairs, self.extranonce1.hex(), self.extranonce2_size]


@dataclass(frozen=True, slots=True)
class ConfigureResult:
    """What of BIP310 was granted. A mask of 0: versions must not be rolled."""

    version_mask: int = 0
    minimum_difficulty: bool = False
    subscribe_extranonce: bool = False

    @classmethod
    def decode(cls, result: object) -> Self:
        """Keys may be missing, false, or an error in words; a mask may be the only sign that it was granted."""
        if not isinstance(result, dict):
            raise Refusal("configure result: takes an object")
        fields: dict[object, object] = result  # pyright: ignore[reportUnknownVariableType]
        granted = fields.get("version-rolling", True)
        mask = fields.get("version-rolling.mask")
        rolling = granted is True and mask is not None
        return cls(
            hex_number(mask, "version-rolling.mask") if rolling else 0,
            fields.get("minimum-difficulty") is True,
            fields.get("subscribe-extranonce") is True,
        )

    def encode(self, asked: tuple[str, ...]) -> dict[str, object]:
        """The answer to what was asked; unknown extensions are false."""
        answer: dict[str, object] = dict.fromkeys(asked, False)
        if "version-rolling" in asked and self.version_mask:
            answer["version-rolling"] = True
            answer["version-rolling.mask"] = f"{self.version_mask:08x}"
        if "minimum-difficulty" in asked:
            answer["minimum-difficulty"] = self.minimum_difficulty
        if "subscribe-extranonce" in asked:
            answer["subscribe-extranonce"] = self.subscribe_extranonce
        return answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What a pool says to a request: yes, or no with a code (None where it gave none) and a reason."""

    ok: bool
    code: int | None = None
    reason: str = ""

    @classmethod
    def decode(cls, result: object, error: object, reject_reason: object = None) -> Self:
        """Every form seen: [code, text, trace], {code, message}, a string, true; result false with no error."""
        if not error:  # null, and what some languages make of it: false, "", [], {}
            if result is False:
                return cls(False, None, reason_of(reject_reason) or "refused without a reason")
            return cls(True)
        code, words = None, [error]
        if isinstance(error, list):
            parts: list[object] = error  # pyright: ignore[reportUnknownVariableType]
            code = _code(parts[0])
            words = parts if code is None else parts[1:]
        elif isinstance(error, dict):
            fields: dict[str, object] = error  # pyright: ignore[reportUnknownVariableType]  # JSON has only strings
            code, words = _code(fields.get("code")), [fields.get("message")]
        reason = next((said for word in [*words, reject_reason] if (said := reason_of(word))), "")
        return cls(False, code, reason or _CODES.get(code or 0, "refused without a reason"))


def error_for(code: int, text: str = "") -> list[object]:
    """A standard error, as servers send it."""
    return [code, text or _CODES[code], None]


def reason_of(value: object) -> str:
    return printable(value, 120) if isinstance(value, str) else ""


def _code(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**6 else None


def session_of(subscriptions: object) -> str | None:
    """The id of the mining.notify subscription, where there is one."""
    if not isinstance(subscriptions, list):
        return None
    items: list[object] = subscriptions  # pyright: ignore[reportUnknownVariableType]
    pairs = items if items and isinstance(items[0], list) else [items]
    named = {p[0]: p[1] for p in pairs if isinstance(p, list) and len(p) >= 2 and isinstance(p[0], str)}  # pyright: ignore
    session = named.get("mining.notify")  # pyright: ignore
    return session if isinstance(session, str) and len(session) <= MAX_TEXT else None  # pyright: ignore
