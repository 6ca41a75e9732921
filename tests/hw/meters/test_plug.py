"""Shelly and Tasmota over real TCP: figures, logins, and answers that are broken or hostile."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping

import msgspec
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from joulehash.engine.errors import DeviceError, InputError
from joulehash.hw.meters import http
from joulehash.hw.meters.meter import Sample
from joulehash.hw.meters.shelly import GEN1, GEN2, Meter1, Status2
from joulehash.hw.meters.tasmota import Answer as Answer8
from joulehash.hw.meters.url import parse_meter
from tests.support.plugs import Answer, Answers, PlugServer, shelly1, shelly2, tasmota

SECRET = "s3cret"
Family = Callable[[Callable[[], float], Callable[[], float]], dict[str, Answers]]


def reads(answers: Mapping[str, Answers], url: str, n: int = 1) -> tuple[list[Sample], PlugServer]:
    """What a meter says of that server; {} in the URL is its host."""

    async def read() -> tuple[list[Sample], PlugServer]:
        async with PlugServer(dict(answers)).running() as server:
            meter = parse_meter(url.replace("{}", server.host))
            try:
                await meter.open()
                return [await meter.read() for _ in range(n)], server
            finally:
                await meter.close()

    return asyncio.run(read())


def told(answer: Answer, url: str = "tasmota:{}", path: str = "/cm") -> Sample:
    who: Answers = lambda _: {"gen": 2}  # noqa: E731
    return reads({path: lambda _: answer, "/shelly": who}, url)[0][0]


@pytest.mark.parametrize(("family", "url", "step_j"), [
    (shelly2, "shelly:{}", 3600.0), (shelly1, "shelly:{}", 60.0), (tasmota, "tasmota:{}", 3600.0)
])  # fmt: skip
def test_power_and_the_counter_since_it_was_opened(family: Family, url: str, step_j: float) -> None:
    joules = 5e6

    def spent() -> float:
        nonlocal joules
        joules += 2 * step_j
        return joules

    samples, _ = reads(family(lambda: 1234.0, spent), url, 3)
    assert [sample.watts for sample in samples] == [1234.0] * 3
    assert [sample.joules for sample in samples] == pytest.approx([0.0, 2 * step_j, 4 * step_j])
    assert samples[0].at_s < samples[1].at_s < samples[2].at_s


def test_the_generation_is_found_out() -> None:
    async def accuracies() -> list[object]:
        found: list[object] = []
        for answers in (shelly1(lambda: 1.0, lambda: 1.0), shelly2(lambda: 1.0, lambda: 1.0)):
            async with PlugServer(answers).running() as server:
                meter = parse_meter(f"shelly:{server.host}")
                await meter.open()
                found.append(meter.accuracy)
                await meter.close()
        return found

    assert asyncio.run(accuracies()) == [GEN1, GEN2]


def test_channels_and_components() -> None:
    answers: dict[str, Answers] = {
        "/shelly": lambda _: {"gen": 3},
        "/rpc/PM1.GetStatus": lambda request: {"apower": 10.0 * int(request.query["id"])},
    }
    samples, server = reads(answers, "shelly:{}?component=pm1&channel=3")
    assert (samples[0].watts, samples[0].joules) == (30.0, None)
    assert server.asked[-1] == "/rpc/PM1.GetStatus?id=3"


@pytest.mark.parametrize(
    ("power", "url", "watts"),
    [(20, "tasmota:{}", 20.0), ("21.5", "tasmota:{}", 21.5), ([5, "6"], "tasmota:{}", 11.0),
     ([5, "6"], "tasmota:{}?channel=2", 6.0)],
)  # fmt: skip
def test_tasmota_tells_power_in_many_ways(power: object, url: str, watts: float) -> None:
    assert told({"StatusSNS": {"ENERGY": {"Power": power}}}, url).watts == watts


def test_gen2_lets_in_whoever_knows_the_digest() -> None:
    def status(request: web.Request) -> Answer:
        authorization = request.headers.get("Authorization", "")
        if not authorization.startswith("Digest ") or 'username="admin"' not in authorization:
            return 401
        assert SECRET not in authorization
        return {"apower": 7.0}

    answers: dict[str, Answers] = {"/shelly": lambda _: {"gen": 2}, "/rpc/Switch.GetStatus": status}
    assert reads(answers, f"shelly:admin:{SECRET}@{{}}")[0][0].watts == 7.0
    with pytest.raises(DeviceError, match="does not let us in; give USER:PASSWORD@ before its host"):
        reads(answers, "shelly:{}")


def test_gen1_lets_in_by_basic_and_tasmota_by_the_query() -> None:
    basic_login = b64encode(f"me:{SECRET}".encode()).decode()

    def basic(request: web.Request) -> Answer:
        return {"power": 7.0} if request.headers.get("Authorization") == f"Basic {basic_login}" else 401

    answers: dict[str, Answers] = {"/shelly": lambda _: {"type": "SHPLG-1"}, "/meter/0": basic}
    assert reads(answers, f"shelly:me:{SECRET}@{{}}")[0][0].watts == 7.0

    def query(request: web.Request) -> Answer:
        known = (request.query.get("user"), request.query.get("password")) == ("me", SECRET)
        right = {"StatusSNS": {"ENERGY": {"Power": 7}}}
        return right if known else {"WARNING": "Need user=<username>&password=<password>"}

    assert reads({"/cm": query}, f"tasmota:me:{SECRET}@{{}}")[0][0].watts == 7.0
    with pytest.raises(DeviceError, match="does not let us in"):
        reads({"/cm": query}, "tasmota:{}")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (404, "HTTP 404"),
        (302, "HTTP 302"),
        (403, "does not let us in; it takes another user or password"),
        (b"", "not understood"),
        (b"<html>", "not understood"),
        (b"[" * 50_000, "not understood"),
        (b" " * (1 << 17), "more than 65536 bytes"),
        (b"\xff\xfe", "not understood"),
        ({"StatusSNS": {}}, "has no meter"),
        ({"StatusSNS": {"ENERGY": {}}}, "neither power nor energy"),
        ({"StatusSNS": {"ENERGY": {"Power": "nan"}}}, "no plug can measure"),
        ({"StatusSNS": {"ENERGY": {"Power": 1e30}}}, "no plug can measure"),
        ({"StatusSNS": {"ENERGY": {"Power": "ON"}}}, "no number"),
        ({"StatusSNS": {"ENERGY": {"Power": [1] * 9}}}, "9 channels"),
        ({"StatusSNS": {"ENERGY": {"Power": {}}}}, "not understood"),
        ({"Status": 1}, "does not tell its sensors"),
    ],
)
def test_whatever_else_comes_is_one_error_without_secrets(answer: Answer, said: str) -> None:
    with pytest.raises(DeviceError, match=said) as raised:
        told(answer, f"tasmota:me:{SECRET}@{{}}")
    assert SECRET not in str(raised.value)
    assert len(str(raised.value)) < 200
    assert str(raised.value).startswith("tasmota:127.0.0.1:")


def test_a_plug_that_is_silent_or_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ANSWER_S", 0.2)

    async def silent() -> None:
        async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(swallow, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            meter = parse_meter(f"tasmota:127.0.0.1:{port}")
            with pytest.raises(DeviceError, match=r"does not answer within 0.2 s; see that it is powered"):
                await meter.read()
            await meter.close()
        with pytest.raises(DeviceError, match="cannot be reached"):
            await meter.read()
        await meter.close()

    asyncio.run(silent())


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["StatusSNS", "ENERGY", "Power", "Total", "apower", "aenergy", "total"]), inner),
    max_leaves=8,
).map(msgspec.json.encode))  # fmt: skip
def test_decoders_take_the_right_types_or_refuse(data: bytes) -> None:
    for kind in (Answer8, Status2, Meter1):
        try:
            msgspec.json.decode(data, type=kind)
        except msgspec.DecodeError:
            continue
        except UnicodeDecodeError:
            continue


@pytest.mark.parametrize("url", ["shelly:", "shelly:h?channel=16", "shelly:h?component=cover", "tasmota:h?channel=0"])
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(InputError):
        parse_meter(url)
