"""The reference is whole, not stale, and its examples do what it says of them.

A new field, operator or action needs an example in the schema, and a condition two calls in
`tests/reference_calls.py`; then `python3 dev.py reference`.
"""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from runner.actions import ACTIONS
from runner.actions.composing import compose, update_of
from runner.call import Call
from runner.cli.words import reference_page
from runner.decision.live import LiveSet
from runner.decision.truth import predicate
from runner.durations import parse_duration
from runner.language import hints
from runner.language.entries import Entry
from runner.language.fields import FIELDS
from runner.language.loader import load, load_config
from runner.language.operators import OPERATORS
from runner.language.reference import sections
from runner.language.source import parse
from runner.model import Moment, Rule
from tests.reference_calls import CALLS, OPEN, Given

ROOT = Path(__file__).parent.parent
SECTIONS = {section.name: section for section in sections()}

LISTS = 'lists: {partners: ["+14155550100"]}'
WINDOWS = 'windows: {office: {timezone: America/New_York, from: "09:00", to: "17:00"}}'


def entries(*names: str) -> list[Entry]:
    return [entry for name in names for entry in SECTIONS[name].entries]


def examples(*names: str) -> list[Any]:
    return [
        pytest.param(entry, example, id=f"{entry.topic}-{number}")
        for entry in entries(*names)
        for number, example in enumerate(entry.examples)
    ]


# ---- whole and not stale --------------------------------------------------------------------


def test_the_page_is_what_the_schemas_and_tables_say() -> None:
    page = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    assert page == reference_page.as_page(sections()), "run: python3 dev.py reference"


@pytest.mark.parametrize(
    ("section", "words"), [("fields", FIELDS), ("operators", OPERATORS), ("actions", ACTIONS)]
)
def test_every_word_of_the_tables_is_there(section: str, words: Any) -> None:
    assert [entry.name for entry in entries(section)] == list(words)
    for name in words:
        assert f"### `{name}`\n" in reference_page.as_page(sections())


@pytest.mark.parametrize("entry", entries(*SECTIONS), ids=lambda entry: entry.topic)
def test_every_word_is_explained(entry: Entry) -> None:
    assert entry.prose
    assert all(part.prose for part in entry.parts), entry.parts


SHOWN = ("flow", "rule", "conditions", "fields", "operators", "actions")


@pytest.mark.parametrize("entry", entries(*SHOWN), ids=lambda entry: entry.topic)
def test_every_word_of_a_flow_has_an_example(entry: Entry) -> None:
    assert entry.examples, "give it one in schemas/flow.schema.json"
    assert all(entry.name in example for example in entry.examples)


# ---- examples as part of a flow -------------------------------------------------------------


def keys(fragment: str) -> set[str]:
    """The keys that a fragment of YAML defines."""
    return set(yaml.safe_load(fragment))


def merged(blocks: dict[str, str], fragment: str) -> str:
    """These blocks, but for the keys that the fragment has, and the fragment."""
    kept = [text for key, text in blocks.items() if key not in keys(fragment)]
    return "\n".join([*kept, fragment])


def flow_of(rule: str, fragment: str = "") -> str:
    """A whole flow with this rule; lists and windows where it uses them."""
    blocks = {"version": "version: 1", "flow": "flow: example"}
    if "in_list" in rule:
        blocks["lists"] = LISTS
    if "office" in rule:
        blocks["windows"] = WINDOWS
    item = textwrap.indent(rule, "    ").replace("    ", "  - ", 1)
    blocks["rules"] = f"rules:\n{item}"
    if "lists:" in fragment:  # a list that no rule uses is a warning
        users = "    match: {from: {in_list: surveys}, to: {not_in_list: partners}}"
        blocks["rules"] = f"rules:\n  - id: example\n{users}\n    then: [hangup]"
    if "windows:" in fragment:
        blocks["rules"] = "rules:\n  - {id: example, match: {during: office}, then: [hangup]}"
    return merged(blocks, fragment) if fragment else "\n".join(blocks.values())


RULE = {"id": "id: example", "match": "match: {age: {gte: 30m}}", "then": "then: [hangup]"}


def rule_with(match: str) -> str:
    return merged(RULE, f"match:\n{textwrap.indent(match, '  ')}")


def rule_that(action: str, word: str) -> str:
    """A rule that takes this action, on calls that it can act on, and ends the call by a word."""
    kind = ACTIONS[word]
    if "then" in keys(action):
        then = action
    else:
        item = textwrap.indent(action, "    ").replace("    ", "  - ", 1)
        steers = kind.changes_call and kind.extra is None
        whole = kind.ends or kind.exclusive or kind.goes_on or not steers
        then = f"then:\n{item}" + ("" if whole else "\n  - hangup")
    if "in-progress" not in kind.statuses:
        then += f"\nmatch: {{status: [{', '.join(kind.statuses)}]}}"
    return merged(RULE, then)


def sound(text: str, folder: Path, *, broad: bool = False) -> Rule:
    """The first rule of a flow that has no problem, not even a warning.

    `broad` lets it be about every call: a condition mostly stands beside others.
    """
    (folder / "partners.txt").write_text("+14155550100\n", encoding="utf-8")
    path = folder / "example.yaml"
    path.write_text(text + "\n", encoding="utf-8")
    loaded = load([path])
    problems = [p for p in loaded.problems if not (broad and p.code == "matches-everything")]
    assert problems == [], text
    assert loaded.flow_set is not None
    return loaded.flow_set.rules[0]


