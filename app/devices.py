"""From the devices that the command line names to Devices; and what has to run beside them, simulators above all."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from ..engine.errors import InputError

if TYPE_CHECKING:
    from ..engine.device import Device
    from ..hw.spec import Spec
    from .options import MineOptions

Beside = AbstractAsyncContextManager[object]


def make_devices(options: MineOptions) -> tuple[list[Device], list[Beside]]:
    """The devices that -d names; without it the CPU. Raises InputError."""
    names = options.device or ["cpu" if options.kernel is None else f"cpu:{options.kernel}"]
    if options.device and options.kernel:
        raise InputError("--kernel is short for -d cpu:KERNEL: give one of them")
    devices: list[Device] = []
    beside: list[Beside] = []
    for name in names:
        if name.partition(":")[0] == "cpu":
            devices.append(_cpu(name, options))
        else:
            devices.append(_board(name, options, beside))
    if len({device.name for device in devices}) < len(devices):
        raise InputError(f"-d {' -d '.join(names)}: each device can be given once")
    return devices, beside


def _cpu(name: str, options: MineOptions) -> Device:
    from ..engine.cpu import CpuDevice
    from ..ext.kernels import row

    _, colon, kernel = name.partition(":")
    row(kernel if colon else None)
    return CpuDevice(kernel or None, options.threads, affinity=options.affinity is not False, name=name)


def _board(name: str, options: MineOptions, beside: list[Beside]) -> Device:
    from ..hw.spec import parse_spec

    spec = parse_spec(name)
    if spec.kind == "sim":
        return _simulated(spec, beside)
    return _plugged_in(spec, options)


def _simulated(spec: Spec, beside: list[Beside]) -> Device:
    """Nothing burns in a simulator: what it does not sense is watched by nobody there either."""
    from ..hw.boards.table import board_row
    from ..hw.make import Connection, board_device
    from ..hw.sim.table import simulate, simulator

    assert spec.board is not None
    simulated = simulate(simulator(spec.board), dict(spec.sim))
    beside.append(simulated.running())
    row = board_row(spec.board).scaled(simulated.scale)
    connection = Connection(simulated.ports, simulated if simulated.board.pins is not None else None)
    return board_device(row, connection, spec, unguarded=True)


def _plugged_in(spec: Spec, options: MineOptions) -> Device:
    from ..hw.find import ports_of
    from ..hw.make import board_device

    row, ports = ports_of(spec)
    return board_device(row, ports, spec, unguarded=bool(options.unguarded))
