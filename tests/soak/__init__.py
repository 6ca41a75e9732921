"""Hours by hand: `make soak`. What they find stands in docs/reliability.md, which they write."""
