"""From counts to verdicts: intervals, sequential tests, tests over units."""
