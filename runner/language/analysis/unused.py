"""Lists and windows that no rule of their flow asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
    _check_named(subject, "list", lambda test: test.operator in _LISTS)


def check_windows(subject: Subject) -> None:
    """Warns of a window that no condition names."""
    _check_named(subject, "window", _asks_for_window)


def _tests(subject: Subject) -> Iterator[Test]:
    for rule in subject.flow.rules:
        for item in items_of(rule):
            if isinstance(item, Test):
                yield item
            else:
                yield from tests_of(item)


def _asks_for_window(test: Test) -> bool:
    return test.field in FIELDS and FIELDS[test.field].type == _WINDOW


def _check_named(subject: Subject, noun: str, asks: Callable[[Test], bool]) -> None:
    named = subject.document.data.get(f"{noun}s")
    if not named:
        return
    used = {word for test in _tests(subject) if asks(test) for word in _words(test.written)}
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
