"""Answers in every form that pools were seen to use."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given

from joulehash.engine.stratum.fields import Refusal
from joulehash.engine.stratum.results import Answer, ConfigureResult, SubscribeResult, session_of
from tests.support.stratum import JSON


@pytest.mark.parametrize(
    ("result", "error", "answer"),
    [
        (True, None, Answer(True)),
        (None, None, Answer(True)),  # bfgminer counts it as accepted
        (True, False, Answer(True)),
        (True, "", Answer(True)),
        (True, [], Answer(True)),
        (False, None, Answer(False, None, "refused without a reason")),
        (None, [23, "Above target", None], Answer(False, 23, "Above target")),
        (None, [20, "Authorization validation error", ", x"], Answer(False, 20, "Authorization validation error")),
        (True, [21, "Stale", None], Answer(False, 21, "Stale")),
        (False, "Failed subscription", Answer(False, None, "Failed subscription")),
        (None, {"code": 22, "message": "Duplicate share"}, Answer(False, 22, "Duplicate share")),  # miningcore
        (None, {"code": -1}, Answer(False, -1, "refused without a reason")),
        (None, True, Answer(False, None, "refused without a reason")),  # bstratum
        (None, [21], Answer(False, 21, "job not found")),
        (None, ["22", ""], Answer(False, 22, "duplicate share")),
        (None, ["what it says"], Answer(False, None, "what it says")),
        (None, [None, None], Answer(False, None, "refused without a reason")),
        (None, [10**400, "many digits"], Answer(False, None, "many digits")),
        (None, "\x1b[2J", Answer(False, None, "\N{REPLACEMENT CHARACTER}[2J")),
        (None, "x" * 500, Answer(False, None, "x" * 119 + "…")),
        (None, 5, Answer(False, None, "refused without a reason")),
    ],
)
def test_reads_every_form_of_answer(result: object, error: object, answer: Answer) -> None:
    assert Answer.decode(result, error) == answer


def test_reads_the_reason_that_some_servers_give_beside() -> None:
    assert Answer.decode(False, None, "low difficulty") == Answer(False, None, "low difficulty")
    assert Answer.decode(False, True, "low difficulty") == Answer(False, None, "low difficulty")


@given(JSON, JSON, JSON)
def test_any_answer_is_read(result: object, error: object, reason: object) -> None:
    answer = Answer.decode(result, error, reason)
    assert len(answer.reason) <= 120
    assert answer.ok or answer.reason


SUBSCRIBED: list[tuple[object, tuple[bytes, int, str | None]]] = [
    ([[["mining.set_difficulty", "d"], ["mining.notify", "s"]], "08000002", 4], (b"\x08\0\0\2", 4, "s")),
    ([[["mining.notify", "6b022512"]], "1225026b", 8], (bytes.fromhex("1225026b"), 8, "6b022512")),  # ckpool
    ([["mining.notify", "s"], "00", 4], (b"\0", 4, "s")),  # one bare pair
    ([None, "", 0], (b"", 0, None)),
    ([[], "ab" * 8, 16], (b"\xab" * 8, 16, None)),
    (["x", "abcdef", "4"], (b"\xab\xcd\xef", 4, None)),
    ([[["mining.notify", 5]], "00", Decimal("4.0"), "more"], (b"\0", 4, None)),
]


@pytest.mark.parametrize(
    ("result", "read"),
    SUBSCRIBED,
)
def test_reads_subscribe_results(result: object, read: tuple[bytes, int, str | None]) -> None:
    assert SubscribeResult.decode(result) == SubscribeResult(*read)


REFUSED: list[tuple[object, str]] = [
    (True, "subscribe result true: takes a list of at most 16"),
    ([[], "00"], "subscribe result: 2 parts; takes 3"),
    ([[], "0", 4], "extranonce1 '0': takes pairs of hex digits"),
    ([[], 5, 4], "extranonce1 5: takes hex digits"),
    ([[], "00", 17], "extranonce2_size 17: takes 0 to 16"),
    ([[], "00", -1], "extranonce2_size -1: takes 0 to 16"),
    ([[], "00", "x"], "extranonce2_size 'x': takes 0 to 16"),
    ([[], "00", None], "extranonce2_size null: takes 0 to 16"),
    ([[], "00", True], "extranonce2_size true: takes 0 to 16"),
]


@pytest.mark.parametrize(
    ("result", "reason"),
    REFUSED,
)
def test_refuses_subscribe_results_with_the_reason(result: object, reason: str) -> None:
    with pytest.raises(Refusal) as refused:
        SubscribeResult.decode(result)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("result", "mask"),
    [
        ({"version-rolling": True, "version-rolling.mask": "1fffe000"}, 0x1FFFE000),
        ({"version-rolling.mask": "00ffe000"}, 0xFFE000),  # the mask is the only sign
        ({"version-rolling": False, "version-rolling.mask": "1fffe000"}, 0),
        ({"version-rolling": "not supported"}, 0),
        ({"version-rolling": "not supported", "version-rolling.mask": "1fffe000"}, 0),
        ({"version-rolling": True}, 0),
        ({"version-rolling": True, "version-rolling.mask": "00000000"}, 0),
        ({}, 0),
    ],
)
def test_reads_what_of_version_rolling_was_granted(result: object, mask: int) -> None:
    assert ConfigureResult.decode(result).version_mask == mask


def test_writes_only_what_was_asked() -> None:
    granted = ConfigureResult(0x1FFFE000, minimum_difficulty=True, subscribe_extranonce=True)
    assert granted.encode(()) == {}
    assert granted.encode(("info", "minimum-difficulty")) == {"info": False, "minimum-difficulty": True}
    assert ConfigureResult().encode(("version-rolling",)) == {"version-rolling": False}
    asked = ("version-rolling", "subscribe-extranonce", "minimum-difficulty")
    assert ConfigureResult.decode(granted.encode(asked)) == granted


@given(JSON)
def test_any_result_is_read_or_refused(result: object) -> None:
    session_of(result)
    for kind in (SubscribeResult, ConfigureResult):
        with suppress(Refusal):
            kind.decode(result)
