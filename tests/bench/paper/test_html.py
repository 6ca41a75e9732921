from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from joulehash.bench.check.result import CheckResult, Finding
from joulehash.bench.paper.html import html
from tests.support.browser import browser
from tests.support.checked import chain_result, failed_result, sound_result

RESULTS = [sound_result(), failed_result(), chain_result()]
EVIL = "</style></title><script>document.title = 'bad'</script><img src=http://example.invalid/x onerror=alert(1)>"


class Elements(HTMLParser):
    """The elements and attributes of a page, and that every one that is opened is closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def hostile() -> CheckResult:
    """Whatever a board or a user can name is an attack."""
    result = failed_result()
    return msgspec.structs.replace(
        result,
        board=EVIL,
        title=EVIL,
        key=EVIL,
        identity={EVIL: EVIL},
        limits={EVIL: EVIL},
        findings=[Finding(EVIL, EVIL, EVIL, EVIL)],
        steps=[msgspec.structs.replace(result.steps[0], name=EVIL, measured=EVIL, expected=EVIL, bound=EVIL)],
    )


@pytest.mark.parametrize("result", [*RESULTS, hostile()], ids=["sound", "failed", "chain", "hostile"])
def test_nothing_comes_from_elsewhere_and_nothing_runs(result: CheckResult) -> None:
    page = Elements(html([result]))
    assert page.tags.isdisjoint(("script", "link", "img", "iframe", "object", "embed", "form", "base", "image", "use"))
    assert [name for name, _ in page.attributes if name.startswith("on") or name in ("href", "src", "xlink:href")] == []
    assert not re.search(r"url\(|@import", html([sound_result()]))


def test_what_a_person_looks_for_is_there() -> None:
    words = Elements(html([failed_result()])).words
    for said in ("✗ FAIL", "simulated, no hardware", "dead: chip 0, core 17", "17.92 ± 0.74 J/TH", "inconclusive"):
        assert said in words
    for step in failed_result().steps:
        assert step.name in words


def test_a_board_without_figures_has_a_page_too() -> None:
    bare = CheckResult(
        board="icarus",
        title="Icarus",
        began="2026-11-22T10:12:33Z",
        seconds=1.0,
        verdict="inconclusive",
        steps=[],
        findings=[],
    )
    page = Elements(html([bare]))
    assert "? INCONCLUSIVE" in page.words
    assert "unknown: no meter" in page.words
    assert "svg" not in page.tags


def test_a_long_soak_stays_a_small_page() -> None:
    result = sound_result()
    long = msgspec.structs.replace(
        result, moments=[msgspec.structs.replace(result.moments[i % 58], at_s=float(i)) for i in range(36000)]
    )
    assert len(html([long])) < 200_000


def test_a_browser_shows_it_and_has_nothing_to_complain_of(tmp_path: Path) -> None:
    """The browser keeps every picture and word, blocks nothing, and paints something."""
    chrome, page = browser(tmp_path), tmp_path / "report.html"
    page.write_text(html([*RESULTS, hostile()]), encoding="utf-8")
    dom, console = chrome.dom(page)
    assert console == ""
    assert dom.count("<svg") == 3 * 4
    assert "<title>joulehash check: " in dom
    assert "alert(1)" in dom  # as words
    assert "<script" not in dom
    picture = tmp_path / "report.png"
    chrome.picture(page, picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert len(picture.read_bytes()) > 50_000  # an empty page of that size has a tenth of it
