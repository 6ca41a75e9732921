"""client.reconnect: rented miners must follow it to another port (MiningRigRentals in ESP-Miner #41, #517, NerdMiner
#221), and must not be stolen by it (sgminer #296, #257: miners were sent to a stranger's pool in 2014)."""

from __future__ import annotations

from joulehash.engine.clock import run_virtual
from joulehash.engine.events import PoolMessage
from joulehash.engine.pools.timing import Timing
from joulehash.engine.tally import Outcome
from tests.support.fake_pool import Answer, FakePool, Tell, handshake
from tests.support.pool_stage import SETTINGS, Stage, in_virtual_time, stage
from tests.support.shares import share_of
from tests.support.virtual_net import Network

ACCEPT = ("mining.submit", Answer(True))


def test_a_rental_moves_to_another_port_and_its_shares_count_there() -> None:
    """As MiningRigRentals does it: no host, the port in a string, at once."""

    async def main() -> None:
        network = Network()
        here = FakePool([[*handshake(), (None, Tell("client.reconnect", ["", "50001", 0]))]])
        there = FakePool([[*handshake(extranonce1="11223344"), ACCEPT]])
        async with (
            here.on(network) as url,
            there.on(network, 50_001),
            stage(here, url, Timing(), SETTINGS, network) as played,
        ):
            await played.until(lambda: len(there.opened_s) == 1, 60.0)
            await played.until(lambda: played.pool.stats().connected, 60.0)
            work = await played.job()
            assert work.extranonce1.hex() == "11223344"
            assert (await played.pool.submit(share_of(work))).outcome is Outcome.ACCEPTED
        here.check()
        there.check()

    run_virtual(main())


def test_a_stranger_cannot_take_the_miner_away() -> None:
    evil = [
        Tell("client.reconnect", [host, 3333, 0]) for host in ("206.223.224.225", "evil.example", "10.0.0.1.evil.com")
    ]

    async def body(played: Stage) -> None:
        await played.until(lambda: played.of(PoolMessage))
        work = await played.job()
        assert (await played.pool.submit(share_of(work))).outcome is Outcome.ACCEPTED
        assert len(played.network.dials) == 1
        assert all("not obeyed" in event.text for event in played.of(PoolMessage))

    in_virtual_time([[*handshake(), (None, *evil), ACCEPT]], body)
