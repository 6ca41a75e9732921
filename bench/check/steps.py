"""The procedure as a table: every step in the order of the day, and after which stage of the board it can be judged.

Sources: Bitmain's PT1 and PT2 fixtures, ESP-Miner's self test, mujina and cgminer-gekko, as the fact sheet on bench
validation has them. What a step asks is in coming_up.py, counting.py and sensing.py; when it is asked, in procedure.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ...hw.stages import Stage
from . import coming_up, counting, sensing
from .evidence import Evidence
from .judged import Judged

When: TypeAlias = Stage | Literal["asked", "patterns", "window", "soak", "off"]  # what has to be over


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    after: When
    judge: Callable[[Evidence], Judged | None]


STEPS = (
    Kind("identify", "prepared", coming_up.identify),
    Kind("sensors", "sensed", coming_up.sensors),
    Kind("fan", "sensed", coming_up.fan),
    Kind("input voltage", "sensed", coming_up.supply),
    Kind("core voltage comes", "released", coming_up.rail),
    Kind("chips, slow line", "counted", coming_up.enumerate_slow),
    Kind("addresses", "addressed", coming_up.addresses),
    Kind("ramp", "up", coming_up.ramp),
    Kind("chips, fast line", "asked", coming_up.enumerate_fast),
    Kind("registers", "asked", coming_up.registers),
    Kind("patterns", "patterns", counting.patterns),
    Kind("hash rate", "window", counting.rate),
    Kind("chips", "window", counting.chips),
    Kind("domains", "window", counting.domains),
    Kind("cores", "window", counting.cores),
    Kind("errors", "window", counting.errors),
    Kind("repeats", "window", counting.repeats),
    Kind("line", "window", counting.line),
    Kind("counter", "window", counting.counter),
    Kind("resets", "window", sensing.resets),
    Kind("temperature", "window", sensing.temperature),
    Kind("regulator temperature", "window", sensing.regulator),
    Kind("sensors move", "window", sensing.moving),
    Kind("power", "window", sensing.power),
    Kind("core voltage", "window", sensing.core_voltage),
    Kind("soak", "soak", counting.soak),
    Kind("power off", "off", coming_up.power_off),
)
ORDER: tuple[When, ...] = (
    "open",
    "prepared",
    "sensed",
    "held",
    "rail",
    "released",
    "counted",
    "addressed",
    "ramped",
    "up",
    "asked",
    "patterns",
    "window",
    "soak",
    "off",
)
