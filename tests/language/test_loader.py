"""Files and folders: what is loaded, in which order, and that no fault hides another."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.language import conditions
from runner.language.compiler import compile_flow
from runner.language.files import Files
from runner.language.loader import Loaded, load, load_config
from runner.language.source import parse
from tests.language.test_schema import anything, flows

FLOW = (
    "version: 1\nflow: {}\nrules:\n  - id: a\n"
    "    match: {{to: '+14155550100'}}\n    then: [hangup]\n"
)


def write(path: Path, text: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FLOW.format(path.stem) if text is None else text, encoding="utf-8")
    return path


def names(loaded: Loaded) -> list[str]:
    assert loaded.problems == ()
    assert loaded.flow_set is not None
    return [flow.name for flow in loaded.flow_set.flows]


def codes(loaded: Loaded) -> list[str]:
    assert loaded.flow_set is None
    return [problem.code for problem in loaded.problems]


def test_a_folder_is_searched_in_sorted_order(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "sub/c.yaml", "notes.txt", "a.test.yaml", "callflow.yaml"):
        write(tmp_path / name, None if name.endswith(("b.yaml", "a.yml", "c.yaml")) else "x")
    write(tmp_path / ".hidden.yaml", "x")
    write(tmp_path / ".git/d.yaml", "x")
    assert names(load([tmp_path])) == ["a", "b", "c"]


def test_paths_keep_their_order_and_no_file_loads_twice(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.yaml"), write(tmp_path / "b.yaml")
    (tmp_path / "link.yaml").symlink_to(first)
    assert names(load([second, tmp_path])) == ["b", "a"]


def test_a_file_may_have_any_name(tmp_path: Path) -> None:
    assert names(load([write(tmp_path / "flow.txt")])) == ["flow"]


def test_nothing_to_load_is_an_empty_set() -> None:
    assert names(load([])) == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("missing", "no-such-path"),
        ("missing.yaml", "no-such-path"),
        ("empty", "no-flows"),
        ("tests-only", "no-flows"),
        ("folder.yaml", "not-a-file"),
        ("with-folder", "not-a-file"),
        ("dangling", "unreadable"),
    ],
)
def test_paths_that_name_no_flow(tmp_path: Path, path: str, code: str) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "tests-only/a.test.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "with-folder/x.yaml").mkdir(parents=True)
    (tmp_path / "dangling").mkdir()
    (tmp_path / "dangling/a.yaml").symlink_to(tmp_path / "gone")
    assert code in codes(load([tmp_path / path]))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml").chmod(0)
    assert codes(load([tmp_path])) == ["unreadable"]


def test_two_flows_of_one_name(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", FLOW.format("same"))
    write(tmp_path / "b.yaml", FLOW.format("same"))
    loaded = load([tmp_path])
    assert codes(loaded) == ["duplicate-flow"]
    assert str(loaded.problems[0].position) == f"{tmp_path}/b.yaml:2:7"
    assert f"{tmp_path}/a.yaml:2:7" in loaded.problems[0].message


def test_one_broken_file_among_a_thousand_is_the_one_told_of(tmp_path: Path) -> None:
    for number in range(1000):
        write(tmp_path / f"f{number:03}.yaml")
    write(tmp_path / "f500.yaml", FLOW.format("f500").replace("then", "than"))
    write(tmp_path / "f700.yaml", "a: [")
    loaded = load([tmp_path])
    assert loaded.flow_set is None
    assert [(Path(p.position.path).name, p.code) for p in loaded.problems] == [
        ("f500.yaml", "missing-key"),
        ("f500.yaml", "unknown-key"),
        ("f700.yaml", "yaml-syntax"),
    ]


def test_what_was_read_is_told_with_its_digest(tmp_path: Path) -> None:
    text = FLOW.format("a") + "lists: {vip: {file: vip.txt}}\n"
    flow, vip = write(tmp_path / "a.yaml", text), write(tmp_path / "vip.txt", "+14155550100\n")
    loaded = load([flow])
    digests = {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in (flow, vip)}
    assert loaded.files == digests
    assert loaded.flow_set is not None
    assert loaded.flow_set.files == digests
    assert loaded.texts[str(vip)] == "+14155550100\n"


def test_the_revision_changes_with_the_text_and_with_its_lists(tmp_path: Path) -> None:
    text = FLOW.format("a") + "lists: {vip: {file: vip.txt}}\n"
    flow = write(tmp_path / "a.yaml", text)

    def revision() -> str:
        flow_set = load([flow]).flow_set
        assert flow_set is not None
        return flow_set.flows[0].revision

    write(tmp_path / "vip.txt", "+14155550100\n")
    first = revision()
    assert len(first) == 12
    assert revision() == first
    write(tmp_path / "vip.txt", "+14155550101\n")
    second = revision()
    write(flow, text + "# a comment\n")
    assert len({first, second, revision()}) == 3


def test_faults_of_list_files_stand_where_the_file_is_named(tmp_path: Path) -> None:
    flow = write(tmp_path / "a.yaml", FLOW.format("a") + "lists: {vip: {file: no.txt}}\n")
    (problem,) = load([flow]).problems
    assert (problem.code, problem.position.line) == ("list-file", 7)


def test_a_number_in_a_list_file_is_told_at_its_line(tmp_path: Path) -> None:
    text = "version: 1\nflow: a\nlists: {vip: {file: vip.txt}}\nrules:\n"
    text += "  - {id: a, match: {from: {in_list: vip}, to: {in_list: vip}}, then: [hangup]}\n"
    write(tmp_path / "vip.txt", "# ours\n+14155550100\n  415 555 0101 # new\n")
    loaded = load([write(tmp_path / "a.yaml", text)])
    (problem,) = loaded.problems
    assert loaded.flow_set is not None
    assert str(problem.position) == f"{tmp_path}/vip.txt:3:3"
    assert "+14155550101" in problem.hint


def test_a_list_is_made_once_however_many_rules_name_it(tmp_path: Path) -> None:
    """It may have a million entries, which are compared where rules share what they ask."""
    text = "version: 1\nflow: a\nlists: {vip: ['+14155550100']}\nrules:\n"
    for name in ("a", "b"):
        text += f"  - {{id: {name}, match: {{from: {{in_list: vip}}, to: {{not_in_list: vip}}}},"
        text += " then: [hangup]}\n"
    flow_set = load([write(tmp_path / "a.yaml", text)]).flow_set
    assert flow_set is not None
    tests = [test for rule in flow_set.rules for test in conditions.tests_of(rule.match)]
    lists = [test.value for test in tests if test.operator.endswith("in_list")]
    assert len(lists) == 4
    assert len({id(each) for each in lists}) == 1


def test_a_configuration(tmp_path: Path) -> None:
    path = write(tmp_path / "callflow.yaml", "version: 1\ninterval: 2s\nflows: [flows/]\n")
    config = load_config(path)
    assert config.problems == ()
    assert config.data == {"version": 1, "interval": "2s", "flows": ["flows/"]}
    assert config.texts == {str(path): path.read_text(encoding="utf-8")}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("version: 1\nintervall: 2s\n", "unknown-key"),
        ("version: 1\ninterval: 2\n", "bad-duration"),
        ("version: 1\nauth_token: x\n", "unknown-key"),
        ("version: 1\ntwilio: {concurrency: 0}\n", "out-of-range"),
        ("interval: 2s\n", "missing-key"),
        ("[]", "wrong-type"),
        ("a: [", "yaml-syntax"),
    ],
)
def test_a_faulty_configuration(tmp_path: Path, text: str, code: str) -> None:
    config = load_config(write(tmp_path / "callflow.yaml", text))
    assert config.data is None
    assert [problem.code for problem in config.problems] == [code]


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    assert [p.code for p in load_config(tmp_path / "callflow.yaml").problems] == ["unreadable"]


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(flows | anything)
def test_no_data_crashes_the_compiler(data: object) -> None:
    """Sound by the schema or not: there is a flow, or there is an error."""
    reading = parse("f.yaml", yaml.safe_dump(data, default_flow_style=None).encode())
    if reading.document is None:
        return
    compiled = compile_flow(reading.document, Files())
    assert (compiled.flow is None) == any(problem.is_error for problem in compiled.problems)


texts = st.text(st.characters(codec="utf-8"), max_size=20)


@given(texts)
def test_no_list_file_crashes_the_loader(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("lists")
    (folder / "vip.txt").write_bytes(text.encode())
    flow = "version: 1\nflow: a\nlists: {vip: {file: vip.txt}}\nrules:\n"
    flow += "  - {id: a, match: {from: {in_list: vip}}, then: [hangup]}\n"
    write(folder / "a.yaml", flow)
    load([folder])
