"""Lists and windows that no rule of their flow asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from runner.language.analysis.subject import Subject
from runner.language.analysis.witnesses import items_of
from runner.language.conditions import tests_of
from runner.language.fields import FIELDS
from runner.language.words import shown
from runner.model import Test

_LISTS = ("in_list", "not_in_list")
_WINDOW = "window"


def check_lists(subject: Subject) -> None:
    """Warns of a list that no condition names."""
    if subject.document.data.get("lists"):
        tests = _tests(subject)
        _check_named(subject, "list", {test.written for test in tests if test.operator in _LISTS})


def check_windows(subject: Subject) -> None:
    """Warns of a window that no condition names."""
    if subject.document.data.get("windows"):
        tests = (test for test in _tests(subject) if FIELDS[test.field].type == _WINDOW)
        _check_named(subject, "window", {word for test in tests for word in _words(test.written)})


def _tests(subject: Subject) -> list[Test]:
    found: list[Test] = []
    for rule in subject.flow.rules:
        for item in items_of(rule):
            if isinstance(item, Test):
                found.append(item)
            else:
                found += tests_of(item)
    return found


def _check_named(subject: Subject, noun: str, used: Collection[str]) -> None:
    named = subject.document.data[f"{noun}s"]
    for name in named:
        if name not in used:
            message = f"no condition asks for the {noun} {shown(name)}"
            position = subject.document.key(named, name)
            subject.warn(position, f"unused-{noun}", message, "remove it, or use it in `match`")


def _words(written: object) -> Iterator[str]:
    if isinstance(written, str):
        yield written
    elif isinstance(written, list):
        yield from (word for word in written if isinstance(word, str))
