"""Steps that are judged by what came in the window: rate, units, what was false, repeated, broken or miscounted.

Those that have a sequential test take its decision; until then they are inconclusive. Each takes the evidence; None:
there was no window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...hw.boards.row import Row
from ...hw.patterns.search import spots
from ..decide.intervals import anytime, over_counter, wilson
from ..decide.sprt import ProportionTest, RateTest
from ..decide.units import ALPHA
from ..window import Counts
from . import units
from .evidence import Evidence
from .judged import Judged, absent, between
from .result import Verdict
from .units import Unit

_LEVEL = 1 - ALPHA
_NAMED = 6
_COUNTER_NONCES = 200


def patterns(e: Evidence) -> Judged | None:
    """Each core finds the nonce that it is known to have. Of cores without one it says how many they are, no more."""
    every = [spot for spot in spots(e.row) if not units.is_runt(e.row, spot[1])]
    bound = "each core finds its own"
    if e.patterns is None:
        return Judged(None, None, "", bound, "inconclusive") if e.no_patterns else None
    if not e.patterns:
        return Judged(None, e.no_patterns or "no patterns", "", bound, "inconclusive")
    whole = [each for each in e.patterns if not units.is_runt(e.row, each.spot[1])]
    if not whole:
        return Judged(None, "no patterns but of cores too small to be judged", "", bound, "inconclusive")
    if len(whole) < len(every):
        bound = f"{len(whole)} of {len(every)} {_told(e.row)}s have a pattern"
    found = sum(each.state == "found" for each in whole)
    return Judged(len(whole), found, "patterns", bound, "pass" if found == len(whole) else "fail")


def _told(row: Row) -> str:
    """What patterns tell apart."""
    if row.chip is None:
        return "unit"
    return "core" if row.chip.core_bits else "chip"


def rate(e: Evidence) -> Judged | None:
    if e.rate is None:
        return None
    decision: Verdict = e.rate.decision or "inconclusive"
    found = anytime(e.counts.valid, e.counts.expected) if e.counts is not None and e.counts.expected > 0 else None
    return Judged("100 %", between(found), "of the nominal rate", e.rate.bound, decision)


def chips(e: Evidence) -> Judged | None:
    if e.chips == 1:
        return absent("it has one chip")
    return _of_units(e, units.chips, "chips", "which of its chips a nonce came from is not told")


def domains(e: Evidence) -> Judged | None:
    chip = e.row.chip
    if e.row.domains == 1 and (chip is None or not chip.counters.domains):
        return absent("it has no domains")
    return _of_units(e, units.domains, "domains", "which of its chips a nonce came from is not told")


def cores(e: Evidence) -> Judged | None:
    if e.row.chip is None or not e.row.chip.core_bits:
        return absent("which core a nonce came from is not told")
    return _of_units(e, units.cores, "cores", "which core a nonce came from is not told")


def errors(e: Evidence) -> Judged | None:
    if e.counts is None or e.errors is None:
        return None
    c = e.counts
    split = f"{c.false} false, {c.wrong_job} of a wrong job, {c.of_no_job} of none"
    told = f"{between(wilson(c.errors, c.nonces), 2)}: {split}"
    return Judged("0 %", told, "of the nonces", e.errors.bound, e.errors.decision or "inconclusive")


def repeats(e: Evidence) -> Judged | None:
    if e.counts is None or e.repeats is None:
        return None
    c = e.counts
    return _proportion(e.repeats, c.duplicate, c.nonces + c.duplicate, "of the nonces")


def line(e: Evidence) -> Judged | None:
    """Broken frames, by their bytes."""
    if e.row.chip is None:
        return absent("its answers bear no check")
    if e.broken is None:
        return None
    return _proportion(e.broken, *e.frames, "of the frames")


def counter(e: Evidence) -> Judged | None:
    """The chips' own counters against their nonces."""
    if e.row.chip is None or e.row.chip.counters.total is None:
        return absent("it has no counters whose unit is settled")
    if e.counts is None:
        return None
    c, within = e.counts, e.limits.counter_within
    bound = f"within {100 * within:g} %"
    if c.counted_hashes is None or c.valid < _COUNTER_NONCES:
        return Judged("100 %", None, "of the counted hashes", bound, "inconclusive")
    quantum = float(e.row.chip.count_hashes * e.chips)
    found = over_counter(c.valid, c.hashes_each, c.counted_hashes, quantum, _LEVEL)
    if found is None:
        return Judged("100 %", "it counted nothing", "of the counted hashes", bound, "fail")
    wrong = found.high < 1 - within or found.low > 1 + within
    return Judged("100 %", between(found), "of the counted hashes", bound, "fail" if wrong else "pass")


