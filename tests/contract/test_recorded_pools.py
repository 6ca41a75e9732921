"""What two real pools said, to our client; what their miners said, to our pool. See tests/data/pools/README.md."""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import pytest

from joulehash.engine.chain.coinbase import Coinbase
from joulehash.engine.chain.target import difficulty_from_target, target_from_difficulty
from joulehash.engine.judge import Fate, Judge, Quality, Verdict
from joulehash.engine.poolserver.book import EXTRANONCE1_SIZE, EXTRANONCE2_SIZE, JobBook, PoolJob
from joulehash.engine.poolserver.session import Drop, Limits, Session
from joulehash.engine.poolserver.vardiff import Vardiff
from joulehash.engine.stratum.client import Answered, ClientProtocol, NewJob, Quirks, Refused, Settings
from joulehash.engine.stratum.lines import Malformed, Request, Response, decode_line
from joulehash.engine.stratum.messages import MESSAGES, Notify, Submit, Subscribe
from joulehash.engine.stratum.results import Answer, SubscribeResult
from joulehash.engine.tally import Outcome
from joulehash.engine.templates.memory import MemoryChain
from joulehash.engine.templates.template import Template
from joulehash.engine.work import Found, Job, Work
from tests.support.stratum import Read, dialogues

SESSIONS = [(pool, number, reads) for pool in ("ckpool", "public-pool") for number, reads in dialogues(pool)]
NAMES = [f"{pool}-{number}" for pool, number, _ in SESSIONS]
MASK = 0x1FFFE000


def recorded(reads: list[Read], *, by_pool: bool) -> Iterator[tuple[bytes, Request | Response | Malformed]]:
    for read in reads:
        if read.by_pool is by_pool and read.data is not None:
            for one in read.data.splitlines():
                yield one, decode_line(one)


@pytest.mark.parametrize(("pool", "number", "reads"), SESSIONS, ids=NAMES)
def test_every_recorded_line_is_understood(pool: str, number: int, reads: list[Read]) -> None:
    for by_pool in (True, False):
        for one, message in recorded(reads, by_pool=by_pool):
            if isinstance(message, Request) and message.method in MESSAGES:
                decoded = MESSAGES[message.method].decode(message.params)
                assert decoded.sender in (("pool" if by_pool else "miner"), "both")
            elif isinstance(message, Request):
                assert message.method == "bogus.method"
            elif isinstance(message, Malformed):
                assert (number, one) == (2, b"not json")  # the probe's own


# Their pool, our client


