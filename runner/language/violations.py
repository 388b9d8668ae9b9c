"""One schema violation in words: what is wrong there, what belongs there, and a stable code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from runner.actions import ACTIONS
from runner.actions.forms import START
from runner.durations import parse_duration
from runner.language.guarding import FORMS, limit_hint
from runner.language.kinds import kind_of, name_of, wrong_type
from runner.language.moments import probable_date, probable_day, probable_time
from runner.language.shape import end_anchored
from runner.language.source import Document, Pointer
from runner.language.words import counted, listed, shown, suggestion
from runner.problems import Position, Problem

#: The title of an object in the schema → what its keys are called, and the code of an unknown one.
_KEY_NOUNS = {
    "action": ("action", "unknown-action"),
    "conditions": ("field", "unknown-field"),
    "operators": ("operator", "unknown-operator"),
    "duration condition": ("operator", "unknown-operator"),
    "time condition": ("operator", "unknown-operator"),
}
_TYPES = {
    "string": "text",
    "array": "a list",
    "object": "a mapping (`key: value`)",
    "boolean": "true or false",
    "integer": "a whole number",
}
_NEEDED: dict[type, str] = {
    str: "it needs text",
    list: "it needs at least one item",
    dict: "it needs at least one key",
}


class Violation(Struct, frozen=True):
    """What a schema keyword found: `wanted` is the keyword's value, `schema` what it stands in."""

    keyword: str
    wanted: Any
    schema: Mapping[str, Any]
    found: Any
    pointer: Pointer


def explain(document: Document, violation: Violation) -> list[Problem]:
    """The problems behind a violation; one, except where several keys are unknown."""
    if violation.keyword == "additionalProperties":
        return _unknown_keys(document, violation)
    if violation.keyword == "dependencies":
        return _lonely_keys(document, violation)
    if violation.keyword == "type" and "enum" in violation.schema:  # the words say more
        violation = replace(violation, keyword="enum", wanted=violation.schema["enum"])
    code, message, hint = _EXPLAINED[violation.keyword](document, violation)
    return [Problem(_position(document, violation), code, message, hint)]


def _position(document: Document, violation: Violation) -> Position:
    place = document.find(violation.pointer)
    if place is None:
        return document.start()
    value = place[0][place[1]]
    if isinstance(value, dict) and isinstance(violation.found, str):
        return document.key(value, violation.found)  # it is the name of a key that is wrong
    return document.key(*place) if violation.keyword == "required" else document.value(*place)


def _unknown_keys(document: Document, violation: Violation) -> list[Problem]:
    known = list(violation.schema.get("properties", ()))
    title = violation.schema.get("title", "mapping")
    noun, code = _KEY_NOUNS.get(title, ("key", "unknown-key"))
    where = "then" if code == "unknown-action" else title
    return [
        Problem(
            document.key(violation.found, key),
            code,
            f"unknown {noun} {shown(key)} in {where}",
            _special_hint(violation, key) or suggestion(key, known, f"{noun}s"),
        )
        for key in violation.found
        if key not in known
    ]


def _lonely_keys(document: Document, violation: Violation) -> list[Problem]:
    return [
        Problem(
            document.key(violation.found, key),
            "missing-key",
            f"`{key}` needs `{other}` beside it",
            f"add `{other}: …`, or remove `{key}`",
        )
        for key, others in violation.wanted.items()
        for other in others
        if key in violation.found and other not in violation.found
    ]


def _special_hint(violation: Violation, key: str) -> str:
    if key == "<<":
        return "YAML 1.2 has no merge key; write the values out"
    parts = violation.schema.get("properties", {})
    if key in FORMS and "guard" in parts:
        return f"it belongs inside: `guard: {{{key}: …}}`"
    # Of the actions, only the one that stands beside it can be meant.
    is_action = violation.schema.get("title") == "action"
    meant = [name for name in parts if not is_action or name in violation.found]
    for sibling in sorted(meant, key=lambda name: name not in violation.found):
        for branch in parts[sibling].get("anyOf", ()):
            if key in branch.get("properties", ()):
                pair = dict.fromkeys((next(iter(branch["properties"])), key))
                inside = ", ".join(f"{name}: …" for name in pair)
                return f"it belongs inside: `{sibling}: {{{inside}}}`"
    return ""


def _type(document: Document, violation: Violation) -> tuple[str, str, str]:
    """`wanted` is one JSON type, or those of all branches of a choice."""
    types = violation.wanted if isinstance(violation.wanted, list) else [violation.wanted]
    wanted, title = listed(_named(types, violation.schema)), violation.schema.get("title")
    if title == "duration" and _is_number(violation.found):
        message = f"{name_of(violation.pointer)} needs a unit: {violation.found} is no duration"
        return "bad-duration", message, f"write {violation.found}s, {violation.found}m or 1h30m"
    if title == "share" and isinstance(violation.found, (int, float)):
        return _bare_share(violation)
    guesser = _GUESSERS.get(str(title))
    guess = guesser(str(violation.found)) if guesser and _is_number(violation.found) else None
    if guess:
        message = f"{name_of(violation.pointer)} must be a {title}, not {violation.found}"
        return "wrong-type", message, f"write {shown(guess)}"
    if title == "action":
        wanted = "an action (`say: …`, `hangup`)"
    place = document.find(violation.pointer)
    told = wrong_type(document, place, name=name_of(violation.pointer), wanted=wanted)
    return told[0], told[1], told[2] or limit_hint(str(title), violation.found)


