from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulehash.engine.errors import InputError
from joulehash.hw.passport.exchange import LINE_LIMIT, Imported, lines_of
from joulehash.hw.passport.records import AnyRecord, Labelled, Service
from joulehash.hw.passport.store import Passport
from tests.support.passports import GAMMA, START, a_life, fill, records, use

KEY = "osmu:1a2b3c4d"
NOTE = Service(START, "fan replaced")


def export(path: Path, key: str = KEY) -> list[bytes]:
    async def work(passport: Passport) -> list[bytes]:
        lines: list[bytes] = []
        await passport.export_to(key, lines.append)
        return lines

    return use(path, work)


def take(path: Path, lines: list[bytes], label: str | None = None) -> Imported:
    return use(path, lambda passport: passport.import_from(lines, "FILE", label))


def values(path: Path, key: str = KEY) -> set[bytes]:
    """Its records, those of moving apart."""
    return {line for line in export(path, key)[1:-1] if b'"kind":"moved"' not in line}


@pytest.fixture
def lines(tmp_path: Path) -> list[bytes]:
    fill(tmp_path / "from", KEY, [GAMMA, Labelled(START, "shelf-3"), NOTE])
    return export(tmp_path / "from")


@given(st.lists(records().filter(lambda record: not isinstance(record, Labelled)), max_size=8))
@settings(max_examples=40)
def test_what_is_exported_is_imported_once(life: list[AnyRecord]) -> None:
    with TemporaryDirectory() as folder:
        one, other = Path(folder) / "one", Path(folder) / "other"
        new = fill(one, KEY, life)
        exported = export(one)
        assert take(other, exported) == Imported(KEY, new, 0)
        assert take(other, exported) == Imported(KEY, 0, new)
        assert values(other) == values(one)
        assert use(other, lambda p: p.book(KEY)).total == use(one, lambda p: p.book(KEY)).total


@given(st.lists(st.tuples(records(), st.booleans(), st.booleans()), max_size=8))
@settings(max_examples=25)
def test_two_halves_of_a_life_become_one_whichever_comes_first(parts: list[tuple[AnyRecord, bool, bool]]) -> None:
    parts = [part for part in parts if not isinstance(part[0], Labelled)]
    with TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("one", "other", "left", "right")]
        fill(paths[0], KEY, [record for record, here, _ in parts if here])
        fill(paths[1], KEY, [record for record, _, there in parts if there])
        for target, order in ((paths[2], paths[:2]), (paths[3], paths[1::-1])):
            for source in order:
                take(target, export(source))
        assert values(paths[2]) == values(paths[3]) == values(paths[0]) | values(paths[1])


def test_a_life_moves_with_its_label(tmp_path: Path) -> None:
    fill(tmp_path / "from", KEY, a_life(30))
    exported = export(tmp_path / "from")
    assert take(tmp_path / "to", exported).added == len(exported) - 2
    before, after = (use(tmp_path / name, lambda p: p.book(KEY)) for name in ("from", "to"))
    assert (after.label, after.identity, after.days, after.checks) == ("shelf-3", GAMMA, before.days, before.checks)
    assert [moved.records for moved in after.moved] == [len(exported) - 2]


