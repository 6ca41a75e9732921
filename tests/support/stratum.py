"""Stratum messages as cases, recorded dialogues, and shares made to measure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import count, groupby
from pathlib import Path

from hypothesis import strategies as st

from joulehash.engine.chain.header import Header
from joulehash.engine.judge import Judge, Verdict
from joulehash.engine.stratum import messages as m
from joulehash.engine.stratum.client import ClientProtocol, Event, NewJob, Quirks, Settings
from joulehash.engine.stratum.lines import Request, Response, decode_line
from joulehash.engine.work import Found, Job, Work

DATA = Path(__file__).parent.parent / "data"
ANY_HASH = Fraction(1, 10**11)  # a difficulty that every hash meets

# Messages and the very bytes of their params, one or more for each row of the table.

CASES: list[tuple[m.Message, str]] = [
    (m.Configure(()), "[[],{}]"),
    (
        m.Configure(("version-rolling",), {"version-rolling.mask": "1fffe000", "version-rolling.min-bit-count": 2}),
        '[["version-rolling"],{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":2}]',
    ),
    (m.Subscribe(), "[]"),
    (m.Subscribe("joulehash/0.1"), '["joulehash/0.1"]'),
    (m.Subscribe("", "08000002"), '["","08000002"]'),
    (m.Authorize("bc1q.worker", "x, diff=200"), '["bc1q.worker","x, diff=200"]'),
    (m.Authorize("\N{SNOWMAN}", ""), '["\N{SNOWMAN}",""]'),
    (m.ExtranonceSubscribe(), "[]"),
    (m.SuggestDifficulty(Fraction(1, 2000)), "[0.0005]"),
    (m.SuggestDifficulty(Fraction(10**15)), "[1000000000000000]"),
    (m.SuggestTarget(0xFFFF << 208), '["00000000ffff0000000000000000000000000000000000000000000000000000"]'),
    (
        m.Submit("slush.miner1", "bf", bytes(3) + b"\1", 0x504E86ED, 0xB2957C02),
        '["slush.miner1","bf","00000001","504e86ed","b2957c02"]',
    ),
    (m.Submit("u", 7, b"", 0, 0xFFFFFFFF, 0xB44000), '["u",7,"","00000000","ffffffff","00b44000"]'),
    (m.GetTransactions("bf"), '["bf"]'),
    (m.GetTransactions(-1), "[-1]"),
    (
        m.Notify(
            *("bf", bytes(range(32)), b"\1\2", b"", (bytes(32), b"\xfe" * 32)),
            *(0x20000000, 0x1C2AC4AF, 0x504E86B9, False),
        ),
        '["bf","03020100070605040b0a09080f0e0d0c13121110171615141b1a19181f1e1d1c","0102","",'
        f'["{"00" * 32}","{"fe" * 32}"],"20000000","1c2ac4af","504e86b9",false]',
    ),
    (
        m.Notify(5, bytes(32), b"", b"\xff", (), 2, 0x207FFFFF, 0, True),
        f'[5,"{"00" * 32}","","ff",[],"00000002","207fffff","00000000",true]',
    ),
    (m.SetDifficulty(Fraction(1, 1000)), "[0.001]"),
    (m.SetDifficulty(Fraction(16384)), "[16384]"),
    (m.SetExtranonce(b"\x08\0\0\2", 4), '["08000002",4]'),
    (m.SetExtranonce(b"", 0), '["",0]'),
    (m.SetExtranonce(None, 16), "[null,16]"),
    (m.SetExtranonce(b"\1", None), '["01",null]'),
    (m.SetVersionMask(0x1FFFE000), '["1fffe000"]'),
    (m.SetVersionMask(0), '["00000000"]'),
    (m.Reconnect(), '["",0,0]'),
    (m.Reconnect("pool.example", 3333, 5.0), '["pool.example",3333,5]'),
    (m.GetVersion(), "[]"),
    (m.ShowMessage("Maintenance at 20:00 \N{SNOWMAN}"), '["Maintenance at 20:00 \N{SNOWMAN}"]'),
    (m.Ping(), "[]"),
]  # fmt: skip

ODD_VALUES: list[object] = [
    *[
        None,
        True,
        False,
        0,
        -1,
        1,
        17,
        2**31,
        2**64,
        10**200,
        0.5,
        1e300,
        "",
        "0",
        "x",
        "zz",
        "0g",
        "٣",
        "1 2",
        "ab" * 40,
    ],
    *[
        "\x1b[31m",
        "-1",
        "1e5",
        "NaN",
        "nan",
        "inf",
        "f" * 64,
        "f" * 210_000,
        [],
        [[]],
        [None],
        ["x"] * 40,
        {},
        {"a": 1},
    ],
]

_SCALARS: list[object] = [odd for odd in ODD_VALUES if not isinstance(odd, str) or len(odd) < 99]
JSON: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=70) | st.text("0123456789abcdefABCDEFx.-e", max_size=70) | st.sampled_from(_SCALARS),
    lambda inner: st.lists(inner, max_size=10) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


def line(method: str, params: str | list[object], identity: object = None) -> bytes:
    written = params if isinstance(params, str) else json.dumps(params)
    return f'{{"id":{json.dumps(identity)},"method":"{method}","params":{written}}}\n'.encode()


def answer(identity: object, result: object = None, error: object = None) -> bytes:
    return json.dumps({"id": identity, "result": result, "error": error}).encode() + b"\n"


def sent(protocol: ClientProtocol) -> list[Request | Response]:
    """What the client wants to send, read back."""
    read = [decode_line(one) for one in protocol.outgoing().splitlines()]
    assert all(isinstance(one, Request | Response) for one in read)
    return [one for one in read if isinstance(one, Request | Response)]


def asked(protocol: ClientProtocol) -> dict[str, Request]:
    return {one.method: one for one in sent(protocol) if isinstance(one, Request)}


# Shares


def notify(job: str | int = "1", **changes: object) -> m.Notify:
    values: dict[str, object] = {
        "prev_hash": bytes(32), "coinb1": b"\1" * 50, "coinb2": b"\2" * 50, "branches": (b"\3" * 32,),
        "version": 0x20000000, "nbits": 0x1D00FFFF, "ntime": 0x6B022575, "clean": True,
    }  # fmt: skip
    return m.Notify(job, **{**values, **changes})  # type: ignore[arg-type]


def told(message: m.Message) -> bytes:
    return line(message.method, message.encode())


def share_of(
    job: Job, nonce: int = 0, extranonce2: bytes | None = None, bits: int = 0, judge: Judge | None = None
) -> Verdict:
    """What the judge says of one nonce: not every one is a share. `bits` are XORed onto the version."""
    en2 = bytes(job.extranonce2_size) if extranonce2 is None else extranonce2
    version = job.version ^ bits
    work = Work(job, en2, job.ntime, (version,), 0, 2**32, 2**256 - 1)
    if judge is None:
        judge = Judge()
        judge.accept(job)
    return judge.judge(Found("test", (work,), nonce, version, job.ntime, job.received_s), job.received_s)


def share_between(job: Job, easiest: int, hardest: int) -> Verdict:
    """A share whose hash is at most `easiest`, but more than `hardest`."""
    shares = (share_of(job, nonce) for nonce in count())
    return next(share for share in shares if hardest < share.hash <= easiest)


def connected(
    settings: Settings | None = None,
    quirks: Quirks | None = None,
    *,
    difficulty: object = 1e-11,
    mask: int = 0x1FFFE000,
    extranonce1: str = "08000002",
    size: int = 4,
) -> ClientProtocol:
    """A client that has been through the handshake; no job yet."""
    client = ClientProtocol(settings or Settings("u"), quirks or Quirks(), session=1)
    client.start()
    first = asked(client)
    if "mining.configure" in first:
        granted = {"version-rolling": True, "version-rolling.mask": f"{mask:08x}"}
        client.receive(answer(first["mining.configure"].id, granted), 0.0)
    client.receive(answer(first["mining.subscribe"].id, [[["mining.notify", "s"]], extranonce1, size]), 0.0)
    client.receive(line("mining.set_difficulty", [difficulty]), 0.0)
    client.receive(answer(asked(client)["mining.authorize"].id, True), 0.0)
    client.outgoing()
    assert client.ready
    return client


def give(client: ClientProtocol, message: m.Notify | None = None, now: float = 0.0) -> Job:
    events: list[Event] = client.receive(told(message or notify()), now)
    assert [type(event) for event in events] == [NewJob]
    assert client.job is not None
    return client.job


# Recorded dialogues


@dataclass(frozen=True)
class Read:
    t_s: float
    by_pool: bool
    data: bytes | None  # None: the end


def dialogues(pool: str) -> Iterator[tuple[int, list[Read]]]:
    """Each recorded connection to `pool`: its number, and what both sides read."""
    text = (DATA / "pools" / f"{pool}.jsonl").read_text(encoding="utf-8")
    records = [json.loads(one) for one in text.splitlines()]
    for session, group in groupby(records, key=lambda record: record["session"]):
        yield (
            session,
            [Read(r["t_s"], r["from"] == "pool", None if r.get("eof") else r["bytes"].encode()) for r in group],
        )


def header_of(job: Job, submit: m.Submit) -> Header:
    """What a pool makes of a submitted share, by BIP310."""
    mask = 0 if submit.version_bits is None else 0x1FFFE000
    version = job.version & ~mask | (submit.version_bits or 0)
    return job.header(submit.extranonce2, version, submit.ntime, submit.nonce)
