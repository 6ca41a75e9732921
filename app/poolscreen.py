"""Several pools on the live screen: a line for each, and below it why it is not mined on."""

from __future__ import annotations

from textwrap import wrap

from rich.text import Text

from ..engine.miner import Miner
from ..engine.pool import PoolStats
from ..engine.tally import PoolTally
from .table import aligned, short
from .units import difficulty_text, pool_text

_NAME_MOST = 29
_REASON_MOST = 2  # lines
_HEAD = ("pools", "", "A", "R", "S", "L", "difficulty", "accepted")
_STYLES = {"mining": "green", "mining in turn": "green", "trying": "red", "resting": "yellow"}


def pool_lines(miner: Miner, width: int) -> list[Text]:
    """None where there is one pool only."""
    members = miner.pool.stats().members
    if not members:
        return []
    rows = [[(head, "dim") for head in _HEAD]]
    for stats in members:
        t = miner.shares.pools.get(stats.name, PoolTally())
        difficulty = "-" if stats.difficulty is None else difficulty_text(float(stats.difficulty))
        counts = (t.accepted, t.rejected, t.stale + t.duplicates, t.lost)
        cells = [*map(str, counts), difficulty, difficulty_text(t.credited)]
        name = short(pool_text(stats.name), _NAME_MOST)
        rows.append([(name, ""), (stats.state, _STYLES.get(stats.state, "dim")), *((cell, "") for cell in cells)])
    lines = aligned("<<" + ">" * (len(_HEAD) - 2), rows)
    shown = lines[:1]
    for line, stats in zip(lines[1:], members, strict=True):
        shown += [line, *_reason(stats, width)]
    return [*shown, Text()]


def _reason(stats: PoolStats, width: int) -> list[Text]:
    words = wrap(stats.failure, width - 2, max_lines=_REASON_MOST, placeholder=" …")
    return [Text.assemble("  ", (part, "yellow")) for part in words]
