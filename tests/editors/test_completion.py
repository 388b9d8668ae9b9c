"""What the editor offers, and that what it inserts is right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runner.actions import ACTIONS
from runner.language.fields import ANSWERED_BY, DIRECTIONS, FIELDS
from runner.language.loader import load
from runner.language.operators import OPERATORS
from runner.language.schema import text_of
from runner.language.source import parse
from tests.editors.editing import CURSOR, accept, is_complete, marked
from tests.editors.lsp import Server

FLOW = json.loads(text_of("flow"))
RULE = FLOW["definitions"]["rule"]["properties"]

HEAD = """\
version: 1
flow: shop
lists: {vip: ["+14155550100"]}
windows: {office: {timezone: America/New_York, from: "09:00", to: "17:00"}}
"""
IN_RULES = HEAD + "rules:\n"
IN_RULE = IN_RULES + "  - id: a\n"
IN_MATCH = IN_RULE + "    then: [log: seen]\n    match:\n"
IN_THEN = IN_RULE + "    then:\n"
CONDITION = IN_RULE + "    then: [hangup]\n    match: "

Items = dict[str, dict[str, Any]]


def offered(server: Server, project: Path, text: str) -> Items:
    """What is offered at the mark, by label."""
    where = marked(text)
    items = server.complete(project / "flows" / "new.yaml", where.text, where.at)
    return {item["label"]: item for item in items}


def documented(item: dict[str, Any]) -> bool:
    return bool(item.get("documentation"))


def test_the_keys_of_a_file(server: Server, project: Path) -> None:
    items = offered(server, project, CURSOR + "\n")
    assert set(FLOW["properties"]) <= set(items)
    assert all(documented(items[key]) for key in FLOW["properties"])


def test_no_key_is_offered_twice(server: Server, project: Path) -> None:
    items = offered(server, project, HEAD + CURSOR + "\n")
    assert "rules" in items
    assert not {"version", "flow", "lists", "windows"} & set(items)


@pytest.mark.parametrize("before", [IN_RULE + "    ", IN_RULES + "  - then: [hangup]\n    "])
def test_the_keys_of_a_rule(server: Server, project: Path, before: str) -> None:
    items = offered(server, project, before + CURSOR + "\n")
    missing = set(RULE) - set(items)
    assert missing in ({"id"}, {"then"})
    assert all(documented(items[key]) for key in set(RULE) - missing)


@pytest.mark.parametrize("text", [IN_MATCH + f"      {CURSOR}\n", CONDITION + f"{{f{CURSOR}}}\n"])
def test_every_field(server: Server, project: Path, text: str) -> None:
    items = offered(server, project, text)
    assert {*FIELDS, "any", "all", "not"} <= set(items)
    assert all(documented(items[name]) for name in FIELDS)


@pytest.mark.parametrize("field", ["from", "caller_name", "status", "leg", "age", "start_time"])
def test_the_operators_of_a_field(server: Server, project: Path, field: str) -> None:
    items = offered(server, project, IN_MATCH + f"      {field}:\n        {CURSOR}\n")
    kind = FIELDS[field].type
    wanted = {name for name, operator in OPERATORS.items() if kind in operator.suits}
    assert set(items) & set(OPERATORS) == wanted
    assert all(documented(items[name]) for name in wanted)


def test_the_operators_inside_braces(server: Server, project: Path) -> None:
    items = offered(server, project, CONDITION + f"{{from: {{p{CURSOR}}}}}\n")
    assert {"prefix", "in_list", "regex"} <= set(items)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (CONDITION + f"{{status: {CURSOR}}}\n", {"queued", "ringing", "in-progress"}),
        (IN_MATCH + f"      status: {CURSOR}\n", {"queued", "ringing", "in-progress"}),
        (IN_MATCH + f"      status: [{CURSOR}]\n", {"queued", "ringing", "in-progress"}),
        (IN_MATCH + f"      leg: {CURSOR}\n", {"parent", "child", "any"}),
        (IN_MATCH + f"      direction: {CURSOR}\n", set(DIRECTIONS)),
        (IN_MATCH + f"      answered_by: {CURSOR}\n", set(ANSWERED_BY) - {"machine"}),
        (IN_MATCH + f"      caller_name: {{exists: {CURSOR}}}\n", {"true", "false"}),
        (IN_MATCH + f"      age: {{gte: {CURSOR}}}\n", {"30m"}),
        (IN_MATCH + f"      concurrent: {{by: {CURSOR}}}\n", {"from", "to"}),
        (IN_RULE + f"    once: {CURSOR}\n", {"per call", "{every: 5m, max: 3}"}),
        (IN_RULE + f"    mode: {CURSOR}\n", {"enforce", "shadow", "{canary: 10%}"}),
        (IN_RULE + f"    continue: {CURSOR}\n", {"true", "false"}),
        (IN_THEN + f"      - redirect: {{method: {CURSOR}}}\n", {"GET", "POST"}),
        (HEAD.replace("from:", f"days: [{CURSOR}], from:"), {"mon", "sun"}),
        (CURSOR + "\n", {"version"}),
    ],
)
def test_values(server: Server, project: Path, text: str, wanted: set[str]) -> None:
    assert wanted <= set(offered(server, project, text))


@pytest.mark.parametrize("field", ["status", "leg"])
def test_values_are_explained(server: Server, project: Path, field: str) -> None:
    items = offered(server, project, IN_MATCH + f"      {field}: {CURSOR}\n")
    assert items
    assert all(documented(item) for item in items.values())


@pytest.mark.parametrize(
    "text",
    [
        IN_THEN + f"      - {CURSOR}\n",
        IN_THEN + f"      - say: Goodbye.\n      - {CURSOR}\n",
        IN_THEN + f"      - s{CURSOR}\n",
    ],
)
def test_every_action_in_then(server: Server, project: Path, text: str) -> None:
    items = offered(server, project, text)
    assert set(ACTIONS) <= set(items)
    assert all(documented(items[name]) for name in ACTIONS)


def test_bare_words_in_brackets(server: Server, project: Path) -> None:
    where = marked(IN_RULE + f"    then: [{CURSOR}]\n")
    items = offered(server, project, IN_RULE + f"    then: [{CURSOR}]\n")
    assert {"hangup", "cancel"} <= set(items)
    assert "then: [hangup]" in accept(where, items["hangup"])


PLACES = {
    "a key of the file": HEAD + CURSOR + "\nrules: [{id: a, then: [hangup]}]\n",
    "rules": IN_RULES + f"  {CURSOR}\n",
    "the first rule": IN_RULES + f"  - {CURSOR}\n",
    "one more rule": IN_RULES + f"  - id: a\n    then: [hangup]\n  {CURSOR}\n",
    "one more dash": IN_RULES + f"  - id: a\n    then: [hangup]\n  - {CURSOR}\n",
    "a key of a rule": IN_RULE + f"    {CURSOR}\n    then: [hangup]\n",
    "match": IN_RULE + f"    match:\n      {CURSOR}\n    then: [hangup]\n",
    "operators of text": IN_RULE
    + f"    match:\n      from:\n        {CURSOR}\n    then: [hangup]\n",
    "operators of a duration": IN_RULE
    + f"    match:\n      age:\n        {CURSOR}\n    then: [hangup]\n",
    "status": IN_RULE + f"    match:\n      status: {CURSOR}\n    then: [hangup]\n",
    "once": IN_RULE + f"    once: {CURSOR}\n    then: [hangup]\n",
    "mode": IN_RULE + f"    mode: {CURSOR}\n    then: [hangup]\n",
    "then": IN_THEN + f"      - {CURSOR}\n",
}


@pytest.mark.parametrize("place", PLACES)
def test_what_is_inserted_is_right(
    server: Server, project: Path, place: str, tmp_path: Path
) -> None:
    """Whatever is taken leaves sound YAML; with no value left to type, a flow without errors."""
    where = marked(PLACES[place])
    items = server.complete(project / "flows" / "new.yaml", where.text, where.at)
    assert items
    file = tmp_path / "new.yaml"
    for item in items:
        text = accept(where, item)
        assert parse("new.yaml", text.encode()).problems == [], (item["label"], text)
        file.write_text(text, encoding="utf-8")
        if is_complete(item) and not is_part(place, item["label"]):
            assert load([file]).errors == (), (item["label"], text)


def is_part(place: str, label: str) -> bool:
    """True for one key of several that a new rule needs, which is no mistake of the editor's."""
    return place in ("the first rule", "one more dash") and not label.startswith("rule that")


def test_no_label_is_a_puzzle(server: Server, project: Path) -> None:
    for text in PLACES.values():
        assert not [label for label in offered(server, project, text) if "[object" in label]


def test_a_new_rule_and_its_action_from_snippets(server: Server, project: Path) -> None:
    where = marked(IN_RULES + f"  {CURSOR}\n")
    items = offered(server, project, IN_RULES + f"  {CURSOR}\n")
    text = accept(where, items["rule that speaks, then hangs up"])
    more = text.replace("    - hangup\n", f"    - {CURSOR}\n")
    where, items = marked(more), offered(server, project, more)
    text = accept(where, items["redirect"])
    file = project / "flows" / "taken.yaml"
    file.write_text(text, encoding="utf-8")
    loaded = load([file])
    file.unlink()
    assert loaded.errors == ()
    assert loaded.flow_set is not None
    then = loaded.flow_set.flows[0].rules[0].then
    assert [action.name for action in then] == ["say", "redirect"]
