"""Promises of tests about acts of several parts: each part counts, and none passes unseen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.actions import ACTIONS
from runner.cli.report import Style
from runner.cli.results.tested import FileResult, Report, TestResult
from runner.cli.results.tested_data import as_json
from runner.cli.results.tested_text import failure
from runner.resources import schemas
from runner.timeline.compare import Result
from tests.timeline.plays import acts, problems, result, written

FLOW = """\
version: 1
flow: f
rules:
  - id: all
    match: {age: {gte: 10m}}
    then:
      - record: {start: {channels: dual}}
      - log: "cut {{ from }}"
      - notify:
          url: https://hooks.example.com/x?key=hidden
          headers: {X-Team: blue}
          body: {call: "{{ from }}", tags: [a, 1]}
      - say: Goodbye.
      - redirect: https://example.com/next
      - message: {a: 1}
  - id: tell
    match: {age: {gte: 5m}}
    then: [{log: five minutes}, {stream: stop}]
"""
CALL = 'calls: [{id: ann, age: 10m, from: "+14155550101"}]'
NAMES = "[record, log, notify, say, redirect, message]"
SENT = [
    "{then: record, target: Recordings, request: {RecordingChannels: dual}}",
    '{then: log, request: {text: "cut +14155550101"}}',
    "{then: message, target: UserDefinedMessages, request: {Content: {a: 1}}}",
    '{then: notify, target: "https://hooks.example.com/x?key=hidden",'
    ' request: {headers: {X-Team: blue}, body: {tags: [a, 1], call: "+14155550101"}}}',
]


def timeline(*expect: str, call: str = CALL) -> str:
    lines = "".join(f"\n  - {{{each}}}" for each in expect)
    return f"name: x\nuntil: 30s\n{call}\n" + (f"expect:{lines}" if expect else "")


def sides(*each: str) -> str:
    return f"at: 0s, call: ann, rule: f/all, sides: [{', '.join(each)}]"


def told(found: Result) -> list[str]:
    return [line for row in found.rows for line in row.why]


def test_one_expectation_meets_a_whole_act(tmp_path: Path) -> None:
    found = result(
        tmp_path,
        timeline(
            f"at: 0s, call: ann, rule: f/all, then: {NAMES}, sides: [{', '.join(SENT)}], "
            "twiml: '<Response><Say>Goodbye.</Say>"
            "<Redirect>https://example.com/next</Redirect></Response>'"
        ),
        flow=FLOW,
    )
    assert found.passed, told(found)
    assert len(found.rows) == 1


@pytest.mark.parametrize("order", [SENT, SENT[::-1]])
def test_the_order_of_sides_is_the_rules_business(tmp_path: Path, order: list[str]) -> None:
    assert result(tmp_path, timeline(sides(*order)), flow=FLOW).passed


@pytest.mark.parametrize(
    ("number", "before", "after", "line"),
    [
        (0, "Recordings", "Recording", "record: target: expected Recording"),
        (0, "dual", "mono", "record: RecordingChannels: expected mono"),
        (1, "cut ", "cuts ", "log: text: expected cuts +14155550101"),
        (2, "{a: 1}", "{a: '1'}", 'message: Content: expected {"a": "1"}'),
        (3, "/x?", "/y?", "notify: target: expected https://hooks.example.com/y"),
        (3, "hidden", "other", "notify: target: the query differs, and is not shown"),
        (3, "blue", "red", "notify: headers: differ, and are not shown"),
        (3, "[a, 1]", "[1, a]", 'notify: body: expected {"tags": [1, "a"],'),
        (3, "X-Team: blue", "", "notify: headers: differ, and are not shown"),
        (2, "}}}", "}, Extra: x}}", "message: Extra: expected x"),
        (2, "1}}}", "1}}, outcome: failed}", "message: outcome: expected failed, got done"),
    ],
)
def test_what_differs_is_said_and_secrets_are_not(
    tmp_path: Path, number: int, before: str, after: str, line: str
) -> None:
    assert before in SENT[number]
    wanted = [*SENT[:number], SENT[number].replace(before, after), *SENT[number + 1 :]]
    found = result(tmp_path, timeline(sides(*wanted)), flow=FLOW)
    assert found.rows[0].differs == ("sides",)
    assert any(each.startswith(line) for each in told(found)), told(found)
    shown = "\n".join(failure(found, Style()))
    assert "hidden" not in shown
    assert "blue" not in shown


@pytest.mark.parametrize("left_out", range(4))
def test_sides_that_are_named_are_all_there_are(tmp_path: Path, left_out: int) -> None:
    named = [each for number, each in enumerate(SENT) if number != left_out]
    found = result(tmp_path, timeline(sides(*named)), flow=FLOW)
    assert told(found)[1] == "       got      log, notify, record, message"
    more = result(tmp_path, timeline(sides(*SENT, "{then: announce}")), flow=FLOW)
    assert told(more)[0].endswith("notify, announce")


def test_an_act_that_is_done_hides_no_part_that_is_not(tmp_path: Path) -> None:
    """The answers of a call are to its requests in their order: here to the recording."""
    call = CALL.replace("10m,", "10m, answers: [accepted, {code: 21220}],")
    found = result(tmp_path, timeline("at: 0s, call: ann, rule: f/all", call=call), flow=FLOW)
    assert found.rows[0].differs == ("sides",)
    assert told(found)[0] == "record: outcome: expected done, got failed"
    assert "21220" in told(found)[1]
    meant = [SENT[0].replace("}}", "}, outcome: failed}"), *SENT[1:]]
    assert result(tmp_path, timeline(sides(*meant), call=call), flow=FLOW).passed


def test_what_comes_after_an_update_that_fails_is_skipped(tmp_path: Path) -> None:
    call = CALL.replace("10m,", "10m, answers: {code: 12100},")
    lacking = "at: 0s, call: ann, rule: f/all, outcome: failed"
    assert result(tmp_path, timeline(lacking, call=call), flow=FLOW).passed
    parts = "[{then: record, outcome: skipped}, {then: log, outcome: done}, "
    parts += "{then: notify, outcome: done}, {then: message, outcome: skipped}]"
    told_so = timeline(f"{lacking}, sides: {parts}", call=call)
    assert result(tmp_path, told_so, flow=FLOW).passed
    wrong = timeline(f"{lacking}, sides: {parts.replace('skipped', 'done')}", call=call)
    assert "record: outcome: expected done, got skipped" in told(result(tmp_path, wrong, flow=FLOW))


# ---- acts without an update -----------------------------------------------------------------

YOUNG = CALL.replace("10m", "5m")
TELL = "at: 0s, call: ann, rule: f/tell, then: [log, stream]"


def test_an_act_without_an_update_ends_as_its_worst_part(tmp_path: Path) -> None:
    assert result(tmp_path, timeline(TELL, call=YOUNG), flow=FLOW).passed
    refused = YOUNG.replace("5m,", "5m, answers: {code: 31921},")
    assert acts(tmp_path, timeline(call=refused), flow=FLOW) == ["0s ann tell failed"]
    assert result(tmp_path, timeline(f"{TELL}, outcome: failed", call=refused), flow=FLOW).passed
    found = result(tmp_path, timeline(TELL, call=refused), flow=FLOW)
    assert found.rows[0].differs == ("outcome",)
    assert "31921" in told(found)[1]


def test_an_act_without_an_update_that_nobody_expected_fails_the_test(tmp_path: Path) -> None:
    found = result(tmp_path, timeline(call=YOUNG), flow=FLOW)
    assert not found.passed
    assert "0s ann f/tell was not expected" in "\n".join(failure(found, Style()))


def test_an_update_that_does_not_come_is_told_so(tmp_path: Path) -> None:
    found = result(
        tmp_path, timeline(f"{TELL}, request: {{Status: completed}}", call=YOUNG), flow=FLOW
    )
    assert told(found) == ["request: expected Status=completed", "         got      no update"]


def test_a_shadows_record_is_one_act_too(tmp_path: Path) -> None:
    flow = FLOW.replace("id: all", "id: all\n    mode: shadow")
    found = result(
        tmp_path,
        timeline(f"at: 0s, call: ann, rule: f/all, shadow: true, then: {NAMES}", TELL),
        flow=flow,
    )
    assert found.passed, told(found)


# ---- what else is told ----------------------------------------------------------------------


def test_json_has_every_part_without_its_secrets(tmp_path: Path) -> None:
    found = result(tmp_path, timeline(sides(*SENT)), flow=FLOW)
    report = Report([FileResult("f", (TestResult(found, 1),))])
    text = as_json(report, Style())
    (row,) = json.loads(text)["files"][0]["tests"][0]["acts"]
    assert row["as_expected"] is True
    assert [side["then"] for side in row["got"]["sides"]] == ["log", "notify", "record", "message"]
    notify = row["got"]["sides"][1]
    assert (notify["route"], notify["target"]) == ("web", "https://hooks.example.com/x")
    assert notify["request"]["headers"] == "X-Team"
    assert "hidden" not in text
    assert "blue" not in text


def test_a_side_that_there_is_not_is_an_error_with_its_place(tmp_path: Path) -> None:
    path = written(tmp_path, timeline(sides("{then: say}")), flow=FLOW)
    assert [each.split()[1] for each in problems(path)] == ["unknown-value"]
    twiml = written(
        tmp_path, timeline(sides("{then: announce, request: {Twiml: <Say>}}")), flow=FLOW
    )
    assert [each.split()[1] for each in problems(twiml)] == ["bad-twiml"]


def test_the_schema_names_the_actions_that_make_such_requests() -> None:
    definitions = json.loads((schemas() / "test.schema.json").read_text("utf-8"))["definitions"]
    beside = {name for name, kind in ACTIONS.items() if not kind.changes_call}
    assert set(definitions["side"]["properties"]["then"]["enum"]) == beside
