"""Promises of `# callflow: ignore[code] reason`: what it silences, and what is a comment at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.language.ignores import ignores_of
from runner.language.loader import Loaded, load

IGNORE = "# callflow: ignore[matches-everything] all of them"
FLOW = """\
version: 1
flow: f
rules:
  - id: a
    then: [hangup]
"""


def loaded(text: str, folder: Path) -> Loaded:
    path = folder / "f.yaml"
    path.write_text(text, encoding="utf-8")
    return load([path])


def codes(text: str, folder: Path) -> list[str]:
    return [problem.code for problem in loaded(text, folder).problems]


def lines_of(text: str) -> list[int]:
    """The lines of the comments that silence something."""
    return [each.position.line for each in ignores_of("f.yaml", text, is_yaml=True)]


# ---- what it silences -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ("  - id: a", f"  - id: a   {IGNORE}", []),
        ("  - id: a", f"  {IGNORE}\n  - id: a", []),
        ("rules:", f"rules:   {IGNORE}", []),
        ("  - id: a", f"  - id: a   {IGNORE}".replace(" all of them", ""), None),
        ("flow: f", f"flow: f   {IGNORE}", ["unused-ignore", "matches-everything"]),
        ("    then", f"    {IGNORE}\n    then", ["matches-everything", "unused-ignore"]),
        ("  - id: a", f"  {IGNORE}\n\n  - id: a", ["unused-ignore", "matches-everything"]),
        ("  - id: a", "  - id: a  #callflow:ignore[matches-everything]: all", []),
        ("  - id: a", "  - id: a  # ours # callflow: ignore[matches-everything] - all", []),
        ("  - id: a", f"  - id: a  {IGNORE}".replace("[", "[loop, "), ["unused-ignore"]),
        ("  - id: a", f"  - id: a  {IGNORE}".replace("[m", "[m-"), None),
        ("  - id: a", "  - id: a  # callflow: ignored[matches-everything] all", None),
        ("  - id: a", f"  - id: a  {IGNORE}".replace("# ", '# see "# '), None),
    ],
)
def test_a_comment_silences_its_line_and_the_next(
    before: str, after: str, left: list[str] | None, tmp_path: Path
) -> None:
    found = codes(FLOW.replace(before, after), tmp_path)
    if left is None:
        assert "matches-everything" in found
    else:
        assert found == left


def test_what_the_compiler_warns_of_is_silenced_too(tmp_path: Path) -> None:
    text = FLOW.replace("    then", '    match: {from: "4155550100"}  # WHAT\n    then')
    assert codes(text, tmp_path) == ["not-e164"]
    assert codes(text.replace("WHAT", "callflow: ignore[not-e164] an extension"), tmp_path) == []


def test_a_comment_in_a_list_file_silences_it_there(tmp_path: Path) -> None:
    text = FLOW.replace("rules", "lists: {ours: {file: ours.txt}}\nrules")
    text = text.replace("    then", "    match: {from: {in_list: ours}}\n    then")
    ours = tmp_path / "ours.txt"
    ours.write_text("4155550100  # desk\n", encoding="utf-8")
    assert codes(text, tmp_path) == ["not-e164"]
    ours.write_text("4155550100  # callflow: ignore[not-e164] the desk\n", encoding="utf-8")
    assert codes(text, tmp_path) == []
    ours.write_text("# callflow: ignore[not-e164] the desk\n+14155550100\n", encoding="utf-8")
    assert codes(text, tmp_path) == ["unused-ignore"]


def test_errors_stay_and_keep_unused_comments_from_being_told(tmp_path: Path) -> None:
    text = FLOW.replace("    then", "    # callflow: ignore[unknown-key, loop] soon\n    than")
    found = loaded(text, tmp_path)
    assert found.flow_set is None
    assert {problem.code for problem in found.errors} == {"unknown-key", "missing-key"}
    assert [p.code for p in found.problems if not p.is_error] == ["unknown-code"]


def test_a_silenced_warning_is_silenced_for_every_command(tmp_path: Path) -> None:
    found = loaded(FLOW.replace("  - id: a", f"  - id: a   {IGNORE}"), tmp_path)
    assert found.problems == ()
    assert found.flow_set is not None


# ---- what is a comment ----------------------------------------------------------------------

COMMENT = "# callflow: ignore[loop] why"


@pytest.mark.parametrize(
    "text",
    [
        f'a: "{COMMENT}"\n',
        f"a: 'it''s {COMMENT}'\n",
        f'a: "one\n  {COMMENT}\n  two"\n',
        f"a: |\n  {COMMENT}\n",
        f"a: |\n  one\n\n  {COMMENT}\nb: 1\n",
        f"a: >-\n  one\n    {COMMENT}\n  two\n",
        f"- |\n {COMMENT}\n- 1\n",
        f'{{"a {COMMENT}": 1}}\n',
        f"a: x{COMMENT}\n",
        "a: # callflow: ignoring[loop] why\n",
    ],
)
def test_a_hash_in_text_is_no_comment(text: str) -> None:
    assert lines_of(text) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{COMMENT}\na: 1\n", 1),
        (f"a: 1 {COMMENT}\n", 1),
        (f"a: 1\t{COMMENT}\n", 1),
        (f"a: 'x' {COMMENT}\n", 1),
        (f'a: "{COMMENT}" {COMMENT}\n', 1),
        (f"a: | {COMMENT}\n  text\n", 1),
        (f"a: |\n  text\n{COMMENT}\nb: 1\n", 3),
        (f"a:\n  b: |\n    text\n  {COMMENT}\n  c: 1\n", 4),
        (f"a: [1, {COMMENT}\n  2]\n", 1),
        (f"a: {{b: 1, {COMMENT}\n  c: 2}}\n", 1),
        (f"a: one\n  two {COMMENT}\n", 2),
        (f"a: 1\r\n{COMMENT}\r\nb: 1\r\n", 2),
        (f"a: 1\n{COMMENT}", 2),
        (f"a: '日本' {COMMENT}\n", 1),
        (f"a: &x 1 {COMMENT}\n", 1),
    ],
)
def test_a_comment_of_yaml_counts(text: str, line: int) -> None:
    assert lines_of(text) == [line]


@given(st.lists(st.sampled_from([*"\"'|>-#:[]{},&*! \n", "a", "\r\n", "  ", COMMENT]), max_size=25))
def test_no_text_crashes_the_search(parts: list[str]) -> None:
    text = "".join(parts)
    assert len(lines_of(text)) <= text.count("callflow:")


def test_a_comment_knows_its_place() -> None:
    (ignore,) = ignores_of("f", "a: 1  # callflow: ignore[loop, both-legs]: why not", is_yaml=True)
    assert (ignore.position.column, ignore.position.width) == (7, 44)
    assert [(code, place.column) for code, place in ignore.codes] == [
        ("loop", 26),
        ("both-legs", 32),
    ]
    assert ignore.reason == "why not"
