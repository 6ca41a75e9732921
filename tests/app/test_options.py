from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from msgspec.structs import replace

from joulehash.app.options import MineOptions, load_options, merge
from joulehash.app.pooloptions import PoolOptions
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
        ("[mine]\nduration = " + 3000 * "[", "too deep"),  # found by `make fuzz`
        ("[mine]\nduration = " + 5000 * "9", "5000 digits"),
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


# Several pools


def test_the_nth_of_each_belongs_to_the_nth_pool_and_the_last_goes_on() -> None:
    options = MineOptions(url=["a:1", "b:2", "c:3"], user=["me", "you"], password="x", difficulty=["1", "2", "3"])
    assert options.pools == [
        PoolOptions(url="a:1", user="me", password="x", difficulty="1"),
        PoolOptions(url="b:2", user="you", password="x", difficulty="2"),
        PoolOptions(url="c:3", user="you", password="x", difficulty="3"),
    ]
    assert MineOptions().pools == []


def test_tables_of_pools_take_from_mine_what_they_do_not_say(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '[mine]\nuser = "me"\nfailback = 120\n'
        '[[mine.pool]]\nurl = "a:1"\nquota = 2\n'
        '[[mine.pool]]\nurl = "b:2"\nuser = "you"\npassword = "p"\ndifficulty = 4096\nquota = 1\nname = "two"\n',
    )
    options = load_options(path)
    options.check()
    assert options.pools == [
        PoolOptions(url="a:1", user="me", quota=2),
        PoolOptions(url="b:2", user="you", password="p", difficulty=4096.0, quota=1, name="two"),
    ]
    given = merge(MineOptions(url=["c:3"]), options)
    assert given.pools == [PoolOptions(url="c:3", user="me")], "pools of the command line replace the file's"
    given.check()


def test_an_unknown_key_of_a_pool_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="usr"):
        load_options(write(tmp_path, '[[mine.pool]]\nurl = "a:1"\nusr = "me"\n'))


def test_quotas_are_parts_and_who_has_none_is_a_backup() -> None:
    options = MineOptions(url=["a:1", "b:2", "c:3"], user="me", quota="2:1")
    options.check()
    assert [pool.quota for pool in options.pools] == [2, 1, 0]


TWO = MineOptions(url=["a:1", "b:2"], user="me")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (replace(TWO, user=None), "a:1: the user name is missing"),
        (replace(TWO, user=["a", "b", "c"]), "-u: given 3 times for 2 pools"),
        (replace(TWO, password=["a", "b", "c"]), "-p: given 3 times for 2 pools"),
        (replace(TWO, difficulty=["1", "2", "3"]), "--difficulty: given 3 times for 2 pools"),
        (MineOptions(difficulty=["1", "2"]), "--difficulty: given 2 times for 0 pools"),
        (replace(TWO, difficulty=["1", "hard"]), "--difficulty"),
        (replace(TWO, user=["a", "b\n"]), "-u: holds control characters"),
        (replace(TWO, quota="2/1"), "--quota: '2/1'; takes whole numbers, as 2:1"),
        (replace(TWO, quota="99999:1"), "--quota: '99999:1'"),
        (replace(TWO, quota="2:1:1"), "has 3 parts, but there are 2 pools"),
        (replace(TWO, failback=-1), "--failback: -1; takes seconds from 0 on"),
        (replace(TWO, failback=1, stay=True), "choose one"),
        (replace(TWO, url="a:1", stay=True), "--stay: is for several pools"),
        (replace(TWO, pool=[PoolOptions(url="c:3")]), "both name pools"),
        (MineOptions(pool=[PoolOptions(url="c:3", user="me", quota=-1)]), "--quota: -1"),
        (MineOptions(pool=[PoolOptions(url="c:3", user="me", name="\x1b[31m")]), "name: holds control characters"),
    ],
)
def test_what_does_not_fit_together_is_said(options: MineOptions, said: str) -> None:
    with pytest.raises(InputError) as raised:
        options.check()
    assert said in str(raised.value)
