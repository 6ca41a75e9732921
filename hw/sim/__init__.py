"""Simulators of every board in the table: they speak its wire, really hash, heat up and fail."""
