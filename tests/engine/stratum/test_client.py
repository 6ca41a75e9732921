"""The miner's side against every habit of pools that is known, one test each."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.chain.target import target_from_difficulty
from joulehash.engine.errors import InputError
from joulehash.engine.judge import Quality
from joulehash.engine.stratum.client import (
    Answered,
    ClientProtocol,
    NewJob,
    Quirks,
    Ready,
    Redirected,
    Refused,
    Said,
    Settings,
)
from joulehash.engine.stratum.lines import Malformed, Request, Response
from joulehash.engine.stratum.messages import SetDifficulty, SetExtranonce, Submit
from joulehash.engine.tally import Outcome, Result
from joulehash.engine.work import Job
from tests.support.stratum import (
    DATA,
    answer,
    asked,
    connected,
    give,
    header_of,
    line,
    notify,
    sent,
    share_between,
    share_of,
    told,
)

KAT = json.loads(Path(DATA / "kat.json").read_text(encoding="utf-8"))
SUBSCRIBED = [[["mining.notify", "s"]], "08000002", 4]


def started(settings: Settings | None = None, quirks: Quirks | None = None) -> ClientProtocol:
    client = ClientProtocol(settings or Settings("u"), quirks or Quirks(), 1)
    client.start()
    return client


def outcome(client: ClientProtocol, data: bytes) -> tuple[Outcome, str]:
    """Of the one share that `data` answers."""
    answered = [event for event in client.receive(data, 1.0) if isinstance(event, Answered)]
    assert len(answered) == 1
    return answered[0].result.outcome, answered[0].result.reason


def submitted(client: ClientProtocol, job: Job, nonce: int = 0) -> int:
    """The id of a share that was sent."""
    assert client.submit(share_of(job, nonce), 0.5) is None
    identity = asked(client)["mining.submit"].id
    assert isinstance(identity, int)
    return identity


# Known sessions


def test_slush_documentation_session_byte_for_byte() -> None:
    kat = KAT["slush-docs-example"]
    client = connected(Settings("slush.miner1", version_mask=0), difficulty=1)
    client.receive(line("mining.notify", kat["notify"]), 0.0)
    job = client.job
    assert job is not None
    ntime = int(kat["submit"][3], 16)
    share = share_of(replace(job, ntime=ntime), int(kat["submit"][4], 16), bytes.fromhex(kat["submit"][2]))
    assert share.header.hex() == kat["header"]
    assert f"{share.hash:064x}" == kat["hash"]
    assert share.quality is Quality.BLOCK  # difficulty 7.9 on a network of 6.0
    assert client.submit(share, 0.0) is None
    assert client.outgoing() == line("mining.submit", json.dumps(kat["submit"], separators=(",", ":")), 3)


def test_bitaxe_session_with_version_bits_byte_for_byte() -> None:
    kat = KAT["bitaxe-gamma-2025-06-19"]
    client = connected(Settings("bc1q...bitaxe"), difficulty=1000, extranonce1=kat["extranonce1"], size=4)
    client.receive(line("mining.notify", kat["notify"]), 0.0)
    job = client.job
    assert job is not None
    user, name, en2, ntime, nonce, bits = kat["submit"]
    share = share_of(job, int(nonce, 16), bytes.fromhex(en2), int(bits, 16))
    assert share.header.hex() == kat["header"]
    assert f"{share.hash:064x}" == kat["hash"]
    assert client.submit(share, 0.0) is None
    (request,) = sent(client)
    assert isinstance(request, Request)
    assert request.params == [user, name, en2, ntime, nonce, bits] == kat["submit"]
    assert header_of(job, Submit.decode(request.params)).pack().hex() == kat["header"]


# Handshake


def test_handshake_in_order_with_a_job_at_its_end() -> None:
    settings = Settings("u.w", "d=5", suggest_difficulty=Fraction(1, 2), extranonce_subscribe=True, agent="a/1")
    client = started(settings)
    configure, subscribe = sent(client)
    assert isinstance(configure, Request)
    assert isinstance(subscribe, Request)
    assert configure.params == [
        ["version-rolling", "subscribe-extranonce"],
        {"version-rolling.mask": "1fffe000", "version-rolling.min-bit-count": 2},
    ]
    assert (subscribe.method, subscribe.params) == ("mining.subscribe", ["a/1"])
    client.receive(answer(configure.id, {"version-rolling": True, "version-rolling.mask": "1fffe000"}), 0.0)
    assert client.receive(answer(subscribe.id, SUBSCRIBED), 0.0) == []
    requests = asked(client)
    assert requests["mining.authorize"].params == ["u.w", "d=5"]
    assert "mining.extranonce.subscribe" in requests
    assert client.receive(answer(requests["mining.authorize"].id, True), 0.0) == [Ready(b"\x08\0\0\2", 4, 0x1FFFE000)]
    suggest = asked(client)["mining.suggest_difficulty"]
    assert suggest.id is not None  # Ocean hangs up on one without
    assert suggest.params[0] == pytest.approx(0.5)
    assert give(client).clean


def test_optional_requests_may_stay_unanswered_for_ever() -> None:
    """public-pool answers neither mining.extranonce.subscribe nor mining.suggest_difficulty."""
    client = connected(Settings("u", suggest_difficulty=Fraction(1), extranonce_subscribe=True))
    job = give(client)
    identity = submitted(client, job)
    assert outcome(client, answer(identity, True)) == (Outcome.ACCEPTED, "")


def test_a_refused_optional_request_changes_nothing() -> None:
    client = started(Settings("u", extranonce_subscribe=True))
    client.receive(answer(asked(client)["mining.subscribe"].id, SUBSCRIBED), 0.0)
    requests = asked(client)
    refused = answer(requests["mining.extranonce.subscribe"].id, None, [20, "Not supported.", None])
    assert client.receive(refused, 0.0) == []
    assert [type(e) for e in client.receive(answer(requests["mining.authorize"].id, True), 0.0)] == [Ready]


def test_a_job_before_the_answer_to_authorize_is_held_with_its_own_difficulty() -> None:
    """ckpool: notify and a second set_difficulty come before the result."""
    client = started()
    client.receive(answer(asked(client)["mining.subscribe"].id, SUBSCRIBED), 0.0)
    authorize = asked(client)["mining.authorize"]
    data = told(SetDifficulty(Fraction(1, 1000))) + told(notify()) + told(SetDifficulty(Fraction(1, 2000)))
    assert client.receive(data, 5.0) == []
    ready, new = client.receive(answer(authorize.id, True), 6.0)
    assert isinstance(ready, Ready)
    assert isinstance(new, NewJob)
    assert new.new_block
    assert new.job.target == target_from_difficulty("0.0005")
    assert new.job.given_target == target_from_difficulty("0.001")
    assert new.job.received_s == 5.0


def test_a_job_before_the_answer_to_subscribe_is_held() -> None:
    client = started()
    assert client.receive(told(SetDifficulty(Fraction(7))) + told(notify("early")), 2.0) == []
    client.receive(answer(asked(client)["mining.subscribe"].id, SUBSCRIBED), 3.0)
    _, new = client.receive(answer(asked(client)["mining.authorize"].id, True), 4.0)
    assert isinstance(new, NewJob)
    assert (new.job.id, new.job.received_s) == ("early", 2.0)
    assert new.job.target == target_from_difficulty(7)


def test_a_change_while_a_job_is_held_is_not_told_before_the_session_is_ready() -> None:
    client = started()
    client.receive(answer(asked(client)["mining.subscribe"].id, SUBSCRIBED), 0.0)
    client.receive(told(notify()), 0.0)
    assert (
        client.receive(told(SetDifficulty(Fraction(1, 8))) + line("mining.set_version_mask", ["0000e000"]), 0.0) == []
    )
    _, new = client.receive(answer(asked(client)["mining.authorize"].id, True), 4.0)
    assert isinstance(new, NewJob)
    assert (new.job.target, new.job.version_mask) == (target_from_difficulty(Fraction(1, 8)), 0xE000)


def test_answers_with_string_ids_and_decimal_ids() -> None:
    client = started()
    requests = asked(client)
    client.receive(answer(str(requests["mining.configure"].id), {"version-rolling.mask": "1fffe000"}), 0.0)
    client.receive(answer(float(str(requests["mining.subscribe"].id)), SUBSCRIBED), 0.0)
    events = client.receive(answer(str(asked(client)["mining.authorize"].id), True), 0.0)
    assert events == [Ready(b"\x08\0\0\2", 4, 0x1FFFE000)]


def test_answers_without_ids_go_to_the_oldest_request_that_they_fit() -> None:
    client = started(Settings("u", suggest_difficulty=Fraction(1), extranonce_subscribe=True))
    client.receive(answer(None, SUBSCRIBED), 0.0)  # mining.configure stays unanswered
    assert [type(e) for e in client.receive(answer(None, True), 0.0)] == [Ready]
    job = give(client)
    client.receive(told(SetDifficulty(Fraction(1, 10**11))), 0.0)
    assert client.job is not None
    job = client.job
    client.outgoing()
    first, second = share_of(job, 1), share_of(job, 2)
    assert (client.submit(first, 0.0), client.submit(second, 0.0)) == (None, None)
    assert client.receive(answer(None, True), 0.0) == [Answered(first, Result(Outcome.ACCEPTED, "", 0.0))]
    rejected = client.receive(answer(None, None, [20, "no", None]), 0.0)
    assert rejected == [Answered(second, Result(Outcome.REJECTED, "no (20)", 0.0))]
    assert client.receive(answer(None, True), 0.0) == []


@pytest.mark.parametrize("identity", [999, "999", -1, "x", True, None, "٣", 10**300])
def test_answers_to_nothing_that_was_asked_mean_nothing(identity: object) -> None:
    assert connected().receive(answer(identity, None, [25, "Not subscribed", None]), 0.0) == []


def test_configure_may_be_refused_and_may_answer_late() -> None:
    client = started()
    requests = asked(client)
    assert (
        client.receive(answer(requests["mining.configure"].id, None, [21, "ConfigurationOutOfOrder", None]), 0.0) == []
    )
    client = started()
    requests = asked(client)
    client.receive(answer(requests["mining.subscribe"].id, SUBSCRIBED), 0.0)
    client.receive(answer(asked(client)["mining.authorize"].id, True), 0.0)
    assert give(client).version_mask == 0
    (new,) = client.receive(answer(requests["mining.configure"].id, {"version-rolling.mask": "1fffe000"}), 0.0)
    assert isinstance(new, NewJob)
    assert (new.job.version_mask, new.job.clean, new.new_block) == (0x1FFFE000, True, False)


def test_a_configure_answer_that_cannot_be_read_is_told_and_costs_only_the_rolling() -> None:
    client = started()
    (event,) = client.receive(answer(asked(client)["mining.configure"].id, {"version-rolling.mask": "zz"}), 0.0)
    assert event == Malformed("mining.configure: version-rolling.mask 'zz': takes 1 to 8 hex digits")


def test_configure_is_left_out_when_the_pool_hung_up_on_it_twice_and_then_asked_again() -> None:
    quirks = Quirks()
    tried: list[bool] = []
    for _ in range(6):
        client = started(quirks=quirks)
        tried.append("mining.configure" in asked(client))
        client.closed("hung up")
    assert tried == [True, True, False, True, True, False]


def test_configure_stays_left_out_where_that_worked() -> None:
    quirks = Quirks(no_configure=True, hangups=2)
    for _ in range(3):
        client = connected(quirks=quirks)
        client.closed("hung up later")
    assert "mining.configure" not in asked(started(quirks=quirks))


def test_a_pool_that_once_answered_configure_is_always_asked() -> None:
    quirks = Quirks()
    connected(quirks=quirks).closed("lost")
    for _ in range(5):
        client = started(quirks=quirks)
        assert "mining.configure" in asked(client)
        client.closed("its proxy hangs up at once")


def test_subscribe_is_tried_again_without_params() -> None:
    quirks = Quirks()
    client = started(quirks=quirks)
    assert client.receive(answer(asked(client)["mining.subscribe"].id, None, "too many params"), 0.0) == []
    again = asked(client)["mining.subscribe"]
    assert again.params == []
    assert client.receive(answer(again.id, False), 0.0) == [Refused("subscribe: refused without a reason")]
    assert asked(started(quirks=quirks))["mining.subscribe"].params == []


@pytest.mark.parametrize("size", [17, -1, "x", None, 2**64])
def test_a_size_of_extranonce2_that_cannot_work_is_refused_and_never_clamped(size: object) -> None:
    client = started()
    result: list[object] = [["mining.notify", "s"], "00", size]
    (event,) = client.receive(answer(asked(client)["mining.subscribe"].id, result), 0.0)
    assert isinstance(event, Refused)
    assert not event.credentials
    assert event.reason.startswith("subscribe: extranonce2_size")
    assert client.outgoing() == b""


@pytest.mark.parametrize(("extranonce1", "size"), [("", 0), ("", 16), ("ab", 1), ("abcdef", 3), ("00" * 64, 8)])
def test_extranonces_of_every_size_work(extranonce1: str, size: int) -> None:
    client = connected(extranonce1=extranonce1, size=size)
    job = give(client)
    share = share_of(job, extranonce2=b"\xee" * size)
    assert client.submit(share, 0.0) is None
    submit = Submit.decode(asked(client)["mining.submit"].params)
    assert submit.extranonce2 == b"\xee" * size
    assert header_of(job, submit).pack() == share.header


@pytest.mark.parametrize(
    ("result", "error", "reason"),
    [
        (False, None, "refused without a reason"),  # ckpool
        (None, [20, "Authorization validation error", ", notanaddress"], "Authorization validation error"),
        (False, "Failed subscription", "Failed subscription"),
        (None, {"code": 24, "message": "Unauthorized worker"}, "Unauthorized worker"),
        (None, True, "refused without a reason"),
    ],
)
def test_a_refused_user_is_a_matter_of_credentials(result: object, error: object, reason: str) -> None:
    client = started(Settings("not an address"))
    client.receive(answer(asked(client)["mining.subscribe"].id, SUBSCRIBED), 0.0)
    events = client.receive(answer(asked(client)["mining.authorize"].id, result, error), 0.0)
    assert events == [Refused(f"authorize 'not an address': {reason}", credentials=True)]
    assert not client.ready


@pytest.mark.parametrize("name", ["user", "password", "agent"])
def test_settings_that_cannot_be_sent_are_refused_at_once(name: str) -> None:
    with pytest.raises(InputError, match="not UTF-8"):
        replace(Settings("u"), **{name: "caf\udce9"})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="takes at most 1024"):
        replace(Settings("u"), **{name: "x" * 1025})  # type: ignore[arg-type]


# Jobs


def test_the_first_job_is_mined_though_it_is_not_clean() -> None:
    """public-pool."""
    (event,) = connected().receive(told(notify(clean=False)), 0.0)
    assert isinstance(event, NewJob)
    assert event.new_block
    assert not event.job.clean


def test_an_int_job_id_comes_back_as_an_int_and_a_string_to_the_letter() -> None:
    client = connected()
    for name in (7, "007", '\N{SNOWMAN} "quoted" \t', ""):
        assert client.submit(share_of(give(client, notify(name))), 0.0) is None
        assert asked(client)["mining.submit"].params[1] == name


def test_the_same_job_sent_again_is_a_new_job_with_what_holds_now() -> None:
    client = connected(difficulty=4)
    first = give(client)
    client.receive(told(SetDifficulty(Fraction(8))) + told(SetExtranonce(b"\xaa", 2)), 0.0)
    second = give(client, now=9.0)
    assert second is not first
    assert (second.target, second.extranonce1, second.extranonce2_size) == (target_from_difficulty(8), b"\xaa", 2)


def test_set_extranonce_counts_from_the_next_job_on_and_null_leaves_what_was() -> None:
    client = connected()
    first = give(client)
    assert client.receive(told(SetExtranonce(b"\xaa", None)) + told(SetExtranonce(None, 6)), 0.0) == []
    assert client.submit(share_of(first), 0.0) is None  # the old job goes on with the old one
    second = give(client, notify("2"))
    assert (second.extranonce1, second.extranonce2_size) == (b"\xaa", 6)
    client.receive(told(SetExtranonce(b"\xbb", None)), 0.0)
    third = give(client, notify("3"))
    assert (third.extranonce1, third.extranonce2_size) == (b"\xbb", 6)
    assert give(client, notify("4")).extranonce1 == b"\xbb"


def test_a_new_block_is_known_by_its_previous_hash() -> None:
    client = connected()
    give(client)
    for previous, new in ((bytes(32), False), (b"\1" * 32, True), (b"\1" * 32, False)):
        (event,) = client.receive(told(notify("n", prev_hash=previous, clean=False)), 0.0)
        assert isinstance(event, NewJob)
        assert event.new_block is new


def test_a_malformed_job_leaves_the_old_one() -> None:
    client = connected()
    job = give(client)
    bad: list[list[object]] = [[], ["1"], ["1", "00"], ["1", "0" * 64, "", "", ["00"], "2", "207fffff", "0"]]
    for params in bad:
        (event,) = client.receive(line("mining.notify", params), 0.0)
        assert isinstance(event, Malformed)
        assert event.reason.startswith("mining.notify: ")
    assert client.job is job


# Version rolling


def test_the_mask_is_met_with_ours() -> None:
    assert give(connected(Settings("u", version_mask=0x0000E000), mask=0xFFFFFFFF)).version_mask == 0xE000


def test_without_a_mask_of_ours_configure_is_not_asked_and_nothing_grants_one() -> None:
    client = started(Settings("u", version_mask=0))
    assert "mining.configure" not in asked(client)
    client = connected(Settings("u", version_mask=0))
    client.receive(line("mining.set_version_mask", ["1fffe000"]), 0.0)
    job = give(client)
    assert job.version_mask == 0
    assert client.submit(share_of(job), 0.0) is None
    assert len(asked(client)["mining.submit"].params) == 5


def test_set_version_mask_holds_at_once_and_0_ends_the_rolling() -> None:
    client = connected()
    old = give(client)
    (event,) = client.receive(line("mining.set_version_mask", ["00c00000"]), 0.0)
    assert isinstance(event, NewJob)
    assert (event.job.version_mask, event.job.clean, event.new_block) == (0xC00000, True, False)
    inside, outside = share_of(old, bits=0x400000), share_of(old, bits=0x2000)
    assert client.submit(inside, 0.0) is None
    assert asked(client)["mining.submit"].params[5] == "00400000"
    assert client.submit(outside, 0.0) == Result(Outcome.STALE, "version bits outside the mask of now")
    (event,) = client.receive(line("mining.set_version_mask", ["0"]), 0.0)
    assert isinstance(event, NewJob)
    assert client.submit(share_of(event.job), 0.0) is None
    assert len(asked(client)["mining.submit"].params) == 5
    assert client.submit(share_of(old, bits=0x400000), 0.0) == Result(
        Outcome.STALE, "version bits outside the mask of now"
    )
    assert client.receive(line("mining.set_version_mask", ["0"]), 0.0) == []


def test_version_bits_are_those_of_bip310_where_the_job_has_some_in_the_mask() -> None:
    client = connected()
    job = give(client, notify(version=0x20004000))
    share = share_of(job, bits=0x6000)  # 4000 off, 2000 on
    assert client.submit(share, 0.0) is None
    submit = Submit.decode(asked(client)["mining.submit"].params)
    assert submit.version_bits == 0x2000
    assert header_of(job, submit).pack() == share.header


# Difficulty


@pytest.mark.parametrize(
    ("written", "difficulty"),
    [
        ("1", Fraction(1)),
        ("0.5", Fraction(1, 2)),
        ('"0.00050000000000000001"', Fraction(50000000000000001, 10**20)),
        ("0.00050000000000000001", Fraction(50000000000000001, 10**20)),
        ("1e-10", Fraction(1, 10**10)),
        ("1e15", Fraction(10**15)),
        ('"1024"', Fraction(1024)),
    ],
)
def test_difficulties_in_every_form(written: str, difficulty: Fraction) -> None:
    client = connected()
    assert client.receive(line("mining.set_difficulty", f"[{written}]"), 0.0) == []
    assert client.difficulty == difficulty
    assert give(client).target == target_from_difficulty(difficulty)


@pytest.mark.parametrize("written", ["0", "-1", "true", "null", '"NaN"', "[]", "1e999999", "-0.0", '"inf"', "1e-200"])
def test_difficulties_that_are_none_are_ignored_and_told(written: str) -> None:
    client = connected(difficulty=3)
    (event,) = client.receive(line("mining.set_difficulty", f"[{written}]"), 0.0)
    assert isinstance(event, Malformed)
    assert event.reason.startswith("mining.set_difficulty: difficulty")
    assert client.difficulty == 3


def test_the_difficulty_is_1_until_the_pool_says_so() -> None:
    assert started().difficulty == 1


def lowered(quirks: Quirks | None = None) -> tuple[ClientProtocol, Job, Job]:
    """A client whose difficulty was lowered while a job ran: that job, and as it is now."""
    client = connected(quirks=quirks, difficulty=1e-9)
    given_job = give(client)
    client.receive(told(SetDifficulty(Fraction(1, 10**11))), 0.0)
    assert client.job is not None
    return client, given_job, client.job


def raised(quirks: Quirks | None = None) -> tuple[ClientProtocol, Job]:
    client = connected(quirks=quirks, difficulty=1e-11)
    job = give(client)
    client.receive(told(SetDifficulty(Fraction(1, 10**9))), 0.0)
    return client, job


def test_a_lowered_difficulty_gives_the_running_job_out_anew() -> None:
    client = connected(difficulty=2)
    give(client)
    (event,) = client.receive(told(SetDifficulty(Fraction(1))), 0.0)
    assert isinstance(event, NewJob)
    assert (event.new_block, event.job.clean) == (False, False)
    assert event.job.target == target_from_difficulty(1)
    assert event.job.given_target == target_from_difficulty(2)
    assert client.receive(told(SetDifficulty(Fraction(1))), 0.0) == []


def test_the_easier_shares_end_at_the_first_23_and_that_one_is_stale() -> None:
    client, given_job, job = lowered()
    easier = share_between(job, job.target, given_job.target)
    assert client.submit(easier, 0.0) is None
    events = client.receive(answer(asked(client)["mining.submit"].id, False, [23, "Above target", None]), 0.0)
    answered, new = events
    assert answered == Answered(easier, Result(Outcome.STALE, "Above target (23)", 0.0))
    assert isinstance(new, NewJob)
    assert new.job.target == given_job.target
    assert client.quirks.no_easier
    assert client.submit(share_between(job, job.target, given_job.target), 0.0) == Result(
        Outcome.STALE, "below the difficulty that its job was given with"
    )
    assert client.submit(share_between(new.job, new.job.target, 0), 0.0) is None


def test_a_pool_known_for_it_gets_no_easier_shares() -> None:
    client, given_job, job = lowered(Quirks(no_easier=True))
    assert job is given_job
    assert give(client, notify("2")).target == target_from_difficulty(Fraction(1, 10**11))


def test_a_raised_difficulty_leaves_the_running_job_its_target() -> None:
    client, job = raised()
    assert client.job is job
    between = share_between(job, job.target, target_from_difficulty(client.difficulty))
    assert client.submit(between, 0.0) is None
    assert outcome(client, answer(asked(client)["mining.submit"].id, True)) == (Outcome.ACCEPTED, "")


def test_a_pool_that_raises_at_once_is_remembered_and_easier_shares_held_back() -> None:
    """public-pool: the session's difficulty counts at once for all jobs."""
    client, job = raised()
    harder = target_from_difficulty(client.difficulty)
    between = share_between(job, job.target, harder)
    assert client.submit(between, 0.0) is None
    events = client.receive(answer(asked(client)["mining.submit"].id, None, [23, "Difficulty too low", ""]), 0.0)
    assert events[0] == Answered(between, Result(Outcome.STALE, "Difficulty too low (23)", 0.0))
    assert isinstance(events[1], NewJob)
    assert (events[1].job.target, events[1].job.given_target) == (harder, job.given_target)
    assert client.submit(between, 0.0) == Result(Outcome.STALE, "below the raised difficulty")
    assert client.outgoing() == b""
    assert client.submit(share_between(job, harder, 0), 0.0) is None
    # and so from then on, in later connections too
    again, running = raised(client.quirks)
    assert again.job is not None
    assert again.job.target == harder < running.target


