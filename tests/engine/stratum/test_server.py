"""The pool's side as messages: what is asked, what is refused in due form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.stratum.fields import Refusal
from joulehash.engine.stratum.lines import Malformed, Request, decode_line
from joulehash.engine.stratum.messages import GetVersion, Ping, Submit, Subscribe
from joulehash.engine.stratum.results import Answer
from joulehash.engine.stratum.server import LINE_LIMIT, Asked, Replied, ServerProtocol, plain_submit
from tests.support.stratum import JSON, answer, line


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


# A plain submit is read in one step, and as the steps in between would read it.

PLAIN = ["u", "1f", "0000000000000001", "504e86ed", "b2957c02"]


def stepwise(written: bytes) -> Asked | None:
    request = decode_line(written)
    if not isinstance(request, Request) or request.method != "mining.submit":
        return None
    try:
        return Asked(request.id, Submit.decode(request.params))
    except Refusal:
        return None


@pytest.mark.parametrize("identity", [1, "a1", None, 2**63, -1])
@pytest.mark.parametrize("more", [[], ["1fffe000"], ["0"]])
def test_a_plain_submit_is_read_in_one_step(identity: object, more: list[object]) -> None:
    written = line("mining.submit", [*PLAIN, *more], identity)
    read = plain_submit(written)
    assert read is not None
    assert read == stepwise(written)
    assert ServerProtocol().receive(written) == [read]


@pytest.mark.parametrize(
    ("index", "value"),
    [
        (0, "u" * 1025),
        (1, "1" * 1025),
        (1, 7),
        (2, "00" * 17),
        (2, "0"),
        (2, "00 0"),
        (2, "0000000000000001 "),
        (3, "504e86e"),
        (3, "504e86ed0"),
        (3, "50 4e86e"),
        (3, "+04e86ed"),
        (3, "0x4e86ed"),
        (3, "504e86é"),
        (3, "５04e86ed"),
        (4, "b2957c0\n"),
        (4, ""),
        (4, None),
        (5, "100000000"),
        (5, "-1"),
        (5, None),
        (5, 0),
        (6, "more"),
    ],
)
def test_what_is_not_plain_is_read_step_by_step(index: int, value: object) -> None:
    params: list[object] = [*PLAIN, "1fffe000", "x"]
    params = [*params[:index], value, *params[index + 1 : 5]]
    written = line("mining.submit", params, 4)
    read = plain_submit(written)
    assert read is None or read == stepwise(written)


hexlike = st.text("0123456789abcdefABCDEF xX+-_\n\t", max_size=20) | st.integers(0, 2**32 - 1).map("{:08x}".format)


@given(st.lists(hexlike | JSON, min_size=4, max_size=8), JSON, st.booleans())
def test_plain_or_not_a_submit_means_the_same(params: list[object], identity: object, named: bool) -> None:
    if named:
        params[0] = "u"
    written = line("mining.submit", params, identity)
    read = plain_submit(written)
    assert read is None or read == stepwise(written)


@given(st.binary(max_size=150).map(lambda junk: b'{"id":1,"method":"mining.submit",' + junk + b"}"))
def test_any_line_may_be_asked_whether_it_is_a_plain_submit(written: bytes) -> None:
    read = plain_submit(written)
    assert read is None or read == stepwise(written)
