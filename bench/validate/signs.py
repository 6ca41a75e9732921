"""By what each fault is to be known on a board: the steps that may fail by it, the finding's code and its place; or why
it cannot be seen there. All from the board's row."""

from __future__ import annotations

from dataclasses import dataclass

from ...hw.boards.row import Row

_NO_SENSORS = "it has no sensors"


@dataclass(frozen=True, slots=True)
class Sign:
    """steps   any of which fails; empty: whichever was going on
    where   of the finding; empty: wherever
    also    codes that follow from it, and may stand beside it
    """

    steps: frozenset[str]
    code: str
    where: str = ""
    also: frozenset[str] = frozenset()


def sign(row: Row, fault: str) -> Sign | str:
    """`fault` as it is written after `fault=`; a text says why this board does not show it."""
    name, _, argument = fault.partition(":")
    if name in ("dead-core", "weak-core"):
        return _of_core(row, name, argument.partition("+")[0])
    if name == "dead-chip":
        return _sign("chips" if row.chips > 1 else "hash rate", name, f"chip {argument}")
    if name == "chain-cut":
        return _of_cut(row, int(argument))
    if name == "address-stuck":
        return _of_addresses(row)
    if name in ("overheat", "fan-stall"):
        return _of_heat(row, name)
    if name in ("sensor-open", "sensor-frozen") and not row.watched:
        return _NO_SENSORS
    if name == "lying-counter" and (row.chip is None or row.chip.counters.total is None):
        return "its chips have no counters whose unit is settled"
    return _ANYWHERE[name]


def _sign(steps: str, code: str, where: str = "", also: str = "") -> Sign:
    return Sign(frozenset(steps.split("; ")) if steps else frozenset(), code, where, frozenset(also.split()))


_ANYWHERE = {
    "no-chips": _sign("chips, slow line", "no-answer"),
    "wrong-chip": _sign("chips, slow line", "wrong-chip"),
    "stuck-nonce": _sign("hash rate; chips", "stuck-nonce", "chip 0", "duplicate-nonces"),
    "duplicate-nonces": _sign("repeats", "duplicate-nonces"),
    "slow": _sign("hash rate", "low-rate"),
    "brown-out": _sign("resets", "brown-out"),
    "mute": _sign("hash rate", "falls-silent"),
    "noise": _sign("line; chips, slow line", "noisy-line", "", "low-rate"),
    "lost-bytes": _sign("line; chips, slow line", "noisy-line", "", "low-rate"),
    "sensor-open": _sign("sensors; identify", "bad-sensor"),
    "sensor-frozen": _sign("sensors move", "bad-sensor"),
    "i2c-dead": _sign("identify", "dead-bus"),
    "lying-counter": _sign("counter", "lying-counter"),
    "slow-start": _sign("core voltage comes; chips, slow line", "slow-start"),  # the second where nobody sees the rail
    "unplug": _sign("", "unplugged"),
}


def _of_core(row: Row, code: str, argument: str) -> Sign | str:
    if row.chip is None or not row.chip.core_bits:
        return "its nonces do not tell their core"
    chip, dot, core = argument.rpartition(".")
    return _sign("patterns; cores", code, f"chip {chip if dot else 0}, core {core}")


def _of_cut(row: Row, chip: int) -> Sign:
    if chip == 0:
        return _sign("chips, slow line", "no-answer")
    return _sign("chips, slow line", "cut-chain", f"between chip {chip - 1} and chip {chip}")


def _of_addresses(row: Row) -> Sign | str:
    if row.chips == 1:
        return "a lone chip needs no address"
    told = row.chip is not None and row.chip.job != "bm1387"
    return _sign("addresses" if told else "repeats", "address-stuck")


def _of_heat(row: Row, name: str) -> Sign | str:
    if not row.watched:
        return _NO_SENSORS
    if name == "fan-stall" and row.limits.fan_rpm_least is not None:
        return _sign("fan", "bad-fan")
    return _sign("temperature; regulator temperature", "overheat")  # a fan that tells no speed is missed by the heat
