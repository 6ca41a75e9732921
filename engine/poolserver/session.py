"""One miner's session with the pool server: what it may do when, and what its shares are worth. No I/O, no clock.

Bytes in by `receive`, bytes out by `outgoing`; what the server must know comes as events. A raised difficulty counts
from the next job on, a lowered one at once, as ckpool does. Standard codes: 20 other, 21 job not found (also after a
new block: stale), 22 duplicate, 23 low difficulty, 24 unauthorized, 25 not subscribed.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from fractions import Fraction

import msgspec

from ..chain.target import target_from_difficulty
from ..stratum.fields import Refusal
from ..stratum.lines import Malformed
from ..stratum.messages import (
    Authorize,
    Configure,
    ExtranonceSubscribe,
    GetTransactions,
    Ping,
    SetDifficulty,
    Submit,
    Subscribe,
    SuggestDifficulty,
    SuggestTarget,
)
from ..stratum.results import ConfigureResult, SubscribeResult
from ..stratum.server import Asked, ServerProtocol
from .book import EXTRANONCE2_SIZE, Fault, Hashed, JobBook, PoolJob, hash_share
from .vardiff import Vardiff

VERSION_MASK = 0x1FFFE000  # BIP320
_MALFORMED_LIMIT = 10  # lines that cannot be understood, before the session is closed
_OFFERS_LIMIT = 32  # jobs of one block that may still be submitted


class Accepted(msgspec.Struct, frozen=True):
    """A share that counts; `hashed.is_block` asks for the block to be handed in."""

    hashed: Hashed
    difficulty: Fraction  # what it was asked for


@dataclass(frozen=True, slots=True)
class Rejected:
    fault: Fault


@dataclass(frozen=True, slots=True)
class Drop:
    """The session is to be closed."""

    reason: str


Event = Accepted | Rejected | Drop | Malformed


@dataclass(frozen=True, slots=True)
class Limits:
    shares_per_s: float = 200.0  # lasting, and other requests among them; more are refused
    burst: float = 2000.0
    shares_per_job: int = 65_536  # remembered for telling duplicates; more are refused
    workers: int = 64  # that one connection may authorize


@dataclass(slots=True)
class _Offer:
    """A job as this miner was told of it."""

    job: PoolJob
    difficulty: Fraction
    target: int
    seen: set[int] = field(default_factory=set[int])  # hashes of the shares that counted
    listed: bool = False  # its transactions were told once: they may be megabytes

    def ease(self, difficulty: Fraction, target: int) -> None:
        """A lowered difficulty counts at once, and for good: what was found by it is still on its way when the
        difficulty has risen again."""
        if difficulty < self.difficulty:
            self.difficulty, self.target = difficulty, target


@dataclass
class Session:
    extranonce1: bytes
    book: JobBook
    vardiff: Vardiff
    limits: Limits
    opened_s: float
    protocol: ServerProtocol = field(default_factory=ServerProtocol)
    agent: str = ""
    user: str | None = None  # the first that was authorized
    subscribed: bool = False
    mask: int = 0
    accepted: int = 0
    rejected: int = 0
    beyond: int = 0  # requests beyond its rate, since this was last looked at
    _malformed: int = 0
    _users: set[str] = field(default_factory=set[str])
    _sent_difficulty: Fraction | None = None
    _tokens: float = 0.0
    _tokens_s: float = 0.0
    _offers: OrderedDict[str, _Offer] = field(default_factory=OrderedDict[str, "_Offer"])
    _stale: OrderedDict[str, _Offer] = field(default_factory=OrderedDict[str, "_Offer"])  # of the block before

    def __post_init__(self) -> None:
        self._tokens, self._tokens_s = self.limits.burst, self.opened_s

    @property
    def ready(self) -> bool:
        """Whether it may be given jobs."""
        return self.subscribed and self.user is not None

    def outgoing(self) -> bytes:
        return self.protocol.outgoing()

    def receive(self, data: bytes, now: float) -> list[Event]:
        events: list[Event] = []
        for message in self.protocol.receive(data):
            if isinstance(message, Asked):
                if (event := self._asked(message, now)) is not None:
                    events.append(event)
            elif isinstance(message, Malformed):
                events.append(message)
                if not message.answered:
                    self._malformed += 1
                if self._malformed >= _MALFORMED_LIMIT:
                    return [*events, Drop(f"{self._malformed} lines that cannot be understood")]
        return events

    def offer(self, job: PoolJob, *, clean: bool) -> None:
        """Tell the miner of a job, at the difficulty of now; which is told anew, for a bad line may have eaten it."""
        self._sent_difficulty = None
        self._give(job, clean=clean)

    def _give(self, job: PoolJob, *, clean: bool) -> None:
        if clean:
            self._stale, self._offers = self._offers, OrderedDict[str, _Offer]()
        self.vardiff.keep_bounds()
        self._tell_difficulty()
        difficulty = self.vardiff.difficulty
        self._offers[job.id] = _Offer(job, difficulty, target_from_difficulty(difficulty))
        if len(self._offers) > _OFFERS_LIMIT:
            self._offers.popitem(last=False)
        self.protocol.tell(job.notify(clean=clean))

    def tick(self, now: float) -> None:
        """Let the difficulty follow a miner that has gone quiet."""
        if self.ready and self.vardiff.tick(now):
            self._difficulty_changed()

    # What the miner asks

    def _asked(self, asked: Asked, now: float) -> Event | None:
        protocol, identity = self.protocol, asked.id
        if not self._within_rate(now):
            return self._too_fast(asked)
        match asked.message:
            case Submit() as submit:  # first: of the others there are a few in a session
                return self._submitted(identity, submit, now)
            case Configure() as configure:
                self._configure(identity, configure)
            case Subscribe() as subscribe:
                self.agent = subscribe.agent
                self.subscribed = True
                result = SubscribeResult(self.extranonce1, EXTRANONCE2_SIZE, self.extranonce1.hex())
                protocol.answer(identity, result.encode())
                self._welcome()
            case Authorize() as authorize:
                self._authorize(identity, authorize)
            case SuggestDifficulty() as suggestion:
                self._suggested(suggestion.difficulty, now)
                protocol.answer(identity, True)
            case SuggestTarget() as suggestion:
                if suggestion.target:
                    self._suggested(Fraction(0xFFFF << 208, suggestion.target), now)
                protocol.answer(identity, True)
            case ExtranonceSubscribe():
                protocol.answer(identity, True)
            case GetTransactions() as get:
                self._get_transactions(identity, get)
            case Ping():
                protocol.answer(identity, "pong")
            case _:
                protocol.refuse(identity, 20, "Unknown method")
        return None

    def _too_fast(self, asked: Asked) -> Event | None:
        self.beyond += 1
        fault = Fault(20, f"More than {self.limits.shares_per_s:g} requests a second")
        self.protocol.refuse(asked.id, fault.code, fault.text)
        if not isinstance(asked.message, Submit):
            return None
        self.rejected += 1
        return Rejected(fault)

    def _authorize(self, identity: object, authorize: Authorize) -> None:
        """Several workers may share a connection, as those behind a proxy do."""
        if not authorize.user:
            self.protocol.refuse(identity, 24, "Unauthorized worker: takes a user name that is not empty")
        elif len(self._users) >= self.limits.workers and authorize.user not in self._users:
            self.protocol.refuse(identity, 24, f"Unauthorized worker: {self.limits.workers} a connection at most")
        else:
            self._users.add(authorize.user)
            self.user = self.user or authorize.user
            self.protocol.answer(identity, True)
            self._welcome()

    def _configure(self, identity: object, configure: Configure) -> None:
        try:
            asked = configure.version_mask
        except Refusal as refusal:
            self.protocol.refuse(identity, 20, str(refusal))
            return
        if asked is not None:
            self.mask = asked & VERSION_MASK
        extranonce = "subscribe-extranonce" in configure.extensions
        granted = ConfigureResult(self.mask, self._minimum_difficulty(configure), extranonce)
        self.protocol.answer(identity, granted.encode(configure.extensions))

    def _minimum_difficulty(self, configure: Configure) -> bool:
        """BIP310 minimum-difficulty: never ask for less than the miner can count."""
        if "minimum-difficulty" not in configure.extensions:
            return False
        try:
            wanted = SuggestDifficulty.decode([configure.parameters.get("minimum-difficulty.value")]).difficulty
        except Refusal:
            return False
        self.vardiff.least = min(max(wanted, self.vardiff.least), self.vardiff.most)
        if self.vardiff.keep_bounds() and self.ready:
            self._difficulty_changed()
        return True

    def _welcome(self) -> None:
        """The first job, once subscribed and authorized."""
        if self.ready and not self._offers and (job := self.book.current) is not None:
            self.offer(job, clean=True)

    def _suggested(self, difficulty: Fraction, now: float) -> None:
        if self.vardiff.suggest(difficulty, now):
            self._difficulty_changed()

    def _tell_difficulty(self) -> None:
        if self._sent_difficulty != self.vardiff.difficulty:
            difficulty = self._sent_difficulty = self.vardiff.difficulty
            self.protocol.tell(SetDifficulty(difficulty))
            target = target_from_difficulty(difficulty)
            for offer in self._offers.values():
                offer.ease(difficulty, target)

    def _difficulty_changed(self) -> None:
        """With a new job at once: for many miners a change counts from the next job on, and a fast one floods us."""
        self._tell_difficulty()
        if self.ready and (job := self.book.renew()) is not None:
            self._give(job, clean=False)

    def _get_transactions(self, identity: object, get: GetTransactions) -> None:
        offer = self._offers.get(str(get.job))
        if offer is None:
            self.protocol.refuse(identity, 21)
        elif offer.listed:
            self.protocol.refuse(identity, 20, "Told before")
        else:
            offer.listed = True
            self.protocol.answer(identity, [t.hex() for t in offer.job.template.transactions])

    # What it submits

    def _submitted(self, identity: object, submit: Submit, now: float) -> Event:
        worth = self._weigh(submit)
        if isinstance(worth, Fault):
            self.rejected += 1
            self.protocol.refuse(identity, worth.code, worth.text)
            return Rejected(worth)
        self.accepted += 1
        self.protocol.answer(identity, True)
        if self.vardiff.share(now, worth.difficulty):
            self._difficulty_changed()
        return worth

    def _weigh(self, submit: Submit) -> Accepted | Fault:
        if not self.subscribed:
            return Fault(25, "Not subscribed")
        if submit.user not in self._users:
            return Fault(24, "Unauthorized worker")
        offer = self._offers.get(str(submit.job))
        late = offer is None
        if offer is None and (offer := self._stale.get(str(submit.job))) is None:
            return Fault(21, "Job not found")
        hashed = hash_share(offer.job, submit, self.extranonce1, self.mask)
        if isinstance(hashed, Fault):
            return hashed
        if late and not hashed.is_block:  # a block goes to the chain, however stale: it may be one of two
            return Fault(21, "Job not found")
        if hashed.hash > offer.target and not hashed.is_block:
            return Fault(23, "Low difficulty share")
        if hashed.hash in offer.seen:
            return Fault(22, "Duplicate share")
        if len(offer.seen) >= self.limits.shares_per_job and not hashed.is_block:
            return Fault(20, f"More than {self.limits.shares_per_job} shares for one job")
        offer.seen.add(hashed.hash)
        return Accepted(hashed, offer.difficulty)

    def _within_rate(self, now: float) -> bool:
        """A token bucket."""
        if now != self._tokens_s:  # many come in one read
            self._tokens = min(self.limits.burst, self._tokens + (now - self._tokens_s) * self.limits.shares_per_s)
            self._tokens_s = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
