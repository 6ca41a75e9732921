from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.bench.paper.markup import Markup, clean, element, join, text

ANYTHING = st.text(st.characters(), max_size=60)  # control characters and lone surrogates too


@given(ANYTHING, ANYTHING)
def test_whatever_is_said_stays_text(said: str, attribute: str) -> None:
    """XML takes it, gives back the same words, and no element or attribute more."""
    tree = ElementTree.fromstring(element("p", said, title=attribute))
    assert len(tree) == 0
    assert (tree.text or "") == clean(said).replace("\r\n", "\n").replace("\r", "\n")
    assert set(tree.attrib) == {"title"}
    tree_of_bytes = ElementTree.fromstring(element("p", said).encode())
    assert tree_of_bytes.text == tree.text


def test_only_what_was_made_here_is_not_escaped() -> None:
    inner = element("b", "<i>")
    assert inner == "<b>&lt;i&gt;</b>"
    assert element("p", inner, "&") == "<p><b>&lt;i&gt;</b>&amp;</p>"
    assert join("<", Markup("<")) == "&lt;<"
    assert text("\x00\ud800") == "\ufffd\ufffd"


@pytest.mark.parametrize(
    ("value", "written"), [(1.0, "1"), (0.25, "0.25"), (12.3456, "12.35"), (-0.5, "-0.5"), (100.0, "100"), (3, "3")]
)
def test_coordinates_are_short(value: float, written: str) -> None:
    assert element("g", x=value) == f'<g x="{written}"></g>'


def test_attributes_and_elements_as_html_names_them() -> None:
    assert element("div", class_="a", stroke_width=2, id=None) == '<div class="a" stroke-width="2"></div>'
    assert element("meta", charset="utf-8") == '<meta charset="utf-8">'
