"""Files with mistakes by the thousand: each is told, and none costs more than it is worth."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from re import Pattern
from types import FrameType
from typing import Any

import pytest
from jsonschema import ValidationError

from runner.language.loader import load
from runner.language.schema import check
from runner.language.source import parse
from runner.language.words import bounded_guesses, nearest, suggestion
from runner.problems import Problem

HEAD = "version: 1\nflow: f\nrules:\n  - id: a\n    then: [hangup]\n"
MANY = 3_000


def told(path: Path, text: str) -> list[Problem]:
    path.write_text(text, encoding="utf-8")
    return list(load([path]).problems)


def test_the_first_thousand_mistakes_get_a_nearest_word_and_all_are_told(tmp_path: Path) -> None:
    fields = "".join(f"      phone_number_sid{number}: x\n" for number in range(MANY))
    problems = told(tmp_path / "f.yaml", f"{HEAD}    match:\n{fields}")
    assert [problem.code for problem in problems] == ["unknown-field"] * MANY
    guessed = [problem.hint == 'did you mean "phone_number_sid"?' for problem in problems]
    assert 1_000 < sum(guessed) < MANY
    assert guessed == sorted(guessed, reverse=True)  # the first ones, without a gap
    assert all(problem.hint for problem in problems)


def test_another_file_gets_its_own(tmp_path: Path) -> None:
    fields = "".join(f"      phone_number_sid{number}: x\n" for number in range(MANY))
    (tmp_path / "a.yaml").write_text(f"{HEAD}    match:\n{fields}", encoding="utf-8")
    (tmp_path / "b.yaml").write_text(f"{HEAD}    match: {{fron: x}}\n", encoding="utf-8")
    assert load([tmp_path]).problems[-1].hint == 'did you mean "from"?'


def test_zones_and_lists_which_are_many_run_out_sooner(tmp_path: Path) -> None:
    windows = "".join(f"  w{n}: {{timezone: Europe/Berlim{n}}}\n" for n in range(500))
    problems = told(tmp_path / "f.yaml", f"{HEAD}windows:\n{windows}")
    assert problems[0].hint == 'did you mean "Europe/Berlin"?'
    assert len(problems) == 500
    assert all(problem.hint for problem in problems)


def test_a_guess_is_bounded_only_where_it_was_asked_for() -> None:
    known = [f"word-{number}" for number in range(1_000)]
    assert all(nearest("wort-7", known) == "word-7" for _ in range(60))
    with bounded_guesses():
        found = [nearest("wort-7", known) for _ in range(60)]
    assert found == ["word-7"] * 50 + [None] * 10
    assert nearest("wort-7", known) == "word-7"


def test_words_that_are_many_are_not_all_listed() -> None:
    hint = suggestion("x", [f"list-{number}" for number in range(3_000)], "lists")
    assert hint.endswith("list-48, list-49 and 2950 more")
    assert suggestion("x", ["aaa", "bbb"], "lists") == "known lists are aaa and bbb"


@pytest.mark.parametrize("name", ["", "America", "America/Argentina"])
def test_a_continent_is_no_zone_and_no_city_of_it_is_guessed(name: str, tmp_path: Path) -> None:
    text = f"{HEAD}windows: {{w: {{timezone: '{name}'}}}}\n"
    [problem] = told(tmp_path / "f.yaml", text)
    assert problem.is_error
    assert "did you mean" not in problem.hint


def test_violations_do_not_outlive_their_telling() -> None:
    """Loading goes on without the collector: what is in a circle would stay until the end."""
    items = "      - nothing: {at: all}\n      - nothing\n" * 20
    document = parse("f.yaml", HEAD.replace("[hangup]", f"\n{items}").encode()).document
    assert document is not None
    check(document, "flow")  # the library makes things of its own the first time
    gc.collect()
    gc.disable()
    try:
        assert len(check(document, "flow")) == 40
        left = [each for each in gc.get_objects() if isinstance(each, ValidationError)]
    finally:
        gc.enable()
    assert left == []


@pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029", "\r"])
def test_every_end_of_a_line_counts_where_a_secret_is_hidden(tmp_path: Path, end: str) -> None:
    url = "https://ada:lovelace@example.com/hook"
    flow = f"{HEAD.removesuffix('[hangup]' + chr(10))}[notify: '{url}']\n"
    for after in ("", "#" * 80 + "\n" * 9):
        told(tmp_path / "f.yaml", f"#{end}#{end}{flow}{after}")
        (shown,) = load([tmp_path]).texts.values()
        assert shown.startswith("#"), "it was read"
        assert "lovelace" not in shown


@pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029", "\r"])
def test_every_end_of_a_line_counts_where_a_placeholder_is_marked(tmp_path: Path, end: str) -> None:
    flow = HEAD.replace("[hangup]", "[say: 'for {{ nobody }}']")
    (problem,) = told(tmp_path / "f.yaml", f"#{end}#{end}{flow}")
    assert (problem.code, str(problem.position)) == ("unknown-field", f"{tmp_path}/f.yaml:7:25")


def test_a_secret_that_goes_on_in_the_next_line_is_hidden_to_the_end_of_its_own(
    tmp_path: Path,
) -> None:
    flow = HEAD.replace("[hangup]", '[notify: "https://ada:lovelace\\\n      1@example.com/"]')
    (problem,) = told(tmp_path / "f.yaml", flow)
    (shown,) = load([tmp_path]).texts.values()
    assert problem.code == "secret-in-flow"
    assert "lovelace" not in shown


def test_a_file_is_taken_apart_once_however_many_secrets_stand_in_it(tmp_path: Path) -> None:
    def taken_apart(secrets: int) -> int:
        """How often a text was split into its lines, or anything else, to load so many."""
        urls = (f"{{notify: 'https://ada:lovelace{n}@example.com/'}}" for n in range(secrets))
        (tmp_path / "f.yaml").write_text(HEAD.replace("[hangup]", f"[{', '.join(urls)}]"))
        count = 0

        def note(_frame: FrameType, event: str, function: Any) -> None:
            nonlocal count
            of = getattr(function, "__self__", None)
            count += event == "c_call" and isinstance(of, Pattern) and function.__name__ == "split"

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            loaded = load([tmp_path])
        finally:
            sys.setprofile(before)
        assert len(loaded.problems) == secrets
        assert "lovelace" not in "".join(loaded.texts.values())
        return count

    assert taken_apart(40) == taken_apart(2) > 0
