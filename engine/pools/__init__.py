"""Pools as the miner sees them. A new protocol is a module here that keeps to engine/pool.py."""
