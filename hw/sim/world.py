"""The physics that a simulated board stands in: power, heat, air, and how sound its chips hash. Small, and in balance.

What is known of a board is one point: a frequency and a voltage at which it takes so many watts. Everything else here
is a model of ours around that point, so that the board's figures there come near the published ones, and move away
from it in the right direction:

    power     of a chip: 85 % of it at the nominal point is dynamic, ~ V² · f · (0.25 + 0.75 busy); 15 % is leakage,
              ~ V, doubling each 35 °C. Half the regulator's loss is always there, half goes with the current's square.
    heat      all of it goes into one heat sink (30 s at the nominal fan), each chip stands above the sink by what it
              takes itself (2 s), the regulator by what it loses (10 s). The sink's resistance falls with the air:
              nominal is a fan at 60 %, ambient 25 °C, sink 50 °C, chips 60 °C; without air the sink would reach 110 °C.
    timing    a chip keeps up to 1.12 times its nominal frequency at nominal voltage and 60 °C; that rises with the
              voltage above a threshold of half the nominal one, and falls 0.15 % a degree. Around this edge the part of
              false nonces goes from 2e-5 at the nominal point over 16 % at the edge to all of them.
    brown-out below 0.65 of the nominal voltage a chip loses its registers.

Not modelled: damage, ageing, ripple, domains in series that differ, chips that stand in each other's warm air, a
regulator's control loop, and anything faster than a step of the simulation.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from .faults import NO_FAULTS, Faults

AMBIENT_C = 25.0
_NOMINAL_FAN = 0.6
_SINK_RISE_C, _STILL_RISE_C, _CHIP_RISE_C, _VR_RISE_C = 25.0, 85.0, 10.0, 12.0  # above what each stands on
_SINK_S, _CHIP_S, _VR_S, _FAN_S = 30.0, 2.0, 10.0, 0.5  # time constants
_LEAKAGE, _IDLE = 0.15, 0.25  # of a chip's nominal power; of its dynamic power while it is clocked and hashes nothing
_MARGIN, _THRESHOLD, _HEAT_SLOWS = 1.12, 0.5, 0.0015
_BROWN_OUT = 0.65  # of the nominal voltage
_RISE_S = 0.005  # of the rail; soft start of the regulators in question is a few milliseconds
_SAG_S = 0.05  # how long the rail of `brown-out` stays away
_STEP_S = 0.25  # longest step of the integration


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of a board, at its nominal point."""

    name: str
    chips: int
    mhz: float
    volts: float  # of one chip
    watts: float  # at the input, everything running
    input_v: float = 5.0
    domains: int = 1  # in series on the rail
    other_w: float = 1.0  # of `watts`: controller, fan and lamps, which the rail does not feed
    efficiency: float = 0.9  # of the regulator
    fan_rpm: float = 6000.0  # at full speed

    @property
    def rail_v(self) -> float:
        return self.volts * self.domains

    @property
    def rail_w(self) -> float:
        return (self.watts - self.other_w) * self.efficiency

    @property
    def chip_w(self) -> float:
        return self.rail_w / self.chips


