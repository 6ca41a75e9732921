"""python -m tests.fuzz [--minutes N] [--jobs N] [--target NAME] [--seed N] [--write]

Each target has an equal part of those minutes, which are of one processor; `--jobs` of them run side by side. Exits 1
when one has failed; the input is printed, made small. With --write the counts go into docs/reliability.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from time import monotonic

from tests.soak.page import write_section

from .run import fuzz
from .targets import TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Made-up input for every parser.")
    parser.add_argument("--minutes", type=float, default=60.0, help="of one processor, all together")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--target", default="", help="only those whose name holds this")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="the counts into docs/reliability.md")
    given = parser.parse_args()
    numbers = [number for number, target in enumerate(TARGETS) if given.target.lower() in target.name.lower()]
    seconds = 60.0 * given.minutes / max(len(numbers), 1)
    counts, failures = dict[str, int](), 0
    with ProcessPoolExecutor(given.jobs) as pool:
        done = {number: pool.submit(_fuzz_for, number, given.seed, seconds) for number in numbers}
        for number, future in done.items():
            name, (count, failure) = TARGETS[number].name, future.result()
            counts[name] = count
            print(f"{name}: {count} inputs{'' if failure is None else f', FAILED: {failure}'}", flush=True)
            failures += failure is not None
    if given.write:
        rows = [f"| {name} | {count:,} |" for name, count in counts.items()]
        about = (
            f"{datetime.now(UTC):%Y-%m-%d}, seed {given.seed}: {sum(counts.values()):,} inputs in {given.minutes:g} "
            f"minutes of a processor; {failures or 'none'} of the parsers failed."
        )
        write_section("fuzz", [about, "", "| parser | inputs |", "|---|---:|", *rows])
    return 1 if failures else 0


def _fuzz_for(number: int, seed: int, seconds: float) -> tuple[int, str | None]:
    end_s = monotonic() + seconds
    return fuzz(TARGETS[number], seed, lambda: monotonic() < end_s)


if __name__ == "__main__":
    sys.exit(main())
