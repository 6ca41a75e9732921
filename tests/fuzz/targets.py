"""What is fuzzed: one target a parser, with its inputs and what it may raise. Nothing else may come out of it."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import urlsplit

import msgspec
from hypothesis import strategies as st

from joulehash.app.options import load_options
from joulehash.bench.sweep.book import SCHEMA, Whose, load
from joulehash.bench.sweep.grid import parse_range
from joulehash.engine.chain.address import script_for
from joulehash.engine.chain.block import Block
from joulehash.engine.chain.transaction import Transaction
from joulehash.engine.errors import DeviceError, InputError, NodeError
from joulehash.engine.pools.redirect import followed
from joulehash.engine.pools.url import PoolURL, without_secrets
from joulehash.engine.poolserver.book import JobBook
from joulehash.engine.poolserver.session import Limits, Session
from joulehash.engine.poolserver.vardiff import Vardiff
from joulehash.engine.stratum.client import ClientProtocol, Quirks, Settings
from joulehash.engine.stratum.events import Redirected
from joulehash.engine.stratum.fields import Refusal
from joulehash.engine.stratum.lines import Malformed, decode_line
from joulehash.engine.stratum.messages import MESSAGES
from joulehash.engine.stratum.results import Answer, ConfigureResult, SubscribeResult
from joulehash.engine.templates.gbt import Offer, Terms, template_from
from joulehash.engine.templates.memory import MemoryChain
from joulehash.engine.templates.rpc import NodeUrl, Reply
from joulehash.hw.meters.address import parse_address
from joulehash.hw.meters.dialects import dialect_of, number
from joulehash.hw.meters.http import JsonDevice
from joulehash.hw.meters.registers import KINDS, Value
from joulehash.hw.meters.shelly import Shelly
from joulehash.hw.meters.tasmota import Tasmota
from joulehash.hw.passport.exchange import import_lines
from joulehash.hw.passport.records import Service
from joulehash.hw.passport.schema import open_database
from joulehash.hw.spec import parse_spec
from joulehash.hw.wire import bitaxe_answers, bitaxe_raw, bm13xx, bm1387, icarus
from tests.support.mining import mine
from tests.support.passports import GAMMA, START, fill, use
from tests.support.stratum import ANY_HASH, CASES, JSON, answer, connected, dialogues, line, share_of

from .inputs import changed, changed_text


@dataclass(frozen=True)
class Target:
    name: str
    inputs: st.SearchStrategy[Any]
    try_one: Callable[[Any], object]
    expected: tuple[type[Exception], ...] = ()


def lines() -> list[bytes]:
    """Of real dialogues, and one of each message."""
    told = [line(message.method, params, i) for i, (message, params) in enumerate(CASES)]
    recorded = [one + b"\n" for pool in ("ckpool", "public-pool") for _, reads in dialogues(pool) for read in reads
                if read.data for one in read.data.splitlines()]  # fmt: skip
    results: list[object] = [True, [[], "00", 4], [], {"version-rolling": True, "version-rolling.mask": "1fffe000"}]
    return [*told, *recorded[::5], *(answer(i, result) for i, result in enumerate(results, 1))]


def client(data: list[bytes]) -> None:
    one = connected()
    for now, part in enumerate(data):
        one.receive(part, float(now))
        if one.job is not None:
            one.submit(share_of(one.job), float(now))
        check_sent(one.outgoing())
    one.closed("end")


def handshake(data: list[bytes]) -> None:
    one = ClientProtocol(Settings("u"), Quirks(), 1)
    one.start()
    for now, part in enumerate(data):
        one.receive(part, float(now))
        check_sent(one.outgoing())
    one.closed("end")


@cache
def chain() -> MemoryChain:
    return MemoryChain(1 << 240, clock=lambda: 1_700_000_000)


def session(data: list[bytes]) -> None:
    book = JobBook()
    book.add(chain().template)
    one = Session(b"\1\2\3\4", book, Vardiff(ANY_HASH, ANY_HASH, Fraction(10**6)), Limits(), 0.0)
    one.receive(line("mining.subscribe", [], 1) + line("mining.authorize", ["u"], 2), 0.0)
    for now, part in enumerate(data):
        one.receive(part, float(now))
        one.tick(float(now))
        check_sent(one.outgoing())


def check_sent(data: bytes) -> None:
    for one in data.splitlines():
        assert not isinstance(decode_line(one), Malformed), one[:200]


def params(given: tuple[str, list[object]]) -> None:
    method, values = given
    message = MESSAGES[method].decode(values)
    assert MESSAGES[method].decode(msgspec.json.decode(msgspec.json.encode(message.encode()))) is not None


def results(value: object) -> None:
    Answer.decode(value, value, value)
    for kind in (SubscribeResult, ConfigureResult):
        try:
            kind.decode(value)
        except Refusal as refusal:
            assert str(refusal).isprintable()  # noqa: PT017


def pool_url(text: str) -> None:
    assert without_secrets(text).isprintable()
    try:
        url = PoolURL.parse(text)
    except InputError as error:
        assert str(error).isprintable()  # noqa: PT017
        raise
    assert str(PoolURL.parse(str(url))) == str(url)


CONFIGURED = PoolURL.parse("ssl://eu.example.com:3333")


def redirect(text: str) -> None:
    found = followed(Redirected(text or None, 1, 0.0), CONFIGURED, CONFIGURED)
    assert found.isprintable() if isinstance(found, str) else found.tls


def node_url(text: str) -> None:
    url = NodeUrl.parse(text)
    shown = repr(url).replace(urlsplit(url.endpoint).netloc, "")  # a host may be called as its password is
    assert len(url.password) < 4 or url.password not in shown


OFFER: dict[str, object] = {
    "version": 536870912, "previousblockhash": "11" * 32, "height": 200, "bits": "207fffff", "curtime": 1_700_000_000,
    "mintime": 1_699_999_000, "transactions": [{"data": "02000000" + "00" * 60, "txid": "22" * 32}],
    "rules": ["csv", "!segwit"], "coinbaseaux": dict[str, str](), "coinbasevalue": 5_000_000_000,
    "default_witness_commitment": "6a24aa21a9ed" + "33" * 32,
}  # fmt: skip


def node_reply(data: bytes) -> None:
    reply = msgspec.json.decode(data, type=Reply)
    offer = msgspec.json.decode(reply.result, type=Offer)
    template = template_from(offer, Terms("regtest", b"\x51"), 1)
    template.coinbase_halves(8)


def decoded(make: Callable[[], Any]) -> Callable[[list[bytes]], None]:
    def try_one(parts: list[bytes]) -> None:
        decoder = make()
        for part in parts:
            decoder.feed(part)
        if hasattr(decoder, "flush"):
            decoder.flush()

    return try_one


def answers(parts: list[bytes]) -> None:
    for form in bitaxe_answers.Format:
        decoder = bitaxe_answers.AnswerDecoder(form)
        decoder.expect(1, 2)
        for part in parts:
            decoder.feed(part)


class Served(JsonDevice):
    """Answers with this, whatever it is asked."""

    def __init__(self, data: bytes) -> None:
        super().__init__("plug", "127.0.0.1", 1)
        self._data = data

    async def _fetch(self, path: str, query: object) -> bytes:
        return self._data


def plug(data: bytes) -> None:
    device = Served(data)
    for firmware in (Shelly(device, 0, "switch"), Tasmota(device, {}, None)):
        try:
            told = asyncio.run(firmware.ask())
        except DeviceError as error:
            assert "\x1b" not in str(error)  # noqa: PT017
        else:
            assert all(value is None or math.isfinite(value) for value in (told.watts, told.joules))


def scpi(text: str) -> None:
    dialect_of(text)
    value = number(text)
    assert value is None or math.isfinite(value)


def modbus(given: tuple[str, list[int], bool]) -> None:
    kind, words, little = given
    value = Value(0, kind, 1.0).decode(words, little=little)
    assert value is None or math.isfinite(value)


@cache
def folder() -> Path:
    return Path(mkdtemp(prefix="joulehash-fuzz-"))


@cache
def database() -> sqlite3.Connection:
    return open_database(folder() / "passport.sqlite3", create=True)


def passport(data: bytes) -> None:
    connection = database()
    connection.execute("BEGIN")
    try:
        import_lines(connection, data.splitlines(keepends=True), "FILE")
    finally:
        connection.execute("ROLLBACK")


@cache
def exported() -> bytes:
    """A passport with something in it."""
    path, found = folder() / "from.sqlite3", list[bytes]()
    fill(path, "osmu:1a2b3c4d", [GAMMA, Service(START, "fan replaced")])
    use(path, lambda passport: passport.export_to("osmu:1a2b3c4d", found.append))
    return b"".join(found)


def options(data: bytes) -> None:
    file = folder() / "options.toml"
    file.write_bytes(data)
    load_options(file)


WHOSE = Whose("board", "bitaxe-gamma", [400.0], [1.1], {}, "board")


def sweep(data: bytes) -> None:
    file = folder() / "sweep.json"
    file.write_bytes(data)
    load(file, WHOSE)


def parts(samples: list[bytes]) -> st.SearchStrategy[list[bytes]]:
    return st.lists(changed(samples), min_size=1, max_size=8)


URLS = ["stratum+ssl://pool.example:4333#pin=" + "ab" * 32, "[::1]:3333#proxy=socks5h://u:p@h:1&xnsub", "p:1#ca=/x"]
NODES = ["http://u:secret@127.0.0.1:8332/wallet", "https://h?cookie=/x", "http://[::1]:1"]
METERS = ["scpi:TCPIP::10.0.0.5::5025::SOCKET?volts=12", "shelly:10.0.0.9?u=1", "modbus:h:502?watts=12:f32:W"]
FRAMES = [
    bm13xx.register_response(0x13701234, 0, 0, 11),
    bm13xx.nonce_response(0x12345678, 0, 8, 3),
    bm13xx.nonce_response(0x12345678, 0, 8, None),
    bm1387.register_response(5),
    bm1387.nonce_response(1, 2, 3),
    bm13xx.read(0) + bm13xx.write(8, 1),
    bm1387.read(0) + bm1387.set_address(4),
]
RAW = [bitaxe_raw.encode(bitaxe_raw.I2CWriteRead(0x4C, b"\0", 2), 1), b"\x03\x00\x01\x12\x34", b"\x02\x00\x01\x05"]
TOML = [b'[mine]\nurl = "p:1"\nuser = "u"\nduration = 5\n[[mine.pool]]\nurl = "q:1"\nquota = 2\n']
PROGRESS = [msgspec.json.encode({"whose": msgspec.to_builtins(WHOSE), "began": "2026", "cells": [], "schema": SCHEMA})]

TARGETS = [
    Target("Stratum, what a pool says", parts(lines()), client),
    Target("Stratum, a pool's handshake", parts(lines()), handshake),
    Target("Stratum, what a miner says", parts(lines()), session),
    Target("Stratum, parameters", st.tuples(st.sampled_from(list(MESSAGES)), st.lists(JSON, max_size=10)), params,
           (Refusal,)),
    Target("Stratum, results", JSON, results),
    Target("pool URL", changed_text(URLS), pool_url, (InputError,)),
    Target("client.reconnect", changed_text(["us.example.com", "evil.com", "10.0.0.1", "[::1]"]), redirect),
    Target("node URL", changed_text(NODES), node_url, (InputError,)),
    Target("node's replies and templates", changed([msgspec.json.encode({"result": OFFER, "error": None})]), node_reply,
           (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, NodeError)),
    Target("block and coinbase", changed([mine(MemoryChain((1 << 256) - 1, clock=lambda: 1.7e9).template)]),
           Block.parse, (ValueError,)),
    Target("transaction", changed([bytes.fromhex("01000000010000000000000000000000000000000000000000000000000000000000"
                                                 "000000ffffffff0151ffffffff010000000000000000015100000000")]),
           Transaction.parse, (ValueError,)),
    Target("address", changed_text(["bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", "2N" + "1" * 33]),
           lambda text: script_for(text, "regtest"), (InputError, ValueError)),
    Target("BM13xx, answers with versions", parts(FRAMES), decoded(lambda: bm13xx.ResponseDecoder(11))),
    Target("BM13xx, answers without", parts(FRAMES), decoded(lambda: bm13xx.ResponseDecoder(9))),
    Target("BM13xx, commands", parts(FRAMES), decoded(lambda: bm13xx.CommandDecoder("header"))),
    Target("BM1387, answers", parts(FRAMES), decoded(bm1387.ResponseDecoder)),
    Target("BM1387, commands", parts(FRAMES), decoded(bm1387.CommandDecoder)),
    Target("Icarus, answers", parts([b"\x12\x34\x56\x78" * 2]), decoded(icarus.AnswerDecoder)),
    Target("Icarus, work", parts([bytes(64)]), decoded(icarus.WorkDecoder)),
    Target("bitaxe-raw, answers", parts(RAW), answers),
    Target("bitaxe-raw, requests", parts(RAW), decoded(bitaxe_raw.RequestDecoder)),
    Target("meter address", changed_text(METERS), lambda text: parse_address(text, "meter"), (InputError,)),
    Target("SCPI", changed_text(["KEYSIGHT,E36313A,MY1,1.0", "+1.25E+01", "12.5 W"]), scpi),
    Target("Shelly and Tasmota", changed([
        b'{"apower":12.5,"aenergy":{"total":1.5}}', b'{"power":5,"total":60,"is_valid":true}',
        b'{"StatusSNS":{"ENERGY":{"Power":[1,2],"Total":"0.5"}}}']), plug),
    Target("Modbus", st.tuples(st.sampled_from(list(KINDS)), st.lists(st.integers(-1, 1 << 17), max_size=5),
                               st.booleans()), modbus),
    Target("board spec", changed_text(["sim:bitaxe-gamma?fault=dead_chip:1&scale=8", "bitaxe-gamma:/dev/ttyACM0"]),
           parse_spec, (InputError,)),
    Target("passport", st.deferred(lambda: changed([exported()])), passport, (InputError,)),
    Target("options in TOML", changed(TOML), options, (InputError,)),
    Target("progress of a sweep", changed(PROGRESS), sweep, (InputError,)),
    Target("range of a sweep", changed_text(["400:800:25", "1.1", "1.0:1.2"]),
           lambda text: parse_range("--mhz", text), (InputError,)),
]  # fmt: skip
