"""Meters and supplies: what tells the energy, and what gives it. Each is named by a URL (url.py)."""