@dataclass
class Replay:
    """Our client in the place of the recorded one."""

    client: ClientProtocol
    judge: Judge = field(default_factory=Judge)
    jobs: dict[str, Job] = field(default_factory=dict[str, Job])
    works: dict[tuple[str, bytes], Work] = field(default_factory=dict[tuple[str, bytes], Work])
    methods: dict[object, str] = field(default_factory=dict[object, str])  # by the recorded ids
    asked: dict[str, int] = field(default_factory=dict[str, int])  # our ids, by method
    shares: dict[object, deque[tuple[int | None, str]]] = field(
        default_factory=lambda: defaultdict[object, deque[tuple[int | None, str]]](deque)
    )
    events: list[object] = field(default_factory=list[object])
    agreed: Counter[str] = field(default_factory=Counter[str])

    def client_said(self, request: Request, now: float) -> None:
        self.methods[request.id] = request.method
        self.note_asked()
        if request.method == "mining.submit":
            self.shares[request.id].append(self.submitted(Submit.decode(request.params), now))

    def submitted(self, submit: Submit, now: float) -> tuple[int | None, str]:
        """Our id for the share and what we expect of it; None for what we would never have sent."""
        job = self.jobs.get(str(submit.job))
        if job is None:
            return None, "unknown job"
        if submit.user != self.client.settings.user:
            return None, "not our user"
        verdict = self.judged(job, submit, now)
        if not verdict.sendable:
            return None, verdict.fate.value if verdict.fate is not Fate.FRESH else verdict.quality.name
        assert self.client.submit(verdict, now) is None
        sent = decode_line(self.client.outgoing())
        assert isinstance(sent, Request)
        ours = Submit.decode(sent.params)
        assert (ours.job, ours.extranonce2, ours.ntime, ours.nonce) == (
            *(submit.job, submit.extranonce2, submit.ntime, submit.nonce),
        )
        assert (ours.version_bits or 0) == (submit.version_bits or 0)
        assert isinstance(sent.id, int)
        return sent.id, "share"

    def judged(self, job: Job, submit: Submit, now: float) -> Verdict:
        # The devices of that time rolled no ntime; a job may be older than its time says.
        bits = submit.version_bits
        version = job.version if bits is None else job.version & ~MASK | bits
        key = (str(job.id), submit.extranonce2)
        work = self.works.setdefault(key, Work(job, submit.extranonce2, job.ntime, (version,), 0, 2**32, 2**256 - 1))
        return self.judge.judge(Found("recorded", (work,), submit.nonce, version, submit.ntime, now), now)

    def pool_said(self, line: bytes, now: float) -> None:
        self.note_asked()
        message = decode_line(line)
        assert not isinstance(message, Malformed)
        if isinstance(message, Response):
            method = self.methods[message.id]
            if method == "mining.submit":
                identity, expected = self.shares[message.id].popleft()
                self.agree(expected, Answer.decode(message.result, message.error))
                if identity is None:
                    return
            else:
                identity = self.asked.get(method, 10_000)  # what our client did not ask it ignores
            line = re.sub(rb'"id":("a\d"|\d+)', b'"id":%d' % identity, line)
        for event in self.client.receive(line + b"\n", now):
            self.events.append(event)
            if isinstance(event, NewJob):
                self.judge.accept(event.job)
                self.jobs[str(event.job.id)] = event.job
        self.note_asked()

    def agree(self, expected: str, answer: Answer) -> None:
        """Whether the pool's verdict is ours."""
        self.agreed[f"{expected}: {answer.code if not answer.ok else 'accepted'}"] += 1
        assert answer.ok is (expected == "share")

    def note_asked(self) -> None:
        for one in self.client.outgoing().splitlines():
            message = decode_line(one)
            assert isinstance(message, Request)
            assert isinstance(message.id, int)
            self.asked[message.method] = message.id


def replayed(reads: list[Read]) -> Replay:
    requests = [m for _, m in recorded(reads, by_pool=False) if isinstance(m, Request)]
    user = next(str(request.params[0]) for request in requests if request.method == "mining.authorize")
    replay = Replay(ClientProtocol(Settings(user), Quirks(), 1))
    replay.client.start()
    for read in reads:
        for one in (read.data or b"").splitlines():
            if read.by_pool:
                replay.pool_said(one, read.t_s)
            elif isinstance(message := decode_line(one), Request):
                replay.client_said(message, read.t_s)
    return replay


REPLAYED = {(pool, number): replayed(reads) for pool, number, reads in SESSIONS if number != 3}


@pytest.mark.parametrize(
    ("pool", "agreed"),
    [
        (
            "ckpool",
            {
                "share: accepted": 2,
                "CLAIM: 23": 1,
                "duplicate: 22": 1,
                "unknown job: 21": 1,
                "ntime outside the range: 20": 2,
                "version bits outside the mask: 20": 1,
                "not our user: 20": 1,
            },
        ),
        (
            "public-pool",  # it checks neither ntime nor mask
            {
                "share: accepted": 2,
                "CLAIM: 23": 1,
                "duplicate: 22": 1,
                "unknown job: 21": 1,
                "ntime outside the range: 23": 2,
                "version bits outside the mask: 23": 1,
                "not our user: 22": 1,
            },
        ),
    ],
)
def test_our_judge_agrees_with_the_pools_on_every_share_of_the_probe(pool: str, agreed: dict[str, int]) -> None:
    assert REPLAYED[pool, 1].agreed == agreed


def test_our_judge_agrees_on_every_share_of_cpuminer_through_three_new_blocks() -> None:
    replay = REPLAYED["ckpool", 7]
    assert set(replay.agreed) == {"share: accepted"}
    answered = [event.result.outcome for event in replay.events if isinstance(event, Answered)]
    assert answered == [Outcome.ACCEPTED] * replay.agreed["share: accepted"]
    assert len(answered) == 41
    blocks = [event.new_block for event in replay.events if isinstance(event, NewJob)]
    assert blocks == [True, True, False, True, False, True]


def test_shares_that_ckpool_left_unanswered_are_lost_at_the_end() -> None:
    client = REPLAYED["ckpool", 7].client
    assert client.oldest_pending_s(39.98) == pytest.approx(39.98 - 24.5754)
    lost = client.closed("the pool closed the connection")
    assert [event.result.outcome for event in lost if isinstance(event, Answered)] == [Outcome.LOST] * 25


