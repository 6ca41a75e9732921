"""Answers find the request they belong to, whatever has become of its id."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from joulehash.engine.stratum.lines import Response
from joulehash.engine.stratum.messages import Authorize, Configure, Subscribe, SuggestDifficulty
from joulehash.engine.stratum.requests import Requests


def test_ids_count_up_and_stand_in_the_line() -> None:
    requests = Requests()
    for expected in (1, 2):
        identity, line = requests.ask(Subscribe("rig"))
        assert identity == expected
        assert json.loads(line) == {"id": expected, "method": "mining.subscribe", "params": ["rig"]}


@pytest.mark.parametrize("identity", [2, "2"])
def test_a_request_is_answered_once(identity: object) -> None:
    requests = Requests()
    requests.ask(Subscribe())
    requests.ask(Authorize("joe"))
    assert requests.answered(Response(identity, True, None)) == (2, Authorize("joe"))
    assert requests.answered(Response(identity, True, None)) is None


@pytest.mark.parametrize("identity", [0, 3, -1, "x", "", "1.0", "1" * 30, True, 1.5])
def test_ids_that_are_not_ours(identity: object) -> None:
    requests = Requests()
    requests.ask(Subscribe())
    assert requests.answered(Response(identity, [], None)) is None


def test_an_answer_without_id_goes_to_the_oldest_that_it_fits() -> None:
    requests = Requests()
    for message in (SuggestDifficulty(Fraction(1)), Configure(()), Subscribe(), Authorize("joe"), Authorize("jim")):
        requests.ask(message)
    assert requests.answered(Response(None, [], None)) == (3, Subscribe())
    assert requests.answered(Response(None, {}, None)) == (2, Configure(()))
    assert requests.answered(Response(None, True, None)) == (4, Authorize("joe"))
    assert requests.answered(Response(None, None, [20, "no", None])) == (5, Authorize("jim"))
    assert requests.answered(Response(None, True, None)) is None


def test_cleared() -> None:
    requests = Requests()
    requests.ask(Subscribe())
    requests.clear()
    assert requests.answered(Response(1, [], None)) is None
