"""The passport of a board on the bench: whose it is, and that what was measured is kept there.

What is wrong with the file costs nobody a measurement: it is told, and the result is not kept.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from ..bench.check.result import CheckResult
from ..bench.sweep.result import SweepResult
from ..hw import find
from ..hw.passport.key import Claim, claim_of, simulated_claim
from ..hw.passport.schema import PassportError
from ..hw.passport.store import Passport
from .onbench import OnBench


async def key_of(on: OnBench, path: Path, tell: Callable[[str], None]) -> str | None:
    """None: it has none, and why is told; a simulated board that nobody gave a label needs none. Raises InputError for
    a label that is another board's."""
    claim = _claim(on)
    if claim is None:
        return None
    try:
        async with Passport(path) as passport:
            key = await passport.settle(claim)
    except PassportError as error:
        tell(f"{error}; what is measured is not kept in a passport")
        return None
    if key is None:
        tell(claim.asks)
    return key


async def keep(result: CheckResult | SweepResult, path: Path, tell: Callable[[str], None]) -> None:
    """In the passport of its key, if it has one."""
    if result.key is None:
        return
    try:
        async with Passport(path) as passport:
            data = msgspec.json.encode(result)
            if isinstance(result, CheckResult):
                await passport.record_check(result.key, data, result.identity.get("firmware", ""))
            else:
                await passport.record_sweep(result.key, data)
    except PassportError as error:
        tell(f"{error}; the result is not kept in the passport")


def _claim(on: OnBench) -> Claim | None:
    if on.simulated:
        return None if on.spec.label is None else simulated_claim(on.spec, on.row)
    found = find.plugged_in()
    return claim_of(on.spec, on.row, find.thing_of(on.spec, found), found)
