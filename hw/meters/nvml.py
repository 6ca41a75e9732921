"""An NVIDIA board's own counter: `nvml:[INDEX][?gain=…]`, 0 without one.

Facts: NVML, nvmlDeviceGetTotalEnergyConsumption (mJ since the driver was loaded; Volta and later) and
nvmlDeviceGetPowerUsage (mW, of the board and its memory, true to 5 % by its header on most). By nvidia-ml-py, whose
module is called pynvml. The counter is taken to be brought up to date ten times a second. Its calls may take long while
a board wakes, so they are made in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from ...engine.daemon import in_daemon
from ...engine.errors import DeviceError
from .address import Address
from .extra import load
from .meter import Accuracy, Meter, Place, Sample, Source

T = TypeVar("T")
ACCURACY = Accuracy(gain=0.03, quantum_j=0.001, quantum_w=0.001, delay_s=0.05, tick_s=0.1)  # a rectangle of 5 %
ANSWER_S = 5.0


class Nvml:
    """A Meter."""

    place: Place = "GPU board"
    source: Source = "measured"
    period_s = 1.0

    def __init__(self, name: str, index: int, accuracy: Accuracy) -> None:
        self.name, self.accuracy = name, accuracy
        self._index = index
        self._nvml: Any = None
        self._board: Any = None
        self._first_mj: int | None = None

    async def open(self) -> None:
        nvml = load("pynvml", self.name, "nvidia-ml-py")

        def found() -> Any:
            nvml.nvmlInit()
            return nvml.nvmlDeviceGetHandleByIndex(self._index)

        self._board = await self._call(found)
        self._nvml = nvml

    async def read(self) -> Sample:
        """Older boards have no counter: watts alone."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        if self._nvml is None:
            raise self._error("is closed")
        total_mj, power_mw = await self._call(self._figures)
        at_s = (began_s + loop.time()) / 2
        if self._first_mj is None:
            self._first_mj = total_mj
        joules = None if total_mj is None or self._first_mj is None else (total_mj - self._first_mj) / 1000
        return Sample(at_s, None if power_mw is None else power_mw / 1000, joules)

    async def close(self) -> None:
        """NVML stays loaded: whoever else uses it in this program may go on."""
        self._nvml = None

    def _figures(self) -> tuple[int | None, int | None]:
        """(mJ, mW) in a thread."""
        nvml, board = self._nvml, self._board
        total, power = (
            _known(nvml, lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(board)),
            _known(nvml, lambda: nvml.nvmlDeviceGetPowerUsage(board)),
        )
        if total is None and power is None:
            raise ValueError("tells neither energy nor power")
        return total, power

    async def _call(self, call: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await in_daemon(call)
        except TimeoutError:
            raise self._error(f"does not answer within {ANSWER_S:g} s") from None
        except Exception as error:  # NVML's own have one base, of a module that may not be there
            raise self._error(f"{str(error)[:80]}; see nvidia-smi") from None

    def _error(self, what: str) -> DeviceError:
        return DeviceError(f"{self.name}: {what}")


def _known(nvml: Any, ask: Callable[[], int]) -> int | None:
    """None: this board does not tell."""
    try:
        value = ask()
    except nvml.NVMLError_NotSupported:
        return None
    return value if value >= 0 else None


def meter(address: Address) -> Meter:
    address.only("gain")
    if address.rest and not (address.rest.isascii() and address.rest.isdigit() and len(address.rest) < 4):
        raise address.error("takes the index of a board after the colon, as nvidia-smi numbers them")
    return Nvml(address.name, int(address.rest or 0), address.accuracy(ACCURACY))
