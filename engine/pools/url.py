"""Pool URLs as miners write them: [stratum+tcp:// | stratum+ssl:// | …]HOST:PORT[#OPTION[&OPTION]…].

    xnsub                 ask for extranonce changes       insecure   TLS without looking at the certificate
    ca=FILE               TLS by your own authorities      pin=SHA256 TLS with the one certificate of this fingerprint
    proxy=socks5h://[USER:PASSWORD@]HOST:PORT              or socks5://, http://

An IPv6 address stands in brackets; in FILE, USER and PASSWORD odd characters are written as %XX. User names and
passwords of pools do not belong into it. Nothing here repeats a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from urllib.parse import quote, unquote

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
_FLAGS = ("xnsub", "insecure")
_VALUES = ("ca", "pin", "proxy")
_CHOICES = "choose from #xnsub, #insecure, #ca=FILE, #pin=SHA256, #proxy=URL"
_FOR_TLS = ("insecure", "ca", "pin")
_PROXIES = ("socks5", "socks5h", "http")
_PROXY_FORM = "takes socks5h://, socks5:// or http://[USER:PASSWORD@]HOST:PORT"
_MAX_HOST = 253  # RFC 1035, section 2.3.4, without the root's dot
_MAX_URL = 4096  # characters
_PLACE = r"(?:\[(?P<ipv6>[^\[\]@]*)\]|(?P<host>[^:/?#\[\]@]*))(?::(?P<port>[^:/?#\[\]@]*))?"
_FORM = re.compile(rf"(?:(?P<scheme>[^:/?#\[\]@]*)://)?{_PLACE}/*")
_PROXY = re.compile(rf"(?P<scheme>[^:/@]*)://(?:(?P<user>[^:@/]*):(?P<password>[^@/]*)@)?{_PLACE}/*")


@dataclass(frozen=True, slots=True)
class Proxy:
    scheme: str  # socks5: names are looked up here; socks5h and http: by the proxy
    host: str
    port: int
    user: str | None = field(default=None, repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str, shown: str = "proxy") -> Proxy:
        """Raises InputError, which quotes nothing of it: a password may stand anywhere."""
        form = _PROXY.fullmatch(text)
        if form is None or form["scheme"].lower() not in _PROXIES or not (form["ipv6"] or form["host"]):
            raise InputError(
                f"{shown}: the option #proxy {_PROXY_FORM}; in USER and PASSWORD write : / @ & # as %3A %2F %40 %26 %23"
            )
        try:
            host = _ipv6(form["ipv6"], shown) if form["ipv6"] else _name(form["host"], shown)
            port = _port(form["port"], shown)
        except InputError:
            raise InputError(f"{shown}: the host or port of #proxy is none; {_PROXY_FORM}") from None
        user = None if form["user"] is None else unquote(form["user"])
        password = unquote(form["password"] or "")
        if any(len(secret.encode("utf-8", "replace")) > 255 for secret in (user or "", password)):  # RFC 1929
            raise InputError(f"{shown}: user and password of #proxy take 255 bytes each at most")
        return cls(form["scheme"].lower(), host, port, user, password)

    def __str__(self) -> str:
        return f"{self.scheme}://{_bracketed(self.host)}:{self.port}"


@dataclass(frozen=True, slots=True)
class PoolURL:
    host: str  # a name in ASCII (punycode where need be), or an address without brackets
    port: int
    tls: bool = False
    extranonce_subscribe: bool = False  # …#xnsub
    insecure: bool = False  # …#insecure: TLS without looking at the certificate
    ca: str | None = None  # …#ca=FILE: the authorities to trust, in PEM form, and no others
    pin: str | None = None  # …#pin=SHA256: of the certificate in DER form, 64 hex digits
    proxy: Proxy | None = None

    @classmethod
    def parse(cls, text: str) -> PoolURL:
        """Raises InputError that names what is wrong with it, on one line and without secrets."""
        text = text.strip()
        place, _, fragment = text.partition("#")
        options = [option for option in fragment.split("&") if option]
        if "@" in place or any("@" in option for option in options if not option.startswith(("proxy=", "ca="))):
            raise InputError(
                "the pool's URL holds a user name or password: give the user with -u and the password with -p"
            )
        shown = f"pool {printable(place, 200)!r}"
        form = _FORM.fullmatch(place)
        if form is None or not text.isprintable() or " " in text or len(text) > _MAX_URL:
            raise InputError(f"{shown}: takes stratum+tcp://HOST:PORT, with an IPv6 address in brackets")
        scheme = "stratum+tcp" if form["scheme"] is None else form["scheme"].lower()
        if scheme not in _TLS:
            raise InputError(f"{shown}: scheme {scheme}:// is unknown; choose from {', '.join(_TLS)}")
        if not form["ipv6"] and not form["host"]:
            raise InputError(f"{shown}: the host is missing; takes stratum+tcp://HOST:PORT")
        host = _ipv6(form["ipv6"], shown) if form["ipv6"] else _name(form["host"], shown)
        port = _port(form["port"], shown)
        flags, values = _options(options, shown)
        trust = [name for name in _FOR_TLS if name in flags or name in values]
        if trust and not _TLS[scheme]:
            raise InputError(f"{shown}: #{trust[0]} is for TLS, which {scheme}:// does without; use stratum+ssl://")
        if len(trust) > 1:
            raise InputError(f"{shown}: #{trust[0]} and #{trust[1]} exclude each other; give one of them")
        return cls(
            host,
            port,
            _TLS[scheme],
            "xnsub" in flags,
            "insecure" in flags,
            _file(values["ca"], shown) if "ca" in values else None,
            _pin(values["pin"], shown) if "pin" in values else None,
            Proxy.parse(values["proxy"], shown) if "proxy" in values else None,
        )

    @property
    def address(self) -> str:
        """Without its options: how people know it."""
        return f"{'stratum+ssl' if self.tls else 'stratum+tcp'}://{_bracketed(self.host)}:{self.port}"

    def __str__(self) -> str:
        """As it was given, but for the proxy's user and password."""
        options = [
            *(["xnsub"] if self.extranonce_subscribe else []),
            *(["insecure"] if self.insecure else []),
            *([f"ca={quote(self.ca, safe='/~.')}"] if self.ca is not None else []),
            *([f"pin={self.pin}"] if self.pin is not None else []),
            *([f"proxy={self.proxy}"] if self.proxy is not None else []),
        ]
        return self.address + ("#" + "&".join(options) if options else "")


