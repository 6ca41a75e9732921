"""Byte streams to boards: serial lines, USB sticks, pipes in memory, pseudo-terminals; and their recordings."""
