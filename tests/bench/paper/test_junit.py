from __future__ import annotations

from xml.etree import ElementTree

import msgspec

from joulehash.bench.check.result import Finding
from joulehash.bench.paper.junit import junit
from tests.support.checked import chain_result, failed_result, sound_result


def test_a_suite_for_each_board_and_a_case_for_each_step() -> None:
    root = ElementTree.fromstring(junit([sound_result(), failed_result()]).encode())
    assert (root.tag, [suite.tag for suite in root]) == ("testsuites", ["testsuite"] * 2)
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "18",
        "failures": "1",
        "errors": "1",
        "skipped": "2",
    }
    failed = root[1]
    assert failed.get("name") == "gamma-0017"
    assert failed.get("timestamp") == "2026-11-22T10:12:33"
    assert [case.get("name") for case in failed.iter("testcase")] == [step.name for step in failed_result().steps]


def test_how_a_step_ended() -> None:
    root = ElementTree.fromstring(junit([failed_result()]).encode())
    ends = {case.get("name"): [(end.tag, end.get("message")) for end in case] for case in root.iter("testcase")}
    assert ends["identify"] == []
    assert ends["known nonces"] == [("skipped", "–; no patterns")]
    assert ends["cores"] == [("failure", "125, expected 128; none dead at 0.1 % over all")]
    assert ends["errors"] == [("error", "1.9 %; pass <= 1 %, fail >= 3.5 %")]


def test_the_whole_report_goes_with_it() -> None:
    root = ElementTree.fromstring(junit([failed_result()]).encode())
    out = root.findtext("testsuite/system-out")
    assert out is not None
    assert "dead-core: chip 0, core 17" in out
    facts = {fact.get("name"): fact.get("value") for fact in root.iter("property")}
    assert facts["verdict"] == "fail"
    assert facts["simulated"] == "yes"
    assert facts["firmware"] == "bitaxe-raw 0.2"


def test_what_a_damaged_line_says_does_not_damage_the_file() -> None:
    finding = Finding("noisy-line", "\x00<chip>", ']]>\ud800"&', "")
    root = ElementTree.fromstring(junit([msgspec.structs.replace(chain_result(), findings=[finding])]).encode())
    assert ']]>\ufffd"&' in (root.findtext("testsuite/system-out") or "")
    assert root[0].get("name") == "chain"
