"""`contradiction` and `unreachable-rule`: rules that no call can fit, or that no call gets to.

Both are proofs: a warning here is never a guess. Where two conditions are about the same field and
plainly apart, or the same, a look is enough; the rest is left to `proofs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from itertools import combinations

from runner.language.analysis.meanings import name_of
from runner.language.analysis.regions import both, is_empty
from runner.language.analysis.subject import Sorted, Subject, quoted
from runner.language.analysis.witnesses import Look
from runner.language.conditions import tests_of
from runner.language.words import listed
from runner.model import Rule, Test

_TOLD = ("leg", "during", "outside")  # which every call is or is not, whatever Twilio leaves out
_MOST_TOGETHER = 40  # earlier rules that are looked at as one
#: Operators of which it can't be proved that no value fits them.
_FITTING = frozenset(
    {"eq", "in", "prefix", "suffix", "glob", "regex", "exists", "gt", "gte", "lte", "between"}
)


class _Relation(Enum):
    """What the calls of an earlier rule have to do with those of a later one."""

    APART = auto()  # no call is of both
    ABOVE = auto()  # every call of the later one is one of the earlier
    MIXED = auto()  # neither, or not known


def check_reach(subject: Subject) -> None:
    """Warns of rules that no call can match, and of those that earlier rules leave nothing."""
    takers: list[Rule] = []
    looks: list[Look] = []
    for rule, look in zip(subject.flow.rules, subject.looks, strict=True):
        if look.values is None and _contradicts(subject, subject.sorted(rule)):
            continue
        if takers and rule.enabled and not _is_left(subject, look, looks):
            _check_takers(subject, rule, takers)
        if _takes(rule):
            takers.append(rule)
            looks.append(look)


def _is_left(subject: Subject, look: Look, takers: Sequence[Look]) -> bool:
    """Whether a made-up call shows that the rule gets one, or nobody has the time to find out."""
    if not subject.can_spend(1 + len(takers) // 4):
        return True
    values = look.values
    if values is None:
        return False
    for taker in takers:  # noqa: SIM110 - asked of each pair of rules
        if taker.fits(values):
            return False
    return True


def _maybe_missing(rules: Sequence[Sorted]) -> frozenset[str]:
    """The names of which a test can be true although the value is missing."""
    tests = (test for each in rules for test in tests_of(each.rule.match))
    return frozenset(
        name_of(test) for test in tests if test.operator == "exists" or test.field in _TOLD
    )


def _takes(rule: Rule) -> bool:
    """Whether the rule keeps every call that it matches from the rules below."""
    return rule.enabled and not rule.proceed and rule.mode.share >= 1.0


def _contradicts(subject: Subject, each: Sorted) -> bool:
    if each.is_huge:
        return False
    for tests in each.flat.values():
        if len(tests) == 1 and _can_hold(tests[0]):
            continue
        if is_empty(subject.region(tests)):
            _warn_of_tests(subject, tests)
            return True
    if each.nested and subject.never([subject.says(each.rule, "true")]):
        _warn_of_whole(subject, each)
        return True
    return False


def _can_hold(test: Test) -> bool:
    return test.operator in _FITTING or (test.operator == "in_list" and bool(test.value))


def _warn_of_tests(subject: Subject, tests: Sequence[Test]) -> None:
    """Names the smallest set of tests that leaves the field nothing to be."""
    for size in (1, 2):
        for few in combinations(tests, size):
            if is_empty(subject.region(few)):
                _warn_of_few(subject, few)
                return
    words = listed([quoted(test) for test in tests[:5]], "and")
    message = f"no call can match: {words} can't all hold"
    subject.warn(tests[-1].position, "contradiction", message, "remove one of them")


def _warn_of_few(subject: Subject, few: Sequence[Test]) -> None:
    *others, last = [each for each in few if not each.implicit]
    implicit = [each for each in few if each.implicit]
    if implicit:
        message = f"no call can match: {quoted(last)} excludes {quoted(implicit[0])}, "
        message += f"which a rule means unless it names a {implicit[0].field}"
        hint = f"name the {implicit[0].field} that is meant"
    elif others:
        message = f"no call can match: {quoted(last)} excludes {quoted(others[0])}"
        message += f" on line {others[0].position.line}"
        hint = "remove one of them, or put them under `any`"
    else:
        message = f"no call can match: nothing is {quoted(last)}"
        hint = "mend the value, or remove the rule"
    subject.warn(last.position, "contradiction", message, hint)


def _warn_of_whole(subject: Subject, each: Sorted) -> None:
    message = "no call can match: these conditions exclude one another"
    hint = "`not` of a missing field is not true either; ask for absence with `exists: false`"
    subject.warn(each.rule.match.position, "contradiction", message, hint)


def _check_takers(subject: Subject, rule: Rule, above: Sequence[Rule]) -> None:
    later, takers = subject.sorted(rule), [subject.sorted(each) for each in above]
    takers = [each for each in takers if not each.is_huge]
    if later.is_huge or not subject.can_spend(later.cost * len(takers)):
        return
    maybe_missing = _maybe_missing([later, *takers])
    at_once: list[Sorted] = []
    after_a_while: list[Sorted] = []
    for earlier in takers:
        # Where all that the later one matches is the earlier one's, its `for` has run as long.
        if earlier.rule.hold > later.rule.hold:
            continue
        relation = _relation(subject, earlier, later, maybe_missing)
        if relation is _Relation.ABOVE:
            _warn_of_takers(subject, later, [earlier])
            return
        if relation is _Relation.MIXED:
            (after_a_while if earlier.rule.hold else at_once).append(earlier)
    # Two rules that take turns with a call never hold for long: their `for` can't be added up.
    for together in (at_once[-_MOST_TOGETHER:], *([each] for each in after_a_while)):
        if _worth_proving(later, together) and _leave_nothing(subject, later, together):
            _warn_of_takers(subject, later, _needed(subject, later, together))
            return


def _worth_proving(later: Sorted, rules: Sequence[Sorted]) -> bool:
    """Whether there is more to find out than `_relation` did."""
    nested = bool(later.nested) or any(each.nested for each in rules)
    return len(rules) > 1 or (nested and bool(rules))


def _leave_nothing(subject: Subject, later: Sorted, rules: Sequence[Sorted]) -> bool:
    left = [subject.says(each.rule, "untrue") for each in rules]
    return subject.never([subject.says(later.rule, "true"), *left])


def _needed(subject: Subject, later: Sorted, rules: Sequence[Sorted]) -> list[Sorted]:
    """The rules without those that the proof does not need."""
    needed = list(rules)
    for each in rules:
        fewer = [other for other in needed if other is not each]
        if fewer and _leave_nothing(subject, later, fewer):
            needed = fewer
    return needed


def _warn_of_takers(subject: Subject, later: Sorted, takers: Sequence[Sorted]) -> None:
    names = [f"`{each.rule.id}` (line {each.rule.position.line})" for each in takers]
    if len(names) == 1:
        message = f"`{later.rule.id}` never gets a call: {names[0]} matches all that it can"
    else:
        message = f"`{later.rule.id}` never gets a call: {listed(names, 'and')} match "
        message += "all that it can"
    hint = "put it above, or set `continue: true` there, or remove it"
    subject.warn(later.rule.position, "unreachable-rule", message, hint)


def _relation(
    subject: Subject, earlier: Sorted, later: Sorted, maybe_missing: frozenset[str]
) -> _Relation:
    """By the tests that must hold in both rules; the others can only make it less certain.

    A field of which the later rule says nothing may be missing, and then the earlier one does not
    match: so it is no help, unless there is a rule that asks for the field to be missing.
    """
    above = not earlier.nested
    flat = later.flat
    for name, tests in earlier.flat.items():
        others = flat.get(name)
        if others is None:
            if not later.nested and name not in maybe_missing:
                return _Relation.APART
            above = False
        elif len(tests) == len(others) == 1 and _same(tests[0], others[0]):
            continue
        elif _plainly_apart(tests, others) or is_empty(subject.region([*tests, *others])):
            return _Relation.APART
        else:
            above = above and _all_above(subject, tests, others)
    return _Relation.ABOVE if above else _Relation.MIXED


def _same(one: Test, other: Test) -> bool:
    if one is other:
        return True
    is_like = one.operator == other.operator and one.field == other.field
    return is_like and one.written == other.written


def _plainly_apart(tests: Sequence[Test], others: Sequence[Test]) -> bool:
    one, other = tests[0], others[0]
    # One name can be asked about through two fields: a leg is told by its parent's SID.
    same_field = one.field == other.field
    return same_field and one.operator == other.operator == "eq" and one.value != other.value


def _all_above(subject: Subject, tests: Sequence[Test], others: Sequence[Test]) -> bool:
    known = subject.region(others)
    return all(is_empty(both(known, subject.meaning(test).untrue)) for test in tests)
