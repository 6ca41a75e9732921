"""The miner's side of Stratum V1. No I/O, no clock: bytes in, events and bytes out; `now` is passed in.

    configure + subscribe ─► authorize ─► suggest_difficulty; jobs are held until authorized.

Optional requests never hold up the session. A job keeps the target that it was given with; where the pool lowers the
difficulty the current job is given out anew with the easier target, and a pool that punishes either habit is
remembered in Quirks. What leaves: mining.submit as BIP310 has it. Sources: docs/stratum.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

from ..chain.target import target_from_difficulty
from ..judge import Verdict
from ..tally import Outcome, Result
from ..work import Job
from .fields import Refusal
from .lines import LineBuffer, Malformed, Request, Response, decode_line, encode_request, encode_response
from .messages import (
    MESSAGES,
    Authorize,
    Configure,
    ExtranonceSubscribe,
    GetVersion,
    Message,
    Notify,
    Ping,
    Reconnect,
    SetDifficulty,
    SetExtranonce,
    SetVersionMask,
    ShowMessage,
    Submit,
    Subscribe,
    SuggestDifficulty,
)
from .results import Answer, ConfigureResult, SubscribeResult, error_for

_PENDING_LIMIT = 4096  # shares that a pool may leave unanswered before we wait


@dataclass(slots=True)
class Quirks:
    """What was learnt of a pool; outlives its connections."""

    no_configure: bool = False  # it hung up on mining.configure
    bare_subscribe: bool = False  # it refuses parameters of mining.subscribe
    no_easier: bool = False  # a lowered difficulty does not count for running jobs
    raises_at_once: bool = False  # a raised difficulty counts for running jobs too


@dataclass(frozen=True, slots=True)
class Settings:
    """What to tell the pool."""

    user: str
    password: str = "x"
    agent: str = "joulehash"
    version_mask: int = 0x1FFFE000  # bits that our devices can roll (BIP320); 0: do not ask
    min_bit_count: int = 2
    suggest_difficulty: Fraction | None = None  # 0: do not; None: do not, or what the pool's shell makes of the rate
    minimum_difficulty: Fraction | None = None
    extranonce_subscribe: bool = False


# Events


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


@dataclass(slots=True)
class _Sent:
    share: Verdict
    sent_s: float


@dataclass
class ClientProtocol:
    """One connection to one pool. `start`, then `receive` what comes, and send what `outgoing` gives."""

    settings: Settings
    quirks: Quirks
    session: int  # number of this connection; its jobs carry it
    difficulty: Fraction = Fraction(1)
    job: Job | None = None  # the newest
    ready: bool = False
    _out: bytearray = field(default_factory=bytearray)
    _lines: LineBuffer = field(default_factory=LineBuffer)
    _next_id: int = 1
    _asked: dict[int, Message] = field(default_factory=dict[int, Message])
    _pending: dict[int, _Sent] = field(default_factory=dict[int, _Sent])
    _subscribed: SubscribeResult | None = None
    _next_extranonce: SetExtranonce | None = None
    _mask: int = 0
    _held: Notify | None = None  # a job that came before we were ready

    def start(self) -> None:
        asked = self.settings
        if not self.quirks.no_configure and (configure := _configure(asked)).extensions:
            self._ask(configure)
        self._ask(Subscribe() if self.quirks.bare_subscribe else Subscribe(asked.agent))

    def outgoing(self) -> bytes:
        """What is to be sent since the last call."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def receive(self, data: bytes, now: float) -> list[Event]:
        events: list[Event] = []
        for line in self._lines.feed(data):
            message = decode_line(line) if isinstance(line, bytes) else line
            match message:
                case Malformed():
                    events.append(message)
                case Response():
                    events += self._answered(message, now)
                case Request():
                    events += self._told(message, now)
        return events

    def closed(self, reason: str) -> list[Event]:
        """The connection is gone: what was outstanding is lost. Learns from where it broke off."""
        if self._subscribed is None:  # old servers hang up on mining.configure: try without it, then with it again
            self.quirks.no_configure = not self.quirks.no_configure
        pending, self._pending = self._pending, {}
        return [Answered(sent.share, Result(Outcome.LOST, reason)) for sent in pending.values()]

    def oldest_pending_s(self, now: float) -> float:
        """How long the oldest unanswered share has waited."""
        return max((now - sent.sent_s for sent in self._pending.values()), default=0.0)

    def submit(self, share: Verdict, now: float) -> Result | None:
        """Queue a share; Answered follows. A Result at once when it must not be sent."""
        job = share.work.job
        if job.session != self.session or not self.ready:
            return Result(Outcome.LOST, "its connection is gone")
        if self.quirks.raises_at_once and share.hash > target_from_difficulty(self.difficulty):
            return Result(Outcome.STALE, "below the raised difficulty")
        if len(self._pending) >= _PENDING_LIMIT:
            return Result(Outcome.LOST, f"{_PENDING_LIMIT} shares are unanswered")
        rebuilt = job.header(share.work.extranonce2, share.found.version, share.found.ntime, share.found.nonce)
        if rebuilt.pack() != share.header:
            return Result(Outcome.LOST, "its header is not that of its job: a bug, please report it")
        bits = share.found.version & self._mask if self._mask else None
        found = share.found
        submit = Submit(self.settings.user, job.id, share.work.extranonce2, found.ntime, found.nonce, bits)
        self._pending[self._ask(submit)] = _Sent(share, now)
        return None

    # What the pool answers

    def _answered(self, response: Response, now: float) -> list[Event]:
        identity = _own_id(response.id)
        if response.id is None and len(self._asked) == 1:
            identity = next(iter(self._asked))  # some servers leave the id out
        asked = self._asked.pop(identity, None) if identity is not None else None
        if asked is None:
            return []  # answers to nothing we asked are common, and mean nothing
        answer = Answer.decode(response.result, response.error, response.reject_reason)
        match asked:
            case Configure():
                return self._configured(response, answer)
            case Subscribe():
                return self._on_subscribed(response, answer)
            case Authorize():
                return self._authorized(answer, now)
            case Submit() if identity in self._pending:
                return self._judged(self._pending.pop(identity), answer, now)
            case _:
                return []

    def _configured(self, response: Response, answer: Answer) -> list[Event]:
        if not answer.ok:
            return []
        try:
            granted = ConfigureResult.decode(response.result)
        except Refusal as refusal:
            return [Malformed(f"mining.configure: {refusal}")]
        self._mask = granted.version_mask & self.settings.version_mask
        return self._again()

    def _on_subscribed(self, response: Response, answer: Answer) -> list[Event]:
        if not answer.ok:
            if not self.quirks.bare_subscribe:
                self.quirks.bare_subscribe = True
                self._ask(Subscribe())
                return []
            return [Refused(f"subscribe: {answer.reason}")]
        try:
            self._subscribed = SubscribeResult.decode(response.result)
        except Refusal as refusal:
            return [Refused(f"subscribe: {refusal}")]
        self._ask(Authorize(self.settings.user, self.settings.password))
        if self.settings.extranonce_subscribe:
            self._ask(ExtranonceSubscribe())
        return []

    def _authorized(self, answer: Answer, now: float) -> list[Event]:
        if not answer.ok or self._subscribed is None:
            return [Refused(f"authorize {self.settings.user!r}: {answer.reason}", credentials=True)]
        self.ready = True
        if self.settings.suggest_difficulty:
            self._ask(SuggestDifficulty(self.settings.suggest_difficulty))
        events: list[Event] = [Ready(self._subscribed.extranonce1, self._subscribed.extranonce2_size, self._mask)]
        if self._held is not None:
            events += self._notified(self._held, now)
            self._held = None
        return events

    def _judged(self, sent: _Sent, answer: Answer, now: float) -> list[Event]:
        share, latency_s = sent.share, now - sent.sent_s
        if answer.ok:
            return [Answered(share, Result(Outcome.ACCEPTED, "", latency_s))]
        outcome, events = Outcome.REJECTED, list[Event]()
        if answer.code == 21 and self._superseded(share.work.job):
            outcome = Outcome.STALE
        elif answer.code == 23 and share.hash > target_from_difficulty(self.difficulty):
            outcome, self.quirks.raises_at_once = Outcome.STALE, True
            events = self._again()
        elif answer.code == 23 and share.hash > share.work.job.given_target:
            outcome, self.quirks.no_easier = Outcome.STALE, True
            events = self._again()
        elif answer.code in (24, 25):
            events = [Refused(answer.reason)]
        reason = answer.reason if answer.code is None else f"{answer.reason} ({answer.code})"
        return [Answered(share, Result(outcome, reason, latency_s)), *events]

    def _superseded(self, job: Job) -> bool:
        return self.job is None or (job is not self.job and job.id != self.job.id)

    # What the pool tells

    def _told(self, request: Request, now: float) -> list[Event]:
        row = MESSAGES.get(request.method)
        if row is None or row.sender == "miner":
            if request.id is not None:
                self._out += encode_response(request.id, None, error_for(20, "Unknown method"))
            return []
        try:
            message = row.decode(request.params)
        except Refusal as refusal:
            return [Malformed(f"{request.method}: {refusal}")]
        match message:
            case Notify() if self.ready:
                return self._notified(message, now)
            case Notify():
                self._held = message
            case SetDifficulty():
                return self._set_difficulty(message.difficulty)
            case SetExtranonce():
                self._next_extranonce = message
            case SetVersionMask():
                self._mask = message.mask & self.settings.version_mask
                return self._again()
            case Reconnect():
                return [Redirected(message.host, message.port, message.wait_s)]
            case ShowMessage():
                return [Said(message.text)]
            case GetVersion():
                self._out += encode_response(request.id, self.settings.agent)
            case Ping():
                self._out += encode_response(request.id, "pong")
            case _:
                pass
        return []

    def _notified(self, notify: Notify, now: float) -> list[Event]:
        assert self._subscribed is not None  # ready says so
        if (change := self._next_extranonce) is not None:
            self._next_extranonce = None
            old = self._subscribed
            self._subscribed = SubscribeResult(
                old.extranonce1 if change.extranonce1 is None else change.extranonce1,
                old.extranonce2_size if change.extranonce2_size is None else change.extranonce2_size,
                old.session,
            )
        previous = self.job
        target = target_from_difficulty(self.difficulty)
        self.job = Job(
            notify.job,
            self.session,
            notify.prev_hash,
            notify.coinb1,
            notify.coinb2,
            notify.branches,
            notify.version,
            notify.nbits,
            notify.ntime,
            notify.clean,
            self._subscribed.extranonce1,
            self._subscribed.extranonce2_size,
            target,
            target,
            self._mask,
            now,
        )
        return [NewJob(self.job, previous is None or previous.prev_hash != notify.prev_hash)]

    def _set_difficulty(self, difficulty: Fraction) -> list[Event]:
        self.difficulty = difficulty
        return self._again()

    def _again(self) -> list[Event]:
        """The current job anew, where its mask or its target has changed for the work that runs."""
        job = self.job
        if job is None:
            return []
        target = target_from_difficulty(self.difficulty)
        if self.quirks.no_easier if target > job.given_target else not self.quirks.raises_at_once:
            target = job.given_target
        if (target, self._mask) == (job.target, job.version_mask):
            return []
        clean = self._mask != job.version_mask or target < job.target
        self.job = replace(job, target=target, version_mask=self._mask, clean=clean)
        return [NewJob(self.job, new_block=False)]

    def _ask(self, message: Message) -> int:
        identity = self._next_id
        self._next_id += 1
        self._asked[identity] = message
        if len(self._asked) > 2 * _PENDING_LIMIT:  # requests that are never answered must not pile up
            del self._asked[next(iter(self._asked))]
        self._out += encode_request(identity, message.method, message.encode())
        return identity


def _configure(settings: Settings) -> Configure:
    extensions: list[str] = []
    parameters: dict[str, object] = {}
    if settings.version_mask:
        extensions.append("version-rolling")
        parameters["version-rolling.mask"] = f"{settings.version_mask:08x}"
        parameters["version-rolling.min-bit-count"] = settings.min_bit_count
    if settings.minimum_difficulty is not None:
        extensions.append("minimum-difficulty")
        parameters["minimum-difficulty.value"] = float(settings.minimum_difficulty)
    if settings.extranonce_subscribe:
        extensions.append("subscribe-extranonce")
    return Configure(tuple(extensions), parameters)


def _own_id(identity: object) -> int | None:
    """Our ids are integers; some servers answer with them as strings."""
    if isinstance(identity, str) and identity.isascii() and identity.isdigit() and len(identity) < 16:
        return int(identity)
    return identity if isinstance(identity, int) and not isinstance(identity, bool) else None
