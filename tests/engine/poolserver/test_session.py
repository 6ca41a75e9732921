"""One miner's session with the pool: each refusal by its code, each bound, and what follows a change of difficulty."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.chain.target import target_from_difficulty
from joulehash.engine.poolserver.book import Hashed, JobBook, PoolJob, hash_share
from joulehash.engine.poolserver.session import Accepted, Drop, Limits, Rejected, Session
from joulehash.engine.poolserver.vardiff import Vardiff
from joulehash.engine.stratum.lines import Malformed, Request, Response, decode_line
from joulehash.engine.stratum.messages import Notify, Submit
from joulehash.engine.templates.memory import MemoryChain
from tests.support.stratum import ANY_HASH, JSON, line

HANDSHAKE = line("mining.subscribe", ["test/1"], 1) + line("mining.authorize", ["u", "x"], 2)
CONFIGURE = line("mining.configure", [["version-rolling"], {"version-rolling.mask": "ffffffff"}], 0)


@dataclass
class Miner:
    """A session and what it said last."""

    difficulty: Fraction = ANY_HASH
    limits: Limits = field(default_factory=Limits)
    block_target: int = 1 << 180
    steady: bool = True
    said: list[Request | Response] = field(default_factory=list[Request | Response])

    def __post_init__(self) -> None:
        self.chain = MemoryChain(self.block_target, clock=lambda: 1_700_000_000)
        self.book = JobBook()
        self.book.add(self.chain.template)
        bounds = (self.difficulty, self.difficulty) if self.steady else (Fraction(1, 10**11), Fraction(10**6))
        self.session = Session(b"\1\2\3\4", self.book, Vardiff(self.difficulty, *bounds), self.limits, 0.0)

    def say(self, data: bytes, now: float = 0.0) -> list[object]:
        events = self.session.receive(data, now)
        self.heard()
        return list(events)

    def heard(self) -> None:
        read = [decode_line(one) for one in self.session.outgoing().splitlines()]
        assert not any(isinstance(one, Malformed) for one in read)
        self.said = [one for one in read if not isinstance(one, Malformed)]

    @property
    def jobs(self) -> list[Notify]:
        return [Notify.decode(m.params) for m in self.said if isinstance(m, Request) and m.method == "mining.notify"]

    @property
    def difficulties(self) -> list[object]:
        return [m.params[0] for m in self.said if isinstance(m, Request) and m.method == "mining.set_difficulty"]

    @property
    def code(self) -> int | None:
        """Of the one response: 0 accepted, or the code of the refusal."""
        (reply,) = (m for m in self.said if isinstance(m, Response))
        if reply.error is None:
            return 0 if reply.result is True else None
        assert isinstance(reply.error, list)
        return reply.error[0]  # type: ignore[no-any-return]

    def ready(self) -> Notify:
        self.say(CONFIGURE + HANDSHAKE)
        (job,) = self.jobs
        return job

    def submit(self, job: str | int, now: float = 0.0, user: str = "u", **changes: object) -> int | None:
        values: dict[str, object] = {"extranonce2": bytes(8), "ntime": 1_700_000_000, "nonce": 0}
        share = Submit(user, job, **{**values, **changes})  # type: ignore[arg-type]
        self.events = self.say(line("mining.submit", share.encode(), 9), now)
        return self.code


def test_handshake_gives_a_difficulty_and_then_a_clean_job() -> None:
    miner = Miner(Fraction(1, 1000))
    miner.say(CONFIGURE)
    assert miner.said == [Response(0, {"version-rolling": True, "version-rolling.mask": "1fffe000"}, None)]
    miner.say(HANDSHAKE)
    subscribed, authorized, difficulty, job = miner.said
    pairs = [["mining.set_difficulty", "01020304"], ["mining.notify", "01020304"]]
    assert subscribed == Response(1, [pairs, "01020304", 8], None)
    assert authorized == Response(2, True, None)
    assert isinstance(difficulty, Request)
    assert isinstance(job, Request)
    assert (difficulty.method, job.method) == ("mining.set_difficulty", "mining.notify")
    assert miner.jobs[0].clean
    assert (miner.session.agent, miner.session.user) == ("test/1", "u")


def test_authorize_may_come_before_subscribe() -> None:
    miner = Miner()
    miner.say(line("mining.authorize", ["u"], 1))
    assert miner.jobs == []
    miner.say(line("mining.subscribe", [], 2))
    assert len(miner.jobs) == 1


def test_a_session_that_is_ready_before_there_is_a_job_gets_the_first() -> None:
    miner = Miner()
    miner.book.current = None
    miner.say(HANDSHAKE)
    assert miner.jobs == []
    job, clean = miner.book.add(miner.chain.template)
    miner.session.offer(job, clean=clean)
    miner.heard()
    assert miner.submit(miner.jobs[0].job) == 0


# Codes


def test_0_accepted_and_22_the_second_time() -> None:
    miner = Miner()
    job = miner.ready()
    assert miner.submit(job.job) == 0
    assert isinstance(miner.events[0], Accepted)
    assert miner.events[0].difficulty == ANY_HASH
    assert miner.submit(job.job) == 22
    assert isinstance(miner.events[0], Rejected)
    assert miner.submit(job.job, nonce=1) == 0
    assert (miner.session.accepted, miner.session.rejected) == (2, 1)


def test_22_however_the_same_header_is_written() -> None:
    miner = Miner()
    job = miner.ready()
    assert miner.submit(job.job) == 0
    assert miner.submit(job.job, version_bits=0) == 22
    miner.say(line("mining.configure", [["version-rolling"], {"version-rolling.mask": "0000e000"}], 0))
    assert miner.submit(job.job, version_bits=0) == 22


def test_20_for_params_ntime_mask_and_extranonce2() -> None:
    miner = Miner()
    job = miner.ready()
    assert miner.submit(job.job, extranonce2=bytes(4)) == 20
    assert miner.submit(job.job, ntime=miner.chain.template.first_ntime - 1) == 20
    assert miner.submit(job.job, ntime=miner.chain.template.last_ntime + 1) == 20
    assert miner.submit(job.job, version_bits=0x20000000) == 20
    miner.say(line("mining.submit", ["u", job.job], 9))
    assert miner.code == 20
    miner.say(line("bogus.method", [], 9))
    assert miner.code == 20


def test_20_for_version_bits_without_version_rolling() -> None:
    miner = Miner()
    miner.say(HANDSHAKE)
    assert miner.submit(miner.jobs[0].job, version_bits=0x2000) == 20
    assert miner.submit(miner.book.current.id if miner.book.current else "", version_bits=0) == 0


def test_21_for_an_unknown_job_and_for_one_of_an_older_block() -> None:
    miner = Miner()
    old = miner.ready()
    assert miner.submit("zz") == 21
    job, _ = miner.book.add(miner.chain.template)
    miner.session.offer(job, clean=False)
    miner.heard()
    assert miner.submit(old.job) == 0
    miner.session.offer(miner.book.add(miner.chain.template)[0], clean=True)
    miner.heard()
    assert miner.submit(old.job, nonce=1) == 21
    assert miner.submit(job.id, nonce=1) == 21


def test_21_for_a_job_that_another_session_was_given() -> None:
    miner = Miner()
    miner.ready()
    other = miner.book.renew()
    assert other is not None
    assert miner.submit(other.id) == 21


def test_job_ids_may_come_back_as_numbers() -> None:
    miner = Miner()
    assert miner.submit(int(str(miner.ready().job))) == 0


def test_23_for_a_share_that_misses_its_target() -> None:
    miner = Miner(Fraction(1000))
    job = miner.ready()
    assert miner.submit(job.job) == 23
    assert miner.submit(job.job) == 23  # not remembered: only work that counts costs memory


def test_a_block_counts_though_it_misses_the_shares_target() -> None:
    miner = Miner(Fraction(1000), block_target=2**255 - 1)
    job = miner.ready()
    codes = {miner.submit(job.job, nonce=nonce) for nonce in range(20)}
    assert codes == {0, 23}


def test_24_for_another_user_and_for_none() -> None:
    miner = Miner()
    job = miner.ready()
    assert miner.submit(job.job, user="other") == 24
    miner.say(line("mining.authorize", ["", "x"], 3))
    assert miner.code == 24
    unauthorized = Miner()
    unauthorized.say(line("mining.subscribe", [], 1))
    assert unauthorized.submit("1") == 24


def test_several_workers_may_share_a_session_up_to_a_bound() -> None:
    miner = Miner(limits=Limits(workers=3))
    job = miner.ready()
    codes: list[int | None] = []
    for name in ("v", "w", "x", "v"):
        miner.say(line("mining.authorize", [name], 3))
        codes.append(miner.code)
    assert codes == [0, 0, 24, 0]
    assert [miner.submit(job.job, user=name, nonce=i) for i, name in enumerate("uvwx")] == [0, 0, 0, 24]
    assert miner.session.user == "u"


def test_25_before_subscribe() -> None:
    miner = Miner()
    miner.say(line("mining.authorize", ["u"], 1))
    assert miner.submit("1") == 25


# Bounds


def test_a_rate_above_the_ceiling_is_refused_and_recovers() -> None:
    miner = Miner(limits=Limits(shares_per_s=10.0, burst=20.0))
    job = miner.ready()  # three requests
    codes = [miner.submit(job.job, nonce=nonce) for nonce in range(30)]
    assert codes == [0] * 17 + [20] * 13
    assert miner.submit(job.job, now=1.0, nonce=100) == 0
    assert sum(miner.submit(job.job, now=2.0, nonce=200 + i) == 0 for i in range(50)) == 19
    assert miner.submit("zz", now=2.0) == 20  # refusals cost, too
    miner.say(line("mining.ping", [], 5), 2.0)
    assert miner.code == 20


def test_shares_of_one_job_are_bounded() -> None:
    miner = Miner(limits=Limits(shares_per_job=5))
    job = miner.ready()
    assert [miner.submit(job.job, nonce=nonce) for nonce in range(7)] == [0] * 5 + [20] * 2
    assert miner.submit(job.job, nonce=0) == 22


def test_the_jobs_that_may_still_be_submitted_are_bounded() -> None:
    miner = Miner()
    first = miner.ready()
    jobs = [miner.book.renew() for _ in range(40)]
    for job in jobs:
        assert job is not None
        miner.session.offer(job, clean=False)
    miner.heard()
    assert miner.submit(first.job) == 21
    ids = [job.id for job in jobs if job is not None]
    assert [miner.submit(name) for name in ids[:8]] == [21] * 8
    assert [miner.submit(name) for name in ids[8:]] == [0] * 32


def test_lines_that_cannot_be_understood_end_the_session() -> None:
    miner = Miner()
    events = miner.say(b"junk\n" * 50)
    assert [type(event) for event in events] == [Malformed] * 10 + [Drop]


def test_unknown_methods_are_refused_as_often_as_they_come() -> None:
    """Some miners send their hash rate once a minute by a method of their own."""
    miner = Miner()
    for _ in range(100):
        (event,) = miner.say(line("mining.hashrate", ["1"], 5))
        assert isinstance(event, Malformed)
        assert miner.code == 20


def test_transactions_are_told_once_for_each_job() -> None:
    miner = Miner()
    job = miner.ready()
    miner.say(line("mining.get_transactions", [job.job], 5))
    (reply,) = miner.said
    assert isinstance(reply, Response)
    assert reply.result == [t.hex() for t in miner.chain.template.transactions]
    miner.say(line("mining.get_transactions", [job.job], 5))
    assert miner.code == 20
    miner.say(line("mining.get_transactions", ["zz"], 5))
    assert miner.code == 21


# Difficulty


def header_of(miner: Miner, notify: Notify) -> bytes:
    offered = PoolJob(str(notify.job), miner.chain.template, notify.coinb1, notify.coinb2, 0)
    hashed = hash_share(offered, Submit("u", notify.job, bytes(8), 1_700_000_000, 0), b"\1\2\3\4", 0)
    assert isinstance(hashed, Hashed)
    return hashed.header


def test_a_raised_difficulty_comes_with_a_new_job_whose_headers_are_others() -> None:
    miner = Miner(steady=False)
    first = miner.ready()
    miner.say(line("mining.suggest_difficulty", [1], 5))
    (second,) = miner.jobs
    assert miner.difficulties == [1]
    assert [m.method for m in miner.said if isinstance(m, Request)] == ["mining.set_difficulty", "mining.notify"]
    assert not second.clean
    assert header_of(miner, first) != header_of(miner, second)
    assert first.coinb1 != second.coinb1
    assert miner.submit(first.job) == 0  # the running job keeps its own
    assert miner.submit(second.job) == 23


def test_a_lowered_difficulty_counts_at_once_for_running_jobs() -> None:
    miner = Miner(Fraction(1), steady=False)
    first = miner.ready()
    assert miner.submit(first.job) == 23
    miner.say(line("mining.suggest_difficulty", [1e-11], 5))
    assert len(miner.jobs) == 1
    assert miner.submit(first.job) == 0


def test_what_a_lowered_difficulty_has_let_in_counts_after_it_has_risen_again() -> None:
    """Found by the fault proxy: the share was on its way, and the pool refused it as low."""
    miner = Miner(Fraction(1), steady=False)
    first = miner.ready()
    for difficulty in (1e-11, 1):
        miner.say(line("mining.suggest_difficulty", [difficulty], 5))
    (last,) = miner.jobs
    assert miner.submit(first.job) == 0
    assert miner.submit(last.job) == 23


def test_a_fast_miner_is_raised_before_it_floods() -> None:
    miner = Miner(steady=False)
    name = miner.ready().job
    accepted = told = 0
    for nonce in range(500):  # a millisecond each, always at work on the newest job
        accepted += miner.submit(name, now=nonce / 1000, nonce=nonce) == 0
        for job in miner.jobs:
            name, told = job.job, told + 1
    assert accepted < 200
    assert 1 <= told <= 10


def test_a_silent_miner_is_lowered_by_the_clock() -> None:
    miner = Miner(Fraction(1000), steady=False)
    miner.ready()
    for second in range(60):
        miner.session.tick(float(second))
    miner.heard()
    assert miner.session.vardiff.difficulty < 1
    assert len(miner.jobs) == len(miner.difficulties) >= 3


def test_minimum_difficulty_is_honoured() -> None:
    miner = Miner(Fraction(1, 10), steady=False)
    asked: list[object] = [["minimum-difficulty"], {"minimum-difficulty.value": 0.5}]
    miner.say(line("mining.configure", asked, 0) + HANDSHAKE)
    assert miner.said[0] == Response(0, {"minimum-difficulty": True}, None)
    assert [float(str(d)) for d in miner.difficulties] == [0.5]
    miner.say(line("mining.suggest_difficulty", [0.001], 5))
    assert miner.session.vardiff.difficulty == Fraction(1, 2)
    miner.say(line("mining.configure", [["minimum-difficulty"], {"minimum-difficulty.value": 2}], 0))
    assert miner.difficulties == [2]  # told at once, with a job
    assert len(miner.jobs) == 1
    bads: list[object] = [0, -1, "x", None, [], True]
    for bad in bads:
        miner.say(line("mining.configure", [["minimum-difficulty"], {"minimum-difficulty.value": bad}], 0))
        assert miner.said == [Response(0, {"minimum-difficulty": False}, None)]


def test_suggest_target_is_a_difficulty_too() -> None:
    miner = Miner(Fraction(1), steady=False)
    miner.ready()
    miner.say(line("mining.suggest_target", [f"{target_from_difficulty(4):064x}"], 5))
    assert miner.difficulties == [4]
    miner.say(line("mining.suggest_target", ["00" * 32], 5))
    assert miner.said == [Response(5, True, None)]


def test_a_bound_that_the_pool_moves_holds_from_the_next_job_on() -> None:
    """Blocks have become easier: no share may be harder than one."""
    miner = Miner(Fraction(100), steady=False)
    miner.ready()
    miner.session.vardiff.most = Fraction(5)
    miner.session.offer(miner.book.add(miner.chain.template)[0], clean=False)
    miner.heard()
    assert miner.difficulties == [5]


def test_a_mask_that_cannot_be_read_is_refused() -> None:
    miner = Miner()
    miner.say(line("mining.configure", [["version-rolling"], {"version-rolling.mask": "zz"}], 0))
    assert miner.code == 20
    assert miner.session.mask == 0


PIECES = st.sampled_from(
    [
        CONFIGURE,
        HANDSHAKE,
        line("mining.subscribe", [], 1),
        line("mining.ping", [], "p"),
        line("mining.authorize", ["u"]),
    ]
    + [line("mining.submit", ["u", "1", "00" * 8, "6553f100", f"{n:08x}"], n) for n in range(4)]
    + [line("mining.suggest_difficulty", [d], 4) for d in (1, 1e-11, 1e99, 1e-99)]
    + [line("mining.get_transactions", ["1"], 5), line("mining.suggest_target", ["ff" * 32], 6), b"\n", b'{"id":1}\n']
)


@given(st.lists(PIECES | st.binary(max_size=40)), st.booleans())
def test_anything_in_any_order_is_stood(chunks: list[bytes], ready: bool) -> None:
    miner = Miner(steady=False)
    if ready:
        miner.ready()
    for second, chunk in enumerate(chunks):
        miner.say(chunk, float(second))
        miner.session.tick(float(second))
    miner.heard()


@given(st.lists(JSON, max_size=7))
def test_any_params_of_a_share_are_answered_with_a_code(params: list[object]) -> None:
    miner = Miner()
    miner.ready()
    miner.say(line("mining.submit", params, 9))
    assert miner.code in range(20, 26)


def test_a_block_of_the_block_before_counts_and_other_shares_of_it_do_not() -> None:
    """It may be one of two at its height: the chain shall say."""
    miner = Miner(block_target=1 << 255)  # every second hash
    old = miner.ready()
    miner.session.offer(miner.book.add(miner.chain.template)[0], clean=True)
    miner.heard()
    codes = {nonce: miner.submit(old.job, nonce=nonce) for nonce in range(20)}
    assert set(codes.values()) == {0, 21}
    for nonce, code in codes.items():
        if code == 0:
            assert miner.submit(old.job, nonce=nonce) == 22
            assert miner.submit(old.job, nonce=nonce, extranonce2=bytes(4)) == 20
    miner.session.offer(miner.book.add(miner.chain.template)[0], clean=True)
    miner.heard()
    assert {miner.submit(old.job, nonce=nonce) for nonce in range(20, 30)} == {21}, "two blocks ago nothing is known"