def test_a_block_is_never_held_back() -> None:
    for client, job in (raised(Quirks(raises_at_once=True)), lowered(Quirks(no_easier=True))[:2]):
        easy = give(client, notify("easy", nbits=0x2100FFFF))
        client.receive(told(SetDifficulty(Fraction(10**9))), 0.0)
        block = share_between(easy, min(easy.target, easy.network_target), target_from_difficulty(client.difficulty))
        assert block.quality is Quality.BLOCK
        assert client.submit(block, 0.0) is None
        assert job.session == easy.session


def test_a_plain_low_difficulty_refusal_is_rejected() -> None:
    client = connected()
    identity = submitted(client, give(client))
    assert outcome(client, answer(identity, False, [23, "Above target", None])) == (
        Outcome.REJECTED,
        "Above target (23)",
    )
    assert not client.quirks.no_easier
    assert not client.quirks.raises_at_once


# Shares and their answers


@pytest.mark.parametrize(
    ("result", "error", "expected"),
    [
        (True, None, (Outcome.ACCEPTED, "")),
        (None, None, (Outcome.ACCEPTED, "")),
        (False, None, (Outcome.REJECTED, "refused without a reason")),
        (False, [22, "Duplicate", None], (Outcome.DUPLICATE, "Duplicate (22)")),
        (None, [21, "Job not found", ""], (Outcome.REJECTED, "Job not found (21)")),
        (False, [20, "Ntime out of range", None], (Outcome.REJECTED, "Ntime out of range (20)")),
        (None, {"code": 20, "message": "invalid"}, (Outcome.REJECTED, "invalid (20)")),
        (False, "Invalid job_id", (Outcome.REJECTED, "Invalid job_id")),
        (None, True, (Outcome.REJECTED, "refused without a reason")),
    ],
)
def test_every_form_of_answer_to_a_share(result: object, error: object, expected: tuple[Outcome, str]) -> None:
    client = connected()
    identity = submitted(client, give(client))
    assert outcome(client, answer(identity, result, error)) == expected
    assert client.receive(answer(identity, result, error), 2.0) == []  # only once


