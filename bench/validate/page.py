"""The page of the study, docs/bench.md: Markdown, from whatever trials there are. Every figure stands with its runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..decide.intervals import Interval
from .kinds import KINDS, SOUND, Cell, can_have, cell_of, family
from .signs import Sign, sign
from .study import Aim
from .tally import Seen, at_most, by_fault, misses, outcome, quantile, row_of, unseen
from .trial import PLAN, STEP_S, Trial

_MOST_TOLD = 60  # runs that did not go as they should, one by one
_CLAIMED = 300  # sound runs without a false fail, for 1 %


@dataclass(frozen=True, slots=True)
class Made:
    """How the page came about."""

    command: str
    date: str
    version: str
    code: str  # digest of what ran
    given: Sequence[str]  # limits
    aim: Aim
    cells: Sequence[Cell]


def page(trials: Sequence[Trial], made: Made, picture: Path | None = None) -> str:
    """`picture`: of the detection matrix, relative to where the page will be."""
    return "\n".join(_lines(trials, made, picture)) + "\n"


def _lines(trials: Sequence[Trial], made: Made, picture: Path | None) -> Iterator[str]:
    yield from _head(trials, made)
    yield from _sound([trial for trial in trials if trial.label == SOUND], made)
    yield from _faults(trials, made)
    yield from _families(trials, made, picture)
    yield from _cannot(trials, made)
    yield from _amiss(trials)


def _head(trials: Sequence[Trial], made: Made) -> Iterator[str]:
    done = Counter((trial.board, trial.label) for trial in trials)
    lacking = sum(done[cell.board, cell.label] < made.aim.of(cell) for cell in made.cells)
    cpu_s = sum(trial.cpu_s for trial in trials)
    yield from ("# Is the validator right?", "")
    yield f"Written by `{made.command}` on {made.date}; do not edit. `joulehash check` was run on virtual time against"
    yield "simulated boards of every family of chips, sound ones and each with one fault at its cause, of which the"
    yield "check is told nothing. It says how often the verdict was right, how often the fault had its own name at its"
    yield "own place, and how long that took. No hardware was checked: what a simulator does not model, nobody saw."
    yield ""
    yield f"* joulehash {made.version}; digest of all that decides (check, drivers, simulators): {made.code}"
    yield f"* {len(trials)} runs, {cpu_s / 3600:.2f} h of processor time; " + (
        f"**not complete**: {lacking} of {len(made.cells)} cells have fewer runs than their aim,"
        if lacking
        else "complete:"
    )
    yield f"  which is {made.aim.sound} of a sound board and {made.aim.faulty} of each fault on each board"
    first = made.aim.first
    last = max((trial.seed for trial in trials), default=first)
    yield f"* seeds: {first} to {last}; each decides the silicon (speed and"
    yield "  leakage of each chip), the work, and what is drawn of the fault: chip, core, moment, strength"
    if first > 1:
        yield f"* what went wrong with seeds below {first} was mended before: these were not looked at until now"
    yield f"* each run decides as `joulehash check sim:BOARD` does: {PLAN.least_s:g} s of hashing at least,"
    yield f"  {PLAN.most_s:g} s at most; a simulator speaks every {1000 * STEP_S:g} ms"
    if made.given:
        yield f"* limits other than the boards' own: {', '.join(made.given)}"
    yield from ("", "`make validate` goes on with what is there, for as long as it is let. One run again, to the bit:")
    yield from ("", "    python -m joulehash.app.validate --once BOARD --fault NAME --seed N")


def _sound(trials: Sequence[Trial], made: Made) -> Iterator[str]:
    yield from ("", "## Sound boards", "")
    if not trials:
        yield "None was checked yet."
        return
    yield from _table(
        ("board", "chips", "runs", "pass", "false fails", "inconclusive", "check takes, s: p50, p95", "of a core, s"),
        (_sound_row(board, [trial for trial in trials if trial.board == board]) for board in _boards(made.cells)),
    )
    n = len(trials)
    wrong = sum(trial.verdict in ("fail", None) for trial in trials)
    opened = sum(trial.verdict == "inconclusive" for trial in trials)
    yield ""
    yield f"**{wrong} false fails in {n} runs: at most {at_most(wrong, n):.2%} of sound boards are failed** (upper"
    yield "one-sided 95 % bound, Clopper and Pearson; of none 3/n, the rule of three)" + (
        "." if n >= _CLAIMED or wrong else f"; {_CLAIMED} runs without one are needed to say at most 1 %."
    )
    yield f"Inconclusive, counted apart: {opened} of {n}, {_percents(misses(opened, n))}."


def _sound_row(board: str, trials: Sequence[Trial]) -> Iterator[str]:
    row = cell_of(board, SOUND).row
    verdicts = Counter(trial.verdict for trial in trials)
    yield f"`{board}`"
    yield f"{row.chips} × {family(row)}"
    yield f"{len(trials)}"
    yield f"{verdicts['pass']}"
    yield f"{verdicts['fail'] + verdicts[None]}"
    yield f"{verdicts['inconclusive']}"
    yield _times([trial.seconds for trial in trials])
    yield f"{quantile([trial.cpu_s for trial in trials], 0.5):.1f}" if trials else "–"


def _faults(trials: Sequence[Trial], made: Made) -> Iterator[str]:
    yield from ("", "## Faults", "")
    yield "On all boards that can show them. *Named*: the verdict is fail, a step of the fault's own failed, and the"
    yield "finding has its code and its place; *with more*: other findings beside it; *otherwise*: failed, by another"
    yield "name or at another place. *Not failed* is what slips through, with its 95 % interval (Clopper and Pearson)."
    yield "Times are virtual seconds, p50 and p95: from the start of the check to the verdict of the step, and from"
    yield "the moment before which nothing of that step was looked at."
    yield ""
    found = by_fault(trials)
    if not found:
        yield "None was tried yet."
        return
    yield from _table(
        (
            "fault",
            "own step that failed first",
            "runs",
            "named",
            "with more",
            "otherwise",
            "inconclusive",
            "passed",
            "not failed",
            "found after, s",
            "since its step began, s",
        ),
        (_fault_row(label, seen) for label, seen in found.items()),
    )
    yield ""
    yield "What lies between good and bad is not a miss, and stands as it came: a clock at 85 % is in the middle of the"
    yield "zone where either verdict may come (pass from 90 %, fail to 80 % of the nominal rate), and of a core of"
    yield "which half is open a check without soak sees too few nonces; its known nonce lies in the open half, or not."


def _fault_row(label: str, seen: Seen) -> Iterator[str]:
    yield label
    yield ", ".join(f"{step} ({n})" for step, n in seen.steps.most_common()) or "–"
    yield f"{seen.runs}"
    for each in ("named", "more", "other", "undecided", "missed"):
        yield f"{seen.outcomes[each]}" + (
            f", broke {seen.outcomes['broke']}" * (each == "missed" and "broke" in seen.outcomes)
        )
    yield f"{seen.missed}: {_percents(misses(seen.missed, seen.runs))}"
    yield _times(seen.at_s)
    yield _times(seen.after_s)


def _families(trials: Sequence[Trial], made: Made, picture: Path | None) -> Iterator[str]:
    yield from ("", "## Named rightly, by family", "")
    yield "And nothing else beside it. Of so many runs of the family's boards; –: none of them can show it, see below;"
    yield "0 of 0: not run yet."
    yield ""
    if picture is not None:
        yield from (f"![How often each fault was named rightly, by family of chips]({picture.as_posix()})", "")
    names = list(dict.fromkeys(cell.family for cell in made.cells))
    found = matrix(trials, made.cells)
    yield from _table(
        ("fault", *names),
        ((label, *(_of(found.get((label, name))) for name in names)) for label in _labels(made.cells)),
    )


def matrix(trials: Iterable[Trial], every: Sequence[Cell]) -> dict[tuple[str, str], Seen]:
    """By label and family; only what at least one board of the family can show."""
    found: dict[tuple[str, str], Seen] = {}
    for cell in every:
        if cell.kind is not None and isinstance(sign(cell.row, cell.fault(1)), Sign):
            found.setdefault((cell.label, cell.family), Seen())
    for trial in trials:
        row = row_of(trial)
        if trial.label != SOUND and isinstance(sign(row, trial.fault), Sign):
            found.setdefault((trial.label, family(row)), Seen()).add(row, trial)
    return found


def _of(seen: Seen | None) -> str:
    return "–" if seen is None else f"{seen.named} of {seen.runs}"


def _cannot(trials: Sequence[Trial], made: Made) -> Iterator[str]:
    """From the tables of boards and simulators, and what came of it where it was run all the same."""
    yield from ("", "## What cannot be seen", "")
    yield "Where a board can have the fault and cannot show it, it was checked with it: it ought to pass."
    yield ""
    ran = {(trial.board, trial.label): list[Trial]() for trial in unseen(trials)}
    for trial in unseen(trials):
        ran[trial.board, trial.label].append(trial)
    yield from _table(("fault", "board", "why", "runs", "pass"), _unseen_rows(made, ran))


def _unseen_rows(made: Made, ran: dict[tuple[str, str], list[Trial]]) -> Iterator[tuple[str, ...]]:
    for kind in KINDS:
        if kind.label not in _labels(made.cells):
            continue
        for board in _boards(made.cells):
            cell = Cell(board, kind)
            if not can_have(board, kind):
                yield kind.label, f"`{board}`", "cannot be seen: the board has nothing that it could break", "–", "–"
            elif isinstance(why := sign(cell.row, cell.fault(1)), str):
                trials = ran.get((board, kind.label), [])
                passed = sum(trial.verdict == "pass" for trial in trials)
                yield kind.label, f"`{board}`", f"cannot be seen: {why}", f"{len(trials)}", f"{passed}"


def _amiss(trials: Sequence[Trial]) -> Iterator[str]:
    """One by one, so that each can be looked at. First what is rare: it surprises, and is not what may come anyway."""
    told = [(trial, why) for trial in trials if (why := _why_amiss(trial))]
    often = Counter(trial.label for trial, _ in told)
    told.sort(key=lambda one: often[one[0].label])
    yield from ("", "## What did not go as it should", "")
    if not told:
        yield "Nothing."
        return
    yield from _table(
        ("board", "fault", "seed", "what came"),
        ((f"`{trial.board}`", _fault_of(trial), f"{trial.seed}", why) for trial, why in told[:_MOST_TOLD]),
    )
    if len(told) > _MOST_TOLD:
        yield from ("", f"And {len(told) - _MOST_TOLD} more, in the file of the runs.")


def _fault_of(trial: Trial) -> str:
    return f"{trial.label} (`{trial.fault}`)" if trial.fault else SOUND


def _why_amiss(trial: Trial) -> str:
    row = row_of(trial)
    if trial.label == SOUND or isinstance(sign(row, trial.fault), str):
        fine = trial.verdict == "pass"
    else:
        fine = outcome(row, trial) == "named"
    if fine:
        return ""
    if trial.verdict is None:
        return f"the check broke: {trial.error.strip().splitlines()[-1]}"
    steps = ", ".join(failure.step for failure in trial.failed) or ", ".join(trial.undecided)
    places = [f"{code} ({where})" if where else code for code, where in trial.findings]
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""
    return f"{trial.verdict}" + (f" by {steps}" if steps else "") + f": {', '.join(places[:3]) or 'no finding'}{more}"


# Words


def _boards(every: Iterable[Cell]) -> list[str]:
    return list(dict.fromkeys(cell.board for cell in every))


def _labels(every: Iterable[Cell]) -> list[str]:
    have = {cell.label for cell in every}
    return [kind.label for kind in KINDS if kind.label in have]


def _percents(found: Interval) -> str:
    return f"{found.value:.1%} ({found.low:.1%} to {found.high:.1%})"


def _times(values: Sequence[float]) -> str:
    return f"{quantile(values, 0.5):.1f}, {quantile(values, 0.95):.1f}" if values else "–"


def _table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(row)} |"
