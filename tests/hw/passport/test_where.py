from __future__ import annotations

from pathlib import Path

import pytest

from joulehash.engine.errors import InputError
from joulehash.hw.passport.where import passport_path


@pytest.mark.parametrize(
    ("given", "environment", "platform", "path"),
    [
        ("here", {"JOULEHASH_PASSPORT": "/there", "HOME": "/me"}, "linux", "here"),
        (None, {"JOULEHASH_PASSPORT": "/there", "HOME": "/me"}, "linux", "/there"),
        (None, {"JOULEHASH_PASSPORT": "", "XDG_DATA_HOME": "/data", "HOME": "/me"}, "linux", "/data/joulehash"),
        (None, {"XDG_DATA_HOME": "relative is ignored", "HOME": "/me"}, "linux", "/me/.local/share/joulehash"),
        (None, {"HOME": "/me"}, "linux", "/me/.local/share/joulehash"),
        (None, {"HOME": "/me"}, "darwin", "/me/Library/Application Support/joulehash"),
    ],
)
def test_the_nearer_word_counts(given: str | None, environment: dict[str, str], platform: str, path: str) -> None:
    found = passport_path(given, environment, platform)
    assert found == Path(path) or (found.parent == Path(path) and found.name == "passport.sqlite3")


def test_who_has_no_home_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(InputError, match="say where with --passport FILE or JOULEHASH_PASSPORT"):
        passport_path(None, {}, "linux")
