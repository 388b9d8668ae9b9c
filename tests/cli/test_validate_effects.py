"""Promises of `validate --effects`: each rule's effects beside the rule, in every format."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from runner.cli.formats import FORMATS
from tests.cli.test_validate import BAD, WARNED, callflow

FLOW = """\
version: 1
flow: surveys
rules:
  - id: cut
    match: {age: {gte: 30m}}
    then: [{record: start}, {say: Time is up.}, hangup]
  - id: legs
    match: {leg: child}
    then: [{redirect: "https://example.com/x"}, {limit: 20m}]
  - id: end
    match: {from: "+14155550100"}
    then: [hangup]
  - id: stop
    match: {leg: child, status: ringing}
    then: [cancel]
  - id: tell
    match: {to: "+14155550100"}
    then: [{notify: "https://hooks.example.com/x?key=hidden"}, {log: seen}]
"""
GONE = "leaves its conference, if it is in one; ends a media stream that it is connected to, if any"
DROPS = "drops the legs that the call has dialled"
DIAL = "ends the dial of its parent, where the call is a leg itself"
NOTES = [
    f"surveys/cut: the call ends after say; {DROPS}; {GONE}; starts a recording",
    f"surveys/legs: {DROPS}; {DIAL}; {GONE}; the call ends when it is 20m old, or at once if older",
    f"surveys/end: ends the call; {DROPS}",
    f"surveys/stop: ends the call; {DROPS}; {DIAL}",
    "surveys/tell: posts to hooks.example.com; writes a line into the history",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/surveys.yaml").write_text(FLOW, encoding="utf-8")
    return tmp_path


def test_each_rule_has_its_note_at_its_then(folder: Path) -> None:
    done = callflow("validate", "--effects", "--format", "json", cwd=folder)
    notes = json.loads(done.stdout)
    assert [note["message"] for note in notes] == NOTES
    assert {(note["severity"], note["code"], note["hint"]) for note in notes} == {
        ("note", "effect", "")
    }
    lines = FLOW.splitlines()
    assert all("then:" in lines[note["line"] - 1] for note in notes)


def test_text_shows_them_with_their_lines_and_counts_them_apart(folder: Path) -> None:
    done = callflow("validate", "--effects", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "1 file, no problems, 5 notes\n")
    assert done.stdout.startswith(
        f"flows/surveys.yaml:6:13: note: {NOTES[0]} [effect]\n"
        "  6 |     then: [{record: start}, {say: Time is up.}, hangup]\n"
        "    |             ^~~~~~\n"
    )


@pytest.mark.parametrize("format_", ["text", *FORMATS])
def test_without_it_nothing_of_the_kind_is_said(folder: Path, format_: str) -> None:
    done = callflow("validate", "--format", format_, cwd=folder)
    assert "effect" not in done.stdout + done.stderr
    assert "note" not in done.stdout + done.stderr


@pytest.mark.parametrize("format_", ["text", *FORMATS])
@pytest.mark.parametrize("strict", [(), ("--strict",)])
def test_notes_fail_nothing(folder: Path, format_: str, strict: tuple[str, ...]) -> None:
    words = ("validate", "--effects", "--format", format_, *strict)
    done = callflow(*words, cwd=folder)
    assert done.returncode == 0
    assert "hidden" not in done.stdout.replace("x?key=hidden", "")  # but in the author's own line


def test_github_gets_notices(folder: Path) -> None:
    done = callflow("validate", "--effects", "--format", "github", cwd=folder)
    lines = done.stdout.splitlines()
    assert [line.partition("::")[2].split()[0] for line in lines] == ["notice"] * 5
    assert lines[2].endswith(f"title=effect::{NOTES[2]}")


def test_sarif_gets_notes(folder: Path) -> None:
    done = callflow("validate", "--effects", "--format", "sarif", cwd=folder)
    [run] = json.loads(done.stdout)["runs"]
    assert {result["level"] for result in run["results"]} == {"note"}
    assert [result["message"]["text"] for result in run["results"]] == NOTES
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["effect"]


def test_junit_gets_output_and_no_failure(folder: Path) -> None:
    done = callflow("validate", "--effects", "--strict", "--format", "junit", cwd=folder)
    root = ElementTree.fromstring(done.stdout)
    assert root.findall(".//failure") == []
    shown = [case.findtext("system-out") or "" for case in root.iter("testcase")]
    assert len(shown) == 5
    assert all(note in text for note, text in zip(NOTES, shown, strict=True))


def test_what_is_wrong_is_told_all_the_same(folder: Path) -> None:
    (folder / "flows/warned.yaml").write_text(WARNED, encoding="utf-8")
    strict = callflow("validate", "--effects", "--strict", cwd=folder)
    assert (strict.returncode, strict.stderr) == (1, "2 files, 1 warning, 6 notes\n")
    (folder / "flows/bad.yaml").write_text(BAD.replace("good", "bad"), encoding="utf-8")
    broken = callflow("validate", "--effects", cwd=folder)
    # With an error there are no flows: what they would do together is not known.
    assert (broken.returncode, broken.stderr) == (1, "3 files, 1 error, 1 warning\n")


def test_it_can_be_asked_for_by_its_variable(folder: Path) -> None:
    done = callflow("validate", cwd=folder, CALLFLOW_EFFECTS="1")
    assert done.stderr.endswith("5 notes\n")


def test_the_code_is_explained(folder: Path) -> None:
    done = callflow("explain", "effect", cwd=folder)
    assert (done.returncode, "validate --effects" in done.stdout) == (0, True)
