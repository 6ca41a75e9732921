from __future__ import annotations

import json

import pytest

from joulehash.app.cli import run
from joulehash.app.commands import doctor
from joulehash.ext.kernels import KERNELS


def test_it_names_every_kernel_and_says_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "OPTIONAL", {"no_such_library": "nothing at all"})
    assert run(["doctor", "--json"]) == 1
    findings = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {f["name"] for f in findings if f["topic"] == "kernel"} == set(KERNELS)
    missing = [f for f in findings if not f["ok"]]
    assert missing[-1]["name"] == "no_such_library"
    assert missing[-1]["remedy"] == "pip install no_such_library"


def test_on_a_whole_installation_nothing_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    assert "missing" not in capsys.readouterr().out
