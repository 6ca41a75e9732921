"""The I2C parts of simulated boards as register machines: what they answer, and what they do to the board."""
