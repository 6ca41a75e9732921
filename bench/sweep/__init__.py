"""Frequency × voltage: where a board is sound, and what a terahash costs there."""
