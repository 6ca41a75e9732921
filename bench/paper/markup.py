"""HTML, SVG and XML written so that nothing unescaped can get in: text is escaped, only what was made here is not.

Text may come from a USB descriptor or a damaged line: what XML cannot hold is shown as the replacement character.
Left out: anything that checks whether elements may stand where they stand.
"""

from __future__ import annotations

import re
from html import escape

_VOID = ("br", "hr", "meta")  # HTML writes these without an end
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2


class Markup(str):
    """Already escaped."""

    __slots__ = ()


def text(value: str) -> Markup:
    """Escaped; a Markup stays what it is."""
    return value if isinstance(value, Markup) else Markup(escape(clean(value)))


def clean(value: str) -> str:
    """What an XML file can hold; the rest replaced, a character for each."""
    return _UNFIT.sub("\ufffd", value)


def join(*parts: str) -> Markup:
    return Markup("".join(map(text, parts)))


def element(name: str, /, *children: str, **attributes: str | float | None) -> Markup:
    """<name …>children</name>. class_ and for_ lose their underscore, stroke_width is stroke-width; None: left out."""
    written = "".join(
        f' {key.removesuffix("_").replace("_", "-")}="{text(_plain(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def _plain(value: str | float) -> str:
    """Coordinates to a hundredth of a pixel: 12, 12.5, 0.25."""
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
