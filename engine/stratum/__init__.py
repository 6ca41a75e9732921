"""Stratum V1 for both roles, without I/O, from one table of messages."""
