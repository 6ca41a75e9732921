"""Results of checks that never happened, for the tests of what is written about them."""

from __future__ import annotations

from math import exp

import msgspec
import numpy as np

from joulehash.bench.check.result import CheckResult, Counted, Finding, Moment, Step
from joulehash.bench.decide.intervals import garwood, wilson
from joulehash.bench.energy import Energy, efficiency

SEED = 20261122


def sound_result() -> CheckResult:
    """A Bitaxe Gamma on which nothing is wrong, after a minute."""
    counted = counts(chips=1, cores=128, due=24.0)
    valid = sum(map(sum, counted.valid))
    spent = Energy(1102.0, 11.0, 58.0, "board input", "measured", "sensors:")
    return CheckResult(
        board="bitaxe-gamma",
        title="Bitaxe Gamma",
        key="gamma-0017",
        began="2026-11-22T10:12:33Z",
        seconds=58.4,
        verdict="pass",
        steps=[
            Step("identify", "BM1370", "BM1370", "", "the chip of the row", "pass", 0.4),
            Step("enumerate at 115200 Bd", 1, 1, "chips", "all of them", "pass", 0.3),
            Step("enumerate at 1000000 Bd", 1, 1, "chips", "all of them", "pass", 0.2),
            Step("temperature before power", None, 24.5, "°C", "0 to 75", "pass", 0.1),
            Step("known nonces", None, None, "", "no patterns", "not applicable", 0.0),
            Step("hash rate", 1.071e12, 1.06e12, "H/s", "pass >= 90 %, fail <= 80 %", "pass", 31.0),
            Step("cores", 128, 128, "", "none dead at 0.1 % over all", "pass", 0.0),
            Step("errors", None, 0.0, "%", "pass <= 1 %, fail >= 3.5 %", "pass", 0.0),
            Step("power-off confirmed", "off", "off", "", "below 0.1 V within 1 s", "pass", 0.6),
        ],
        findings=[],
        counted=counted,
        moments=moments(58),
        rate=garwood(valid).times(1.06e12 / valid),
        errors=wilson(0, valid),
        energy=spent,
        efficiency=efficiency(spent, 61.48e12, 0.018 * 61.48e12, "claims"),
        limits={"chip_c": 75.0, "vr_c": 105.0, "watts": 25.0},
        identity={"chips": "BM1370", "firmware": "bitaxe-raw 0.2", "ports": "/dev/ttyACM0, /dev/ttyACM1"},
        simulated=True,
    )


def failed_result() -> CheckResult:
    """The same board with a dead core, a weak one, and one that only looks weak."""
    sound = sound_result()
    assert sound.counted is not None
    valid = [list(row) for row in sound.counted.valid]
    valid[0][17], valid[0][40], valid[0][101] = 0, 2, 9
    steps = list(sound.steps)
    steps[6] = Step("cores", 128, 125, "", "none dead at 0.1 % over all", "fail", 0.0)
    steps[7] = Step("errors", None, 1.9, "%", "pass <= 1 %, fail >= 3.5 %", "inconclusive", 0.0)
    finding = Finding(
        "dead-core",
        "chip 0, core 17",
        "0 nonces where 24.0 were due; the others gave 12 to 39",
        "the core itself, as the rest of its domain hashes; the chip can go on with it masked out. "
        "Lower the frequency by 25 MHz and check again before the chip is changed.",
    )
    return msgspec.structs.replace(
        sound, verdict="fail", steps=steps, findings=[finding], counted=Counted(sound.counted.expected, valid)
    )


def chain_result() -> CheckResult:
    """A chain of 38 chips, one of which is dead and one at a third; cores cannot be told apart."""
    counted = counts(chips=38, cores=1, due=60.0)
    counted.valid[7][0], counted.valid[20][0] = 0, 19
    return msgspec.structs.replace(
        failed_result(), board="chain", title="38 × BM1398", key=None, counted=counted, energy=None, efficiency=None
    )


def counts(chips: int, cores: int, due: float) -> Counted:
    random = np.random.default_rng(SEED)
    return Counted(
        [[due] * cores for _ in range(chips)],
        [[int(n) for n in row] for row in random.poisson(due, size=(chips, cores))],
    )


def moments(seconds: int) -> list[Moment]:
    """Warming up in a quarter of a minute."""
    random = np.random.default_rng(SEED)
    found: list[Moment] = []
    for at in range(seconds):
        warm = 1 - exp(-at / 15)
        noise = random.normal(size=4)
        found.append(
            Moment(
                at_s=float(at),
                chip_c=25 + 33 * warm + 0.2 * float(noise[0]),
                vr_c=26 + 41 * warm + 0.3 * float(noise[1]),
                input_v=5.04 - 0.12 * warm,
                watts=2 + 17 * warm + 0.15 * float(noise[2]),
                fan_rpm=2400 + 2100 * warm,
                rate_hps=None if at < 3 else 1.06e12 * (1 + 0.06 * float(noise[3])),
            )
        )
    return found