class World:
    """Levers are plain attributes, set by the simulated parts and chips; `advance` brings the rest to a moment.

    Levers     rail_set_v (0: off), reset_held, fan (0..1), mhz[i], busy[i] (part of the time that chip i hashes)
    Readings   rail_v rail_a rail_w · input_v input_a input_w energy_j · chip_c(i) vr_c board_c · fan_rpm ·
               volts (of a chip) powered running resets · false_rate(i)
    """

    def __init__(self, figures: Figures, faults: Faults = NO_FAULTS, seed: int = 1) -> None:
        self.figures, self.faults = figures, faults
        n, rng = figures.chips, random.Random(f"{figures.name} {seed}")
        self.rail_set_v, self.fan = 0.0, 1.0
        self._reset_held = True
        self.mhz, self.busy = [0.0] * n, [0.0] * n
        self.ambient_c = AMBIENT_C
        self.now_s: float | None = None  # the moment that it was brought to; it begins with the first
        self.rail_v, self.rail_w, self.input_w, self.energy_j = 0.0, 0.0, figures.other_w, 0.0
        self._chips_w, self._loss_w = [0.0] * n, 0.0  # of each chip, of the regulator
        self.input_v = figures.input_v
        self.resets = 0  # how often the chips have forgotten everything: reset pulled, or the rail gone
        self._speed = [rng.gauss(1.0, 0.01) for _ in range(n)]  # no two chips are alike
        self._leak = [rng.gauss(1.0, 0.05) for _ in range(n)]
        self._sink_c, self._chip_over_c, self._vr_over_c, self._air = self.ambient_c, [0.0] * n, 0.0, 0.0
        self._hashed_s, self._sag_until_s = 0.0, -math.inf

    def advance(self, now_s: float) -> None:
        """Seconds of the loop's clock; what lies behind it already is no change, so anybody may call it."""
        if self.now_s is None:
            self.now_s = now_s
        while now_s > self.now_s:
            step_s = min(_STEP_S, now_s - self.now_s)
            self.now_s += step_s
            if now_s - self.now_s < 1e-9:
                self.now_s = now_s
            self._move_rail(step_s)
            self._spend(step_s)
            self._warm(step_s)

    @property
    def reset_held(self) -> bool:
        return self._reset_held

    @reset_held.setter
    def reset_held(self, held: bool) -> None:
        self.resets += held and not self._reset_held
        self._reset_held = held

    @property
    def volts(self) -> float:
        """Of each chip; the domains share the rail evenly."""
        return self.rail_v / self.figures.domains

    @property
    def powered(self) -> bool:
        """Above the brown-out: chips keep their registers."""
        return self.volts >= _BROWN_OUT * self.figures.volts

    @property
    def running(self) -> bool:
        return self.powered and not self.reset_held

    @property
    def rail_a(self) -> float:
        return self.rail_w / self.rail_v if self.rail_v else 0.0

    @property
    def input_a(self) -> float:
        return self.input_w / self.input_v

    def chip_c(self, chip: int) -> float:
        return self._sink_c + self._chip_over_c[chip]

    @property
    def hottest_c(self) -> float:
        return self._sink_c + max(self._chip_over_c)

    @property
    def board_c(self) -> float:
        """Half way between the heat sink and the air."""
        return (self._sink_c + self.ambient_c) / 2

    @property
    def vr_c(self) -> float:
        return self._sink_c + self._vr_over_c

    @property
    def fan_rpm(self) -> float:
        return self.figures.fan_rpm * self._air

    def false_rate(self, chip: int) -> float:
        """Probability, 0 to 1, that a nonce which this chip reports is false."""
        figures = self.figures
        drive = (self.volts / figures.volts - _THRESHOLD) / (1 - _THRESHOLD)
        heat = 1 - _HEAT_SLOWS * (self.chip_c(chip) - 60.0)
        edge_mhz = figures.mhz * _MARGIN * self._speed[chip] * drive * heat
        if edge_mhz <= 0:
            return 1.0
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, (self.mhz[chip] / edge_mhz - 1.02) / 0.008))))

    def _move_rail(self, step_s: float) -> None:
        was_powered, faults = self.powered, self.faults
        now_s = self.now_s or 0.0
        if faults.brown_out_s is not None and self.powered and max(self.busy):
            self._hashed_s += step_s
            if self._hashed_s >= faults.brown_out_s:
                self._hashed_s, self._sag_until_s = 0.0, now_s + _SAG_S
        wanted_v = self.rail_set_v if now_s >= self._sag_until_s else min(self.rail_set_v, 0.3 * self.figures.rail_v)
        rise_s = _RISE_S if faults.slow_start_s is None else faults.slow_start_s
        most_v = self.figures.rail_v * step_s / rise_s if rise_s else math.inf
        self.rail_v = min(wanted_v, self.rail_v + most_v)  # chips pull it down at once
        if was_powered and not self.powered:
            self.resets += 1

    def _spend(self, step_s: float) -> None:
        figures = self.figures
        self._chips_w = [self._chip_w(chip) for chip in range(figures.chips)]
        self.rail_w = sum(self._chips_w)
        nominal_loss_w = figures.watts - figures.other_w - figures.rail_w
        load = self.rail_a / (figures.rail_w / figures.rail_v)
        self._loss_w = nominal_loss_w * (1 + load * load) / 2 if self.rail_v else 0.0
        self.input_w = self.rail_w + self._loss_w + figures.other_w * (0.6 + 0.4 * (self.fan / _NOMINAL_FAN) ** 3)
        # The supply and its cable drop 2 % at the nominal load: V² - V0·V + R·P = 0. Beyond what they can give, half.
        drop = 0.02 * figures.input_v**2 / figures.watts * self.input_w
        self.input_v = (figures.input_v + math.sqrt(max(0.0, figures.input_v**2 - 4 * drop))) / 2
        self.energy_j += self.input_w * step_s

    def _chip_w(self, chip: int) -> float:
        figures = self.figures
        volts = self.volts / figures.volts
        clocked = self.mhz[chip] / figures.mhz if self.running else 0.0
        dynamic = volts * volts * clocked * (_IDLE + (1 - _IDLE) * self.busy[chip])
        leakage = volts * self._leak[chip] * 2 ** (min(60.0, self.chip_c(chip) - 60.0) / 35.0)
        return figures.chip_w * ((1 - _LEAKAGE) * dynamic + _LEAKAGE * leakage)

    def _warm(self, step_s: float) -> None:
        figures = self.figures
        self._air += (self._turning - self._air) * _toward(step_s, _FAN_S)
        air = 0.0 if self.faults.overheat else self._air
        # A fan's air takes the sink's resistance down from the still one; at its nominal speed by this factor.
        factor = _STILL_RISE_C / _SINK_RISE_C
        still_k_per_w = _STILL_RISE_C / (figures.rail_w / figures.efficiency)
        k_per_w = still_k_per_w / (1 + (factor - 1) * air / _NOMINAL_FAN)
        sink_s = _SINK_S * factor * k_per_w / still_k_per_w
        heat_w = self.rail_w + self._loss_w
        self._sink_c += (self.ambient_c + heat_w * k_per_w - self._sink_c) * _toward(step_s, sink_s)
        for chip in range(figures.chips):
            over_c = _CHIP_RISE_C * self._chips_w[chip] / figures.chip_w
            self._chip_over_c[chip] += (over_c - self._chip_over_c[chip]) * _toward(step_s, _CHIP_S)
        nominal_loss_w = figures.watts - figures.other_w - figures.rail_w
        vr_over_c = _VR_RISE_C * self._loss_w / nominal_loss_w
        self._vr_over_c += (vr_over_c - self._vr_over_c) * _toward(step_s, _VR_S)

    @property
    def _turning(self) -> float:
        return 0.0 if self.faults.fan_stall else self.fan


def _toward(step_s: float, time_s: float) -> float:
    """What part of its way to the end something has gone after a step; exact for an end that stays."""
    return -math.expm1(-step_s / time_s)
