"""Promises of `callflow test`: what it prints, in each format, and how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from runner.cli.main import run
from tests.process import callflow
from tests.timeline.plays import FLOW, HEAD, written

GOOD = (
    "name: warns, then cuts\nuntil: 7m\ncalls: [{id: ann, age: 24m}]\nexpect:\n"
    "  - {at: 1m, call: ann, rule: caps/warn, then: [say, redirect]}\n"
    "  - {at: 6m, call: ann, rule: caps/cut}\n"
)
#: The call is too old for a condition ever to be false.
OLD = GOOD.replace("24m", "26m").replace("at: 1m", "at: 0s").replace("at: 6m", "at: 4m")
LATE = GOOD.replace("at: 1m", "at: 2m")


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(["test", *arguments])
    output = capsys.readouterr()
    return code, output.out, output.err


def test_a_passing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, GOOD)
    expected = f"{path}\n  ok    warns, then cuts\n"
    assert shown(capsys, str(path)) == (0, expected, "1 file, 1 test: all passed\n")
    assert shown(capsys, str(tmp_path)) == (0, expected, "1 file, 1 test: all passed\n")


def test_a_failure_shows_both_sides_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, LATE)
    code, out, err = shown(capsys, str(path))
    assert (code, err) == (1, "1 file, 1 test: 0 passed, 1 failed\n")
    assert (
        out
        == f"""\
{path}
  FAIL  warns, then cuts  {path}:5:11
       expected                              | got
       time  call  rule       actions        | time  call  rule       actions
    x  2m    ann   caps/warn  say, redirect  | 1m    ann   caps/warn  say, redirect
       6m    ann   caps/cut   (any)          | 6m    ann   caps/cut   hangup
    2m ann caps/warn differs in at (line 9)
      at 2m caps/warn matches, and is held back: the rule has acted on this call (once per call)
        yes  age gte 25m   (it is 26m)
        yes  leg eq parent   (it is parent)
        yes  status eq in-progress   (it is in-progress)
      at 1m caps/warn acted, for it saw: age 25m gte 25m
"""
    )


def test_many_wrong_rows_are_told_in_few(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = ", ".join(f"{{id: c{number}, age: 40m}}" for number in range(30))
    flow = FLOW.replace("flow: caps", "flow: caps\nguard: unlimited")
    path = written(tmp_path, f"name: t\nuntil: 0s\ncalls: [{calls}]", flow=flow)
    code, out, _ = shown(capsys, str(path))
    assert code == 1
    assert "    (and 10 more; 30 of 30 are wrong)\n" in out
    assert len(out.splitlines()) < 70


CROWD = ", ".join(f"{{id: c{number}, age: 40m}}" for number in range(11))


def test_a_rule_that_trips_fails_the_test_and_says_what_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, f"name: t\nuntil: 20s\ncalls: [{CROWD}]")
    code, out, err = shown(capsys, str(path))
    assert (code, err) == (1, "1 file, 1 test: 0 passed, 1 failed\n")
    assert (
        out
        == f"""\
{path}
  FAIL  t  {path}:5:11
    at 0s the burst guard of caps/cut trips, which was not expected
      11 calls of 11 live ones would be changed in one poll; at most 10 may be (25%, once more than 10)
      so nothing of it is sent, and the rule does nothing more in this test
      `guard: {{burst: unlimited}}` in the rule switches it off; with more live calls in the test it lets more be changed;
      where it shall trip, the test says so: trips: [{{at: 0s, rule: caps/cut, guard: burst}}]
