"""What a pool's coinbase pays the user is told, and a pool that pays too little is refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from joulehash.engine.chain.coinbase import Coinbase
from joulehash.engine.chain.payout import script_of
from joulehash.engine.chain.transaction import Output
from joulehash.engine.errors import InputError
from joulehash.engine.events import CoinbaseSeen, Disconnected, Event, Paid
from joulehash.engine.pools.pays import PayCheck
from joulehash.engine.stratum.messages import Notify
from tests.support.fake_pool import EASIEST, Action, Pause, Step, Tell, handshake, job
from tests.support.jobs import job as plain_job
from tests.support.pool_stage import SETTINGS, Stage, in_virtual_time

ME = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
POOL = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"


def coinbase(mine: int, fee: int) -> tuple[bytes, bytes]:
    outputs = [Output(value, script_of(to)) for value, to in ((mine, ME), (fee, POOL)) if value]
    return Coinbase(800_000, tuple(outputs), commitment=bytes(32)).halves(8)


def paying(mine: int, fee: int, name: str = "1") -> Action:
    coinb1, coinb2 = coinbase(mine, fee)
    notify = Notify(name, bytes(32), coinb1, coinb2, (), 0x20000000, 0x1D00FFFF, 1_700_000_000, True)
    return Tell(Notify.method, notify.encode())


def play(first: list[Action], pays_me: float | None, after: Step | None = None, user: str = f"{ME}.rig") -> Stage:
    stages = list[Stage]()

    async def body(played: Stage) -> None:
        stages.append(played)
        await asyncio.sleep(5.0)
        played.events = list(played.events)

    script = [*handshake(EASIEST, *first), *([after] if after else [])]
    in_virtual_time([script], body, settings=replace(SETTINGS, user=user, pays_me=pays_me))
    return stages[0]


def test_it_is_told_once_a_connection() -> None:
    played = play([paying(98, 2)], None, (None, Pause(1.0), paying(97, 3, "2")))
    (seen,) = played.of(CoinbaseSeen)
    assert (seen.height, seen.address, seen.pays, seen.part, seen.total, seen.more) == (800_000, ME, 98, 0.98, 100, 0)
    assert seen.outputs == [Paid(ME, 98), Paid(POOL, 2)]
    assert [job.id for job in played.jobs if job is not None] == ["1", "2"]


def test_a_user_name_without_an_address_has_nothing_to_look_for() -> None:
    played = play([paying(98, 2)], None, user="joe")
    assert played.of(CoinbaseSeen) == []


def test_a_job_that_pays_enough_is_mined() -> None:
    played = play([paying(98, 2)], 98)
    assert [job.id for job in played.jobs if job is not None] == ["1"]
    assert played.of(Disconnected) == []


@pytest.mark.parametrize(
    ("offered", "percent"), [(paying(0, 100), "0"), (paying(9799, 201), "97.99")], ids=["nothing", "a little less"]
)
def test_one_that_pays_less_is_refused_before_it_is_mined(offered: Action, percent: str) -> None:
    played = play([offered], 98)
    assert [job for job in played.jobs if job is not None] == []
    (ended,) = [event for event in played.of(Disconnected) if "coinbase" in event.reason]
    assert f"its coinbase pays {ME} {percent} %, less than the 98 % of --pays-me" in ended.reason
    assert ended.retry_s is not None
    assert ended.retry_s >= 10, "people must act"


def test_one_that_pays_less_later_is_left_then() -> None:
    played = play([paying(98, 2)], 98, (None, Pause(1.0), paying(0, 100, "2")))
    assert [job and job.id for job in played.jobs][:2] == ["1", None]
    assert "2" not in {job.id for job in played.jobs if job is not None}


def test_a_coinbase_that_cannot_be_read_is_told_and_refused_where_it_matters() -> None:
    played = play([job()], None)
    (seen,) = played.of(CoinbaseSeen)
    assert (seen.part, seen.total, seen.outputs) == (None, None, [])
    assert played.jobs != []
    refused = play([job()], 1)
    assert any("its coinbase cannot be read: " in event.reason for event in refused.of(Disconnected))
    assert [job for job in refused.jobs if job is not None] == []


def test_a_large_payout_is_shown_in_part() -> None:
    outputs = tuple(Output(1000 - n, b"\x51" * (n + 1)) for n in range(30))
    coinb1, coinb2 = Coinbase(800_000, outputs).halves(8)
    told = list[Event]()
    assert PayCheck("pool", ME, None, told.append).look(plain_job(coinb1=coinb1, coinb2=coinb2)) == ""
    (seen,) = told
    assert isinstance(seen, CoinbaseSeen)
    assert (len(seen.outputs), seen.more) == (8, 22)
    assert seen.outputs[0] == Paid("script 51", 1000)


def test_asking_for_a_part_without_an_address_is_an_error() -> None:
    with pytest.raises(InputError, match=r"--pays-me: the user name 'joe' has no address in it; takes ADDRESS.worker"):
        PayCheck("pool", "joe", 98, print)