@pytest.mark.parametrize(
    ("pool", "number", "jobs"),
    [
        # session, (job id, difficulty of now, difficulty when it was given, clean, mask)
        ("ckpool", 1, [("6b02251100000002", "0.00050000000000000001", "0.001", True, MASK)]),
        (
            *("ckpool", 2),
            [
                ("6b02251100000004", "0.001", "0.001", True, MASK),
                ("6b02251100000004", "0.00050000000000000001", "0.001", False, MASK),
                ("6b02251100000005", "0.00050000000000000001", "0.00050000000000000001", False, MASK),
            ],
        ),
        ("ckpool", 6, [("6b02251100000005", "0.0040000000000000001", "0.0040000000000000001", True, 0)]),
        ("public-pool", 1, [("1", "0.0005", "0.0005", False, MASK)]),
        ("public-pool", 2, [("2", "16384", "16384", True, MASK), ("2", "0.0005", "16384", False, MASK)]),
        ("public-pool", 6, [("3", "16384", "16384", True, 0)]),
        ("public-pool", 7, [(str(i), "0.1", "0.1", True, 0) for i in (4, 5, 6, 7)]),
    ],
)
def test_jobs_come_out_with_the_right_targets(
    pool: str, number: int, jobs: list[tuple[str, str, str, bool, int]]
) -> None:
    came = [event.job for event in REPLAYED[pool, number].events if isinstance(event, NewJob)]
    assert [(j.id, j.target, j.given_target, j.clean, j.version_mask) for j in came] == [
        (i, target_from_difficulty(now), target_from_difficulty(given), clean, mask)
        for i, now, given, clean, mask in jobs
    ]


@pytest.mark.parametrize(
    ("pool", "number", "reason"),
    [
        ("ckpool", 4, "refused without a reason"),
        ("public-pool", 4, "Authorization validation error"),
        ("public-pool", 5, "Authorization validation error"),
    ],
)
def test_refused_users(pool: str, number: int, reason: str) -> None:
    replay = REPLAYED[pool, number]
    user = replay.client.settings.user
    assert replay.events == [Refused(f"authorize {user!r}: {reason}", credentials=True)]


@pytest.mark.parametrize("key", REPLAYED, ids=str)
def test_nothing_that_a_real_pool_says_is_malformed_to_our_client(key: tuple[str, int]) -> None:
    assert not [event for event in REPLAYED[key].events if isinstance(event, Malformed)]


# Their miner, our pool


def pool_job(notify: Notify) -> PoolJob:
    """The recorded job, as our book holds jobs."""
    template = Template(
        serial=1,
        height=600,
        version=notify.version,
        prev_hash=notify.prev_hash,
        nbits=notify.nbits,
        curtime=notify.ntime,
        mintime=notify.ntime,
        coinbase=Coinbase(600, ()),
        transactions=(),
        branches=notify.branches,
    )
    return PoolJob(str(notify.job), template, notify.coinb1, notify.coinb2, template.target)


def our_pool(reads: list[Read], *, steady: bool) -> Session:
    """A session with the recorded extranonce1, where the sizes are ours; with jobs of a chain in memory elsewhere."""
    extranonce1 = bytes(EXTRANONCE1_SIZE)
    requests = [m for _, m in recorded(reads, by_pool=False) if isinstance(m, Request)]
    subscribed = {m.id for m in requests if m.method == Subscribe.method}
    for _, message in recorded(reads, by_pool=True):
        if isinstance(message, Response) and message.id in subscribed:
            result = SubscribeResult.decode(message.result)
            if result.extranonce2_size == EXTRANONCE2_SIZE:
                extranonce1 = result.extranonce1
    first = Fraction(1, 1000)
    bounds = (first, first) if steady else (Fraction(1, 10**9), Fraction(1000))
    return Session(extranonce1, JobBook(), Vardiff(first, *bounds), Limits(), 0.0)