def test_an_unknown_job_is_stale_when_it_is_not_the_newest() -> None:
    client = connected()
    identity = submitted(client, give(client))
    give(client, notify("2"))
    assert outcome(client, answer(identity, False, [21, "Stale", None])) == (Outcome.STALE, "Stale (21)")


def test_latency_is_from_sent_to_answered() -> None:
    client = connected()
    share = share_of(give(client))
    client.submit(share, 10.0)
    identity = asked(client)["mining.submit"].id
    assert client.oldest_pending_s(12.5) == 2.5
    assert client.receive(answer(identity, True), 13.0) == [Answered(share, Result(Outcome.ACCEPTED, "", 3.0))]
    assert client.oldest_pending_s(14.0) == 0.0


@pytest.mark.parametrize("code", [24, 25])
def test_a_pool_that_has_forgotten_us_ends_the_session(code: int) -> None:
    client = connected()
    identity = submitted(client, give(client))
    answered, refused = client.receive(answer(identity, None, [code, "who are you", None]), 1.0)
    assert isinstance(answered, Answered)
    assert answered.result.outcome is Outcome.REJECTED
    assert refused == Refused("who are you", credentials=False)


def test_a_pool_that_keeps_forgetting_its_newest_job_ends_the_session() -> None:
    client = connected()
    job = give(client)
    refused: list[Refused] = []
    nonce = -1
    while not refused:
        nonce += 1
        identity = submitted(client, job, nonce)
        reply = answer(identity, True) if nonce == 5 else answer(identity, None, [21, "Job not found", ""])
        refused += [event for event in client.receive(reply, 1.0) if isinstance(event, Refused)]
    assert nonce == 15  # ten in a row
    assert not refused[0].credentials


