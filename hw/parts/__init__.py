"""Regulators, sensors and fan controllers on a board's I2C bus, one part a file."""
