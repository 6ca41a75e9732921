from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from joulehash.bench.paper.html import html
from joulehash.bench.paper.junit import junit
from joulehash.bench.paper.text import text
from joulehash.bench.paper.write import file_name, write_reports
from joulehash.engine.errors import InputError
from tests.support.checked import failed_result, sound_result


def test_files_by_their_names(tmp_path: Path) -> None:
    results = [sound_result()]
    page, xml, plain = tmp_path / "a.html", tmp_path / "a.xml", tmp_path / "a.txt"
    page.write_text("an earlier one")
    assert write_reports(results, page=page, junit_xml=xml, plain=plain) == [page, xml, plain]
    assert page.read_text(encoding="utf-8") == html(results)
    assert xml.read_text(encoding="utf-8") == junit(results)
    assert plain.read_text(encoding="utf-8") == text(results[0])
    assert sorted(tmp_path.iterdir()) == [page, plain, xml]  # and nothing beside them


def test_a_folder_gets_names_by_board_and_time(tmp_path: Path) -> None:
    written = write_reports([sound_result()], page=tmp_path, junit_xml=tmp_path)
    assert [path.name for path in written] == ["gamma-0017-20261122T101233Z.html", "gamma-0017-20261122T101233Z.xml"]
    (both,) = write_reports([sound_result(), failed_result()], page=tmp_path)
    assert both.name == "boards-20261122T101233Z.html"
    assert both.read_text(encoding="utf-8").count("<section>") == 2


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (None, "bitaxe-gamma-20261122T101233Z.txt"),
        ("../../etc/passwd", "etc-passwd-20261122T101233Z.txt"),
        ("\x00/", "board-20261122T101233Z.txt"),
        ("x" * 300, "x" * 80 + "-20261122T101233Z.txt"),
    ],
)
def test_a_key_cannot_leave_the_folder(key: str | None, name: str) -> None:
    found = file_name([msgspec.structs.replace(sound_result(), key=key)], ".txt")
    assert found == name or (found.endswith(name) and "/" not in found)


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "a.html"
    page.write_text("an earlier one")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(InputError, match=r"the report was not written: .*a\.html: No space left on device"):
        write_reports([sound_result()], page=page)
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]
    assert page.read_text() == "an earlier one"


def test_one_that_cannot_be_written_does_not_keep_the_others(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        write_reports([sound_result()], page=tmp_path / "none" / "a.html", junit_xml=tmp_path / "a.xml")
    assert [path.name for path in tmp_path.iterdir()] == ["a.xml"]


def test_nothing_to_write(tmp_path: Path) -> None:
    assert write_reports([sound_result()]) == []
    with pytest.raises(ValueError, match="no result"):
        write_reports([], page=tmp_path)
