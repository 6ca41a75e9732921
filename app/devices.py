"""From the devices that the command line names to Devices, what has to run beside them, and what changes when others
are named."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..engine.errors import InputError
from .energy import supply_of

if TYPE_CHECKING:
    from ..engine.device import Device
    from ..hw.device import BoardDevice
    from ..hw.meters.sensors import Sensing
    from ..hw.passport.key import Claim
    from ..hw.ports.port import Port
    from ..hw.ports.record import Recorder
    from ..hw.spec import Spec
    from .options import MineOptions

Beside = AbstractAsyncContextManager[object]


@dataclass(frozen=True, eq=False)
class Named:
    """A device as -d names it, with what belongs to it."""

    spec: str
    settings: tuple[object, ...]  # the other options that it was made by
    device: Device
    board: BoardDevice | None = None  # the same, where it is one
    beside: Beside | None = None  # has to run while it does: a simulator
    claim: Claim | None = None  # what a board can say for itself, so that its passport is found


class Devices:
    """Those that -d names; without it the CPU. Made in a running loop. Raises InputError. `files` is to be closed after
    them."""

    def __init__(self, options: MineOptions) -> None:
        self.files: AbstractContextManager[object] = ExitStack()
        self._recorder: Recorder | None = None
        specs = _specs(options)
        self.supply = supply_of(options.supply, _boards(specs))
        if options.record is not None:
            self._record(options.record)
        self.each = {spec: self._make(spec, options) for spec in specs}
        _check_names(list(self.each.values()))

    @property
    def all(self) -> list[Device]:
        return [each.device for each in self.each.values()]

    @property
    def beside(self) -> list[Beside]:
        return [each.beside for each in self.each.values() if each.beside is not None]

    @property
    def claims(self) -> list[Claim]:
        return [each.claim for each in self.each.values() if each.claim is not None]

    @property
    def sensing(self) -> list[Sensing]:
        """The boards among them."""
        return [each.board for each in self.each.values() if each.board is not None]

    def change(self, options: MineOptions) -> tuple[list[Named], list[Named]]:
        """To what other options name: (those that are to go, those that are to come). What is named as before, with
        the same settings, stays. Raises InputError, and then nothing has changed."""
        specs = _specs(options)
        supply_of(options.supply, _boards(specs))
        stay = {
            spec: each
            for spec, each in self.each.items()
            if spec in specs and each.settings == _settings(spec, options)
        }
        after = {spec: stay[spec] if spec in stay else self._make(spec, options) for spec in specs}
        _check_names(list(after.values()))
        gone = [each for spec, each in self.each.items() if spec not in stay]
        self.each = after
        return gone, [each for spec, each in after.items() if spec not in stay]

    def _make(self, spec: str, options: MineOptions) -> Named:
        from ..hw.spec import parse_spec

        if _is_cpu(spec):
            return Named(spec, _settings(spec, options), self._cpu(spec, options))
        parsed = parse_spec(spec)
        make = self._simulated if parsed.kind == "sim" else self._plugged_in
        return replace(make(parsed, bool(options.unguarded)), spec=spec, settings=_settings(spec, options))

    def _record(self, path: str) -> None:
        from ..hw.ports.record import Recorder

        self._recorder = Recorder(path)
        self.files = closing(self._recorder)

    def _cpu(self, spec: str, options: MineOptions) -> Device:
        from ..engine.cpu import CpuDevice
        from ..ext.kernels import row

        _, colon, kernel = spec.partition(":")
        row(kernel if colon else None)
        return CpuDevice(kernel or None, options.threads, affinity=options.affinity is not False, name=spec)

    def _simulated(self, spec: Spec, unguarded: bool) -> Named:
        """Nothing burns in a simulator, and it ends with this program."""
        from ..hw.boards.table import board_row
        from ..hw.make import Connection, board_device
        from ..hw.passport.key import simulated_claim
        from ..hw.sim.table import simulate, simulator

        del unguarded
        assert spec.board is not None
        simulated = simulate(simulator(spec.board), dict(spec.sim))
        claim = None if spec.label is None else simulated_claim(spec, board_row(spec.board))
        row = board_row(spec.board).scaled(simulated.scale)
        stick = simulated if simulated.board.pins is not None else None
        connection = Connection(self._recorded(simulated.ports), pins=stick, line=stick, guarded=False)
        device = board_device(row, connection, spec, unguarded=True, supply=self.supply)
        return Named("", (), device, device, simulated.running(), claim)

    def _plugged_in(self, spec: Spec, unguarded: bool) -> Named:
        from ..hw import find
        from ..hw.make import board_device
        from ..hw.passport.key import claim_of

        found = find.plugged_in()
        row, connection = find.ports_of(spec, found)
        claim = claim_of(spec, row, find.thing_of(spec, found), found)
        connection = replace(connection, ports=self._recorded(connection.ports))
        device = board_device(row.scaled(spec.scale), connection, spec, unguarded=unguarded, supply=self.supply)
        return Named("", (), device, device, None, claim)

    def _recorded(self, ports: Mapping[str, Port]) -> Mapping[str, Port]:
        if self._recorder is None:
            return ports
        return {role: self._recorder.port(port) for role, port in ports.items()}


def _is_cpu(spec: str) -> bool:
    return spec.partition(":")[0] == "cpu"


def _boards(specs: list[str]) -> int:
    return sum(not _is_cpu(spec) for spec in specs)


def _specs(options: MineOptions) -> list[str]:
    if options.device and options.kernel:
        raise InputError("--kernel is short for -d cpu:KERNEL: give one of them")
    specs = options.device or ["cpu" if options.kernel is None else f"cpu:{options.kernel}"]
    if len(set(specs)) < len(specs):
        raise InputError(f"-d {' -d '.join(specs)}: each device can be given once")
    return specs


def _settings(spec: str, options: MineOptions) -> tuple[object, ...]:
    return (options.threads, options.affinity) if _is_cpu(spec) else (options.unguarded,)


def _check_names(all: list[Named]) -> None:
    given = " -d ".join(each.spec for each in all)
    if len({each.device.name for each in all}) < len(all):
        raise InputError(f"-d {given}: two of them have one name; give each board once")
    labels = [each.claim.label for each in all if each.claim is not None and each.claim.label is not None]
    if len(set(labels)) < len(labels):
        raise InputError(f"-d {given}: two of them have one label; a label is that of one board")
