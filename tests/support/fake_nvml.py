"""A module that answers as pynvml does."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType


class NVMLError(Exception):
    pass


class NotSupported(NVMLError):
    pass


class FakeNvml(ModuleType):
    """`boards` of them; a figure of None is not supported."""

    NVMLError_NotSupported = NotSupported

    def __init__(self, joules: Callable[[], float | None], watts: Callable[[], float | None], boards: int = 1) -> None:
        super().__init__("pynvml")
        self._joules, self._watts, self._boards = joules, watts, boards

    def nvmlInit(self) -> None: ...

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        if index >= self._boards:
            raise NVMLError("Invalid Argument")
        return index

    def nvmlDeviceGetTotalEnergyConsumption(self, _: int) -> int:
        return _milli(self._joules())

    def nvmlDeviceGetPowerUsage(self, _: int) -> int:
        return _milli(self._watts())


def _milli(value: float | None) -> int:
    if value is None:
        raise NotSupported("Not Supported")
    return int(value * 1000)
