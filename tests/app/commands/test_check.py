"""`joulehash check` as a user runs it: what it refuses, what it says of a board that fails, how it is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from joulehash.app.checkface import JsonFace, finding_lines, lines_of, step_line
from joulehash.app.cli import run
from joulehash.app.commands.check import seconds_of, worst
from joulehash.app.onbench import is_virtual
from joulehash.bench.check.events import Doing
from joulehash.bench.check.hints import HINTS, finding
from joulehash.bench.check.result import CheckResult, Step, Verdict
from joulehash.engine.errors import InputError
from tests.support.command import Command


def result(verdict: Verdict) -> CheckResult:
    return CheckResult(
        board="sim:x",
        title="X",
        began="2026-11-22T10:00:00+00:00",
        seconds=1.0,
        verdict=verdict,
        steps=[],
        findings=[finding("no-clock", "CLKI", "0 V")],
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["cpu"], "board 'cpu': is no board; takes sim:BOARD or [BOARD:]PORT"),
        (["sim:nothing"], "sim:nothing: is unknown; there are bitaxe-max"),
        (["sim:bitaxe-gamma", "--soak", "forever"], "--soak forever: takes a time above 0, as in 90s, 10m or 1h"),
        (["sim:bitaxe-gamma", "--time", "2h", "--most", "1h"], "--most 1h: is less than --time 2h"),
        (["sim:bitaxe-gamma", "--limit", "chip_c=999"], "chip_c '999'; takes 30 to 110 °C"),
        (["sim:bitaxe-gamma", "sim:bitaxe-gamma?fault=mute"], "sim:bitaxe-gamma: is named twice"),
        (["sim:bitaxe-gamma", "--html", "/no/where/at.html"], "--html /no/where/at.html: there is no folder"),
        (["sim:bitaxe-gamma", "--guided", "--json"], "--guided: leads a person"),
        (["sim:icarus", "--guided"], "sim:icarus: has no chain of chips to be led along"),
        (["sim:bitaxe-gamma?mhz=9999"], "takes 50 to 625 MHz"),
        (["sim:bitaxe-gamma", "--patterns", "none.json"], "none.json: No such file"),
        (["sim:bitaxe-gamma", "sim:bitaxe-gt", "--meter", "fixed:19W"], "--meter fixed:19W: measures one board"),
        (["bitaxe-gamma:/dev/null", "--virtual-time"], "bitaxe-gamma:/dev/null is no simulated board"),
        (["sim:icarus", "--meter", "shelly:192.0.2.1", "--virtual-time"], "shelly:192.0.2.1 keeps real time"),
    ],
)
def test_what_cannot_be_used_is_one_line_with_a_remedy(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_dead_board_fails_and_the_last_line_is_the_verdict(tmp_path: Path) -> None:
    reports = tmp_path / "a.xml"
    with Command("check", "sim:bitaxe-gamma?fault=no-chips", "--json", "--junit", str(reports)) as command:
        began = command.wait_for("began")
        assert began["title"] == "Bitaxe Gamma"
        code, said = command.end()
    assert (code, said) == (1, "")
    last = command.events[-1]
    assert last["event"] == "verdict"
    assert {"board", "verdict", "steps", "findings"} <= set(last)
    assert {"name", "expected", "measured", "unit", "bound", "verdict"} <= set(last["steps"][0])
    assert [(f["code"], f["hint"]) for f in last["findings"]] == [("no-answer", HINTS["no-answer"])]
    assert msgspec.convert(last, CheckResult).verdict == "fail"
    assert "no-answer" in reports.read_text() or "chips, slow line" in reports.read_text()


def test_interrupted_it_switches_off_and_is_inconclusive() -> None:
    with Command("check", "sim:compac-a2", "--real-time", "--json") as command:
        command.wait_for("step", lambda event: event["step"]["name"] == "chips, slow line")
        command.signal(signal.SIGINT)
        code, said = command.end()
    assert (code, said) == (2, "")
    last = command.events[-1]
    assert last["verdict"] == "inconclusive"
    told = {step["name"]: step for step in last["steps"]}
    assert told["power off"]["verdict"] == "pass"
    assert "it was interrupted; check it again" in {step["measured"] for step in last["steps"]}


def test_guided_with_readings_typed_in() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "joulehash", "check", "--guided", "sim:bitaxe-gamma?fault=no-chips"],
        input="5.0\n1.15\nwhat?\n1.8\n0\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ,
    )
    assert done.returncode == 1
    assert "reading 'what?': takes volts" in done.stdout
    assert "no-clock at CLKI: 0 V; takes 0.3 to 1.3 V" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("board", ["sim:bitaxe-gamma", "sim:newpac", "sim:chain:bm1368x2", "sim:compac-f"])
def test_a_sound_simulated_board_passes_within_a_minute_and_in_the_time_that_was_planned(board: str) -> None:
    with Command("check", board, "--json") as command:
        code, said = command.end(timeout_s=60)
    assert (code, said) == (0, "")
    assert command.events[-1]["seconds"] == pytest.approx(command.events[0]["seconds"], rel=0.25)


def test_a_board_that_is_too_slow_to_be_decided_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "sim:icarus", "--most", "60s"]) == 2
    assert "a sound board of its rate is decided after 86" in capsys.readouterr().out  # 763 nonces, one each 11.3 s


@pytest.mark.parametrize(
    ("asked", "boards", "beside", "expected"),
    [
        (None, ["sim:icarus", "sim:bitaxe-gt"], [None, None], True),
        (None, ["sim:icarus", "icarus:/dev/ttyUSB0"], [None], False),
        (None, ["sim:icarus"], ["shelly:192.0.2.1"], False),
        (None, ["sim:icarus"], ["none", "scpi:TCPIP::192.0.2.1::INSTR"], False),
        (None, ["sim:icarus"], ["fixed:19W"], True),
        (False, ["sim:icarus"], ["board"], False),
        (True, ["sim:icarus"], ["board"], True),
    ],
)
def test_what_is_simulated_need_not_wait(
    asked: bool | None, boards: list[str], beside: list[str | None], expected: bool
) -> None:
    assert is_virtual(asked, boards, beside) is expected


@pytest.mark.parametrize(
    ("verdicts", "boards", "code"),
    [
        (["pass", "pass"], 2, 0),
        (["pass"], 2, 2),
        (["pass", "inconclusive"], 2, 2),
        (["inconclusive", "fail", "pass"], 3, 1),
        ([], 1, 2),
    ],
)
def test_the_worst_board_is_the_exit_code(verdicts: list[Verdict], boards: int, code: int) -> None:
    assert worst([result(verdict) for verdict in verdicts], boards) == code


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("10min", 600), ("1h", 3600)])
def test_times(text: str, seconds: float) -> None:
    assert seconds_of("--soak", text) == seconds


@pytest.mark.parametrize("text", ["", "h", "1y", "-1h", "0", "nan", "inf", "1e99"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match=r"--soak .*takes a time"):
        seconds_of("--soak", text)


def test_a_step_is_a_line() -> None:
    assert step_line(Step("cores", 128, 127, "cores", "none silent", "fail", 1.0)).split() == (
        ["fail", "cores", "127", "of", "128", "cores;", "none", "silent"]
    )
    assert "it has one chip" in step_line(Step("chips", None, None, "", "it has one chip", "not applicable", 0.0))
    assert "0.02 s; there within 0.5 s" in step_line(Step("rail", 0.5, 0.02, "s", "there within 0.5 s", "pass", 0.0))


def test_a_verdict_names_what_to_look_at() -> None:
    lines = [line for line, _ in lines_of(result("fail"))]
    assert lines[0].startswith("FAIL: X")
    assert "  no-clock at CLKI: 0 V" in lines
    assert all(len(line) <= 100 for line in finding_lines(finding("cut-chain", "", "")))


def test_progress_in_json_is_not_a_flood(capsys: pytest.CaptureFixture[str]) -> None:
    face = JsonFace()
    for left in (10.0, 9.9, 9.5, 8.9, 8.8):
        face.event(Doing(board="b", step="hash rate", part=0.5, left_s=left))
    assert len(capsys.readouterr().out.splitlines()) == 2
