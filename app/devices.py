"""From the devices that the command line names to Devices; and what has to run beside them, simulators above all."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack, closing
from dataclasses import replace
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


class Devices:
    """Those that -d names; without it the CPU. Made in a running loop. Raises InputError.

    `beside` has to run while they do; `files` is to be closed after them. `claims`: what boards can say for themselves,
    so that their passports are found.
    """

    def __init__(self, options: MineOptions) -> None:
        self.all: list[Device] = []
        self.beside: list[Beside] = []
        self.files: AbstractContextManager[object] = ExitStack()
        self.claims: list[Claim] = []
        self.sensing: list[Sensing] = []  # the boards among them
        boards = [name for name in options.device or () if name.partition(":")[0] != "cpu"]
        self.supply = supply_of(options.supply, len(boards))
        self._options = options
        self._recorder: Recorder | None = None
        names = options.device or ["cpu" if options.kernel is None else f"cpu:{options.kernel}"]
        if options.device and options.kernel:
            raise InputError("--kernel is short for -d cpu:KERNEL: give one of them")
        if len(set(names)) < len(names):
            raise InputError(f"-d {' -d '.join(names)}: each device can be given once")
        if options.record is not None:
            self._record(options.record)
        for name in names:
            if name.partition(":")[0] == "cpu":
                self.all.append(self._cpu(name))
            else:
                board = self._board(name)
                self.all.append(board)
                self.sensing.append(board)
        shown = [device.name for device in self.all]
        if len(set(shown)) < len(shown):
            raise InputError(f"-d {' -d '.join(names)}: two of them have one name; give each board once")
        labels = [claim.label for claim in self.claims if claim.label is not None]
        if len(set(labels)) < len(labels):
            raise InputError(f"-d {' -d '.join(names)}: two of them have one label; a label is that of one board")

    def _record(self, path: str) -> None:
        from ..hw.ports.record import Recorder

        self._recorder = Recorder(path)
        self.files = closing(self._recorder)

    def _cpu(self, name: str) -> Device:
        from ..engine.cpu import CpuDevice
        from ..ext.kernels import row

        options, (_, colon, kernel) = self._options, name.partition(":")
        row(kernel if colon else None)
        return CpuDevice(kernel or None, options.threads, affinity=options.affinity is not False, name=name)

    def _board(self, name: str) -> BoardDevice:
        from ..hw.spec import parse_spec

        spec = parse_spec(name)
        return self._simulated(spec) if spec.kind == "sim" else self._plugged_in(spec)

    def _simulated(self, spec: Spec) -> BoardDevice:
        """Nothing burns in a simulator, and it ends with this program."""
        from ..hw.boards.table import board_row
        from ..hw.make import Connection, board_device
        from ..hw.passport.key import simulated_claim
        from ..hw.sim.table import simulate, simulator

        assert spec.board is not None
        simulated = simulate(simulator(spec.board), dict(spec.sim))
        if spec.label is not None:
            self.claims.append(simulated_claim(spec, board_row(spec.board)))
        self.beside.append(simulated.running())
        row = board_row(spec.board).scaled(simulated.scale)
        stick = simulated if simulated.board.pins is not None else None
        connection = Connection(self._recorded(simulated.ports), pins=stick, line=stick, guarded=False)
        return board_device(row, connection, spec, unguarded=True, supply=self.supply)

    def _plugged_in(self, spec: Spec) -> BoardDevice:
        from ..hw import find
        from ..hw.make import board_device
        from ..hw.passport.key import claim_of

        found = find.plugged_in()
        row, connection = find.ports_of(spec, found)
        self.claims.append(claim_of(spec, row, find.thing_of(spec, found), found))
        connection = replace(connection, ports=self._recorded(connection.ports))
        unguarded = bool(self._options.unguarded)
        return board_device(row.scaled(spec.scale), connection, spec, unguarded=unguarded, supply=self.supply)

    def _recorded(self, ports: Mapping[str, Port]) -> Mapping[str, Port]:
        if self._recorder is None:
            return ports
        return {role: self._recorder.port(port) for role, port in ports.items()}