def _bare_share(violation: Violation) -> tuple[str, str, str]:
    """A number without `%`: 0.1 may mean a tenth, or a tenth of one percent."""
    number, name = violation.found, name_of(violation.pointer)
    if isinstance(number, bool):
        return "bad-share", f"{name} must be a share, not {shown(number)}", _rule(violation)
    meant = ([f"{number * 100:g}%"] if 0 < number <= 1 else []) + [f"{number}%"]
    pattern = end_anchored(violation.schema["pattern"])
    fitting = [share for share in meant if re.search(pattern, share)]
    hint = f"write {listed(fitting)}" if fitting else _rule(violation)
    return "bad-share", f"{name} needs a percent sign", hint


def _rule(violation: Violation) -> str:
    """What the schema says of the pattern, as the end of a sentence."""
    rule = str(violation.schema["patternErrorMessage"]).rstrip(".")
    return rule[:1].lower() + rule[1:]


def _named(types: list[str], schema: Mapping[str, Any]) -> list[str]:
    """Types in words; text that only a few words may be is named by them."""
    branches = schema.get("anyOf", ())
    words = [shown(word) for branch in branches for word in branch.get("enum", ())]
    named = [_TYPES[word] for word in types if word != "string" or not words]
    return words + named


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _required(_document: Document, violation: Violation) -> tuple[str, str, str]:
    missing = [name for name in violation.wanted if name not in violation.found]
    title = violation.schema.get("title", "this")
    return "missing-key", f"this {title} has {listed([f'no `{m}`' for m in missing], 'and')}", ""


def _value(_document: Document, violation: Violation) -> tuple[str, str, str]:
    known = violation.wanted if violation.keyword == "enum" else [violation.wanted]
    words = [value for value in known if isinstance(value, str)]
    name = name_of(violation.pointer)
    if violation.schema.get("title") == "bare action" and isinstance(violation.found, str):
        return _bare_word(violation.found)
    message = f"{name} can't be {kind_of(violation.found)}"
    if violation.found == START and violation.pointer[-1:] and violation.pointer[-1] in ACTIONS:
        return "unknown-value", message, f"say how: `{violation.pointer[-1]}: {{start: {{…}}}}`"
    guess = _guess(violation) or limit_hint(violation.schema.get("title", ""), violation.found)
    if guess:
        return "unknown-value", message, guess
    if isinstance(violation.found, str) and len(words) > 1:
        return "unknown-value", message, suggestion(violation.found, words, "values")
    return "unknown-value", message, f"it must be {listed([_plain(v) for v in known])}"


def _bare_word(word: str) -> tuple[str, str, str]:
    if word in ACTIONS:
        return "missing-argument", f"the action {word} needs a value", f"write `{word}: …`"
    return "unknown-action", f"unknown action {shown(word)}", suggestion(word, list(ACTIONS))


def _plain(value: Any) -> str:
    return "left empty" if value is None else shown(value)


def _pattern(_document: Document, violation: Violation) -> tuple[str, str, str]:
    title = violation.schema["title"]
    if title == "duration" and _is_zero(violation.found):
        message = f"{name_of(violation.pointer)} must be longer than {violation.found}"
        return "out-of-range", message, _rule(violation)
    article = "an" if title[0].lower() in "aeio" else "a"
    message = f"{shown(violation.found)} is not {article} {title}"
    code = f"bad-{title.lower().replace(' ', '-')}"
    return code, message, _guess(violation) or _rule(violation)


def _guess(violation: Violation) -> str:
    """`did you mean …?` where the schema's title says what kind of word is meant."""
    guesser = _GUESSERS.get(violation.schema.get("title", ""))
    guess = guesser(violation.found) if guesser and isinstance(violation.found, str) else None
    return f"did you mean {shown(guess)}?" if guess else ""


def _is_zero(text: str) -> bool:
    try:
        return parse_duration(text) == 0
    except ValueError:
        return False


def _too_few(_document: Document, violation: Violation) -> tuple[str, str, str]:
    name = name_of(violation.pointer)
    if not violation.found:
        return "empty-value", f"{name} is empty", _NEEDED[type(violation.found)]
    return "wrong-length", f"{name} needs {counted(violation.wanted, 'item')}", ""


def _too_many(_document: Document, violation: Violation) -> tuple[str, str, str]:
    name = name_of(violation.pointer)
    return "wrong-length", f"{name} takes {counted(violation.wanted, 'item')}, not more", ""


def _range(_document: Document, violation: Violation) -> tuple[str, str, str]:
    bound = "at least" if violation.keyword == "minimum" else "at most"
    name = name_of(violation.pointer)
    message = f"{name} must be {bound} {violation.wanted}, not {violation.found}"
    return "out-of-range", message, ""


_GUESSERS: dict[str, Callable[[str], str | None]] = {
    "day": probable_day,
    "time of day": probable_time,
    "date": probable_date,
}

_EXPLAINED: dict[str, Callable[[Document, Violation], tuple[str, str, str]]] = {
    "type": _type,
    "anyOf": _type,
    "required": _required,
    "enum": _value,
    "const": _value,
    "pattern": _pattern,
    "minLength": _too_few,
    "minItems": _too_few,
    "minProperties": _too_few,
    "maxItems": _too_many,
    "minimum": _range,
    "maximum": _range,
}
