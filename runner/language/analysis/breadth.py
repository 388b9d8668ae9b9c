"""Rules that mean more calls than their author may think, or less time."""

from __future__ import annotations

from math import inf

from runner.durations import format_duration
from runner.language.analysis.meanings import PARENT
from runner.language.analysis.regions import ANY_TEXT, NO_TEXT, Region, Texts
from runner.language.analysis.shapes import ANYTHING
from runner.language.analysis.subject import Sorted, Subject
from runner.language.analysis.witnesses import ordinary
from runner.model import Rule, Test
from runner.problems import Position

_CHILD = Region(False, ANY_TEXT)
_NO_CHILD = Region(True, NO_TEXT)


def check_everything(subject: Subject) -> None:
    """Warns of a rule that changes every call in progress."""
    usual = ordinary()
    if not subject.base.fits(usual):
        return
    for rule, look, last in subject.changing:
        if not look.fits(usual):
            continue
        each = subject.sorted(rule)
        if each.nested or not all(_is_everything(subject, *item) for item in each.flat.items()):
            continue
        message = f"`{rule.id}` fits every call in progress: they all get this `{last.name}`"
        hint = "name the calls that are meant: `match: {to: …}`"
        subject.warn(rule.position, "matches-everything", message, hint)


def check_legs(subject: Subject) -> None:
    """Warns of a rule that changes calls and the legs that they dialled alike."""
    for rule, look, last in subject.changing:
        if look.usual or not _has_both_legs(subject, rule):
            continue
        message = f"`{last.name}` goes to calls and to the legs that they dialled, and changing "
        message += "one ends or drops the other"
        hint = "name `leg: parent` or `leg: child`"
        subject.warn(_where(subject.sorted(rule)), "both-legs", message, hint)


def check_holds(subject: Subject) -> None:
    """Warns of a `for` that ends before the next poll looks."""
    for number, rule in enumerate(subject.flow.rules):
        if not 0 < rule.hold < subject.poll:
            continue
        poll, hold = format_duration(subject.poll), format_duration(rule.hold)
        written = subject.document.data["rules"][number]
        message = f"`for: {hold}` can't be seen to hold: calls are looked at every {poll}"
        hint = f"write {poll} or more, or remove it"
        position = subject.document.value(written, "for")
        subject.warn(position, "for-shorter-than-poll", message, hint)


def _is_everything(subject: Subject, name: str, tests: list[Test]) -> bool:
    """Whether the tests hold for every call that a rule without conditions is about."""
    if name == "status":
        region = subject.region(tests)
        return region.part == ANY_TEXT or _has_word(region, "in-progress")
    if name == PARENT:
        return subject.region(tests).missing
    return all(_is_all(subject.meaning(test).true) for test in tests)


def _has_word(region: Region, word: str) -> bool:
    """Whether the region surely holds the word."""
    assert isinstance(region.part, Texts)
    fits, misfits = region.part.fits, region.part.misfits
    return all(isinstance(atom, frozenset) and word in atom for atom in fits) and all(
        isinstance(atom, frozenset) and word not in atom for atom in misfits
    )


def _is_all(region: Region) -> bool:
    """Whether every value that is not missing is in the region."""
    if isinstance(region.part, Texts):
        return region.part in (ANY_TEXT, Texts(fits=frozenset({ANYTHING})))
    return region.part in (((0, inf),), ((-inf, inf),))


def _has_both_legs(subject: Subject, rule: Rule) -> bool:
    return subject.may_be(rule, PARENT, _CHILD) and subject.may_be(rule, PARENT, _NO_CHILD)


def _where(each: Sorted) -> Position:
    """The test that names the legs, else the rule."""
    tests = each.flat.get(PARENT, [])
    return tests[0].position if tests else each.rule.position
