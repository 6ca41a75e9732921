"""Decisions on counts: intervals and sequential tests."""
