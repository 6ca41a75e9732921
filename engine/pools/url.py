"""Pool URLs as miners write them: [stratum+tcp:// | stratum+ssl:// | …]HOST:PORT."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from ..errors import InputError

_TLS = {
    "stratum+tcp": False,
    "stratum": False,
    "tcp": False,
    "stratum+ssl": True,
    "stratum+tls": True,
    "ssl": True,
    "tls": True,
}
_OPTIONS = {"xnsub", "insecure"}


@dataclass(frozen=True, slots=True)
class PoolURL:
    host: str
    port: int
    tls: bool = False
    extranonce_subscribe: bool = False  # …#xnsub
    insecure: bool = False  # …#insecure: TLS without looking at the certificate

    @classmethod
    def parse(cls, text: str) -> PoolURL:
        """Raises InputError that names what is wrong with it."""
        url = text if "://" in text else f"stratum+tcp://{text}"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise InputError(f"pool {text!r}: takes stratum+tcp://HOST:PORT with a port of 1 to 65535") from None
        if parts.scheme not in _TLS:
            raise InputError(f"pool {text!r}: scheme {parts.scheme}:// is unknown; choose from {', '.join(_TLS)}")
        if parts.username is not None:
            raise InputError(f"pool {parts.hostname}: give the user name with -u and the password with -p")
        if not parts.hostname or any(c.isspace() for c in parts.netloc):
            raise InputError(f"pool {text!r}: the host is missing; takes stratum+tcp://HOST:PORT")
        if not port:
            raise InputError(f"pool {text!r}: the port is missing; takes stratum+tcp://HOST:PORT, often 3333")
        if parts.path.strip("/"):
            raise InputError(f"pool {text!r}: {parts.path} means nothing; takes stratum+tcp://HOST:PORT")
        options = set(parse_qs(parts.fragment, keep_blank_values=True))
        if unknown := options - _OPTIONS:
            raise InputError(f"pool {text!r}: option #{min(unknown)} is unknown; choose from #xnsub, #insecure")
        return cls(parts.hostname, port, _TLS[parts.scheme], "xnsub" in options, "insecure" in options)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'stratum+ssl' if self.tls else 'stratum+tcp'}://{host}:{self.port}"