def answers_of_ours(reads: list[Read], *, with_jobs: bool, steady: bool = False) -> list[tuple[Request, Answer | None]]:
    """What our pool answers to each recorded request; None where it gives no answer."""
    session, answers = our_pool(reads, steady=steady), list[tuple[Request, Answer | None]]()
    if not with_jobs:
        session.book.add(MemoryChain(2**200).template)
    for read in reads:
        for one in (read.data or b"").splitlines():
            message = decode_line(one)
            if read.by_pool:
                if with_jobs and isinstance(message, Request) and message.method == Notify.method:
                    notify = Notify.decode(message.params)
                    session.offer(pool_job(notify), clean=notify.clean)
                continue
            events = session.receive(one + b"\n", read.t_s)
            assert not any(isinstance(event, Drop) for event in events)
            written = [decode_line(out) for out in session.outgoing().splitlines()]
            assert not any(isinstance(out, Malformed) for out in written)
            replies = [out for out in written if isinstance(out, Response)]
            if isinstance(message, Request):
                assert [reply.id for reply in replies] == [message.id]
                answers.append((message, Answer.decode(replies[0].result, replies[0].error)))
            else:
                assert replies == []
    return answers


def test_our_pool_judges_the_probes_shares_as_ckpool_did() -> None:
    theirs = [answer for _, answer in _theirs("ckpool", 1) if answer is not None]
    ours = [
        answer
        for request, answer in answers_of_ours(dict_of("ckpool")[1], with_jobs=True)
        if request.method == Submit.method and answer is not None
    ]
    assert [answer.code for answer in theirs] == [23, 21, 20, 20, 20, 20, None, 22, None]
    # Another user's name is 24 with us, 20 "Worker mismatch" with ckpool; -1 h is before the chain's least time.
    assert [answer.code for answer in ours] == [23, 21, 20, 20, 20, 24, None, 22, None]
    assert [answer.ok for answer in ours] == [answer.ok for answer in theirs]


def test_our_pool_accepts_every_share_of_cpuminer_that_ckpool_accepted() -> None:
    answers = answers_of_ours(dict_of("ckpool")[7], with_jobs=True, steady=True)
    ours = [answer for request, answer in answers if request.method == Submit.method]
    assert len(ours) == 41 + 25  # those that ckpool left unanswered were good, too
    assert all(answer is not None and answer.ok for answer in ours)


@pytest.mark.parametrize("pool", ["ckpool", "public-pool"])
def test_our_pool_answers_everything_else_well(pool: str) -> None:
    """Where the two real pools differ from each other, or leave a request unanswered, ours answers in due form."""
    expected: dict[str, set[tuple[bool, int | None]]] = {
        "mining.configure": {(True, None)},
        "mining.subscribe": {(True, None)},
        "mining.authorize": {(True, None)},  # any name will do
        "mining.suggest_difficulty": {(True, None)},
        "mining.suggest_target": {(True, None)},
        "mining.extranonce.subscribe": {(True, None)},
        "mining.ping": {(True, None)},
        "mining.get_transactions": {(False, 21), (True, None)},
        "bogus.method": {(False, 20)},
    }
    for number, reads in dict_of(pool).items():
        for request, answer in answers_of_ours(reads, with_jobs=False):
            assert answer is not None
            if request.method != Submit.method:
                assert (answer.ok, answer.code) in expected[request.method]
            elif number == 3:
                assert answer.code == 25  # it never subscribed
            else:
                assert answer.code in (20, 21, 24)  # jobs and extranonce2 of another pool


def dict_of(pool: str) -> dict[int, list[Read]]:
    return dict(dialogues(pool))


def _theirs(pool: str, number: int) -> list[tuple[Request, Answer | None]]:
    """What the real pool answered to each share, matched by id."""
    reads = dict_of(pool)[number]
    replies = {m.id: m for _, m in recorded(reads, by_pool=True) if isinstance(m, Response)}
    return [
        (m, Answer.decode(replies[m.id].result, replies[m.id].error) if m.id in replies else None)
        for _, m in recorded(reads, by_pool=False)
        if isinstance(m, Request) and m.method == Submit.method
    ]


def test_the_recorded_difficulties_are_those_of_the_accepted_shares() -> None:
    """The table of this file is no tautology: the accepted hashes really meet what the pools had asked for."""
    for (pool, number), replay in REPLAYED.items():
        for event in replay.events:
            if isinstance(event, Answered) and event.result.outcome is Outcome.ACCEPTED:
                asked = difficulty_from_target(event.share.work.job.target)
                assert event.share.difficulty >= asked > Fraction(1, 10_000), (pool, number)
                assert event.share.quality >= Quality.SHARE