def test_a_label_is_no_proof_that_it_is_the_same_board(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    fill(one, "rig-1", [GAMMA, NOTE])
    fill(other, "rig-1", [Service(START, "another board")])
    with pytest.raises(InputError, match="FILE: there is another rig-1 here, and no record that both have; --as rig-1"):
        take(other, export(one, "rig-1"))
    assert len(values(other, "rig-1")) == 1
    assert take(other, export(one, "rig-1"), "rig-2").key == "rig-2"
    assert take(other, export(one, "rig-1"), "rig-1").added == 2
    assert take(other, export(one, "rig-1")).known == 2, "they have records in common now"


def test_a_label_that_is_anothers_here_is_refused(tmp_path: Path, lines: list[bytes]) -> None:
    fill(tmp_path / "to", "osmu:5e6f7788", [Labelled(START, "shelf-3")])
    with pytest.raises(InputError, match="its label 'shelf-3' is that of osmu:5e6f7788 here; --as NAME"):
        take(tmp_path / "to", lines)
    assert take(tmp_path / "to", lines, "shelf-9").key == KEY
    assert use(tmp_path / "to", lambda p: p.book(KEY)).label == "shelf-9"
    fill(tmp_path / "too", "shelf-3", [GAMMA])
    with pytest.raises(InputError, match="is that of shelf-3 here"):
        take(tmp_path / "too", lines)


def test_a_simulated_board_stays_one(tmp_path: Path) -> None:
    fill(tmp_path / "one", "sim:demo", [NOTE])
    assert take(tmp_path / "to", export(tmp_path / "one", "sim:demo"), "real").key == "sim:real"


Edit = Callable[[list[bytes]], list[bytes]]


def change(number: int, edit: Callable[[bytes], bytes]) -> Edit:
    return lambda lines: [edit(line) if at == number else line for at, line in enumerate(lines)]


WRONG: list[tuple[Edit, str]] = [
    (lambda lines: [], "line 1: the file is cut off"),
    (lambda lines: lines[:-1], "line 5: the file is cut off; export it again"),
    (lambda lines: [*lines[:-1], lines[-1][:5]], "line 5: is not a record"),
    (lambda lines: [*lines[:2], *lines[3:]], "line 4: 3 records were exported, and 2 are here"),
    (lambda lines: [*lines, *lines], "line 5: something follows its end"),
    (change(0, lambda line: b"PK\x03\x04 zip"), "line 1: is not the head of a passport"),
    (change(0, lambda line: line.replace(b"passport/1", b"passport/2")), "takes joulehash.passport/1"),
    (change(0, lambda line: line.replace(b"osmu:1a2b3c4d", b"../../etc")), "'../../etc' is no key"),
    (change(0, lambda line: line.replace(b"osmu:1a2b3c4d", b"\\u001b[2J")), "is no key"),
    (change(3, lambda line: line.replace(b"fan", b"can")), "line 4: its id does not fit it"),
    (change(3, lambda line: line.replace(b"service", b"present")), "line 4: Invalid value 'present'"),
    (change(3, lambda line: line.replace(b'"text"', b'"more":0,"text"')), "unknown field `more`.*newer joulehash"),
    (change(3, lambda line: b'{"id": "x", "record": ' + b"[" * 10**5), "line 4: is not a record"),
    (change(3, lambda line: b'{"id": "x", "record": {"a":' * 10**5), "line 4: is not a record"),
    (change(3, lambda line: line[:20] + b"\xff" + line[20:]), "line 4: is not a record"),
    (change(4, lambda line: b'{"end": 1e99}'), "line 5: is not the end"),
    (change(4, lambda line: b'{"end": 3, "more": {}}'), "line 5: is not the end"),
    (change(1, lambda line: b'{"id": "%s"}' % (b"x" * LINE_LIMIT)), "line 2: is longer than"),
]


@pytest.mark.parametrize(("edit", "why"), WRONG)
def test_what_is_wrong_is_said_and_nothing_is_taken(edit: Edit, why: str, tmp_path: Path, lines: list[bytes]) -> None:
    fill(tmp_path / "to", "hb-1", [NOTE])
    with pytest.raises(InputError, match=why) as raised:
        take(tmp_path / "to", edit(lines))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300
    assert [board.key for board in use(tmp_path / "to", lambda p: p.boards())] == ["hb-1"]


@given(st.binary(max_size=200), st.integers(0, 4), st.integers(0, 80))
@settings(max_examples=150)
def test_whatever_is_read_is_taken_or_refused(noise: bytes, number: int, at: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "p"
        fill(path, KEY, [GAMMA, Labelled(START, "shelf-3"), NOTE])
        before = values(path)
        bad = change(number, lambda line: line[:at] + noise + line[at:])(export(path))
        try:
            take(path, b"".join(bad).splitlines(keepends=True))
        except InputError:
            assert values(path) == before


def test_long_lines_are_read_no_further_than_they_are_taken() -> None:
    read = list(lines_of(io.BytesIO(b"a\n" + b"x" * (LINE_LIMIT + 5) + b"\nb")))
    assert [len(line) for line in read] == [2, LINE_LIMIT + 1, 5, 1]


def test_lines_are_json_that_anybody_can_read(lines: list[bytes]) -> None:
    head, *rest, end = (msgspec.json.decode(line) for line in lines)
    assert (head["schema"], head["key"], head["label"]) == ("joulehash.passport/1", KEY, "shelf-3")
    assert [line["record"]["kind"] for line in rest] == ["identity", "label", "service"]
    assert end == {"end": 3}
