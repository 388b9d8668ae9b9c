"""Promises of the warnings: each one where it belongs, none where it doesn't, each explained."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.language.analysis import CHECKS, WARNINGS
from runner.language.codes import CODES
from runner.language.loader import load
from runner.problems import Problem
from tests.language import small_worlds as world

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/warnings.md").read_text(encoding="utf-8")
OF_COMMENTS = ("ignore-without-reason", "unknown-code", "unused-ignore")
HANGUP = "[hangup]"
ON = "redirect: https://voice.example.com/menu"


def problems_of(text: str, folder: Path, **options: Any) -> tuple[Problem, ...]:
    path = folder / "f.yaml"
    path.write_text(text, encoding="utf-8")
    loaded = load([path], **options)
    assert loaded.errors == (), loaded.errors
    return loaded.problems


def codes_of(
    match: str, then: str = HANGUP, *, folder: Path, keys: str = "", **options: Any
) -> list[str]:
    """The codes of the warnings about a flow of one rule."""
    text = "version: 1\nflow: f\nrules:\n  - id: a\n"
    text += f"    match: {{{match}}}\n    then: {then}\n{keys and f'    {keys}'}\n"
    return [problem.code for problem in problems_of(text, folder, **options)]


# ---- each check -----------------------------------------------------------------------------

SPEECH = '[say: "One moment."]'


@pytest.mark.parametrize(
    ("match", "then", "code"),
    [
        ("to: +a", SPEECH, "call-ends-after"),
        ("to: +a", '[say: "One.", pause: 2s]', "call-ends-after"),
        ("to: +a", "[play: {digits: '1'}]", "call-ends-after"),
        ("to: +a", '[say: "Bye.", hangup]', ""),
        ("to: +a", f'[say: "One.", {ON}]', ""),
        ("to: +a", '[twiml: "<Response><Say>One.</Say></Response>"]', ""),
        ("", HANGUP, "matches-everything"),
        ("age: {gte: 0s}", HANGUP, "matches-everything"),
        ("status: [ringing, in-progress]", HANGUP, "matches-everything"),
        ("from: {exists: true}", HANGUP, "matches-everything"),
        ("to: {glob: '*'}", HANGUP, "matches-everything"),
        ("leg: parent", HANGUP, "matches-everything"),
        ("status: queued", HANGUP, ""),
        ("leg: child", HANGUP, ""),
        ("from: {exists: false}", HANGUP, ""),
        ("age: {gte: 1s}", HANGUP, ""),
        ("to: {not: client:a}", HANGUP, ""),
        ("any: [{to: client:a}, {to: client:b}]", HANGUP, ""),
        ("to: client:a, leg: any", HANGUP, "both-legs"),
        ("to: client:a, leg: [parent, child]", HANGUP, "both-legs"),
        ("any: [{leg: child}, {to: client:a}]", HANGUP, "both-legs"),
        ("any: [{leg: any, to: client:a}, {leg: child}]", HANGUP, "both-legs"),
        ("to: client:a, leg: child", HANGUP, ""),
        ("leg: any, parent_call_sid: CA1", HANGUP, ""),
        ("leg: any, parent_call_sid: {exists: false}, to: client:a", HANGUP, ""),
        ("to: client:a", "[cancel]", "cancel-cannot-apply"),
        ("to: client:a, status: in-progress", "[cancel]", "cancel-cannot-apply"),
        ("to: client:a, status: [queued, in-progress]", "[cancel]", ""),
        ("to: client:a, status: {not: in-progress}", "[cancel]", ""),
        ("to: client:a, any: [{status: queued}, {age: {gte: 1h}}]", "[cancel]", ""),
        ("to: client:a, status: ringing", f"[{ON}]", "action-cannot-apply"),
        ("to: client:a, status: queued", '[say: "Bye.", hangup]', "action-cannot-apply"),
        ("to: client:a, status: [queued, in-progress]", f"[{ON}]", ""),
        ("to: client:a", f"[record: pause, say: Card?, record: resume, {ON}]", "taken-back"),
        ("to: client:a", f"[record: start, say: Hi., {ON}, record: stop]", "taken-back"),
        ("to: client:a", f"[transcribe: start, {ON}, transcribe: stop]", "taken-back"),
        ("to: client:a", f"[transcribe: start, {ON}, transcribe: {{stop: other}}]", ""),
        ("to: client:a", f"[record: stop, {ON}, record: start]", ""),
        ("to: client:a", f"[record: start, record: pause, {ON}]", ""),
        ("to: client:a", f"[record: pause, record: resume, {ON}]", ""),
        ("to: client:a", "[record: pause, limit: 30m, record: resume]", ""),
    ],
)
def test_a_rule_is_warned_of_or_not(match: str, then: str, code: str, tmp_path: Path) -> None:
    match = match.replace("+a", '"+14155550100"')
    assert codes_of(match, then, folder=tmp_path) == ([code] if code else [])


@pytest.mark.parametrize(
    ("match", "once", "then", "is_loop"),
    [
        ("age: {gte: 5m}", "once: {every: 5m}", f"[{ON}]", True),
        ("to: client:a, not: {from: client:b}", "once: {every: 5m}", f"[{ON}]", True),
        ("age: {gte: 5m}", "once: {every: 5m, max: 3}", f"[{ON}]", False),
        ("age: {gte: 5m}", "once: per call", f"[{ON}]", False),
        ("age: {gte: 5m}", "once: {per: from, within: 1h}", f"[{ON}]", False),
        ("age: {between: [5m, 10m]}", "once: {every: 5m}", f"[{ON}]", False),
        ("to: client:a, not: {age: {gte: 10m}}", "once: {every: 5m}", f"[{ON}]", False),
        ("has_child: true", "once: {every: 5m}", f"[{ON}]", False),  # the legs are dropped
        ("age: {gte: 5m}", "once: {every: 5m}", '[say: "Bye.", hangup]', False),
    ],
)
def test_a_call_that_comes_again_for_ever(
    match: str, once: str, then: str, is_loop: bool, tmp_path: Path
) -> None:
    assert codes_of(match, then, keys=once, folder=tmp_path) == (["loop"] if is_loop else [])


@pytest.mark.parametrize(
    ("hold", "poll", "warned"),
    [("1s", None, True), ("1999ms", None, True), ("2s", None, False), ("5s", 10_000, True)],
)
def test_a_hold_is_measured_against_the_poll(
    hold: str, poll: int | None, warned: bool, tmp_path: Path
) -> None:
    found = codes_of("to: client:a", keys=f"for: {hold}", folder=tmp_path, poll=poll)
    assert found == (["for-shorter-than-poll"] if warned else [])


@pytest.mark.parametrize(
    ("voice", "length", "warned"),
    [
        ("Polly.Joanna", 3_000, False),
        ("Polly.Joanna", 3_001, True),
        ("polly.Joanna-Neural", 3_001, True),
        ("Google.en-US-Standard-A", 3_900, False),
        ("alice", 3_900, False),
    ],
)
def test_a_text_is_measured_by_its_voice(
    voice: str, length: int, warned: bool, tmp_path: Path
) -> None:
    text = "x" * length
    said = f"[say: {{text: {text}, voice: {voice}}}, hangup]"
    whole = f"[twiml: '<Response><Say voice=\"{voice}\">{text}</Say></Response>']"
    for then in (said, whole):
        found = codes_of("to: client:a", then, folder=tmp_path)
        assert found == (["say-too-long"] if warned else [])


def test_what_no_condition_asks_for(tmp_path: Path) -> None:
    text = textwrap.dedent("""\
        version: 1
        flow: f
        match: {not: {from: {in_list: a}}}
        lists: {a: [client:a], b: [client:b], c: [client:c], d: [client:d]}
        windows:
          day: {timezone: UTC, from: "09:00", to: "17:00"}
          noon: {timezone: UTC, from: "12:00", to: "13:00"}
          night: {timezone: UTC, from: "22:00", to: "06:00"}
        rules:
          - id: a
            match: {any: [{to: {not_in_list: b}}, {outside: [day, noon]}], caller_name: c}
            then: [hangup]
        """)
    found = [(p.code, p.message.split('"')[1]) for p in problems_of(text, tmp_path)]
    assert found == [("unused-list", "c"), ("unused-list", "d"), ("unused-window", "night")]


# ---- all of them ----------------------------------------------------------------------------


def test_what_is_shipped_is_clean() -> None:
    for folder in ("flows", "examples"):
        assert load([ROOT / folder]).problems == ()


@settings(max_examples=150, deadline=None)
@given(world.rule_sets(world.EXACT | world.ROUGH))
def test_the_same_flow_gets_the_same_warnings_at_known_places(flow: dict[str, Any]) -> None:
    _, once = world.analysed(flow)
    _, again = world.analysed(flow)
    assert once == again
    codes = {code for _, codes in CHECKS for code in codes}
    for problem in once:
        assert problem.code in codes
        assert not problem.is_error
        assert problem.message
        assert problem.hint


@given(st.integers(2, 60), st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_many_conditions_take_no_long_proofs(rules: int, choices: int) -> None:
    """Steps are counted: however hard the question is, there is an answer, or none."""
    pairs = [{"any": [{"from": f"a{n}"}, {"to": f"b{n}"}]} for n in range(choices)]
    made = [
        {
            "id": f"r{n}",
            "match": {"all": pairs, "caller_name": {"not": f"x{n}"}},
            "then": ["hangup"],
        }
        for n in range(rules)
    ]
    _, problems = world.analysed({**world.HEAD, "match": {}, "rules": made})
    third_and_later = {f"r{n}" for n in range(2, rules)}  # what one leaves over, the other takes
    assert world.unreachable(problems) <= third_and_later
    assert choices > 2 or rules > 10 or world.unreachable(problems) == third_and_later


def test_the_compilers_own_warnings_are_known() -> None:
    """An ignore comment may name them: whatever `Bench.warn` is called with."""
    said = {
        node.args[1].value
        for path in ROOT.glob("runner/language/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "warn"
        and isinstance(node.args[1], ast.Constant)
    }
    assert said
    assert said <= set(WARNINGS)
    assert set(WARNINGS) | set(OF_COMMENTS) <= set(CODES)


@pytest.mark.parametrize("code", [*WARNINGS, *OF_COMMENTS])
def test_every_warning_is_explained_with_an_example_and_its_mend(code: str, tmp_path: Path) -> None:
    section = re.search(rf"^##+ {code}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section, f"docs/warnings.md has no section {code}"
    wrong = re.findall(r"^```yaml mistake\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL)
    mended = re.findall(r"^```yaml\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL)
    assert len(mended) == 1
    assert problems_of(mended[0], tmp_path) == ()
    if code == "say-too-long":  # three thousand characters help nobody who reads a page
        wrong = [mended[0].replace("This call is recorded.", "This call is recorded. " * 150)]
    assert len(wrong) == 1
    assert code in {problem.code for problem in problems_of(wrong[0], tmp_path)}
    if code not in OF_COMMENTS:
        assert {code} == {problem.code for problem in problems_of(wrong[0], tmp_path)}


def test_no_section_explains_what_there_is_not() -> None:
    named = re.findall(r"^##+ ([a-z0-9]+(?:-[a-z0-9]+)*)$", PAGE, re.MULTILINE)
    assert sorted(named) == sorted({*WARNINGS, *OF_COMMENTS})
