"""Many random schedules of faults, and their account into docs/reliability.md. `make soak` plays 100 000.

python -m tests.soak.faults [--faults N] [--first SEED] [--no-write]
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from time import monotonic

from tests.soak.page import write_section
from tests.support.fault_proxy import KINDS
from tests.support.under_faults import Account, grouped, virtual

A_SCHEDULE = 500  # faults


def main() -> int:
    parser = argparse.ArgumentParser(description="Hurt the line between miner and pool, and count every share.")
    parser.add_argument("--faults", type=int, default=100_000, help="with one pool; with two a fifth of that")
    parser.add_argument("--first", type=int, default=1000, help="seed of the first schedule")
    parser.add_argument("--no-write", action="store_true", help="leave docs/reliability.md as it is")
    given = parser.parse_args()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        wrong = [
            fault
            for play, faults, section in ((virtual, given.faults, "faults"), (grouped, given.faults // 5, "two pools"))
            for fault in _played(pool, play, range(given.first, given.first + -(-faults // A_SCHEDULE)), section, given)
        ]
    return 1 if wrong else 0


def _played(
    pool: ProcessPoolExecutor,
    play: Callable[[int, int], Account],
    seeds: range,
    section: str,
    given: argparse.Namespace,
) -> list[str]:
    """What was wrong."""
    began_s, total = monotonic(), Account()
    for done, future in enumerate(as_completed(pool.submit(play, seed, A_SCHEDULE) for seed in seeds), 1):
        total.add(future.result())
        print(f"\r{section}: {done} of {len(seeds)} schedules, {total.faults.total()} faults", end="", flush=True)
    lines = table(total, seeds, monotonic() - began_s)
    print("", *lines, *(f"WRONG: {line}" for line in total.wrong), sep="\n")
    if not given.no_write:
        write_section(section, lines)
    return total.wrong


def table(total: Account, seeds: range, took_s: float) -> list[str]:
    """The account in Markdown."""
    outcomes = total.outcomes
    return [
        f"{datetime.now(UTC):%Y-%m-%d}, Python {sys.version.split()[0]}: {total.faults.total()} faults in "
        f"{len(seeds)} schedules (seeds {seeds.start} to {seeds.stop - 1}), {total.sessions} connections, in "
        f"{took_s:.0f} s.",
        "",
        "| shares | |",
        "|---|---:|",
        f"| found by the miner | {total.found} |",
        *(f"| {name} | {outcomes[name]} |" for name in ("accepted", "rejected", "stale", "duplicate", "lost")),
        f"| pending at the end | {total.found - outcomes.total()} |",
        f"| accepted by the pool | {total.accepted_by_pool} |",
        f"| … of them lost to the miner, as the answer did not come through | {total.unheard} |",
        f"| … of them sent twice by the proxy, the second answer first | {total.repeated} |",
        f"| refused for what the proxy had repeated or withheld | {total.excused.total()} |",
        f"| **wrong or sent twice by the miner, or counted otherwise than by the pool** | **{len(total.wrong)}** |",
        "",
        "| latest fault | faults | recovered | p50 s | p99 s |",
        "|---|---:|---:|---:|---:|",
        *(_recovery(total, kind, kind) for kind in KINDS),
        _recovery(total, None, "any"),
    ]


def _recovery(total: Account, kind: str | None, name: str) -> str:
    faults = total.faults.total() if kind is None else total.faults[kind]
    recovered = sum(kind in (None, of) for of, _ in total.recovery_s)
    return (
        f"| {name} | {faults} | {recovered} | {total.quantile_s(0.5, kind):.1f} | {total.quantile_s(0.99, kind):.0f} |"
    )


if __name__ == "__main__":
    sys.exit(main())
