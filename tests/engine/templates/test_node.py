"""Our templates and blocks, judged by a real Bitcoin node."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from joulehash.engine.chain.header import hash_text
from joulehash.engine.chain.transaction import Transaction
from joulehash.engine.errors import InputError, JoulehashError, NodeError
from joulehash.engine.templates.node import NodeSource
from joulehash.engine.templates.rpc import NodeRpc
from joulehash.engine.templates.template import Template, TemplateSource
from tests.conftest import StartNode
from tests.support.bitcoin_node import ANYONE_ADDRESS, PASSWORD, BitcoinNode
from tests.support.blocks import check_block
from tests.support.mining import candidate, mine, solve

pytestmark = pytest.mark.node

VECTORS = json.loads((Path(__file__).parents[2] / "data/addresses.json").read_text())
REGTEST = [(address, script) for chain, address, script in VECTORS["core"] if chain == "regtest"]
assert [s[:4] for _, s in REGTEST] == ["76a9", "a914", "0014", "0020", "5120"]  # one of each type


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(60):
            await main()

    asyncio.run(bounded())


@asynccontextmanager
async def running(source: NodeSource) -> AsyncGenerator[NodeSource]:
    await source.start()
    try:
        yield source
    finally:
        await source.stop()


async def first(source: TemplateSource) -> Template:
    return await anext(source.templates())


@pytest.mark.parametrize(("address", "script"), REGTEST)
def test_a_block_with_transactions_is_accepted_and_pays_the_address(
    bitcoin_node: BitcoinNode, address: str, script: str
) -> None:
    bitcoin_node.generate(6)
    sent = bitcoin_node.send_transactions(5)

    async def main() -> None:
        async with running(NodeSource(bitcoin_node.url, address)) as source:
            template = await first(source)
            assert len(template.transactions) == 5
            assert set(template.transactions) == set(sent)
            assert len(template.branches) == 3
            height = bitcoin_node.height
            assert template.height == height + 1
            block = mine(template, b"\xac" * 12)  # bytes that would count as signature checks, were they not pushed
            assert await source.submit(block, template) is None
            assert bitcoin_node.height == height + 1
            assert bitcoin_node.block(height + 1) == block
            coinbase = check_block(block)["txs"][0]
            assert coinbase["outs"][0] == (template.coinbase.outputs[0].value, bytes.fromhex(script))
            assert b"/joulehash/" in coinbase["ins"][0][2]

    run(main)
    told = bitcoin_node.call("getblock", bitcoin_node.call("getbestblockhash"), True, True)
    assert told["tx"][0]["vout"][0]["scriptPubKey"]["hex"] == script
    assert len(told["tx"]) == 6
    assert bitcoin_node.call("getrawmempool") == []


def test_the_node_names_the_transactions_as_we_do(bitcoin_node: BitcoinNode) -> None:
    bitcoin_node.generate(10)
    bitcoin_node.send_transactions(7)
    offer = bitcoin_node.call("getblocktemplate", {"rules": ["segwit"]})
    with_witness = 0
    for told in offer["transactions"]:
        ours = Transaction.parse(bytes.fromhex(told["data"]))
        assert (hash_text(ours.txid), hash_text(ours.wtxid)) == (told["txid"], told["hash"])
        with_witness += ours.has_witness
    assert 0 < with_witness < 7
    bitcoin_node.generate(1)


def more_than_the_subsidy(template: Template) -> Template:
    paid = template.coinbase.outputs[0]
    outputs = (replace(paid, value=paid.value + 1),)
    return replace(template, coinbase=replace(template.coinbase, outputs=outputs))


SPOILED: list[tuple[str, Callable[[Template], Template]]] = [
    ("bad-txnmrklroot", lambda t: replace(t, branches=(bytes(32),))),
    ("bad-cb-height", lambda t: replace(t, coinbase=replace(t.coinbase, height=t.height - 1, tag=b"not that one"))),
    ("bad-witness-merkle-match", lambda t: replace(t, coinbase=replace(t.coinbase, commitment=bytes(32)))),
    ("time-too-old", lambda t: replace(t, curtime=t.mintime - 1)),
    ("bad-cb-amount", more_than_the_subsidy),
]


@pytest.mark.parametrize(("reason", "spoil"), SPOILED)
def test_a_spoiled_block_is_refused_with_the_nodes_reason(
    bitcoin_node: BitcoinNode, reason: str, spoil: Callable[[Template], Template]
) -> None:
    async def main() -> None:
        async with running(NodeSource(bitcoin_node.url, ANYONE_ADDRESS)) as source:
            template = await first(source)
            assert await source.submit(mine(spoil(template)), template) == reason
            assert await source.submit(mine(template, ntime=template.mintime), template) is None

    run(main)


def test_the_same_block_twice_is_a_duplicate(bitcoin_node: BitcoinNode) -> None:
    async def main() -> None:
        async with running(NodeSource(bitcoin_node.url, ANYONE_ADDRESS)) as source:
            template = await first(source)
            block = mine(template)
            assert await source.submit(block, template) is None
            assert await source.submit(block, template) == "duplicate"

    run(main)


def test_the_longpoll_wakes_when_another_finds_a_block(bitcoin_node: BitcoinNode) -> None:
    async def main() -> None:
        async with running(NodeSource(bitcoin_node.url, ANYONE_ADDRESS, refresh_s=3600)) as source:
            templates = source.templates()
            before = await anext(templates)
            assert before.longpollid
            for _ in range(3):
                (found,) = await asyncio.to_thread(bitcoin_node.generate, 1)
                async with asyncio.timeout(10):
                    after = await anext(templates)
                assert hash_text(after.prev_hash) == found
                assert after.height == before.height + 1
                assert after.serial > before.serial
                before = after
        assert [t async for t in templates] == []

    run(main)


def test_on_a_chain_before_segwit_from_the_first_block_on(start_node: StartNode) -> None:
    """Heights 1 to 16 have a push of their own; and a block without segwit must have no witness."""
    node = start_node(blocks=0)

    async def main() -> None:
        async with running(NodeSource(node.url, ANYONE_ADDRESS)) as source:
            templates = source.templates()
            for height in range(1, 20):
                while (template := await anext(templates)).height < height:
                    pass
                assert template.coinbase.commitment is None
                assert await source.submit(mine(template), template) is None
                assert node.height == height

    run(main)


def test_a_harder_chain_refuses_too_little_work(start_node: StartNode) -> None:
    node = start_node(hard_bits=0x1F3FFFFF, hard_from=451)

    async def main() -> None:
        async with running(NodeSource(node.url, ANYONE_ADDRESS)) as source:
            template = await first(source)
            assert template.nbits == 0x1F3FFFFF
            header, coinbase = candidate(template)
            assert await source.submit(template.block(header.pack(), coinbase), template) == "high-hash"
            assert await source.submit(template.block(solve(header).pack(), coinbase), template) is None

    run(main)


def test_a_node_that_is_started_again_is_followed_again(start_node: StartNode) -> None:
    node = start_node()
    said: list[str] = []

    async def main() -> None:
        troubled = asyncio.Event()

        def report(line: str) -> None:
            said.append(line)
            troubled.set()

        async with running(NodeSource(node.url, ANYONE_ADDRESS, report=report, refresh_s=0.2)) as source:
            templates = source.templates()
            assert (await anext(templates)).height == 451
            await asyncio.to_thread(node.stop)
            await troubled.wait()
            again = await asyncio.to_thread(start_node, blocks=3, port=node.port)
            while (template := await anext(templates)).height > 400:
                pass
            while template.height < 4:
                template = await anext(templates)
            assert await source.submit(mine(template), template) is None
            assert again.height == 4

    run(main)
    assert "cannot be reached" in said[0]
    assert said[0].endswith("; trying again")
    assert said[-1] == f"node http://127.0.0.1:{node.port} answers again"
    assert len(said) < 6  # what changed, not every attempt
    assert not any(PASSWORD in line for line in said)


def failing_start(url: str, address: str = ANYONE_ADDRESS) -> JoulehashError:
    async def start() -> None:
        async with asyncio.timeout(30):
            await NodeSource(url, address).start()

    with pytest.raises(JoulehashError) as caught:
        asyncio.run(start())
    assert "sesame" not in str(caught.value)
    return caught.value


def test_a_wrong_password_is_said_to_be_wrong(bitcoin_node: BitcoinNode) -> None:
    error = failing_start(f"http://ali:sesame@127.0.0.1:{bitcoin_node.port}")
    assert isinstance(error, NodeError)
    assert str(error).startswith(f"node http://127.0.0.1:{bitcoin_node.port}: does not accept the user and password")
    assert "(HTTP 401)" in str(failing_start(f"http://127.0.0.1:{bitcoin_node.port}"))


def test_a_wrong_port_is_said_to_be_wrong(unused_port: int) -> None:
    error = failing_start(f"http://ali:sesame@127.0.0.1:{unused_port}")
    assert isinstance(error, NodeError)
    assert f"127.0.0.1:{unused_port}: cannot be reached: " in str(error)


def test_an_address_of_another_chain_is_an_input_error(bitcoin_node: BitcoinNode) -> None:
    error = failing_start(bitcoin_node.url, "1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2mo")
    assert isinstance(error, InputError)
    assert "1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2mo' on chain regtest: belongs to another chain" in str(error)


def test_a_cookie_opens_it_too(bitcoin_node: BitcoinNode, tmp_path: Path) -> None:
    cookie = tmp_path / ".cookie"
    cookie.write_text(f"__cookie__:{PASSWORD}\n")

    async def main() -> None:
        rpc = NodeRpc(f"http://127.0.0.1:{bitcoin_node.port}?cookie={cookie}")
        assert await rpc.call(int, "getblockcount") == bitcoin_node.height
        await rpc.close()

    run(main)
