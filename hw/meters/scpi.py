"""Analyzers and bench supplies by SCPI: `scpi:VISA-ADDRESS[?KEY=VALUE&…]`, as scpi:TCPIP::10.0.0.5::5025::SOCKET.

    power=QUERY     what is asked for watts; without it the family's question, or volts times amperes
    channel=1       of several
    volts= amps=    of a supply: what it is to give, and the current at which it limits
    library=@py     as pyvisa has it; @ivi for a vendor's VISA
    gain=  place=   as every meter

It tells what it is (*IDN?), and is spoken to as its family wants (dialects.py). 0.2 % and 10 mW are assumed: the data
sheet of yours knows better.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from ...engine.errors import DeviceError
from .address import Address
from .dialects import SCPI, Dialect, dialect_of, is_on, number
from .meter import Accuracy, Meter, Place, Sample, Source
from .supply import Given, Rail, Supply, SupplyOff
from .visa import Visa

ACCURACY = Accuracy(gain=0.002, quantum_w=0.01, delay_s=0.1)
_METER = ("power", "channel", "library", "gain", "place")
_MOST_V, _MOST_A = 1000.0, 1000.0
_WITHIN = 0.01  # of what it was set to, when it is read back


class Scpi:
    """A Meter, and what a supply has in common with one."""

    source: Source = "measured"
    period_s = 1.0

    def __init__(self, address: Address) -> None:
        self.name = address.name
        self.place: Place = address.place("DC input")
        self.accuracy = address.accuracy(ACCURACY)
        self.library = address.values.get("library", "@py")
        self.channel = address.whole("channel", 1, 1, 16)
        self.visa = Visa(address.name, address.rest, self.library)
        self.dialect: Dialect = SCPI
        self.chosen = "channel" in address.values
        self._power = address.values.get("power")
        if not address.rest:
            raise address.error("takes a VISA address after the colon, as scpi:TCPIP::10.0.0.5::5025::SOCKET")

    async def open(self) -> None:
        await self.visa.open()
        self.dialect = dialect_of(await self.visa.ask("*IDN?"))
        if self.dialect.select is not None and self.chosen:
            await self.visa.tell(self.said(self.dialect.select))

    async def read(self) -> Sample:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        watts = await self._watts()
        return Sample((began_s + loop.time()) / 2, watts)

    async def close(self) -> None:
        await self.visa.close()

    async def measure(self, question: str) -> float:
        answer = await self.visa.ask(self.said(question))
        if (value := number(answer)) is None:
            raise self.visa.error(f"answers {answer[:40]!r} to {self.said(question)}; takes a number")
        return value

    def said(self, line: str, value: float = 0.0) -> str:
        return line.format(ch=self.channel, value=value)

    async def _watts(self) -> float:
        if self._power is not None:
            return await self.measure(self._power.replace("{", "{{").replace("}", "}}"))
        if self.dialect.watts is not None:
            try:
                return await self.measure(self.dialect.watts)
            except DeviceError:
                if self.dialect is not SCPI:
                    raise
                await self.visa.tell("*CLS")
        volts = await self.measure(self.dialect.volts)  # and from now on: it does not know the question
        self.dialect = replace(self.dialect, watts=None)
        return volts * await self.measure(self.dialect.amps)


class ScpiSupply:
    """A Supply."""

    def __init__(self, address: Address) -> None:
        self.name = address.name
        self._address, self._scpi = address.rest, Scpi(address)
        self.rail = Rail(
            address.number("volts", 0.0, 0.1, _MOST_V) if "volts" in address.values else 0.0,
            address.number("amps", 0.0, 0.01, _MOST_A) if "amps" in address.values else 0.0,
        )
        if not self.rail.watts:
            raise address.error("takes volts and the limit of amps, as scpi:ADDRESS?volts=5&amps=4")

    async def open(self) -> None:
        await self._scpi.open()
        await self.off()

    async def set(self, volts: float, amps_limit: float) -> None:
        s, d = self._scpi, self._scpi.dialect
        await s.visa.tell(s.said(d.set_amps, amps_limit), s.said(d.set_volts, volts))
        for question, wanted, unit in ((d.ask_volts, volts, "V"), (d.ask_amps, amps_limit, "A")):
            told = await s.measure(question)
            if not abs(told - wanted) <= _WITHIN * wanted:
                raise s.visa.error(f"is at {told:g} {unit} after {wanted:g} {unit} was asked for; can it give that?")

    async def output(self, on: bool) -> None:
        s, d = self._scpi, self._scpi.dialect
        await s.visa.tell(s.said(d.on if on else d.off))
        if is_on(await s.visa.ask(s.said(d.state)), d.bit, s.channel) is not on:
            raise s.visa.error(f"its output did not go {'on' if on else 'off'}; look at its panel")

    async def read(self) -> Given:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        d = self._scpi.dialect
        volts, amps = await self._scpi.measure(d.volts), await self._scpi.measure(d.amps)
        return Given((began_s + loop.time()) / 2, volts, amps)

    async def off(self) -> None:
        """Through another session, where this one is broken."""
        try:
            await self._scpi.visa.open()
            await self.output(False)
        except DeviceError:
            await self._scpi.close()
            await self._scpi.open()
            await self.output(False)

    async def close(self) -> None:
        await self._scpi.close()

    def off_action(self) -> SupplyOff:
        s, d = self._scpi, self._scpi.dialect
        select = (s.said(d.select),) if d.select is not None and s.chosen else ()
        return SupplyOff(
            self.name, self._address, s.library, (*select, s.said(d.off)), s.said(d.state), d.bit, s.channel
        )

    def meter(self) -> Meter:
        return self._scpi


def meter(address: Address) -> Meter:
    address.only(*_METER, "volts", "amps")
    return Scpi(address)


def supply(address: Address) -> Supply:
    address.only(*_METER, "volts", "amps")
    return ScpiSupply(address)