"""  # noqa: E501
    )
    (written_out,) = re.findall(r"trips: \[.*\]$", out, re.MULTILINE)
    fine = written(tmp_path, f"name: t\nuntil: 20s\ncalls: [{CROWD}]\n{written_out}")
    assert shown(capsys, str(fine))[0] == 0
    data = json.loads(shown(capsys, str(fine), "--format", "json")[1])
    (trip,) = data["files"][0]["tests"][0]["trips"]
    assert (trip["as_expected"], trip["got"]["guard"], trip["got"]["at_ms"]) == (True, "burst", 0)
    assert trip["expected"]["line"] == 8


def test_a_trip_that_does_not_come_fails_the_test(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trips = "trips: [{at: 10s, rule: caps/cut, guard: rate}]"
    path = written(tmp_path, f"name: t\ncalls: [{{id: a}}]\n{trips}")
    code, out, _ = shown(capsys, str(path))
    assert code == 1
    assert "at 10s the rate guard of caps/cut was expected to trip, and did not (line 7)" in out
    code, out, _ = shown(capsys, str(path), "--format", "junit")
    assert 'message="1 of 1 trips are not as expected"' in out


def test_a_problem_shows_with_its_caret_and_the_other_files_are_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = written(tmp_path, GOOD)
    (tmp_path / "bad.test.yaml").write_text(good.read_text().replace("caps/cut", "caps/cutt"))
    code, out, err = shown(capsys, str(tmp_path))
    assert code == 1
    assert 'did you mean "caps/cut"? [unknown-rule]\n  10 | ' in out
    assert "^~~~~~~~~\n" in out
    assert "  ok    warns, then cuts\n" in out
    assert err == "2 files, 1 test: 1 file can't be used\n"


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, LATE)
    code, out, err = shown(capsys, str(path), "--format", "json", "--coverage")
    assert (code, err) == (1, "")
    data = json.loads(out)
    assert (data["passed"], data["tests"], data["failed"]) == (False, 1, 1)
    (test,) = data["files"][0]["tests"]
    assert (test["name"], test["line"], test["polls"]) == ("warns, then cuts", 5, 43)
    first, second = test["acts"]
    assert first["differs"] == ["at"]
    assert (first["expected"]["at_ms"], first["got"]["at_ms"]) == (120_000, 60_000)
    assert second["as_expected"]
    assert data["coverage"]["percent"] == 100.0
    assert [rule["acted"] for rule in data["coverage"]["rules"]] == [True, True]


def test_json_has_the_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, GOOD.replace("ann, age", "ann, aeg"))
    code, out, _ = shown(capsys, str(path), "--format", "json")
    assert code == 1
    (problem,) = json.loads(out)["files"][0]["problems"]
    assert (problem["code"], problem["line"]) == ("unknown-key", 7)


def test_junit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path, LATE)
    (tmp_path / "good.test.yaml").write_text((tmp_path / "flow.test.yaml").read_text())
    written(tmp_path, GOOD)
    (tmp_path / "broken.test.yaml").write_text("version: 1\n")
    code, out, _ = shown(capsys, str(tmp_path), "--format", "junit", "--min-coverage", "99")
    assert code == 1
    root = ElementTree.fromstring(out)
    assert (root.get("tests"), root.get("failures")) == ("4", "2")
    cases = {case.get("file"): case for case in root.iter("testcase")}
    failed = cases[str(tmp_path / "good.test.yaml")].find("failure")
    assert failed is not None
    assert failed.get("message") == "1 of 2 acts are not as expected"
    assert "differs in at (line 9)" in (failed.text or "")
    broken = cases[str(tmp_path / "broken.test.yaml")].find("failure")
    assert broken is not None
    assert broken.get("type") == "missing-key"
    assert cases[str(tmp_path / "flow.test.yaml")].find("failure") is None
    assert cases["coverage"].find("failure") is None


# ---- coverage ---------------------------------------------------------------------------------


def test_coverage_names_what_no_test_reaches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, OLD)
    code, out, _ = shown(capsys, str(path), "--coverage")
    assert code == 0
    flow = tmp_path / "flow.yaml"
    assert out.endswith(
        f"""
coverage: 83.3% (5 of 6)
  3/3  caps/cut: acted  {flow}:4:9
  2/3  caps/warn: acted  {flow}:7:9
       age gte 25m: never seen false  {flow}:8:19
"""
    )


@pytest.mark.parametrize(("least", "code"), [("0", 0), ("83", 0), ("83.4", 1), ("100", 1)])
def test_min_coverage_fails_below(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], least: str, code: int
) -> None:
    path = written(tmp_path, OLD)
    found, _, err = shown(capsys, str(path), "--min-coverage", least)
    assert found == code
    assert ("coverage is 83.3%, less than" in err) is bool(code)


def test_flows_in_a_folder_that_no_test_loads_count_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, GOOD)
    other = "version: 1\nflow: other\nrules: [{id: r, match: {to: x}, then: [hangup]}]\n"
    (tmp_path / "other.yaml").write_text(other)
    code, out, err = shown(capsys, str(tmp_path), "--min-coverage", "90")
    assert code == 1
    assert "  0/3  other/r: never met" in out
    assert "coverage is 66.6%, less than 90%" in err
    (tmp_path / "other.yaml").write_text(other.replace("hangup", "hangupp"))
    code, _, err = shown(capsys, str(tmp_path), "--coverage")
    assert code == 1
    assert "can be counted" in err


# ---- how it ends ------------------------------------------------------------------------------


def test_no_test_is_a_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = shown(capsys, str(tmp_path))
    assert (code, out) == (2, "")
    assert err.startswith(f"error: there is no test in {tmp_path}\n  a test is a file beside")


@pytest.mark.parametrize(
    ("name", "said"), [("nix", "there is no file or folder"), ("flow.yaml", "is no test file")]
)
def test_a_path_that_is_no_test_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    written(tmp_path, GOOD)
    code, _, err = shown(capsys, str(tmp_path / name))
    assert code == 2
    assert said in err


def test_a_file_named_twice_is_played_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, GOOD)
    assert shown(capsys, str(path), str(tmp_path))[2] == "1 file, 1 test: all passed\n"


async def test_as_a_process_with_options_from_the_environment(tmp_path: Path) -> None:
    """As people run it: in the project, flows/ by default, plain when piped, any hash seed."""
    folder = tmp_path / "flows"
    folder.mkdir()
    written(folder, LATE)
    (folder / ".hidden.test.yaml").write_text("no")
    done = [await callflow("test", cwd=tmp_path) for _ in range(2)]
    assert [each.code for each in done] == [1, 1]
    assert done[0].out == done[1].out
    assert done[0].out.startswith("flows/flow.test.yaml\n  FAIL  warns, then cuts")
    assert "\x1b" not in done[0].out
    written(folder, GOOD, head=HEAD)
    passed = await callflow("test", "--min-coverage", "100", cwd=tmp_path)
    assert (passed.code, re.findall(r"coverage: .*", passed.out)) == (
        0,
        ["coverage: 100% (6 of 6)"],
    )
