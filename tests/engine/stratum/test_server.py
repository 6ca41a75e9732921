"""The pool's side as messages: what is asked, what is refused in due form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.stratum.lines import Malformed
from joulehash.engine.stratum.messages import GetVersion, Ping, Subscribe
from joulehash.engine.stratum.results import Answer
from joulehash.engine.stratum.server import LINE_LIMIT, Asked, Replied, ServerProtocol
from tests.support.stratum import answer, line


@pytest.mark.parametrize("identity", [1, "a1", 2**63, True, 10**100])
def test_echoes_the_id(identity: object) -> None:
    server = ServerProtocol()
    assert server.receive(line("mining.subscribe", ["x"], identity)) == [Asked(identity, Subscribe("x"))]
    server.answer(identity, True)
    assert server.outgoing() == answer(identity, True).replace(b" ", b"")
    assert server.outgoing() == b""


def test_refuses_unknown_methods_and_those_of_pools() -> None:
    for method in ("bogus", "mining.notify", "client.reconnect"):
        server = ServerProtocol()
        assert server.receive(line(method, [], 4)) == [Malformed("an unknown method", method, answered=True)]
        assert server.outgoing() == b'{"id":4,"result":null,"error":[20,"Unknown method",null]}\n'


def test_refuses_params_with_the_reason() -> None:
    server = ServerProtocol()
    (event,) = server.receive(line("mining.submit", ["u"], 4))
    assert event == Malformed("mining.submit: job id: missing", answered=True)
    assert server.outgoing() == b'{"id":4,"result":null,"error":[20,"job id: missing",null]}\n'


def test_answers_no_notification() -> None:
    server = ServerProtocol()
    server.receive(line("bogus", []) + line("mining.submit", []))
    server.answer(None, True)
    server.refuse(None, 21)
    assert server.outgoing() == b""


def test_asks_and_reads_the_miners_replies() -> None:
    server = ServerProtocol()
    server.tell(GetVersion(), 1)
    server.tell(Ping())
    assert server.outgoing() == (
        b'{"id":1,"method":"client.get_version","params":[]}\n{"id":null,"method":"mining.ping","params":[]}\n'
    )
    assert server.receive(answer(1, "cpuminer/2.5.1")) == [Replied(Answer(True), "cpuminer/2.5.1")]


def test_lines_of_miners_are_short() -> None:
    (event,) = ServerProtocol().receive(b"x" * (LINE_LIMIT + 1))
    assert isinstance(event, Malformed)


@given(st.lists(st.binary(max_size=60)))
def test_any_bytes_are_stood(chunks: list[bytes]) -> None:
    server = ServerProtocol()
    for chunk in chunks:
        server.receive(chunk)
