"""Every parser that touches the outside, under made-up input: `python -m tests.fuzz --minutes 60`."""
