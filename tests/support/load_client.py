"""Load on the embedded pool, in any shape; `joulehash bench pipeline` takes one.

python -m tests.support.load_client [--sessions N] [--shares N] [--window N] [--branches N] [--rounds N]
"""

from __future__ import annotations

import argparse

from joulehash.bench.throughput import measure_pool


def main() -> None:
    parser = argparse.ArgumentParser(description="How many shares and sessions the pool server bears.")
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--shares", type=int, default=200, help="for each session")
    parser.add_argument("--window", type=int, default=16, help="shares that may be unanswered")
    parser.add_argument("--branches", type=int, default=12, help="of the job's merkle tree")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for _ in range(given.rounds):
        p = measure_pool(given.sessions, given.shares, given.branches, given.window)
        print(
            f"{p.sessions} sessions: {p.accepted} shares accepted, {p.refused or 'none'} refused, "
            f"{p.accepted / p.wall_s:.0f}/s by the clock, {p.shares_per_cpu_s:.0f} per second of the server's "
            f"processor; {p.rss_mb:.0f} MiB; a new job reached all in {1000 * p.job_wall_s:.0f} ms"
        )


if __name__ == "__main__":
    main()