def test_shares_of_another_connection_never_reach_the_wire() -> None:
    first = connected()
    share = share_of(give(first))
    second = ClientProtocol(Settings("u"), first.quirks, 2)
    second.start()
    second.outgoing()
    assert second.submit(share, 0.0) == Result(Outcome.LOST, "its connection is gone")
    assert second.outgoing() == b""


def test_unanswered_shares_are_lost_when_the_connection_closes() -> None:
    client = connected()
    job = give(client)
    shares = [share_of(job, nonce) for nonce in range(3)]
    for share in shares:
        client.submit(share, 0.0)
    assert client.closed("cable pulled") == [Answered(share, Result(Outcome.LOST, "cable pulled")) for share in shares]
    assert client.closed("again") == []
    assert client.submit(share_of(job, 9), 0.0) == Result(Outcome.LOST, "its connection is gone")
    assert client.receive(answer(4, True), 0.0) == []


def test_a_pool_that_answers_nothing_is_not_sent_shares_without_end() -> None:
    client = connected()
    job = give(client)
    share = share_of(job)
    for _ in range(4096):
        assert client.submit(share, 0.0) is None
    assert client.submit(share, 0.0) == Result(Outcome.LOST, "4096 shares are unanswered")
    assert len(client.closed("silent")) == 4096


