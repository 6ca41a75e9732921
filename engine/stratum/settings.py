"""What a Stratum client is told by its user, and what it learns of a pool. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from ..errors import InputError
from .fields import MAX_TEXT


@dataclass(slots=True)
class Quirks:
    """What was learnt of a pool; outlives its connections."""

    configures: bool = False  # it has answered mining.configure, so never leave it out
    hangups: int = 0  # connections, one after the other, that ended before mining.subscribe was answered
    no_configure: bool = False  # it hung up on mining.configure
    bare_subscribe: bool = False  # it refuses parameters of mining.subscribe
    session: str | None = None  # its name for the last session, which it may go on with
    no_easier: bool = False  # a lowered difficulty does not count for running jobs
    raises_at_once: bool = False  # a raised difficulty counts for running jobs too


@dataclass(frozen=True, slots=True)
class Settings:
    """What to tell the pool."""

    user: str
    password: str = field(default="x", repr=False)
    agent: str = "joulehash"
    version_mask: int = 0x1FFFE000  # bits that our devices can roll (BIP320); 0: do not ask
    min_bit_count: int = 2
    suggest_difficulty: Fraction | None = None  # 0: do not; None: do not, or what the pool's shell makes of the rate
    minimum_difficulty: Fraction | None = None
    extranonce_subscribe: bool = False
    pays_me: float | None = None  # percent of the coinbase that the user's address must be paid; None: whatever it is

    def __post_init__(self) -> None:
        for name, value in (("user name", self.user), ("password", self.password), ("agent", self.agent)):
            if len(value) > MAX_TEXT:
                raise InputError(f"{name} of {len(value)} characters: takes at most {MAX_TEXT}")
            if not value.isascii() and not _is_text(value):
                raise InputError(f"{name}: its bytes are not UTF-8; check the terminal's encoding")


def _is_text(value: str) -> bool:
    """Whether it can be written as UTF-8: arguments in another encoding come as lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
