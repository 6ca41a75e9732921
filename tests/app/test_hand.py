"""A pool chosen by hand: keys and signals mean the pool that the screen shows at that place."""

from __future__ import annotations

import asyncio

from joulehash.app.hand import Hand
from joulehash.engine.events import Note
from tests.support.group_stage import GroupStage


def test_a_digit_is_the_pool_at_that_line_and_naught_the_order_that_was_given() -> None:
    stage = GroupStage(3)

    async def body() -> None:
        hand = Hand(stage.group, stage.events.append)
        await stage.up()
        await stage.until_at("a")
        hand.key("3")
        await stage.until_at("c", 2.0)
        await asyncio.sleep(600.0)
        assert stage.at == "c", "it stays, though better ones have work"
        for other in ("4", "9", "x", "²", "\x1b"):
            hand.key(other)
        await asyncio.sleep(2.0)
        assert stage.at == "c"
        hand.key("0")
        await stage.until_at("a", 70.0)
        assert stage.switches == [("a", "c"), ("c", "a")]

    stage.play(body)
    told = [note.text for note in stage.of(Note)]
    assert told == ["c: chosen by hand, as soon as it has work", "pools: in the order that was given"]


def test_the_signal_goes_round_all_pools() -> None:
    stage = GroupStage(3)

    async def body() -> None:
        hand = Hand(stage.group, stage.events.append)
        await stage.up()
        await stage.until_at("a")
        for name in "bcab":
            hand.next()
            await stage.until_at(name, 2.0)
        hand.free()
        hand.free()
        await stage.until_at("a", 70.0)

    stage.play(body)
    assert [note.text for note in stage.of(Note)].count("pools: in the order that was given") == 1


def test_one_that_has_no_work_is_passed_over_until_it_has() -> None:
    stage = GroupStage(2)

    async def body() -> None:
        hand = Hand(stage.group, stage.events.append)
        await stage.pools[0].up()
        await stage.until_at("a")
        hand.next()
        hand.next()  # the one after the chosen one, not after the one that is mined on
        hand.next()
        await asyncio.sleep(30.0)
        assert (stage.at, stage.group.chosen) == ("a", "b")
        await stage.pools[1].up()
        await stage.until_at("b", 61.0)

    stage.play(body)


def test_one_pool_alone_is_nothing_to_choose_from() -> None:
    stage = GroupStage(1)

    async def body() -> None:
        hand = Hand(stage.group, stage.events.append)
        await stage.pools[0].up()
        await stage.until_at("a")
        assert hand.help == ""
        hand.next()
        hand.key("1")
        assert (stage.group.chosen, stage.of(Note)) == (None, [])

    stage.play(body)