def without_secrets(text: str) -> str:
    """What a user has given as a URL, right or wrong, for a message: up to its options, and without user and
    password."""
    place = text.strip().partition("#")[0]
    scheme, slashes, rest = place.partition("://") if "://" in place else ("", "", place)
    return printable(scheme + slashes + rest.rpartition("@")[2], 200)


def same_host(one: str, other: str) -> bool:
    """Whether two spellings of a host, as pools and people write them, are the same name or address."""
    return bare_host(one) == bare_host(other)


def bare_host(host: str) -> str:
    """One spelling for all: no brackets, no final dot, small letters."""
    return host.strip().strip("[]").rstrip(".").lower()


def _options(options: list[str], shown: str) -> tuple[set[str], dict[str, str]]:
    flags, values = set[str](), dict[str, str]()
    for option in options:
        name, equals, value = option.partition("=")
        if name not in _FLAGS and name not in _VALUES:
            raise InputError(f"{shown}: option #{printable(name, 40)} is unknown; {_CHOICES}")
        if name in values:
            raise InputError(f"{shown}: option #{name} is given twice")
        if name in _FLAGS:
            if equals:
                raise InputError(f"{shown}: option #{name} takes no value")
            flags.add(name)
        elif not value:
            raise InputError(f"{shown}: option #{name} needs a value; {_CHOICES}")
        else:
            values[name] = value
    return flags, values


def _file(text: str, shown: str) -> str:
    if not (file := unquote(text)).isprintable():
        raise InputError(f"{shown}: #ca takes the name of a file, of printable characters")
    return file


def _pin(text: str, shown: str) -> str:
    """With or without the colons that `openssl x509 -fingerprint` puts between the bytes."""
    digits = text.replace(":", "").lower()
    if re.fullmatch(r"[0-9a-f]{64}", digits) is None:
        raise InputError(f"{shown}: #pin takes the SHA-256 of the certificate, 64 hex digits; these are {len(digits)}")
    return digits


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


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
