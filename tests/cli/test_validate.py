"""`callflow validate` as a process: what it prints where, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from runner.cli import report
from runner.problems import Position, Problem
from tests.process import run as callflow

BARE = "version: 1\nflow: good\nrules:\n  - id: a\n    then: [hangup]\n"
GOOD = BARE.replace("    then", '    match: {from: "+14155550100"}\n    then')
WARNED = BARE.replace("    then", '    match: {from: "4155550100"}\n    then')
BAD = BARE.replace("    then", '    match:\n      form: {prefix: "+1415"}\n    then')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/good.yaml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def test_sound_flows(folder: Path) -> None:
    done = callflow("validate", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "1 file, no problems\n")


def test_a_problem_is_shown_with_its_line(folder: Path) -> None:
    (folder / "flows/bad.yaml").write_text(BAD.replace("good", "bad"), encoding="utf-8")
    done = callflow("validate", cwd=folder)
    assert done.returncode == 1
    assert done.stdout == (
        'flows/bad.yaml:6:7: error: unknown field "form" in match; '
        'did you mean "from"? [unknown-field]\n'
        '  6 |       form: {prefix: "+1415"}\n'
        "    |       ^~~~\n"
    )
    assert done.stderr == "2 files, 1 error\n"


def test_json(folder: Path) -> None:
    (folder / "flows/bad.yaml").write_text(BAD.replace("good", "bad"), encoding="utf-8")
    done = callflow("validate", "--format", "json", cwd=folder)
    assert done.returncode == 1
    assert json.loads(done.stdout) == [
        {
            "path": "flows/bad.yaml",
            "line": 6,
            "column": 7,
            "severity": "error",
            "code": "unknown-field",
            "message": 'unknown field "form" in match',
            "hint": 'did you mean "from"?',
        }
    ]


def test_json_of_nothing_wrong_is_an_empty_list(folder: Path) -> None:
    assert callflow("validate", cwd=folder, CALLFLOW_FORMAT="json").stdout == "[]\n"


def test_warnings_fail_only_when_strict(folder: Path) -> None:
    (folder / "flows/good.yaml").write_text(WARNED, encoding="utf-8")
    assert callflow("validate", cwd=folder).returncode == 0
    assert callflow("validate", "--strict", cwd=folder).returncode == 1


def test_a_configuration_given_by_name(folder: Path) -> None:
    (folder / "callflow.yaml").write_text("version: 1\nintervall: 2s\n", encoding="utf-8")
    done = callflow("validate", "flows", "callflow.yaml", cwd=folder)
    assert done.returncode == 1
    assert 'callflow.yaml:2:1: error: unknown key "intervall"' in done.stdout
    assert done.stderr == "2 files, 1 error\n"


def test_a_for_is_measured_by_the_interval_of_the_configuration(folder: Path) -> None:
    held = GOOD.replace("    then", "    for: 5s\n    then")
    (folder / "flows/good.yaml").write_text(held, encoding="utf-8")
    (folder / "callflow.yaml").write_text("version: 1\ninterval: 10s\n", encoding="utf-8")
    assert callflow("validate", "flows", cwd=folder).stdout == ""
    done = callflow("validate", "flows", "callflow.yaml", cwd=folder)
    assert "calls are looked at every 10s" in done.stdout
    assert "[for-shorter-than-poll]" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--frobnicate"], 2), (["--format", "xml"], 2), (["nowhere"], 1), (["--help"], 0)],
)
def test_exit_codes(folder: Path, arguments: list[str], code: int) -> None:
    assert callflow("validate", *arguments, cwd=folder).returncode == code


def test_the_examples_of_the_help_run(folder: Path) -> None:
    (folder / "callflow.yaml").write_text("version: 1\n", encoding="utf-8")
    (folder / "flows/long-calls.yaml").write_text(GOOD, encoding="utf-8")
    (folder / "flows/good.yaml").unlink()
    text = callflow("validate", "--help", cwd=folder).stdout
    examples = [line.split() for line in text.splitlines() if line.startswith("    callflow ")]
    assert len(examples) == 4
    for _, *arguments in examples:
        assert callflow(*arguments, cwd=folder).returncode == 0


@pytest.mark.parametrize("command", [["validate"], ["schema"]])
def test_what_is_not_needed_is_not_imported(folder: Path, command: list[str]) -> None:
    """Above all not the SDK: `validate` runs on every commit and every save."""
    script = (
        "import sys; from runner.cli.main import run; code = run(sys.argv[1:]);"
        "heavy = {'twilio', 'aiohttp', 'jsonschema', 're2', 'sqlite3', 'asyncio'};"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1] == "[]"


def shown(line: str, column: int, width: int = 1, style: report.Style | None = None) -> list[str]:
    problem = Problem(Position("f", 1, column, width), "code", "message")
    text = report.as_text([problem], {"f": line}, style=style or report.Style())
    return text.splitlines()[1:]


def test_tabs_and_wide_characters_keep_the_caret_in_place() -> None:
    assert shown("\ta: b", 5, 1) == ["  1 |     a: b", "    |        ^"]
    assert shown("日本: x", 1, 2) == ["  1 | 日本: x", "    | ^~~~"]
    assert shown("日本: x", 5) == ["  1 | 日本: x", "    |       ^"]


def test_what_moves_the_cursor_is_not_printed() -> None:
    assert shown("a: \x1b[2J\u202e", 1)[0] == "  1 | a: \ufffd[2J\ufffd"


@pytest.mark.parametrize("column", [1, 50, 99, 100, 101, 500, 950, 996])
def test_long_lines_are_cut_around_the_mark(column: int) -> None:
    line = "".join(f"{number:04} " for number in range(200))[:999]
    source, caret = shown(line, column, 3)
    assert len(source) <= len("  1 | ") + 100
    start = caret.index("^")
    assert source[start : start + 3] == line[column - 1 : column + 2]


def test_a_mark_wider_than_its_line_stays_on_it() -> None:
    assert shown("abc", 2, 50) == ["  1 | abc", "    |  ^~"]
    assert shown("abc", 4, 1) == ["  1 | abc", "    |    ^"]
    assert shown("abc", 90, 1) == ["  1 | abc", "    |    ^"]


def test_colour() -> None:
    problem = Problem(Position("f", 1, 1), "code", "message", severity="warning")
    text = report.as_text([problem], {"f": "abc"}, style=report.Style(colour=True))
    assert "\x1b[33m" in text
    assert "\x1b[" not in report.as_text([problem], {"f": "abc"})


def test_without_a_path_what_run_loads_is_checked(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text("version: 1\n")
    (tmp_path / "callflow.yaml").write_text("version: 1\nflows: [rules]\nintervall: 2s\n")
    done = callflow("validate", cwd=tmp_path)
    assert done.returncode == 1
    assert "callflow.yaml:3:1" in done.stdout
    assert "flows:1:1" in done.stdout, "a configuration with an error names no flows"
    (tmp_path / "callflow.yaml").write_text("version: 1\nflows: [rules]\n")
    done = callflow("validate", cwd=tmp_path)
    assert "rules/a.yaml:1:1" in done.stdout
    assert "flows:1:1" not in done.stdout
