"""Pool URLs as miners write them: [stratum+tcp:// | stratum+ssl:// | …]HOST:PORT[#xnsub][&insecure].

An IPv6 address stands in brackets. User names and passwords do not belong into it, and are never repeated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address

from ..errors import InputError
from ..stratum.lines import printable

_TLS = {
    "stratum+tcp": False,
    "stratum": False,
    "tcp": False,
    "stratum+ssl": True,
    "stratum+tls": True,
    "ssl": True,
    "tls": True,
}
_OPTIONS = ("xnsub", "insecure")
_MAX_HOST = 253  # RFC 1035, section 2.3.4, without the root's dot
_FORM = re.compile(
    r"""(?:(?P<scheme>[^:/?#\[\]]*)://)?
        (?:\[(?P<ipv6>[^\[\]]*)\] | (?P<host>[^:/?#\[\]]*))
        (?::(?P<port>[^:/?#\[\]]*))?
        /*
        (?:\#(?P<options>.*))?""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class PoolURL:
    host: str  # a name in ASCII (punycode where need be), or an address without brackets
    port: int
    tls: bool = False
    extranonce_subscribe: bool = False  # …#xnsub
    insecure: bool = False  # …#insecure: TLS without looking at the certificate

    @classmethod
    def parse(cls, text: str) -> PoolURL:
        """Raises InputError that names what is wrong with it, on one line and without secrets."""
        text = text.strip()
        if "@" in text:
            raise InputError(
                "the pool's URL holds a user name or password: give the user with -u and the password with -p"
            )
        shown = f"pool {printable(text, 200)!r}"
        form = _FORM.fullmatch(text)
        if form is None or not text.isprintable() or " " in text:
            raise InputError(f"{shown}: takes stratum+tcp://HOST:PORT, with an IPv6 address in brackets")
        scheme = "stratum+tcp" if form["scheme"] is None else form["scheme"].lower()
        if scheme not in _TLS:
            raise InputError(f"{shown}: scheme {scheme}:// is unknown; choose from {', '.join(_TLS)}")
        if not form["ipv6"] and not form["host"]:
            raise InputError(f"{shown}: the host is missing; takes stratum+tcp://HOST:PORT")
        host = _ipv6(form["ipv6"], shown) if form["ipv6"] else _name(form["host"], shown)
        port = _port(form["port"], shown)
        options = {option for option in (form["options"] or "").split("&") if option}
        if unknown := options.difference(_OPTIONS):
            raise InputError(f"{shown}: option #{min(unknown)} is unknown; choose from #xnsub, #insecure")
        if "insecure" in options and not _TLS[scheme]:
            raise InputError(f"{shown}: #insecure is for TLS, which {scheme}:// does without; use stratum+ssl://")
        return cls(host, port, _TLS[scheme], "xnsub" in options, "insecure" in options)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        options = "&".join(
            name for name, wanted in zip(_OPTIONS, (self.extranonce_subscribe, self.insecure), strict=True) if wanted
        )
        return f"{'stratum+ssl' if self.tls else 'stratum+tcp'}://{host}:{self.port}{'#' if options else ''}{options}"


def same_host(one: str, other: str) -> bool:
    """Whether two spellings of a host, as pools and people write them, are the same name or address."""
    return _bare(one) == _bare(other)


def _bare(host: str) -> str:
    return host.strip().strip("[]").rstrip(".").lower()


def _ipv6(text: str, shown: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise InputError(f"{shown}: [{text}] is no IPv6 address") from None


def _name(text: str, shown: str) -> str:
    try:
        if len(text) <= _MAX_HOST and (name := text.encode("idna").decode().lower()) and len(name) <= _MAX_HOST:
            return name
    except UnicodeError:
        pass
    raise InputError(f"{shown}: the host is no name; takes labels of 1 to 63 characters, {_MAX_HOST} in all")


def _port(text: str | None, shown: str) -> int:
    if not text:
        raise InputError(f"{shown}: the port is missing; takes stratum+tcp://HOST:PORT, often 3333")
    if not text.isascii() or not text.isdigit() or len(text) > 5 or not 1 <= int(text) <= 65535:
        raise InputError(f"{shown}: port {text}; takes 1 to 65535")
    return int(text)
