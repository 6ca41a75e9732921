from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from joulehash.app.options import MineOptions, load_options, merge
from joulehash.engine.errors import InputError


def write(folder: Path, text: str) -> Path:
    path = folder / "joulehash.toml"
    path.write_text(text)
    return path


def test_a_file_has_the_names_of_the_flags(tmp_path: Path) -> None:
    path = write(tmp_path, '[mine]\nurl = "a:1"\nuser = "me"\nthreads = 2\nblock-every = 5\ndifficulty = "0.1"\n')
    assert load_options(path) == MineOptions(url="a:1", user="me", threads=2, block_every=5.0, difficulty="0.1")


def test_the_command_line_goes_before_the_file() -> None:
    merged = merge(MineOptions(threads=4, affinity=False), MineOptions(threads=2, user="me", affinity=True))
    assert merged == MineOptions(threads=4, user="me", affinity=False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[mine]\nthread = 2\n", "thread"),
        ("[mine]\nthreads = 'two'\n", "threads"),
        ("[dig]\n", "dig"),
        ("[mine\n", "line 1"),
        ("\xff", "config"),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong_in_it(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "joulehash.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError) as raised:
        load_options(path)
    assert said in str(raised.value)
    assert str(path) in str(raised.value)


def test_an_unknown_key_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\[mine\] takes url, user, .*block-every"):
        load_options(write(tmp_path, "[mine]\nthread = 2\n"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        load_options(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (MineOptions(duration=0), "--duration: 0; takes seconds above 0"),
        (MineOptions(duration=float("nan")), "--duration: nan"),
        (MineOptions(shares=-1), "--shares: -1"),
        (MineOptions(block_every=float("inf")), "--block-every: inf"),
        (MineOptions(url="a:1"), "give it with -u"),
        (MineOptions(user="me"), "give its URL with -o"),
        (MineOptions(password="x"), "give its URL with -o"),
        (MineOptions(url="a:1", user="me", block_every=2), "leave it out with -o"),
        (MineOptions(difficulty="hard"), "--difficulty"),
        (MineOptions(difficulty=-1), "--difficulty"),
    ],
)
def test_what_is_out_of_bounds_is_said(options: MineOptions, said: str) -> None:
    with pytest.raises(InputError) as raised:
        options.check()
    assert said in str(raised.value)


def test_a_suggestion_is_exact_and_zero_means_none() -> None:
    assert MineOptions(difficulty="0.00050000000000000001").suggested == Fraction(50000000000000001, 10**20)
    assert MineOptions(difficulty="0").suggested == 0
    assert MineOptions().suggested is None
