"""A bench supply that speaks SCPI on a TCP port, in the loop or as a process of its own.

python -m tests.support.scpi_server FILE      serves on a port that it prints, and writes each change of its output
                                              to FILE as a line: "on" or "off"
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

SCPI_IDN = "Bench Instruments,PS1,0042,1.0"
RIGOL_IDN = "RIGOL TECHNOLOGIES,DP832A,DP8B0001,00.01.19"
SIGLENT_IDN = "Siglent Technologies,SPD3303X-E,SPD3X0001,1.01.01.02.07R2,V3.0"


@dataclass
class Bench:
    """`load_a`: what hangs at its output takes, at that voltage. Its meters round to a millivolt and a milliampere."""

    idn: str = SCPI_IDN
    load_a: Callable[[float], float] = lambda volts: 0.2 * volts
    watts: bool = True  # whether it knows MEAS:POW?
    mute: bool = False
    set_v: float = 0.0
    set_a: float = 0.0
    on: bool = True
    said: list[str] = field(default_factory=list[str])
    changed: Callable[[bool], None] = lambda _: None
    port: int = 0
    most_v: float = 60.0
    latched: bool = False  # its output cannot be switched off

    @property
    def address(self) -> str:
        return f"TCPIP::127.0.0.1::{self.port}::SOCKET"

    @property
    def volts(self) -> float:
        """At the output: it limits the current by the voltage."""
        if not self.on:
            return 0.0
        wanted_a = self.load_a(self.set_v)
        return self.set_v if wanted_a <= self.set_a else self.set_v * self.set_a / wanted_a

    @property
    def amps(self) -> float:
        return min(self.load_a(self.set_v), self.set_a) if self.on else 0.0

    def switch(self, on: bool) -> None:
        if on != self.on and not self.latched:
            self.on = on
            self.changed(on)

    def answer(self, line: str) -> str | None:
        """None: it says nothing."""
        self.said.append(line)
        word = line.upper().removeprefix(":")
        for channel in ("SOUR1:", "CH1:"):
            word = word.replace(channel, "")
        word = word.replace(" CH1,", " ").replace(" CH1", "")
        match word.split():
            case ["*IDN?"]:
                return self.idn
            case ["MEAS:VOLT?"]:
                return f"{self.volts:.3f}"
            case ["MEAS:CURR?"]:
                return f"{self.amps:.3f}"
            case ["MEAS:POW?" | "MEAS:POWE?"] if self.watts:
                return f"{self.volts * self.amps:.3f}"
            case ["VOLT?"]:
                return f"{self.set_v:.3f}"
            case ["CURR?"]:
                return f"{self.set_a:.3f}"
            case ["VOLT", volts]:
                self.set_v = min(self.most_v, float(volts))
            case ["CURR", amps]:
                self.set_a = float(amps)
            case ["OUTP", state]:
                self.switch(state == "ON")
            case ["OUTP?"]:
                return ("ON" if self.on else "OFF") if self.idn == RIGOL_IDN else str(int(self.on))
            case ["SYST:STAT?"]:
                return f"0x{0x10 * self.on + 0x04:02x}"
            case _:
                return None
        return None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Bench]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            answer = self.answer(line.decode().strip())
            if answer is not None and not self.mute:
                writer.write(f"{answer}\n".encode())
        writer.close()


async def _main(file: Path) -> None:
    bench = Bench(on=False)

    def note(on: bool) -> None:
        with file.open("a") as lines:
            lines.write("on\n" if on else "off\n")

    bench.changed = note
    async with bench.running():
        print(bench.port, flush=True)
        await asyncio.sleep(120)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
