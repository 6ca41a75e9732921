"""SVG pictures as the tests read them."""

from __future__ import annotations

from xml.etree.ElementTree import Element


def words(tree: Element) -> list[str]:
    return [found.text or "" for found in tree.iter("text")]


def inside(tree: Element) -> bool:
    """Whether every box, line and word lies within the picture."""
    _, _, width, height = map(float, tree.get("viewBox", "").split())
    for found in tree.iter():
        for name, most in (("x", width), ("x1", width), ("x2", width), ("y", height), ("y1", height), ("y2", height)):
            if not -1 <= float(found.get(name, 0)) <= most + 1:
                return False
    return True
