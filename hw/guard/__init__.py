"""A small process beside the miner that switches a board off when the miner dies."""
