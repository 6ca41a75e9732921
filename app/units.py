"""Numbers as people read them."""

from __future__ import annotations

_PREFIXES = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")


def rate_text(rate_hps: float | None) -> str:
    """2.46 MH/s; unknown is a dash."""
    return "-" if rate_hps is None else f"{_scaled(rate_hps)}H/s"


def hashes_text(hashes: float | None) -> str:
    """1.92 ZH; unknown is a dash."""
    return "-" if hashes is None else f"{_scaled(hashes)}H"


def energy_text(joules: float | None) -> str:
    """520 MJ; unknown is a dash, never 0."""
    return "-" if joules is None else f"{_scaled(joules)}J"


def difficulty_text(difficulty: float | None) -> str:
    """0.00698, 29.6k, 35.9G."""
    if difficulty is None:
        return "-"
    return _scaled(difficulty, gap="") if difficulty >= 1000 else f"{difficulty:.3g}"


def duration_text(seconds: float) -> str:
    """0:01:23, or with days 3d 04:05:06."""
    minutes, s = divmod(int(seconds), 60)
    hours, m = divmod(minutes, 60)
    days, h = divmod(hours, 24)
    return f"{days}d {h:02}:{m:02}:{s:02}" if days else f"{h}:{m:02}:{s:02}"


def span_text(seconds: float | None) -> str:
    """Roughly how long: 0.8 ms, 12 s, 3.4 min, 5.2 h, 12 d, 3.1e+04 y."""
    if seconds is None:
        return "-"
    for least, unit, length in (
        (31_557_600, "y", 31_557_600),
        (172_800, "d", 86_400),
        (7200, "h", 3600),
        (120, "min", 60),
    ):
        if seconds >= least:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def pool_text(name: str) -> str:
    """What tells pools apart: of a URL not what almost all begin with."""
    return name.removeprefix("stratum+tcp://").removeprefix("stratum+")


def _scaled(value: float, gap: str = " ") -> str:
    prefix = 0
    while value >= 999.5 and prefix < len(_PREFIXES) - 1:
        value /= 1000
        prefix += 1
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f}{gap}{_PREFIXES[prefix]}"