def test_a_share_whose_header_is_not_its_jobs_is_never_sent() -> None:
    client = connected()
    job = give(client)
    share = share_of(job)
    broken = msgspec.structs.replace(share, header=share.header[:-1] + b"\xff")
    short = share_of(job, extranonce2=b"\0")  # at public-pool it would spoil the job
    for wrong in (broken, short):
        refused = client.submit(wrong, 0.0)
        assert refused is not None
        assert refused.outcome is Outcome.LOST
        assert "please report" in refused.reason
    assert client.outgoing() == b""


# Other things that pools say


def test_answers_get_version_and_ping_only_when_asked_by_id() -> None:
    client = connected(Settings("u", agent="joulehash/9"))
    client.receive(line("client.get_version", [], "v1") + line("mining.ping", [], 5) + line("mining.ping", []), 0.0)
    assert sent(client) == [Response("v1", "joulehash/9", None), Response(5, "pong", None)]


def test_refuses_unknown_requests_and_ignores_unknown_notifications() -> None:
    client = connected()
    unknown = [line(name, [1], identity) for name in ("mining.set_goal", "mining.submit") for identity in (None, 8)]
    assert client.receive(b"".join(unknown), 0.0) == []
    assert sent(client) == [Response(8, None, [20, "Unknown method", None])] * 2
    (event,) = client.receive(line("client.reconnect", ["h", -1], 9), 0.0)
    assert isinstance(event, Malformed)
    assert sent(client) == [Response(9, None, [20, "port -1: takes 0 to 65535", None])]


