"""Every row of the message table, both ways, and what each makes of params that it cannot use."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulehash.engine.stratum import messages as m
from joulehash.engine.stratum.client import ClientProtocol, Quirks, Settings
from joulehash.engine.stratum.fields import Refusal
from joulehash.engine.stratum.lines import LineBuffer, Malformed, Request, decode_line, encode_request
from joulehash.engine.stratum.server import Asked, ServerProtocol
from tests.support.stratum import CASES, JSON, ODD_VALUES, line

IDS = [f"{message.method.split('.')[1]}-{i}" for i, (message, _) in enumerate(CASES)]
MINERS = [(message, params) for message, params in CASES if message.sender != "pool"]


def test_every_row_has_a_case() -> None:
    assert {message.method for message, _ in CASES} == set(m.MESSAGES)
    assert all(m.MESSAGES[message.method] is type(message) for message, _ in CASES)


@pytest.mark.parametrize(("message", "params"), CASES, ids=IDS)
def test_writes_the_very_bytes(message: m.Message, params: str) -> None:
    assert encode_request(7, message.method, message.encode()) == line(message.method, params, 7)


@pytest.mark.parametrize(("message", "params"), CASES, ids=IDS)
def test_reads_the_very_bytes(message: m.Message, params: str) -> None:
    request = decode_line(line(message.method, params))
    assert isinstance(request, Request)
    assert type(message).decode(request.params) == message


def stream() -> bytes:
    return b"".join(line(message.method, params, i) for i, (message, params) in enumerate(MINERS))


def read(chunks: list[bytes]) -> list[m.Message]:
    server = ServerProtocol()
    events = [event for chunk in chunks for event in server.receive(chunk)]
    assert [event.id for event in events if isinstance(event, Asked)] == list(range(len(MINERS)))
    return [event.message for event in events if isinstance(event, Asked)]


def test_reads_all_rows_merged_into_one_read() -> None:
    assert read([stream()]) == [message for message, _ in MINERS]


def test_reads_all_rows_one_byte_at_a_time() -> None:
    assert read([bytes([byte]) for byte in stream()]) == [message for message, _ in MINERS]


def test_reads_all_rows_split_at_every_place() -> None:
    whole, expected = stream(), [message for message, _ in MINERS]
    for at in range(0, len(whole), 7):  # lines have all lengths: 7 falls everywhere in them
        assert read([whole[:at], whole[at:]]) == expected


def test_a_line_of_any_row_split_at_every_place_is_one_line() -> None:
    for message, params in CASES:
        written = line(message.method, params)
        for at in range(len(written)):
            buffer = LineBuffer()
            assert [*buffer.feed(written[:at]), *buffer.feed(written[at:])] == [written.strip()]


def decoded(method: str, params: list[object]) -> m.Message | str:
    """The message, or why it was refused."""
    try:
        return m.MESSAGES[method].decode(params)
    except Refusal as refusal:
        return str(refusal)


def params_with_one_changed() -> list[tuple[str, list[object]]]:
    """Each param of each case replaced by each odd value, and each case cut short everywhere."""
    changed: list[tuple[str, list[object]]] = []
    for message, written in CASES:
        params: list[object] = json.loads(written)
        changed += [(message.method, params[:n]) for n in range(len(params))]
        for i in range(len(params)):
            changed += [(message.method, [*params[:i], odd, *params[i + 1 :]]) for odd in ODD_VALUES]
    return changed


def test_a_changed_param_is_read_or_refused_with_the_reason() -> None:
    refused = 0
    for method, params in params_with_one_changed():
        request = decode_line(line(method, params))
        assert isinstance(request, Request)
        message = decoded(method, request.params)
        if isinstance(message, str):
            refused += 1
            assert 5 < len(message) < 200
            assert message.isprintable()
        else:
            again = decode_line(encode_request(1, method, message.encode()))
            assert isinstance(again, Request)
            assert m.MESSAGES[method].decode(again.params) == message
    assert refused > 500


@pytest.mark.parametrize("method", m.MESSAGES)
@settings(max_examples=15)
@given(params=st.lists(JSON, max_size=10))
def test_any_params_are_read_or_refused(method: str, params: list[object]) -> None:
    request = decode_line(line(method, params))
    assert isinstance(request, Request)
    message = decoded(method, request.params)
    if isinstance(message, str):
        assert message
    else:
        encode_request(None, method, message.encode())


@pytest.mark.parametrize("method", m.MESSAGES)
@settings(max_examples=15)
@given(params=JSON, identity=JSON)
def test_both_roles_stand_any_params(method: str, params: object, identity: object) -> None:
    client, server = ClientProtocol(Settings("u"), Quirks(), 1), ServerProtocol()
    client.start()
    data = json.dumps({"id": identity, "method": method, "params": params}).encode() + b"\n"
    for event in [*client.receive(data, 0.0), *server.receive(data)]:
        if isinstance(event, Malformed):
            assert event.reason.isprintable()
    for written in (client.outgoing() + server.outgoing()).splitlines():
        assert not isinstance(decode_line(written), Malformed)


REFUSALS: list[tuple[str, list[object], str]] = [
    ("mining.notify", [], "nbits: missing"),
    ("mining.set_difficulty", [], "difficulty: missing"),
    ("mining.set_difficulty", [True], "difficulty true: takes a number"),
    ("mining.set_extranonce", ["0", 4], "extranonce1 '0': takes pairs of hex digits"),
    ("mining.set_extranonce", ["00", 17], "extranonce2_size 17: takes 0 to 16"),
    ("mining.set_extranonce", ["00", -1], "extranonce2_size -1: takes 0 to 16"),
    ("mining.set_extranonce", ["00" * 65, 4], "extranonce1: 65 bytes; takes 0 to 64"),
    ("mining.set_version_mask", ["0x1fffe0"], "mask '0x1fffe0': takes 1 to 8 hex digits"),
    ("mining.set_version_mask", [536862720], "mask 536862720: takes 1 to 8 hex digits"),
    ("client.reconnect", ["h", 65536], "port 65536: takes 0 to 65535"),
    ("client.reconnect", ["h", 1, -1], "wait -1: takes 0 to 86400"),
    ("mining.submit", ["u", "1", "00 00", "0", "0"], "extranonce2 '00 00': takes pairs of hex digits"),
    ("mining.submit", ["u", 1.5, "00", "0", "0"], "job id 1.5: takes a string of at most 1024 characters"),
    ("mining.submit", ["u", "1", "00", "\x1b", "0"], "ntime '\N{REPLACEMENT CHARACTER}': takes 1 to 8 hex digits"),
    ("mining.authorize", [None], "user null: takes a string of at most 1024 characters"),
    ("mining.configure", [[], 5], "extension parameters 5: takes an object of at most 64"),
    ("mining.configure", [5, {}], "extensions 5: takes a list of at most 32"),
]


@pytest.mark.parametrize(
    ("method", "params", "reason"),
    REFUSALS,
)
def test_a_refusal_names_the_field_what_came_and_what_it_takes(method: str, params: list[object], reason: str) -> None:
    request = decode_line(line(method, params))
    assert isinstance(request, Request)
    with pytest.raises(Refusal) as refused:
        m.MESSAGES[method].decode(request.params)
    assert str(refused.value) == reason


NOTIFY: list[object] = ["bf", "00" * 32, "", "", [], "2", "1c2ac4af", "504e86b9"]


FLAGS: list[tuple[list[object], bool]] = [
    ([], False),
    ([None], False),
    ([0], False),
    ([1], True),
    ([True], True),
    ([False], False),
    (["x", True], True),
    ([True, False], False),
    ([True, "an extra"], True),
    ([True, None, {}], True),
]


@pytest.mark.parametrize(("more", "clean"), FLAGS)
def test_clean_is_the_last_flag_and_false_when_missing(more: list[object], clean: bool) -> None:
    assert m.Notify.decode([*NOTIFY, *more]).clean is clean


RECONNECTS: list[tuple[list[object], m.Reconnect]] = [
    ([], m.Reconnect()),
    (["", "", ""], m.Reconnect()),
    ([None, None, None], m.Reconnect()),
    (["h", "3333", "7"], m.Reconnect("h", 3333, 7.0)),
    ([5, 0, 0], m.Reconnect()),
    (["h", "0"], m.Reconnect("h")),
    (["h", 3333, 2, "more"], m.Reconnect("h", 3333, 2.0)),
]


@pytest.mark.parametrize(
    ("params", "message"),
    RECONNECTS,
)
def test_reads_reconnect_in_every_form(params: list[object], message: m.Reconnect) -> None:
    assert m.Reconnect.decode(params) == message


def test_numbers_may_lack_leading_zeros_but_not_have_more() -> None:
    assert m.SetVersionMask.decode(["fe000"]).mask == 0xFE000
    with pytest.raises(Refusal):
        m.SetVersionMask.decode(["01fffe000"])


def test_php_writes_an_empty_object_as_a_list() -> None:
    assert m.Configure.decode([["version-rolling"], []]).version_mask == 0xFFFFFFFF


def test_a_password_never_shows() -> None:
    assert "secret" not in repr(m.Authorize("u", "secret")) + repr(Settings("u", "secret"))