def soak(e: Evidence) -> Judged | None:
    """The same again for as long as was asked, small cores included, as far as enough was due of each. It is judged
    once, at its end; one that was cut short has decided nothing, unless something is wrong already."""
    if not e.soak_s:
        return absent("not asked for: --soak 1h")
    if e.soak is None:
        return None
    c, limits = e.soak, e.limits
    bad, small = soaked(e), units.small_cores(e.row, c)
    rate = RateTest(good=limits.rate_good, bad=limits.rate_bad)
    wrong = ProportionTest(good=limits.errors_good, bad=limits.errors_bad)
    decisions = {rate.see(c.valid, c.expected), wrong.see(c.errors, c.nonces)}
    part = anytime(c.valid, c.expected) if c.expected > 0 else None
    told = f"{between(part)}, errors {between(wilson(c.errors, c.nonces), 2)}" + (f", {_named(bad)}" if bad else "")
    short = e.soak_for_s < e.soak_s - 1
    if short:
        told += f", ended after {e.soak_for_s:.0f} s of {e.soak_s:.0f}"
    few = small and not units.is_due(small)
    silent = f"no core silent; {small[0].expected:.1f} nonces due of a small core" if few else "no small core silent"
    bound = f"rate {rate.bound}; errors {wrong.bound}; {silent if small else 'no chip silent'}"
    verdict: Verdict = "inconclusive" if short or None in decisions else "pass"
    return Judged("100 %", told, "of the nominal rate", bound, "fail" if bad or "fail" in decisions else verdict)


def soaked(e: Evidence) -> list[Unit]:
    """What the soak has found dead or weak: the larger for what lies in it."""
    if e.soak is None:
        return []
    found = list[Unit]()
    for of in (units.chips, units.cores, units.small_cores):
        bad = _bad(e.row, e.soak, e.limits.unit_least, (of,))
        found += [unit for unit in bad if not any(larger.contains(unit) for larger in found)]
    return found


def _of_units(e: Evidence, of: Callable[[Row, Counts], list[Unit]], word: str, unknown: str) -> Judged | None:
    if e.counts is None:
        return None
    if not (found := of(e.row, e.counts)):
        return absent(unknown)
    bound = (
        f"none silent or below {100 * e.limits.unit_least:g} % of the others, {100 * ALPHA:g} % over all {len(found)}"
    )
    bad = _bad(e.row, e.counts, e.limits.unit_least, (of,))
    if bad:
        return Judged(len(found), f"{len(found) - len(bad)}: not {_named(bad)}", word, bound, "fail")
    if not units.is_due(found):
        least = min(u.expected for u in found if not u.runt)
        return Judged(len(found), f"judged 0: {least:.1f} nonces due of each", word, bound, "inconclusive")
    return Judged(len(found), len(found), word, bound, "pass")


def _bad(row: Row, counts: Counts, least: float, kinds: Sequence[Callable[[Row, Counts], list[Unit]]]) -> list[Unit]:
    bad: list[Unit] = []
    for of in kinds:
        found = of(row, counts)
        bad += [*units.dead(found), *units.weak(found, least)] if found else []
    return bad


def _proportion(test: ProportionTest, k: int, n: int, unit: str) -> Judged:
    told = f"{between(wilson(k, n), 2)}: {k} of {n}"
    return Judged("0 %", told, unit, test.bound, test.decision or "inconclusive")


def _named(found: list[Unit]) -> str:
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return "; ".join(u.where for u in found[:_NAMED]) + more
