"""What analyzers and supplies are told, and what they answer: SCPI as text, without I/O.

Each row is a family. Sources: SCPI-1999, volume 4, "DC power supply" (the first row, which stands for everything that
is not known); programming guides of Rigol's DP800 and Siglent's SPD3303X, by way of programs of others. {ch} is the
channel; a row without it selects the channel first. Unproven on hardware, all of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MOST = 1e6  # of volts, amperes and watts; SCPI's "not a number" is 9.91E37
_NUMBER = re.compile(r'"?\s*([+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,3})?)\s*[A-Za-z]{0,3}\s*"?')
_HEX = re.compile(r"0[xX]([0-9A-Fa-f]{1,8})")


@dataclass(frozen=True, slots=True)
class Dialect:
    """`idn`: what *IDN? must match. watts: None, it has no such question, and volts times amperes it is. `bit`: of the
    channel's state where `state` is answered in hexadecimal, for channel 0; None: it says ON, OFF, 1 or 0."""

    name: str
    idn: str
    volts: str
    amps: str
    watts: str | None
    set_volts: str
    set_amps: str
    ask_volts: str
    ask_amps: str
    on: str
    off: str
    state: str
    select: str | None = None
    bit: int | None = None


SCPI = Dialect(
    "scpi",
    "",
    volts="MEAS:VOLT?",
    amps="MEAS:CURR?",
    watts="MEAS:POW?",
    set_volts="VOLT {value:.4f}",
    set_amps="CURR {value:.4f}",
    ask_volts="VOLT?",
    ask_amps="CURR?",
    on="OUTP ON",
    off="OUTP OFF",
    state="OUTP?",
    select="INST:NSEL {ch}",
)
RIGOL = Dialect(
    "rigol-dp",
    r"RIGOL.*,DP[789]",
    volts=":MEAS:VOLT? CH{ch}",
    amps=":MEAS:CURR? CH{ch}",
    watts=":MEAS:POWE? CH{ch}",
    set_volts=":SOUR{ch}:VOLT {value:.4f}",
    set_amps=":SOUR{ch}:CURR {value:.4f}",
    ask_volts=":SOUR{ch}:VOLT?",
    ask_amps=":SOUR{ch}:CURR?",
    on=":OUTP CH{ch},ON",
    off=":OUTP CH{ch},OFF",
    state=":OUTP? CH{ch}",
)
SIGLENT = Dialect(
    "siglent-spd",
    r"Siglent.*,SPD",
    volts="MEAS:VOLT? CH{ch}",
    amps="MEAS:CURR? CH{ch}",
    watts="MEAS:POWE? CH{ch}",
    set_volts="CH{ch}:VOLT {value:.4f}",
    set_amps="CH{ch}:CURR {value:.4f}",
    ask_volts="CH{ch}:VOLT?",
    ask_amps="CH{ch}:CURR?",
    on="OUTP CH{ch},ON",
    off="OUTP CH{ch},OFF",
    state="SYST:STAT?",
    bit=3,
)
DIALECTS = {dialect.name: dialect for dialect in (SCPI, RIGOL, SIGLENT)}


def dialect_of(idn: str) -> Dialect:
    """Of whoever answered *IDN? like that."""
    return next((d for d in DIALECTS.values() if d.idn and re.search(d.idn, idn, re.IGNORECASE)), SCPI)


def number(answer: str) -> float | None:
    """A measured value, with or without its unit; None: it is none, or SCPI's "not a number"."""
    form = _NUMBER.fullmatch(answer)
    if form is None:
        return None
    value = float(form[1])
    return value if abs(value) <= _MOST else None


def is_on(answer: str, bit: int | None, channel: int) -> bool | None:
    """Whether an output is; None: it does not say. `bit` as in Dialect."""
    if bit is not None:
        form = _HEX.fullmatch(answer.strip())
        return None if form is None else bool(int(form[1], 16) >> (bit + channel) & 1)
    return {"ON": True, "1": True, "OFF": False, "0": False}.get(answer.strip().strip('"').upper())
