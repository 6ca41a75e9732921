"""The command line from outside: what is wrong is one line (value, bound, what to do) and exit code 2."""

from __future__ import annotations

import pytest

from joulehash.app.cli import run
from joulehash.ext.kernels import KERNELS

GENESIS = (
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e"
    "67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c"
)
POOL = ["mine", "-u", "me", "-o"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mine", "--threads", "0"], "threads: 0; takes 1 to"),
        (["mine", "--threads", "100000"], "threads: 100000; takes 1 to"),
        (["mine", "--threads", "x"], "threads"),
        (["mine", "--kernel", "md5"], "'md5' is unknown; choose from "),
        (["mine", "--kernel", ""], "kernel '' is unknown"),
        (["mine", "-d", "cpu:"], "kernel '' is unknown"),
        (["mine", "-d", "cpu:md5"], "'md5' is unknown"),
        (["mine", "-d", "gpu"], "device 'gpu'"),
        (["mine", "-d", "cpu", "-d", "cpu"], "given once"),
        (["mine", "-d", "cpu", "-k", "portable"], "give one of them"),
        (["mine", "--duration", "-1"], "--duration: -1; takes seconds above 0"),
        (["mine", "--shares", "0"], "--shares: 0"),
        (["mine", "-o", "pool:3333"], "give it with -u"),
        ([*POOL, "pool"], "the port is missing"),
        ([*POOL, "pool:99999"], "1 to 65535"),
        ([*POOL, "http://pool:80"], "-u 'me': is no address"),
        ([*POOL, "a:1", "-o", "ftp://b:2"], "scheme ftp://"),
        ([*POOL, "a:1", "-u", "two"], "-u: given 2 times for 1 pool"),
        ([*POOL, "a:1", "-o", "b:2", "--quota", "2:1:1"], "--quota: 2:1:1 has 3 parts, but there are 2 pools"),
        ([*POOL, "a:1", "-o", "b:2", "--quota", "2:-1"], "--quota: '2:-1'"),
        ([*POOL, "a:1", "-o", "b:2", "--stay", "--failback", "5"], "--failback and --stay"),
        ([*POOL, "a:1", "--stay"], "--stay: is for several pools"),
        (["mine", "-c", "/nowhere/x.toml"], "/nowhere/x.toml"),
        (["mine", "-c", "/"], "config /: Is a directory"),
        (["mine", "--shares", "1.5"], "not '1.5'; see joulehash mine --help"),
        (["mine", "--duration=soon"], "not 'soon'; see joulehash mine --help"),
        (["mine", "--block-every", "1e300"], "--block-every: 1e+300; takes seconds above 0, at most 1e+09"),
        (["mine", "--picture", "/nowhere/x.svg"], "there is no folder /nowhere"),
        (["mine", "--picture", "/"], "--picture /: is a folder"),
        (["mine", "--json", "--picture", "x.svg"], "leave it out with --json"),
        (["mine", "-o", "pool:3333", "-u", " "], "give it with -u"),
        ([*POOL, "pool:3333", "-p", "a\nb"], "-p: holds control characters"),
        ([*POOL, "pool:3333", "-p", "\udcff"], "UTF-8"),
        (["mine", "--dig"], "--dig"),
        (["dig"], "dig"),
        (["scan", "zz"], "not hex"),
        (["scan", "00"], "1 bytes; takes 76 or 80"),
        (["scan", GENESIS, "--target", "xyz"], "not hex"),
        (["scan", GENESIS, "--target", "1" + 64 * "0"], "takes 0 to 2^256-1"),
        (["scan", GENESIS, "--first", "-1"], "first: -1"),
        (["scan", GENESIS, "--count", str(2**32 + 1)], "count: 4294967297"),
        (["scan", GENESIS[:144] + "ffffff" + "ff"], "nBits"),
        (["pool", "--listen", "here"], "takes HOST:PORT"),
        (["pool", "--listen", "127.0.0.1:70000"], "takes HOST:PORT"),
        (["pool", "--listen", "127.0.0.1:3333:1"], "takes HOST:PORT or [IPV6]:PORT"),
        (["pool", "--listen", "[::1"], "takes HOST:PORT or [IPV6]:PORT"),
        (["bench", "--write", "/nowhere/x.md"], "there is no folder /nowhere"),
        (["mine", "--difficulty", "-1"], "difficulty '-1'"),
        (["pool", "--listen", "256.1.1.1:0"], "256.1.1.1"),
        (["pool", "--listen", "no-such-host.invalid:0"], "no-such-host.invalid:0: "),
        (["pool", "--node", "http://x:y@127.0.0.1:1"], "--address"),
        (["pool", "--address", "bcrt1q"], "--node"),
        (["pool", "--difficulty", "0"], "--difficulty"),
        (["pool", "--block-every", "0"], "--block-every: 0"),
        (["pool", "--block-every", "1e300"], "--block-every: 1e+300"),
        (["pool", "--sessions", "0"], "--sessions: 0"),
        (["bench", "nothing"], "nothing"),
        (["bench", "kernels", "--seconds", "0"], "--seconds: 0"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("joulehash: ")
    assert captured.err.count("\n") == 1
    assert said in captured.err
    assert captured.out == ""


def test_a_wrong_kernel_of_the_environment_is_told_by_its_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOULEHASH_KERNEL", "nonsense")
    assert run(["mine"]) == 2
    assert capsys.readouterr() == (
        "",
        f"joulehash: JOULEHASH_KERNEL: kernel 'nonsense' is unknown; choose from {', '.join(KERNELS)}\n",
    )


def test_a_password_in_a_url_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*POOL, "stratum+tcp://me:secret@pool:3333"]) == 2
    assert "secret" not in capsys.readouterr().err


def test_no_command_shows_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    shown = capsys.readouterr().out
    for command in ("mine", "pool", "scan", "sim", "bench", "doctor"):
        assert f"  {command}" in shown


def test_scan_prints_nonce_and_hash(capsys: pytest.CaptureFixture[str]) -> None:
    window = ["--first", "2083236000", "--count", "1000"]
    assert run(["scan", GENESIS, *window]) == 0
    found = "2083236893 000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f\n"
    assert capsys.readouterr().out == found
    assert run(["scan", GENESIS, *window, "--json"]) == 0
    assert capsys.readouterr().out.startswith('{"nonce": 2083236893, "hash": "0000')


def test_scan_that_finds_nothing_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", GENESIS, "--count", "10"]) == 1
    assert run(["scan", GENESIS, "--count", "10", "--target", "0"]) == 1
    assert capsys.readouterr().out == ""


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    import joulehash

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"joulehash {joulehash.__version__}\n"
