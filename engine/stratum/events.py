"""What the miner's side of a Stratum connection has to tell. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from ..judge import Verdict
from ..tally import Result
from ..work import Job
from .lines import Malformed


@dataclass(frozen=True, slots=True)
class Ready:
    """Subscribed and authorized."""

    extranonce1: bytes
    extranonce2_size: int
    version_mask: int


@dataclass(frozen=True, slots=True)
class NewJob:
    job: Job
    new_block: bool  # its previous block is another than before


@dataclass(frozen=True, slots=True)
class Answered:
    share: Verdict
    result: Result


@dataclass(frozen=True, slots=True)
class Refused:
    """The session cannot go on; `credentials`: because of the user name or password."""

    reason: str
    credentials: bool = False


@dataclass(frozen=True, slots=True)
class Redirected:
    host: str | None
    port: int | None
    wait_s: float


@dataclass(frozen=True, slots=True)
class Said:
    text: str


Event = Ready | NewJob | Answered | Refused | Redirected | Said | Malformed
