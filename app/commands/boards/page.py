"""A board's passport as a page of text, at most 80 columns wide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING

from ...units import energy_text, hashes_text, rate_text
from .cells import around, clean, day, figure, marks, minute, percent, table, time_text

if TYPE_CHECKING:
    from ....hw.passport.history import Book, Metered, Overview, Span
    from ....hw.passport.results import CheckView

WIDTH = 80
_SHOWN = 10  # the newest of each kind
_CELLS = 30  # of a line of marks
_CURVE = 20  # points of it


def page(book: Book) -> Iterator[str]:
    """Without its line ends."""
    yield from _head(book)
    yield ""
    yield from _totals(book)
    for part in (_checks(book), _trend(book), _curve(book), _months(book), _faults(book), _services(book)):
        lines = [line[:WIDTH] for line in part]  # of figures beyond belief, too
        if lines:
            yield ""
            yield from lines


def overview(boards: Sequence[Overview]) -> Iterator[str]:
    """All boards, a row each."""
    rows = [("KEY", "LABEL", "BOARD", "HOURS", "FAULTS", "CHECKED")]
    for each in boards:
        checked = "-" if each.checked is None else f"{day(each.checked)} {clean(each.verdict or '', 14)}"
        label = "-" if each.label in (None, each.key) else each.label
        hours = f"{each.seconds / 3600:,.0f}"
        title = "-" if each.identity is None else clean(each.identity.title, 60)
        rows.append((each.key, label, title, hours, f"{each.n_faults:,}", checked))
    yield from table(rows, (18, 10, 14, 7, 6, 15))


def _title(book: Book) -> str:
    """Bitaxe Gamma, 1 × BM1370."""
    identity = book.identity
    if identity is None:
        return "-"
    chips = "" if identity.chip is None else f", {identity.chips} × {identity.chip}"
    return f"{clean(identity.title, 60)}{chips if identity.chip and identity.chip not in identity.title else ''}"


def _head(book: Book) -> Iterator[str]:
    names = book.key if book.label in (None, book.key) else f"{book.key}, {book.label}"
    yield f"{names}: {_title(book)}"
    if book.identity is not None and book.identity.simulated:
        yield "simulated"
    if book.first is not None and book.last is not None:
        yield f"known from {day(book.first)} to {day(book.last)}" + _came(book)
    if book.firmware:
        yield from wrap(f"firmware {clean(book.firmware[-1].version)} since {day(book.firmware[-1].at)}", WIDTH)
    if book.identity is not None and book.identity.by:
        yield from wrap(f"recognised by {clean(book.identity.by)}", WIDTH)


def _came(book: Book) -> str:
    return f"; records of another machine came {day(book.moved[-1].at)}" if book.moved else ""


def _totals(book: Book) -> Iterator[str]:
    total = book.total
    if not book.days:
        yield "has not mined yet"
        return
    how = "counted by its chips" if total.counted else "by its nonces, at least in part"
    yield f"hashed    {time_text(total.seconds)}: " + (
        "how many hashes is unknown"
        if total.hashes is None
        else f"{hashes_text(total.hashes)}, {rate_text(total.rate_hps)}, {how}"
    )
    if not total.energy:
        yield "energy    unknown: no meter told it"
    for name, metered in zip_longest(("energy",), total.energy, fillvalue=""):
        if isinstance(metered, str):
            continue
        kwh = f"{metered.joules / 3.6e6:,.1f} kWh" if metered.joules >= 3.6e5 else energy_text(metered.joules)
        where = f"{clean(metered.place, 20)}, {clean(metered.meter, 30)}"
        figure = _efficiency(metered)
        unit = "" if "J/" in figure else " J/TH"
        yield f"{name:<8}  {kwh} in {time_text(metered.seconds)}, {figure}{unit} ({where})"
    nonces = total.claims + total.errors
    yield f"errors    {percent(total.error_rate)} of {nonces:,} nonces; failed {book.n_faults:,} times"
    if total.celsius is not None:
        yield f"hottest   {total.celsius:.1f} °C"


def _checks(book: Book) -> Iterator[str]:
    if not book.checks:
        return
    widths = (10, 12, 17, 13, 6, 12)
    rows = [_check(check) for check in book.checks[: -_SHOWN - 1 : -1]]
    yield from table([("CHECKED", "VERDICT", "RATE", "J/TH", "ERRORS", "FINDINGS"), *rows], widths)
    if places := dict.fromkeys(clean(check.place, 20) for check in book.checks if check.place):
        yield f"J/TH of checks is measured at: {', '.join(places)}"
    if len(book.checks) > _SHOWN:
        yield f"and {len(book.checks) - _SHOWN} before; all of them: --json"


def _check(check: CheckView) -> tuple[str, ...]:
    rate = rate_text(check.rate_hps)
    if check.rate_hps and check.rate_low is not None and check.rate_high is not None:
        rate += f" ± {(check.rate_high - check.rate_low) / 2 / check.rate_hps:.1%}"
    j = around(check.j_per_th, check.u_j_per_th)
    findings = ", ".join(clean(finding, 60) for finding in check.findings)
    return day(check.at), clean(check.verdict, 14), rate, j, percent(check.error_rate), findings or "-"


def _curve(book: Book) -> Iterator[str]:
    """Of the newest sweep that has one."""
    sweep = next((each for each in reversed(book.sweeps) if each.curve), None)
    if sweep is None:
        return
    yield f"POWER CURVE, swept {day(sweep.at)}"
    rows = [
        (
            f"{point.mhz:g}",
            "-" if point.volts is None else f"{point.volts:g}",
            rate_text(point.rate_hps),
            "-" if point.watts is None else f"{point.watts:.1f}",
            around(point.j_per_th, point.u_j_per_th),
            percent(point.error_rate),
            ", ".join(point.marks) or "-",
        )
        for point in sweep.curve[-_CURVE:]
    ]
    yield from table([("MHZ", "V", "RATE", "WATTS", "J/TH", "ERRORS", "WHICH IS"), *rows], (7, 6, 10, 6, 15, 7, 17))
    if places := dict.fromkeys(clean(point.place, 20) for point in sweep.curve if point.place):
        yield f"J/TH of the curve is measured at: {', '.join(places)}"


def _trend(book: Book) -> Iterator[str]:
    """What of it is there twice at least, as marks from the least to the most."""
    from ....hw.passport.trend import parts

    lines: list[str] = []
    spans = parts(book.days, _CELLS)
    main = book.total.energy[0] if book.total.energy else None
    for source, series in (
        ("checks", _of_checks(book.checks[-_CELLS:])),
        ("mining", _of_spans(spans, main)),
    ):
        for name, values in series.items():
            if len([value for value in values if value is not None]) > 1:
                lines.append(_line(f"{name}, {source}", values, name))
    if lines:
        yield "TREND"
        yield from lines


def _of_checks(checks: Sequence[CheckView]) -> dict[str, list[float | None]]:
    return {
        "rate": [check.rate_hps for check in checks],
        "J/TH": [check.j_per_th for check in checks],
        "errors": [check.error_rate for check in checks],
    }


def _of_spans(spans: Sequence[Span], main: Metered | None) -> dict[str, list[float | None]]:
    return {
        "rate": [span.rate_hps for span in spans],
        "J/TH": [_j_per_th(span, main) for span in spans],
        "errors": [span.error_rate for span in spans],
    }


def _line(title: str, values: Sequence[float | None], name: str) -> str:
    known = [value for value in values if value is not None]
    texts: dict[str, Callable[[float], str]] = {"rate": rate_text, "J/TH": figure, "errors": percent}
    text = texts[name]
    first, last = known[0], known[-1]
    change = f" ({last / first - 1:+.1%})" if first > 0 and name != "errors" else ""
    return f"{title:<14}  {marks(values)}  {text(first)} → {text(last)}{change}"


def _months(book: Book) -> Iterator[str]:
    from ....hw.passport.trend import months

    if not book.days:
        return
    main = book.total.energy[0] if book.total.energy else None
    rows: list[tuple[str, ...]] = []
    for month, span in list(months(book.days).items())[::-1][:13]:
        metered = None if main is None else span.at(main.place, main.meter)
        energy = "unknown" if metered is None else energy_text(metered.joules)
        hottest = "-" if span.celsius is None else f"{span.celsius:.1f} °C"
        hours, rate = f"{span.seconds / 3600:,.1f}", rate_text(span.rate_hps)
        rows.append((month, hours, rate, energy, _efficiency(metered), percent(span.error_rate), hottest))
    widths = (7, 8, 10, 10, 12, 8, 9)
    yield from table([("MONTH", "HOURS", "RATE", "ENERGY", "J/TH", "ERRORS", "HOTTEST"), *rows], widths)


def _faults(book: Book) -> Iterator[str]:
    if book.faults:
        yield f"FAULTS, {book.n_faults:,} in all"
        rows = [
            (minute(fault.at), clean(fault.text) + (f" ({fault.times} times)" if fault.times > 1 else ""))
            for fault in book.faults[: -_SHOWN - 1 : -1]
        ]
        yield from table(rows, (16, 62))


def _services(book: Book) -> Iterator[str]:
    if book.services:
        yield "SERVICE"
        yield from table([(minute(note.at), clean(note.text)) for note in reversed(book.services)], (16, 62))


def _j_per_th(span: Span, main: Metered | None) -> float | None:
    metered = None if main is None else span.at(main.place, main.meter)
    return None if metered is None else metered.j_per_th


def _efficiency(metered: Metered | None) -> str:
    j_per_th = None if metered is None else metered.j_per_th
    return "-" if j_per_th is None else figure(j_per_th)
