"""python -m tests.fuzz [--minutes N] [--target NAME] [--seed N] [--write]

Each target has its turn for an equal part of the time. Exits 1 when one has failed; the input is printed, made small.
With --write the counts go into docs/reliability.md.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from time import monotonic

from tests.soak.page import write_section

from .run import fuzz
from .targets import TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Made-up input for every parser.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--target", default="", help="only those whose name holds this")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="the counts into docs/reliability.md")
    given = parser.parse_args()
    targets = [target for target in TARGETS if given.target.lower() in target.name.lower()]
    began_s, counts, failures = monotonic(), dict[str, int](), 0
    for target in targets:
        end_s = monotonic() + 60.0 * given.minutes / len(targets)
        counts[target.name], failure = fuzz(target, given.seed, lambda end_s=end_s: monotonic() < end_s)  # type: ignore[misc]
        print(f"{target.name}: {counts[target.name]} inputs{'' if failure is None else ', FAILED'}", flush=True)
        if failure is not None:
            failures += 1
            print(failure)
    if given.write:
        rows = [f"| {name} | {count:,} |" for name, count in counts.items()]
        about = (
            f"{datetime.now(UTC):%Y-%m-%d}, seed {given.seed}: {sum(counts.values()):,} inputs in "
            f"{(monotonic() - began_s) / 60:.0f} minutes, {failures or 'none'} of them with a failure."
        )
        write_section("fuzz", [about, "", "| parser | inputs |", "|---|---:|", *rows])
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
