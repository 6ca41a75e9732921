"""What is asked of chips that are up, before they are given work: who is there, what they hold, the known nonces."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from ...engine.errors import InputError
from ...hw.chips.pll import frequency
from ...hw.patterns.known import Known
from ...hw.powered import Powered
from .evidence import Evidence
from .patterns import try_patterns

_QUIET_S = 0.3
_TRIES = 3

Progress = Callable[[str, float, float], None]


async def ask_chips(powered: Powered, e: Evidence) -> None:
    """At the speed that they work at. What a line loses is asked again: noise has a step of its own."""
    chain = powered.chain
    assert chain is not None
    if e.row.fast_baud is not None:
        for _ in range(_TRIES):
            e.fast_ids = max(e.fast_ids or (), tuple(await chain.ask_ids(chain.chip.response_size, _QUIET_S)), key=len)
            if len(e.fast_ids) >= e.chips:
                break
    if not chain.tells_addresses:
        return
    ids: dict[int, int] = {}
    clocks: dict[int, int] = {}
    for _ in range(_TRIES):
        ids |= await chain.read_all(0)
        clocks |= await chain.read_all(chain.chip.pll.register)
        if len(ids) >= e.chips and len(clocks) >= e.chips:
            break
    for address in sorted(ids.keys() | clocks.keys()):
        id = ids[address] >> 16 if address in ids else None
        e.registers[address] = (id, _mhz(powered, clocks.get(address)))


def patterns_s(patterns: Sequence[Known]) -> float:
    """How long it takes to ask for all of them, of a board that finds them."""
    return len(patterns) * patterns[0].place.after_s if patterns else 0.0


async def ask_patterns(powered: Powered, e: Evidence, patterns: Sequence[Known], progress: Progress) -> None:
    if not patterns:
        e.no_patterns = e.no_patterns or "no patterns"
        e.patterns = ()
        return
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    def tell(done: int, all: int) -> None:
        left_s = (loop.time() - began_s) / done * (all - done) if done else patterns_s(patterns)
        progress("patterns", done / all, left_s)

    try:
        e.patterns = await try_patterns(powered, patterns, tell)
    except InputError as error:  # none that its line could tell
        e.no_patterns, e.patterns = f"no patterns: {error}", ()


def _mhz(powered: Powered, register: int | None) -> float | None:
    assert powered.chain is not None
    if register is None:
        return None
    try:
        return frequency(powered.chain.chip, register)
    except InputError:
        return None