@pytest.mark.parametrize(
    ("params", "shown"),
    [
        (["hello"], "hello"),
        (["\x1b[31mred\x07\u202e\n"], "�[31mred���"),
        (["x" * 1000], "x" * 499 + "…"),
        ([5], "5"),
        ([None], "null"),
        ([["a"]], "[…]"),
    ],
)
def test_shows_messages_without_their_control_characters(params: list[object], shown: str) -> None:
    assert connected().receive(line("client.show_message", params), 0.0) == [Said(shown)]


def test_tells_of_redirections() -> None:
    client = connected()
    data = line("client.reconnect", []) + line("client.reconnect", ["h", "3334", 5])
    assert client.receive(data, 0.0) == [Redirected(None, None, 0.0), Redirected("h", 3334, 5.0)]


def test_stands_a_line_that_is_not_json_and_reads_on() -> None:
    """ckpool says so before it hangs up."""
    client = connected()
    events = client.receive(b"Invalid JSON, disconnecting\n" + told(notify()), 0.0)
    assert events[0] == Malformed("a line that is not JSON", "Invalid JSON, disconnecting")
    assert isinstance(events[1], NewJob)


def test_several_messages_in_one_read_with_blank_lines_and_carriage_returns() -> None:
    client = connected()
    both = told(SetDifficulty(Fraction(4))) + b"\r\n\n" + told(notify()).replace(b"\n", b"\r\n")
    (event,) = client.receive(both, 0.0)
    assert isinstance(event, NewJob)
    assert event.job.target == target_from_difficulty(4)


