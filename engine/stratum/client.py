"""The miner's side of Stratum V1. No I/O, no clock: bytes in, events and bytes out; `now` is passed in.

    configure + subscribe ─► authorize ─► suggest_difficulty; jobs are held until authorized.

Optional requests never hold up the session. What the pool grants, and what that means for its job, is terms.py's. What
leaves: mining.submit as BIP310 has it. Sources: docs/stratum.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from ..judge import Quality, Verdict
from ..tally import Outcome, Result
from ..work import Job
from .events import Answered, Event, NewJob, Ready, Redirected, Refused, Said
from .fields import Refusal, difficulty_number
from .lines import LineBuffer, Malformed, Request, Response, decode_line, encode_response
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
from .requests import Requests
from .results import Answer, ConfigureResult, SubscribeResult, error_for
from .settings import Quirks, Settings
from .terms import Terms

__all__ = [
    "Answered",
    "ClientProtocol",
    "Event",
    "NewJob",
    "Quirks",
    "Ready",
    "Redirected",
    "Refused",
    "Said",
    "Settings",
]

_PENDING_LIMIT = 4096  # shares that a pool may leave unanswered before we wait
_UNKNOWN_LIMIT = 10  # shares of its newest job that a pool does not know, one after the other


@dataclass(slots=True)
class _Sent:
    share: Verdict
    sent_s: float
    again: bool = False  # it was sent before, in a connection that was lost


@dataclass
class ClientProtocol:
    """One connection to one pool. `start`, then `receive` what comes, and send what `outgoing` gives."""

    settings: Settings
    quirks: Quirks
    session: int  # number of this connection; its jobs carry it
    ready: bool = False
    _out: bytearray = field(default_factory=bytearray)
    _lines: LineBuffer = field(default_factory=LineBuffer)
    _requests: Requests = field(default_factory=Requests)
    _pending: dict[int, _Sent] = field(default_factory=dict[int, _Sent])
    _early: tuple[Notify, float] | None = None  # a job that came before the answer to mining.subscribe, and when
    _unknown: int = 0
    _suggested: int | None = None  # the last request of that kind

    def __post_init__(self) -> None:
        self._terms = Terms(self.session, self.quirks)

    @property
    def difficulty(self) -> Fraction:
        return self._terms.difficulty

    @property
    def job(self) -> Job | None:
        """The newest."""
        return self._terms.job

    def start(self) -> None:
        asked = self.settings
        if not self.quirks.no_configure and (configure := _configure(asked)).extensions:
            self._ask(configure)
        self._ask(Subscribe() if self.quirks.bare_subscribe else Subscribe(asked.agent, self.quirks.session))

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
        self.ready = False
        quirks = self.quirks
        if self._terms.subscribed is None and not quirks.configures:
            # Old servers hang up on mining.configure. So do proxies whose pool is down, on anything: only the second
            # time in a row is it left out, once, and then asked again.
            quirks.hangups += 1
            quirks.no_configure = quirks.hangups % 3 == 2
        if self._terms.subscribed is None:
            quirks.session = None  # perhaps it was that which it did not like
        pending, self._pending = self._pending, {}
        self._requests.clear()
        return [Answered(sent.share, Result(Outcome.LOST, reason)) for sent in pending.values()]

    def oldest_pending_s(self, now: float) -> float:
        """How long the oldest unanswered share has waited."""
        return next((now - sent.sent_s for sent in self._pending.values()), 0.0)

    def submit(self, share: Verdict, now: float, *, again: bool = False) -> Result | None:
        """Queue a share; Answered follows. A Result at once when it must not be sent. again: it is of an earlier
        connection, whose session goes on."""
        job, found = share.work.job, share.found
        if not self.ready or (job.session != self.session and not (again and self._terms.goes_on_with(job))):
            return Result(Outcome.LOST, "its connection is gone")
        if share.quality is not Quality.BLOCK:
            if self.quirks.raises_at_once and share.hash > self._terms.target:
                return Result(Outcome.STALE, "below the raised difficulty")
            if self.quirks.no_easier and share.hash > job.given_target:
                return Result(Outcome.STALE, "below the difficulty that its job was given with")
        if len(self._pending) >= _PENDING_LIMIT:
            return Result(Outcome.LOST, f"{_PENDING_LIMIT} shares are unanswered")
        # BIP310: nVersion = (job version & ~mask) | (bits & mask), with the mask of now
        mask = self._terms.mask
        bits = found.version & mask if mask else None
        version = job.version & ~mask | (bits or 0)
        if version != found.version:
            return Result(Outcome.STALE, "version bits outside the mask of now")
        rebuilt = job.header(share.work.extranonce2, version, found.ntime, found.nonce).pack()
        if rebuilt != share.header or len(share.work.extranonce2) != job.extranonce2_size:
            return Result(Outcome.LOST, "its header is not that of its job: a bug, please report it")
        submit = Submit(self.settings.user, job.id, share.work.extranonce2, found.ntime, found.nonce, bits)
        self._pending[self._ask(submit)] = _Sent(share, now, job.session != self.session)
        return None

    def suggest(self, difficulty: Fraction) -> None:
        """Tell the pool another difficulty that would suit us; nothing follows from its answer."""
        if self._suggested is not None:
            self._requests.forget(self._suggested)
        self._suggested = self._ask(SuggestDifficulty(difficulty))

    # What the pool answers

    def _answered(self, response: Response, now: float) -> list[Event]:
        answered = self._requests.answered(response)
        if answered is None:
            return []  # answers to nothing we asked are common, and mean nothing
        identity, asked = answered
        answer = Answer.decode(response.result, response.error, response.reject_reason)
        match asked:
            case Configure():
                return self._configured(response, answer)
            case Subscribe():
                return self._on_subscribed(response, answer, now)
            case Authorize():
                return self._authorized(answer)
            case Submit() if identity in self._pending:
                return self._judged(self._pending.pop(identity), answer, now)
            case _:
                return []

    def _configured(self, response: Response, answer: Answer) -> list[Event]:
        self.quirks.configures = True
        if not answer.ok:
            return []
        try:
            granted = ConfigureResult.decode(response.result)
        except Refusal as refusal:
            return [Malformed(f"mining.configure: {refusal}")]
        self._terms.mask = granted.version_mask & self.settings.version_mask
        return self._renewed()

    def _on_subscribed(self, response: Response, answer: Answer, now: float) -> list[Event]:
        if not answer.ok:
            if self.quirks.session is not None:
                self.quirks.session = None
                self._ask(Subscribe(self.settings.agent))
                return []
            if not self.quirks.bare_subscribe:
                self.quirks.bare_subscribe = True
                self._ask(Subscribe())
                return []
            return [Refused(f"subscribe: {answer.reason}")]
        try:
            self._terms.subscribed = SubscribeResult.decode(response.result)
        except Refusal as refusal:
            return [Refused(f"subscribe: {refusal}")]
        self.quirks.hangups, self.quirks.session = 0, self._terms.subscribed.session
        if self._early is not None:
            self._terms.give(*self._early)
            self._early = None
        self._ask(Authorize(self.settings.user, self.settings.password))
        if self.settings.extranonce_subscribe:
            self._ask(ExtranonceSubscribe())
        return []

    def _authorized(self, answer: Answer) -> list[Event]:
        if not answer.ok or self._terms.subscribed is None:
            return [Refused(f"authorize {self.settings.user!r}: {answer.reason}", credentials=True)]
        self.ready = True
        if self.settings.suggest_difficulty:
            self.suggest(self.settings.suggest_difficulty)
        subscribed = self._terms.subscribed
        ready = Ready(subscribed.extranonce1, subscribed.extranonce2_size, self._terms.mask)
        return [ready] if self.job is None else [ready, NewJob(self.job, new_block=True)]

    def _judged(self, sent: _Sent, answer: Answer, now: float) -> list[Event]:
        share, latency_s = sent.share, now - sent.sent_s
        if answer.ok:
            self._unknown = 0
            return [Answered(share, Result(Outcome.ACCEPTED, "", latency_s))]
        outcome, events = Outcome.REJECTED, list[Event]()
        match answer.code:
            case 21 if self._terms.replaces(share.work.job):
                outcome = Outcome.STALE
            case 21 if sent.again:  # its jobs went with the connection; that is nothing against the pool or the share
                outcome = Outcome.LOST
            case 21:
                self._unknown += 1
                if self._unknown >= _UNKNOWN_LIMIT:
                    events = [Refused(f"it does not know its newest job, {_UNKNOWN_LIMIT} times: {answer.reason}")]
            case 22:
                outcome = Outcome.DUPLICATE
            case 23 if share.hash > share.work.job.given_target:
                outcome, self.quirks.no_easier = Outcome.STALE, True
                events = self._renewed()
            case 23 if share.hash > self._terms.target:
                outcome, self.quirks.raises_at_once = Outcome.STALE, True
                events = self._renewed()
            case 24 | 25:
                events = [Refused(answer.reason)]
            case _:
                pass
        reason = answer.reason if answer.code is None else f"{answer.reason} ({answer.code})"
        if sent.again:
            reason = f"sent again after a lost connection: {reason}"
        return [Answered(share, Result(outcome, reason, latency_s)), *events]

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
            if request.id is not None:
                self._out += encode_response(request.id, None, error_for(20, str(refusal)))
            return [Malformed(f"{request.method}: {refusal}")]
        match message:
            case Notify() if self._terms.subscribed is None:
                self._early = message, now
            case Notify():
                return self._given(new_block=self._terms.give(message, now))
            case SetDifficulty():
                self._terms.difficulty = message.difficulty
                return self._renewed()
            case SetExtranonce():
                self._terms.change_extranonce(message)
            case SetVersionMask():
                self._terms.mask = message.mask & self.settings.version_mask
                return self._renewed()
            case Reconnect():
                return [Redirected(message.host, message.port, message.wait_s)]
            case ShowMessage():
                return [Said(message.text)]
            case GetVersion() if request.id is not None:
                self._out += encode_response(request.id, self.settings.agent)
            case Ping() if request.id is not None:
                self._out += encode_response(request.id, "pong")
            case _:
                pass
        return []

    def _renewed(self) -> list[Event]:
        return self._given(new_block=False) if self._terms.renew(seen=self.ready) else []

    def _given(self, *, new_block: bool) -> list[Event]:
        """The job is held until we are authorized."""
        return [NewJob(self.job, new_block)] if self.ready and self.job is not None else []

    def _ask(self, message: Message) -> int:
        identity, line = self._requests.ask(message)
        self._out += line
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
        parameters["minimum-difficulty.value"] = difficulty_number(settings.minimum_difficulty)
    if settings.extranonce_subscribe:
        extensions.append("subscribe-extranonce")
    return Configure(tuple(extensions), parameters)