@pytest.mark.parametrize(("entry", "example"), examples("flow"))
def test_a_key_of_a_flow(entry: Entry, example: str, tmp_path: Path) -> None:
    sound(flow_of("\n".join(RULE.values()), example), tmp_path)


@pytest.mark.parametrize(("entry", "example"), examples("rule"))
def test_a_key_of_a_rule(entry: Entry, example: str, tmp_path: Path) -> None:
    sound(flow_of(merged(RULE, example)), tmp_path)


@pytest.mark.parametrize(("entry", "example"), examples("actions"))
def test_an_action(entry: Entry, example: str, tmp_path: Path) -> None:
    rule = sound(flow_of(rule_that(example, entry.name)), tmp_path)
    assert entry.name in [action.name for action in rule.then]
    values = {"from": "+14155550100", "caller_name": None, "sid": "CA" + "0" * 32}
    found = {"voice": {"url": "https://example.com/voice"}}
    update = update_of(compose(rule.then, values.get, found))
    assert (update is not None) == any(ACTIONS[each.name].changes_call for each in rule.then)


# ---- conditions, asked about calls ----------------------------------------------------------


def moment_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def call_of(given: Given, now: datetime) -> Call:
    row = {"sid": "CA" + "9" * 32, "status": "in-progress", "direction": "inbound"} | given
    for key in ("now", "others", "account"):
        row.pop(key, None)
    if "age" in row:
        began = now - timedelta(milliseconds=parse_duration(row.pop("age")))
        row["start_time"] = format_datetime(began)
    return Call(**{{"from": "from_"}.get(key, key): value for key, value in row.items()})


def matches(rule: Rule, given: Given) -> bool | None:
    now = moment_of(given.get("now", OPEN))
    call = call_of(given, now)
    calls = [call, *(call_of(other, now) for other in given.get("others", ()))]
    millis = int(now.astimezone(UTC).timestamp() * 1000)
    moment = Moment(millis, LiveSet(calls, millis), given.get("account", ""))
    return predicate(rule.match)(call, moment)


@pytest.mark.parametrize(("entry", "example"), examples("conditions", "fields", "operators"))
def test_a_condition(entry: Entry, example: str, tmp_path: Path) -> None:
    assert example in CALLS, "name a call that it fits and one that it doesn't"
    rule = sound(flow_of(rule_with(example)), tmp_path, broad=True)
    fits, spares = CALLS[example]
    assert matches(rule, fits) is True
    assert matches(rule, spares) is False


def test_no_calls_for_examples_that_are_gone() -> None:
    shown = {e for entry in entries("conditions", "fields", "operators") for e in entry.examples}
    assert set(CALLS) == shown


# ---- the other files ------------------------------------------------------------------------


@pytest.mark.parametrize(("entry", "example"), examples("config"))
def test_a_key_of_the_configuration(entry: Entry, example: str, tmp_path: Path) -> None:
    if entry.topic.startswith("config.accounts."):
        example = accounts_with(example)
    path = tmp_path / "callflow.yaml"
    path.write_text(merged({"version": "version: 1"}, example), encoding="utf-8")
    assert load_config(path).problems == ()


def accounts_with(fragment: str) -> str:
    """The key `accounts`, one of which has this fragment, and what else it needs."""
    known = keys(fragment)
    beside = {"sid": "sid: AC" + "0" * 31 + "1"}
    if "api_key" in known:
        beside["api_secret"] = "api_secret: {env: EU_SECRET}"
    elif "api_secret" in known:
        beside["api_key"] = "api_key: SK" + "0" * 32
    elif "parent" not in known:
        beside["auth_token"] = "auth_token: {env: EU_TOKEN}"
    beside |= {"region": {"edge": "edge: dublin"}, "edge": {"region": "region: ie1"}}.get(
        min(known), {}
    )
    main = f"  main: {{sid: AC{'0' * 32}, auth_token: {{env: MAIN_TOKEN}}}}"
    return f"accounts:\n{main}\n  eu:\n" + textwrap.indent(merged(beside, fragment), "    ")


@pytest.mark.parametrize(("entry", "example"), examples("test"))
def test_a_key_of_a_test_file(entry: Entry, example: str) -> None:
    """By the schema at its place; whole test files are played in tests/timeline."""
    node, schema = hints.schema("test"), hints.schema("test")
    for word in path_to(entry.topic):
        node = dict(hints.properties(node, "test")[word])
    [(word, value)] = parse("example.yaml", example.encode()).document.data.items()
    part = {**node, "definitions": schema["definitions"]}
    assert word == entry.name
    assert list(Draft7Validator(part).iter_errors(value)) == []


def path_to(topic: str) -> list[str]:
    """`test.calls.age` → the keys that lead there from the top of the file."""
    words = topic.split(".")[1:]
    before = {"calls": ["tests"], "expect": ["tests"], "request": ["tests", "expect"]}
    return [*before.get(words[0], []), *words] if len(words) > 1 else words