def test_the_same_bytes_one_at_a_time() -> None:
    client = connected()
    data = told(SetDifficulty(Fraction(4))) + told(notify()) + told(SetDifficulty(Fraction(2))) + b"junk\n"
    events = [event for byte in data for event in client.receive(bytes([byte]), 0.0)]
    assert [type(event) for event in events] == [NewJob, NewJob, Malformed]


def test_a_line_of_a_megabyte_and_more_is_reported_and_skipped() -> None:
    client = connected()
    events = client.receive(b'{"id":null,"method":"' + b"x" * (1 << 20) + b'"}\n' + told(notify()), 0.0)
    assert [type(event) for event in events] == [Malformed, NewJob]


LINES = st.sampled_from(
    [
        told(notify()),
        told(notify("2", clean=False)),
        told(SetDifficulty(Fraction(3))),
        told(SetDifficulty(Fraction(1, 9))),
    ]
    + [
        line("mining.set_version_mask", ["0000e000"]),
        line("mining.set_extranonce", ["aa", 2]),
        line("mining.ping", [], 1),
    ]
    + [answer(i, result) for i in range(1, 5) for result in (True, False, SUBSCRIBED, {"version-rolling.mask": "ff"})]
)


@given(st.lists(LINES | st.binary(max_size=40)), st.booleans())
def test_anything_in_any_order_is_stood(chunks: list[bytes], ready: bool) -> None:
    client = connected() if ready else started()
    for chunk in chunks:
        client.receive(chunk, 0.0)
        if client.job is not None:
            client.submit(share_of(client.job), 0.0)
        sent(client)
    client.closed("end")
