"""The page that reports are written on: nothing is loaded from elsewhere, there is no script, and it prints well.

A content security policy in the page says so to the browser too. All text is escaped by markup.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .colours import BLUE, FAINT, INK, PAPER, RULE, SHADE
from .markup import Markup, element, join

_STYLE = f"""
:root {{ color-scheme: light; }}
body {{ margin: 0 auto; max-width: 60rem; padding: 1.5rem; color: {INK}; background: {PAPER};
       font: 15px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }}
h1 {{ font-size: 1.5rem; margin: 0; }}
h2 {{ font-size: 1.05rem; margin: 1.8rem 0 .5rem; }}
p {{ margin: .3rem 0; }}
.faint {{ color: {FAINT}; }}
.banner {{ display: flex; align-items: center; gap: 1.2rem; padding: 1rem 1.2rem; border-radius: .5rem;
          background: {SHADE}; border-left: .6rem solid; }}
.verdict {{ font-size: 1.5rem; font-weight: 700; white-space: nowrap; }}
.finding {{ border-left: .25rem solid {BLUE}; padding: .1rem .9rem; margin: .7rem 0; }}
.facts {{ display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: 0; }}
.facts dt {{ color: {FAINT}; }} .facts dd {{ margin: 0; overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; width: 100%; font-size: .93rem; }}
th, td {{ text-align: left; padding: .28rem .7rem .28rem 0; border-bottom: 1px solid {RULE}; vertical-align: top;
         overflow-wrap: break-word; }}
th {{ color: {FAINT}; font-weight: 600; }}
td.right, th.right {{ text-align: right; white-space: nowrap; }}
td.name {{ min-width: 7.5rem; }}
td.verdict-cell {{ white-space: nowrap; font-weight: 600; }}
.wide {{ overflow-x: auto; }}
.wide > svg {{ display: block; min-width: 36rem; height: auto; }}
svg text {{ font-family: inherit; }}
section + section {{ margin-top: 3.5rem; padding-top: 2.5rem; border-top: 3px solid {RULE}; }}
@media print {{ .wide {{ overflow: visible; }} body {{ padding: 0; font-size: 12px; }}
               h2, .finding, .wide > svg, tr {{ break-inside: avoid; }} }}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def document(title: str, sections: Iterable[Iterable[Markup]]) -> str:
    """All of it: a section for each board, one below the other."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(_STYLE)),
    )
    body = element("body", *(element("section", *section) for section in sections))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def heading(said: str) -> Markup:
    return element("h2", said)


def wide(what: Markup) -> Markup:
    """A picture or table, which moves sideways by itself on a narrow screen."""
    return element("div", what, class_="wide")


def pairs(rows: Sequence[tuple[str, str]]) -> Markup:
    """Names beside what they are."""
    return element("dl", *(join(element("dt", name), element("dd", said)) for name, said in rows), class_="facts")
