"""The URL of a meter or a supply, taken apart: KIND:REST[?KEY=VALUE&…], REST with USER:PASSWORD@ before it where
a device on the network wants that.

Nothing in it is percent-encoded, for VISA addresses and SCPI commands stand in it as they are; a value ends at &.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ...engine.errors import InputError
from ...engine.stratum.lines import printable
from .meter import PLACES, Accuracy, Place

_SHOWN = 120  # characters of what is repeated in an error
_HIDDEN = ("password", "pass", "token", "key", "auth")  # names of values that somebody may think to give
_LOGINS = ("shelly", "tasmota")  # kinds that may have one
_FORM = re.compile(r"(?P<kind>[a-z][a-z0-9-]{0,19})(?::(?P<rest>[^?]*))?(?:\?(?P<query>.*))?", re.DOTALL)
_HOST = re.compile(r"(?:\[(?P<ipv6>[0-9a-fA-F:.]+)\]|(?P<host>[A-Za-z0-9._-]{1,253}))(?::(?P<port>\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class Address:
    """`rest` is without the user and the password. Only `name` may be shown."""

    kind: str
    rest: str
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.rest}".removesuffix(":")

    def error(self, what: str) -> InputError:
        return InputError(f"{self.name}: {what}")

    def only(self, *known: str) -> None:
        """Raises InputError for a key that is none of these."""
        for key in self.values:
            if key not in known:
                raise self.error(f"{printable(key, _SHOWN)!r} is unknown; takes {', '.join(known) or 'no options'}")

    def number(self, key: str, usual: float, least: float = 0.0, most: float = 1e9) -> float:
        """Least and most are taken."""
        if (text := self.values.get(key)) is None:
            return usual
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise self.error(f"{key} {printable(text, _SHOWN)!r}; takes a number of {least:g} to {most:g}")
        return value

    def whole(self, key: str, usual: int, least: int, most: int) -> int:
        text = self.values.get(key, str(usual))
        if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
            raise self.error(f"{key} {printable(text, _SHOWN)!r}; takes a whole number of {least} to {most}")
        return int(text)

    def choice(self, key: str, usual: str, choices: Mapping[str, object]) -> str:
        if (text := self.values.get(key, usual)) not in choices:
            raise self.error(f"{key} {printable(text, _SHOWN)!r}; choose from {', '.join(choices)}")
        return text

    def gain(self, usual: float) -> float:
        """One standard deviation, as a part; given as 0.5%."""
        if (text := self.values.get("gain")) is None:
            return usual
        try:
            value = float(text.removesuffix("%")) / 100
        except ValueError:
            value = float("nan")
        if not text.endswith("%") or not 0 <= value < 1:
            raise self.error(f"gain {printable(text, _SHOWN)!r}; takes a standard deviation in percent, as gain=0.5%")
        return value

    def place(self, usual: Place) -> Place:
        """Given as dc-input."""
        names: dict[str, Place] = {place.lower().replace(" ", "-"): place for place in PLACES}
        return names[self.choice("place", usual.lower().replace(" ", "-"), names)]

    def accuracy(self, usual: Accuracy) -> Accuracy:
        """With the gain that the user knows better."""
        return replace(usual, gain=self.gain(usual.gain))

    def host(self, port: int) -> tuple[str, int]:
        """(name or address without brackets, port) of a rest that is HOST[:PORT]."""
        form = _HOST.fullmatch(self.rest)
        if form is None:
            raise self.error("takes HOST or HOST:PORT after the colon, an IPv6 address in brackets")
        number = int(form["port"] or port)
        if not 1 <= number <= 65535:
            raise self.error(f"port {number}; takes 1 to 65535")
        return form["ipv6"] or form["host"], number


def parse_address(text: str, what: str) -> Address:
    """`what` it is to name, a meter or a supply. Raises InputError, which repeats no secret."""
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise InputError(f"{what}: takes KIND:ADDRESS, as rapl: or shelly:HOST")
    kind, query = form["kind"], form["query"] or ""
    login, at, rest = (form["rest"] or "").rpartition("@")
    user, _, password = login.partition(":")
    if kind in _LOGINS and ((at and not user) or (not at and "@" in query)):
        raise InputError(f"{kind}:…: takes USER:PASSWORD@HOST, neither of them with a question mark in it")
    if not text.strip().isprintable() or " " in rest:
        raise InputError(f"{kind}:…: holds blanks or control characters; takes {kind}:ADDRESS")
    values = _values(f"{kind}:{printable(rest, _SHOWN)}", query) if form["query"] is not None else {}
    return Address(kind, rest, values, user, password)


def _values(name: str, query: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for part in query.split("&"):
        key, equals, value = part.partition("=")
        if key.lower() in _HIDDEN:
            raise InputError(f"{name}: {key} does not go after the question mark; give USER:PASSWORD@ before the host")
        if not equals or not key:
            raise InputError(f"{name}: takes KEY=VALUE after the question mark, joined by &")
        if key in values:
            raise InputError(f"{name}: {printable(key, _SHOWN)!r} is given twice; takes each once")
        values[key] = value
    return values
