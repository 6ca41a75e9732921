from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from joulehash.engine.chain.coinbase import COMMITMENT_PREFIX, Coinbase
from joulehash.engine.chain.header import Header, double_sha256, hash_text
from joulehash.engine.chain.merkle import fold
from joulehash.engine.chain.target import bits_from_target, target_from_bits, target_from_difficulty
from joulehash.engine.chain.transaction import Input, Output, Transaction
from joulehash.engine.errors import InputError
from joulehash.engine.templates.memory import GENESIS, MemoryChain, subsidy
from joulehash.engine.templates.template import Template, TemplateSource
from tests.support.blocks import check_block
from tests.support.mining import candidate, mine, solve

EASY = 2**255 - 1  # every second hash
NOW = 1_800_000_000.0


def chain(target: int = EASY) -> MemoryChain:
    return MemoryChain(target, clock=lambda: NOW)


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await main()

    asyncio.run(bounded())


def test_it_begins_at_the_regtest_genesis_block() -> None:
    # Bitcoin Core, src/kernel/chainparams.cpp
    assert hash_text(GENESIS.hash) == "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"
    assert chain().height == 0
    assert chain().template.prev_hash == GENESIS.hash


def test_it_is_a_template_source() -> None:
    source: TemplateSource = chain()
    assert source.name == "memory"


def test_a_mined_block_is_accepted_and_the_next_template_stands_on_it() -> None:
    async def main() -> None:
        source = chain()
        await source.start()
        templates = source.templates()
        for height in range(1, 40):  # past 16, where BIP 34's push changes its form
            template = await anext(templates)
            assert template.height == height
            block = mine(template, height.to_bytes(12, "big"))
            parsed = check_block(block)
            assert [tx["raw"] for tx in parsed["txs"][1:]] == list(template.transactions)
            assert len(parsed["txs"]) == 6
            assert await source.submit(block, template) is None
            assert source.height == height
            assert source.tip.hash == parsed["hash"]
            assert source.template.prev_hash == parsed["hash"]
        await source.stop()
        assert [t async for t in templates] == []

    run(main)


def test_the_same_calls_give_the_same_templates() -> None:
    assert chain().template == chain().template


@pytest.mark.parametrize("n", [0, 1, 2, 3, 8])
def test_any_number_of_made_up_transactions(n: int) -> None:
    async def main() -> None:
        source = MemoryChain(EASY, clock=lambda: NOW, transactions=n)
        assert len(source.template.branches) == n.bit_length()
        block = mine(source.template)
        assert len(check_block(block)["txs"]) == n + 1
        assert await source.submit(block, source.template) is None

    run(main)


def test_the_made_up_transactions_differ_from_template_to_template() -> None:
    source = chain()
    before = source.template
    source.refresh()
    assert not set(before.transactions) & set(source.template.transactions)
    assert any(Transaction.parse(t).has_witness for t in before.transactions)
    assert not all(Transaction.parse(t).has_witness for t in before.transactions)


def test_a_target_is_rounded_down_to_nbits_and_holds_from_the_next_template_on() -> None:
    async def main() -> None:
        source = chain()
        wanted = target_from_difficulty("1e-7")
        source.set_target(wanted)
        old = source.template
        assert old.target == target_from_bits(bits_from_target(EASY))
        assert await source.submit(mine(old), old) is None
        assert source.template.target == target_from_bits(bits_from_target(wanted)) <= wanted

    run(main)


def test_a_target_that_nothing_meets_is_an_input_error() -> None:
    source = chain()
    for target in (0, -1, 2**256):
        with pytest.raises(InputError, match="takes 1 to"):
            source.set_target(target)
        with pytest.raises(InputError, match="takes 1 to"):
            MemoryChain(target)


