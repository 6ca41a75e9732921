"""The table of Stratum V1 messages: one row each, read and written by client and server alike.

A row's class decodes its `params` (Refusal says what is wrong with them) and encodes them again. Byte order on the
wire: prev_hash is eight 4-byte words, each byte-swapped; branches are as hashed; version, nbits, ntime and nonce are
big-endian hex. Sources: the original Stratum documentation, BIP310, the sources of ckpool, public-pool and the miners.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar, Literal, Protocol, Self, runtime_checkable

import msgspec

from ..chain.target import target_from_bits
from .fields import (
    MAX_BRANCHES,
    MAX_COINBASE,
    MAX_EXTRANONCE1,
    MAX_EXTRANONCE2,
    Refusal,
    at,
    difficulty_number,
    difficulty_of,
    extranonce2_size,
    flag,
    hex_bytes,
    hex_number,
    integer,
    items,
    job_id,
    mapping,
    shown,
    swap_words,
    text,
)
from .lines import printable

MAX_MESSAGE = 500  # characters of client.show_message

Sender = Literal["miner", "pool", "both"]


@runtime_checkable
class Message(Protocol):
    method: ClassVar[str]
    sender: ClassVar[Sender]

    @classmethod
    def decode(cls, params: list[object]) -> Self: ...

    def encode(self) -> list[object]: ...


class _NoParams:
    @classmethod
    def decode(cls, params: list[object]) -> Self:
        del params
        return cls()

    def encode(self) -> list[object]:
        return []


@dataclass(frozen=True, slots=True)
class _OneDifficulty:
    difficulty: Fraction

    @classmethod
    def decode(cls, params: list[object]) -> Self:
        return cls(difficulty_of(at(params, 0, "difficulty")))

    def encode(self) -> list[object]:
        return [difficulty_number(self.difficulty)]


@dataclass(frozen=True, slots=True)
class Configure:
    """BIP310. Answered by a map; see ConfigureResult."""

    method: ClassVar[str] = "mining.configure"
    sender: ClassVar[Sender] = "miner"
    extensions: tuple[str, ...]
    parameters: dict[str, object] = field(default_factory=dict[str, object])

    @classmethod
    def decode(cls, params: list[object]) -> Self:
        names = items(at(params, 0, "extensions"), "extensions", 32)
        parameters = (params[1] if len(params) > 1 else None) or dict[str, object]()  # PHP writes [] for an empty one
        return cls(tuple(text(name, "extension") for name in names), mapping(parameters, "extension parameters", 64))

    def encode(self) -> list[object]:
        return [list(self.extensions), self.parameters]

    @property
    def version_mask(self) -> int | None:
        """The mask it asks for; None when it does not ask to roll versions."""
        if "version-rolling" not in self.extensions:
            return None
        mask = self.parameters.get("version-rolling.mask")
        return 0xFFFFFFFF if mask is None else hex_number(mask, "version-rolling.mask")


@dataclass(frozen=True, slots=True)
class Subscribe:
    method: ClassVar[str] = "mining.subscribe"
    sender: ClassVar[Sender] = "miner"
    agent: str = ""
    session: str | None = None  # of an earlier connection, to be resumed

    @classmethod
    def decode(cls, params: list[object]) -> Self:
        agent = text(params[0], "agent") if params and params[0] is not None else ""
        session = text(params[1], "session") if len(params) > 1 and params[1] is not None else None
        return cls(agent, session)

    def encode(self) -> list[object]:
        if self.session is not None:
            return [self.agent, self.session]
        return [self.agent] if self.agent else []


@dataclass(frozen=True, slots=True)
class Authorize:
    method: ClassVar[str] = "mining.authorize"
    sender: ClassVar[Sender] = "miner"
    user: str
    password: str = "x"

    @classmethod
    def decode(cls, params: list[object]) -> Self:
        password = text(params[1], "password") if len(params) > 1 and params[1] is not None else ""
        return cls(text(at(params, 0, "user"), "user"), password)

    def encode(self) -> list[object]:
        return [self.user, self.password]

    def __repr__(self) -> str:  # a password never reaches a log
        return f"Authorize(user={self.user!r})"


@dataclass(frozen=True, slots=True)
class ExtranonceSubscribe(_NoParams):
    method: ClassVar[str] = "mining.extranonce.subscribe"
    sender: ClassVar[Sender] = "miner"


@dataclass(frozen=True, slots=True)
class SuggestDifficulty(_OneDifficulty):
    method: ClassVar[str] = "mining.suggest_difficulty"
    sender: ClassVar[Sender] = "miner"


@dataclass(frozen=True, slots=True)
class SuggestTarget:
    method: ClassVar[str] = "mining.suggest_target"
    sender: ClassVar[Sender] = "miner"
    target: int

    @classmethod
    def decode(cls, params: list[object]) -> Self:
        return cls(int.from_bytes(hex_bytes(at(params, 0, "target"), "target", 32, 32), "big"))

    def encode(self) -> list[object]:
        return [f"{self.target:064x}"]


class Submit(msgspec.Struct, frozen=True):  # of which a pool gets thousands a second
    method: ClassVar[str] = "mining.submit"
    sender: ClassVar[Sender] = "miner"
    user: str
    job: str | int
    extranonce2: bytes
    ntime: int
    nonce: int
    version_bits: int | None = None  # only where version rolling was granted

    @classmethod
    def decode(cls, params: list[object]) -> Self:
        bits = params[5] if len(params) > 5 else None
        return cls(
            text(at(params, 0, "user"), "user"),
            job_id(at(params, 1, "job id")),
            hex_bytes(at(params, 2, "extranonce2"), "extranonce2", 0, MAX_EXTRANONCE2),
            hex_number(at(params, 3, "ntime"), "ntime"),
            hex_number(at(params, 4, "nonce"), "nonce"),
            None if bits is None else hex_number(bits, "version bits"),
        )

    def encode(self) -> list[object]:
        bits = [] if self.version_bits is None else [f"{self.version_bits:08x}"]
        return [self.user, self.job, self.extranonce2.hex(), f"{self.ntime:08x}", f"{self.nonce:08x}", *bits]


@dataclass(frozen=True, slots=True)
class GetTransactions:
    method: ClassVar[str] = "mining.get_transactions"
    sender: ClassVar[Sender] = "miner"
    job: str | int

    @classmethod
    def decode(cls, params: list[object]) -> Self:
        return cls(job_id(at(params, 0, "job id")))

    def encode(self) -> list[object]:
        return [self.job]


@dataclass(frozen=True, slots=True)
class Notify:
    method: ClassVar[str] = "mining.notify"
    sender: ClassVar[Sender] = "pool"
    job: str | int
    prev_hash: bytes  # internal order
    coinb1: bytes
    coinb2: bytes
    branches: tuple[bytes, ...]
    version: int
    nbits: int
    ntime: int
    clean: bool

    @classmethod
    def decode(cls, params: list[object]) -> Self:
        nbits = hex_number(at(params, 6, "nbits"), "nbits")
        try:
            target_from_bits(nbits)
        except ValueError as error:
            raise Refusal(str(error)) from None
        return cls(
            job_id(at(params, 0, "job id")),
            swap_words(hex_bytes(at(params, 1, "prevhash"), "prevhash", 32, 32)),
            hex_bytes(at(params, 2, "coinb1"), "coinb1", 0, MAX_COINBASE),
            hex_bytes(at(params, 3, "coinb2"), "coinb2", 0, MAX_COINBASE),
            tuple(hex_bytes(b, "branch", 32, 32) for b in items(at(params, 4, "branches"), "branches", MAX_BRANCHES)),
            hex_number(at(params, 5, "version"), "version"),
            nbits,
            hex_number(at(params, 7, "ntime"), "ntime"),
            flag(params[8:]),
        )

    def encode(self) -> list[object]:
        return [
            self.job,
            swap_words(self.prev_hash).hex(),
            self.coinb1.hex(),
            self.coinb2.hex(),
            [branch.hex() for branch in self.branches],
            f"{self.version:08x}",
            f"{self.nbits:08x}",
            f"{self.ntime:08x}",
            self.clean,
        ]


@dataclass(frozen=True, slots=True)
class SetDifficulty(_OneDifficulty):
    method: ClassVar[str] = "mining.set_difficulty"
    sender: ClassVar[Sender] = "pool"


@dataclass(frozen=True, slots=True)
class SetExtranonce:
    """From the next job on. None leaves what was."""

    method: ClassVar[str] = "mining.set_extranonce"
    sender: ClassVar[Sender] = "pool"
    extranonce1: bytes | None
    extranonce2_size: int | None

    @classmethod
    def decode(cls, params: list[object]) -> Self:
        en1 = params[0] if params else None
        size = params[1] if len(params) > 1 else None
        return cls(
            None if en1 is None else hex_bytes(en1, "extranonce1", 0, MAX_EXTRANONCE1),
            None if size is None else extranonce2_size(size),
        )

    def encode(self) -> list[object]:
        return [None if self.extranonce1 is None else self.extranonce1.hex(), self.extranonce2_size]


@dataclass(frozen=True, slots=True)
class SetVersionMask:
    method: ClassVar[str] = "mining.set_version_mask"
    sender: ClassVar[Sender] = "pool"
    mask: int

    @classmethod
    def decode(cls, params: list[object]) -> Self:
        return cls(hex_number(at(params, 0, "mask"), "mask"))

    def encode(self) -> list[object]:
        return [f"{self.mask:08x}"]


@dataclass(frozen=True, slots=True)
class Reconnect:
    """All optional; None or empty means the same host or port."""

    method: ClassVar[str] = "client.reconnect"
    sender: ClassVar[Sender] = "pool"
    host: str | None = None
    port: int | None = None
    wait_s: float = 0.0

    @classmethod
    def decode(cls, params: list[object]) -> Self:
        host, port, wait = [*params[:3], *[None] * 3][:3]
        return cls(
            text(host, "host") if isinstance(host, str) and host else None,
            integer(port or 0, "port", 0, 65535) or None,
            float(integer(wait or 0, "wait", 0, 86_400)),
        )

    def encode(self) -> list[object]:
        return [self.host or "", self.port or 0, int(self.wait_s)]


@dataclass(frozen=True, slots=True)
class GetVersion(_NoParams):
    method: ClassVar[str] = "client.get_version"
    sender: ClassVar[Sender] = "pool"


@dataclass(frozen=True, slots=True)
class ShowMessage:
    method: ClassVar[str] = "client.show_message"
    sender: ClassVar[Sender] = "pool"
    text: str

    @classmethod
    def decode(cls, params: list[object]) -> Self:
        text = at(params, 0, "text")
        return cls(printable(text, MAX_MESSAGE) if isinstance(text, str) else shown(text))

    def encode(self) -> list[object]:
        return [self.text]


@dataclass(frozen=True, slots=True)
class Ping(_NoParams):
    method: ClassVar[str] = "mining.ping"
    sender: ClassVar[Sender] = "both"


MESSAGES: dict[str, type[Message]] = {
    row.method: row
    for row in (
        Configure,
        Subscribe,
        Authorize,
        ExtranonceSubscribe,
        SuggestDifficulty,
        SuggestTarget,
        Submit,
        GetTransactions,
        Notify,
        SetDifficulty,
        SetExtranonce,
        SetVersionMask,
        Reconnect,
        GetVersion,
        ShowMessage,
        Ping,
    )
}
