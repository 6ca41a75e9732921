"""The pool's version mask honoured: ESP-Miner #54, #1169 (bits outside of it were rolled), NerdQAxe #239 (rolled where
nothing was granted) and #640 (wanted: rolling switched off)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from joulehash.engine.stratum.client import NewJob
from joulehash.engine.stratum.settings import Settings
from joulehash.engine.tally import Outcome, Result
from tests.support.fake_pool import Tell, handshake
from tests.support.pool_stage import SETTINGS, Stage, in_virtual_time
from tests.support.stratum import asked, connected, give, line, share_of


@pytest.mark.parametrize("granted", [0, 0x2000, 0x1FFF0000, 0x1FFFE000, 0xFFFFFFFF], ids=hex)
def test_jobs_allow_what_pool_and_devices_both_can(granted: int) -> None:
    client = connected(Settings("u", version_mask=0x1FFFE000), mask=granted)
    assert give(client).version_mask == granted & 0x1FFFE000


def test_bits_outside_the_mask_are_never_sent() -> None:
    client = connected(mask=0x00FF0000)
    job = give(client)
    inside, outside = (share_of(job, bits=bits) for bits in (0x00800000, 0x01000000))
    assert client.submit(inside, 1.0) is None
    params = asked(client)["mining.submit"].params
    assert params[5] == f"{(job.version ^ 0x00800000) & 0x00FF0000:08x}"
    assert client.submit(outside, 1.0) == Result(Outcome.STALE, "version bits outside the mask of now")
    assert client.outgoing() == b""


def test_a_mask_that_shrinks_holds_for_the_running_job_at_once() -> None:
    client = connected(mask=0x1FFFE000)
    early = share_of(give(client), bits=0x10000000)
    events = client.receive(line("mining.set_version_mask", ["0000e000"]), 2.0)
    assert [event.job.version_mask for event in events if isinstance(event, NewJob)] == [0xE000]
    assert client.submit(early, 3.0) == Result(Outcome.STALE, "version bits outside the mask of now")


def test_where_nothing_was_granted_a_share_has_five_parameters() -> None:
    client = connected(mask=0)
    assert client.submit(share_of(give(client)), 1.0) is None
    assert len(asked(client)["mining.submit"].params) == 5


def test_rolling_switched_off_does_not_even_ask() -> None:
    async def body(played: Stage) -> None:
        assert (await played.job()).version_mask == 0

    script = [*handshake()[1:], (None, Tell("mining.set_version_mask", ["1fffe000"]))]
    played = in_virtual_time([script], body, settings=replace(SETTINGS, version_mask=0))
    assert "mining.configure" not in played.methods()
