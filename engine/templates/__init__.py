"""Where blocks to be mined come from: a chain in memory, or a Bitcoin node."""
