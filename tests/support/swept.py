"""Spots of sweeps that never happened."""

from __future__ import annotations

from joulehash.bench.decide.intervals import Interval
from joulehash.bench.paper.spots import Spot


def spot(mhz: float, volts: float, th: float, j_per_th: float, mark: str = "", frontier: bool = False) -> Spot:
    rate = Interval(0.95 * th * 1e12, th * 1e12, 1.05 * th * 1e12)
    return Spot(mhz, volts, rate, Interval(0.97 * j_per_th, j_per_th, 1.03 * j_per_th), mark=mark, frontier=frontier)


SPOTS = [
    spot(400, 1.0, 0.8, 14.5, "best J/TH", True),
    spot(400, 1.1, 0.8, 16.2),
    Spot(500, 1.0, said="errors"),
    spot(500, 1.1, 1.0, 16.0, "best rate", True),
]
