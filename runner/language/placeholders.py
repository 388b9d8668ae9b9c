"""Placeholders in actions: where they may stand, and where a mistake in one is in the file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from runner.actions.templates import Template, templates_of
from runner.language.bench import Bench
from runner.language.conditions import tests_of
from runner.language.source import Document, Place
from runner.language.templates import Fault, TemplateReader
from runner.model import Action, Rule
from runner.problems import Position

#: Fields that Twilio leaves empty on most calls.
SELDOM = frozenset(
    ("caller_name", "forwarded_from", "answered_by", "parent_call_sid", "group_sid", "trunk_sid")
)

_LINE_END = "\r\n|[\n\r\x85\u2028\u2029]"  # as the YAML reader counts lines


def compile_template(bench: Bench, place: Place, text: str) -> Template | None:
    """The text at a place as a template; None where there are mistakes in it, which are noted."""
    reader = TemplateReader(text)
    template = reader.template()
    for fault in reader.faults:
        position = _position(bench.document, place, text, fault)
        bench.error(position, fault.code, fault.message, hint=fault.hint)
    return None if reader.faults else template


def check_defaults(bench: Bench, defaults: Mapping[str, Any]) -> None:
    """Notes placeholders in a flow's defaults, which are the same for every call."""
    for key, value in defaults.items():
        if isinstance(value, str) and "{{" in value:
            refuse_placeholder(bench, (defaults, key), "placeholders can't stand in defaults")


def check_gaps(bench: Bench, rule: Rule) -> None:
    """Warns of fields that most calls lack: without one of them the rule is held back."""
    for action in rule.then:
        templates = templates_of(action.arguments)
        if templates:
            _check_gaps(bench, rule, action, templates)


def _check_gaps(bench: Bench, rule: Rule, action: Action, templates: Sequence[Template]) -> None:
    found = (each for template in templates for each in template.placeholders)
    gaps = [each.name for each in found if each.name in SELDOM and not each.has_default]
    asked = {test.field for test in tests_of(rule.match)} if gaps else set()
    for name in gaps:
        if name not in asked:
            message = f"{name} is empty on most calls, and {rule.id} then sends nothing"
            hint = f'write `{{{{ {name} | default("…") }}}}`, or ask for it in `match`'
            bench.warn(action.position, "missing-default", message, hint=hint)


def refuse_placeholder(bench: Bench, place: Place, message: str) -> None:
    """Notes that a placeholder stands where none can."""
    hint = "they may stand in what is said, in URLs, and in what is sent or logged"
    text: str = place[0][place[1]]
    start = text.find("{{")
    fault = Fault("placeholder", message, hint, start, start, start + 2)
    bench.error(_position(bench.document, place, text, fault), "placeholder", message, hint=hint)


def _position(document: Document, place: Place, text: str, fault: Fault) -> Position:
    """Where the fault stands in the file: as near as the escapes of the YAML let it be found."""
    whole = document.value(*place)
    mark = text[fault.anchor : fault.anchor + 2]
    before = text.count(mark, 0, fault.anchor)
    lines = _lines(document.text)
    for number in range(whole.line, document.last_line(*place) + 1):
        line = lines[number - 1]
        column = line.find(mark, whole.column - 1 if number == whole.line else 0)
        while column >= 0 and before:
            before -= 1
            column = line.find(mark, column + 2)
        if column >= 0:
            start, width = column, 2
            if line.startswith(text[fault.anchor : fault.end], column):
                start, width = column + fault.start - fault.anchor, fault.end - fault.start
            return Position(whole.path, number, start + 1, width)
    return whole


@lru_cache(maxsize=2)
def _lines(text: str) -> tuple[str, ...]:
    """The lines of a file, split once for all its faults."""
    return tuple(re.split(_LINE_END, text))
