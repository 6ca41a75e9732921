"""Why a share was rejected, in whatever form a pool says it.

ESP-Miner #1694, #1701 (errors as objects, as miningcore sends them); bfgminer's and bstratum's forms.
"""

from __future__ import annotations

import asyncio

import pytest

from joulehash.app.lines import line_of
from joulehash.engine.events import ShareDone
from tests.support.mine_stage import MineStage

FORMS: list[tuple[object, object, str]] = [
    (None, [20, "Not liked", None], "Not liked (20)"),
    (None, [20, "Not liked"], "Not liked (20)"),
    (False, [20, "Not liked", None], "Not liked (20)"),
    (None, {"code": 20, "message": "Not liked", "data": None}, "Not liked (20)"),
    (None, "Not liked", "Not liked"),
    (False, None, "refused without a reason"),
    (None, True, "refused without a reason"),
    (None, {"unheard": "of"}, "refused without a reason"),
    (None, ["20", None], ""),
    (None, "\x1b[31mNot liked\n", "Not liked"),
]


@pytest.mark.parametrize(("result", "error", "said"), FORMS)
def test_every_form_of_a_reject_is_told_in_words(result: object, error: object, said: str) -> None:
    stage = MineStage(1)
    (pool,) = stage.pools
    pool.answer = (result, error)

    async def body() -> None:
        await pool.up()
        await asyncio.sleep(10.0)

    summary = stage.mine(body)
    assert summary.rejected == len(pool.submits) > 0
    event = stage.of(ShareDone)[0]
    assert event.reason
    assert event.reason.isprintable()
    line = line_of(event)
    assert line is not None
    assert line.startswith("rejected share")
    assert event.reason in line
    assert said in event.reason


def test_a_reason_beside_the_result_is_told_too() -> None:
    stage = MineStage(1)
    (pool,) = stage.pools
    pool.answer, pool.beside = (False, None), {"reject-reason": "Not liked"}

    async def body() -> None:
        await pool.up()
        await asyncio.sleep(10.0)

    stage.mine(body)
    assert {event.reason for event in stage.of(ShareDone)} == {"Not liked"}