def test_after_a_refresh_both_targets_of_this_height_may_be_mined() -> None:
    async def main() -> None:
        source = chain()
        old = source.template
        source.set_target(EASY // 16)
        source.refresh()
        assert source.template.target < old.target
        assert await source.submit(mine(old), old) is None
        # but no longer at the next height
        header, coinbase = candidate(replace(source.template, nbits=old.nbits))
        assert await source.submit(source.template.block(solve(header).pack(), coinbase), source.template) == (
            "bad-diffbits"
        )

    run(main)


def test_templates_come_again_when_time_passes() -> None:
    async def main() -> None:
        source = MemoryChain(EASY, clock=lambda: NOW, refresh_s=0.01)
        await source.start()
        serials = [(await anext(source.templates())).serial]
        async for template in source.templates():
            serials.append(template.serial)
            if len(serials) == 4:
                break
        await source.stop()
        assert serials == sorted(serials)
        assert serials[-1] >= serials[0] + 2
        assert source.height == 0

    run(main)


def test_it_can_be_stopped_before_it_is_started_and_started_again() -> None:
    async def main() -> None:
        source = chain()
        await source.stop()
        assert [t async for t in source.templates()] == []
        await source.start()
        assert (await anext(source.templates())).height == 1
        await source.stop()
        await source.stop()

    run(main)


def test_time_goes_on_when_many_blocks_are_found_in_one_second() -> None:
    async def main() -> None:
        source = chain()
        for _ in range(30):
            assert source.template.curtime >= source.template.mintime
            assert await source.submit(mine(source.template), source.template) is None

    run(main)


def test_the_subsidy_halves_as_on_regtest() -> None:
    assert [subsidy(h) for h in (1, 149, 150, 299, 300)] == [50_0000_0000] * 2 + [25_0000_0000] * 2 + [12_5000_0000]
    assert subsidy(150 * 64) == 0


# What is wrong with a block, and the word for it

Wrong = Callable[[Template], bytes]


def with_header(**changed: int | bytes) -> Wrong:
    def make(template: Template) -> bytes:
        header, coinbase = candidate(template)
        return template.block(solve(replace(header, **changed)).pack(), coinbase)  # type: ignore[arg-type]

    return make


def with_coinbase(change: Callable[[Transaction], Transaction]) -> Wrong:
    """The coinbase in the block changed, the merkle root made good again."""

    def make(template: Template) -> bytes:
        _, coinbase = candidate(template)
        changed = change(Transaction.parse(template.coinbase.in_block(coinbase)))
        root = fold(changed.txid, template.branches)
        header = Header(template.version, template.prev_hash, root, template.curtime, template.nbits)
        whole = replace(template, coinbase=replace(template.coinbase, commitment=None))  # adds no witness of its own
        return whole.block(solve(header).pack(), changed.pack())

    return make


def with_recipe(change: Callable[[Coinbase], Coinbase]) -> Wrong:
    return lambda template: mine(replace(template, coinbase=change(template.coinbase)))


def with_input(**changed: object) -> Wrong:
    return with_coinbase(lambda t: replace(t, inputs=(replace(t.inputs[0], **changed),)))  # type: ignore[arg-type]


def nbits_without_a_target(template: Template) -> bytes:
    header, coinbase = candidate(template)
    return template.block(replace(header, nbits=0xFF123456).pack(), coinbase)


def not_enough_work(template: Template) -> bytes:
    header, coinbase = candidate(template)
    nonce = next(n for n in range(1000) if replace(header, nonce=n).hash[31] & 0x80)
    return template.block(replace(header, nonce=nonce).pack(), coinbase)


def transactions_swapped(template: Template) -> bytes:
    return replace(template, transactions=template.transactions[::-1]).block(*packed(template))


def packed(template: Template) -> tuple[bytes, bytes]:
    header, coinbase = candidate(template)
    return solve(header).pack(), coinbase


def last_doubled(template: Template) -> bytes:
    """CVE-2012-2459: five others and the coinbase are six, so the last two may be doubled under the same root."""
    doubled = (*template.transactions, *template.transactions[-2:])
    return replace(template, transactions=doubled).block(*packed(template))


def witness_lost(template: Template) -> bytes:
    """The ids and so the merkle root stay; the commitment does not."""
    bare = tuple(Transaction.parse(t).pack(witness=False) for t in template.transactions)
    return replace(template, transactions=bare).block(*packed(template))


def no_coinbase(template: Template) -> bytes:
    transaction = Transaction(1, (Input(bytes(31) + b"\1", 0, b""),), (Output(0, b""),))
    return with_coinbase(lambda _: transaction)(template)


def second_coinbase(template: Template) -> bytes:
    second = Transaction(1, (Input(bytes(32), 0xFFFFFFFF, b"\1\1"),), (Output(0, b""),))
    branches = (second.txid,)
    return mine(replace(template, transactions=(second.pack(),), branches=branches))


WRONG: list[tuple[str, Wrong]] = [
    ("rejected", lambda template: mine(template)[:-1]),
    ("rejected", lambda template: mine(template) + b"\0"),
    ("rejected", lambda template: b""),
    ("bad-prevblk", with_header(prev_hash=bytes(32))),
    ("bad-diffbits", with_header(nbits=0x207FFFFE)),
    ("bad-diffbits", nbits_without_a_target),
    ("high-hash", not_enough_work),
    ("time-too-old", with_header(ntime=GENESIS.ntime)),
    ("time-too-new", with_header(ntime=int(NOW) + 7201)),
    ("bad-txnmrklroot", with_header(merkle_root=bytes(32))),
    ("bad-txnmrklroot", transactions_swapped),
    ("bad-txns-duplicate", last_doubled),
    ("bad-cb-missing", no_coinbase),
    ("bad-cb-multiple", second_coinbase),
    ("bad-cb-length", with_input(script=b"\x51" + bytes(100))),
    ("bad-cb-length", with_input(script=b"\x51")),
    ("bad-cb-height", with_input(script=b"\x52\x00")),
    ("bad-cb-height", with_recipe(lambda c: replace(c, height=2))),
    ("bad-cb-amount", with_recipe(lambda c: replace(c, outputs=(Output(subsidy(1) + 1, b""),)))),
    ("bad-witness-nonce-size", with_input(witness=())),
    ("bad-witness-nonce-size", with_input(witness=(bytes(31),))),
    ("bad-witness-merkle-match", with_recipe(lambda c: replace(c, commitment=bytes(32)))),
    ("bad-witness-merkle-match", witness_lost),
    ("unexpected-witness", with_recipe(lambda c: replace(c, commitment=None))),
]


@pytest.mark.parametrize(("reason", "wrong"), WRONG)
def test_a_wrong_block_is_refused_with_its_reason(reason: str, wrong: Wrong) -> None:
    async def main() -> None:
        source = chain()
        template = source.template
        assert await source.submit(wrong(template), template) == reason
        assert source.height == 0
        assert source.template is template
        assert await source.submit(mine(template), template) is None

    run(main)


def test_of_several_commitments_the_last_counts() -> None:
    async def main() -> None:
        source = chain()
        decoy = Output(0, COMMITMENT_PREFIX + bytes(32))
        template = source.template
        changed = replace(template, coinbase=replace(template.coinbase, outputs=(decoy,)))
        assert await source.submit(mine(changed), template) is None

    run(main)


@pytest.mark.parametrize("ntime", [GENESIS.ntime + 1, int(NOW) + 7200])
def test_the_first_and_the_last_time_that_are_right(ntime: int) -> None:
    async def main() -> None:
        source = chain()
        assert source.template.mintime <= ntime <= source.template.last_ntime
        assert await source.submit(mine(source.template, ntime=ntime), source.template) is None

    run(main)


def test_a_block_counts_once_and_only_on_the_tip() -> None:
    async def main() -> None:
        source = chain()
        template = source.template
        block, late = mine(template), mine(template, b"late")
        assert await source.submit(block, template) is None
        assert await source.submit(block, template) == "duplicate"
        assert await source.submit(late, template) == "stale-prevblk"

    run(main)


def test_the_coinbase_pays_whom_it_was_told_to() -> None:
    source = MemoryChain(EASY, script=b"\x6a\x01\x07", clock=lambda: NOW)
    _, coinbase = candidate(source.template)
    paid = Transaction.parse(coinbase).outputs[0]
    assert paid == Output(subsidy(1), b"\x6a\x01\x07")
    assert double_sha256(coinbase) == Transaction.parse(coinbase).txid
