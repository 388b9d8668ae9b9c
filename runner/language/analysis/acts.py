"""What is odd about a `then`: it ends the call unsaid, comes again for ever, or can't act."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from runner.actions import ACTIONS, ActionKind
from runner.actions.base import Speech
from runner.actions.sequence import applicable_statuses, ends_call, says_goodbye, steering
from runner.actions.voices import longest_speech
from runner.durations import format_duration
from runner.language.analysis.regions import Region
from runner.language.analysis.subject import Subject
from runner.language.analysis.witnesses import Look, items_of
from runner.language.conditions import tests_of
from runner.language.operators import OPERATORS
from runner.language.words import listed
from runner.model import LIVE_STATUSES, Action, Rule, Test

_ANSWERED = "in-progress"
_STATUS = "status"
_AGE = "age"
#: Later than any age that a flow names; see `durations`, which knows no unit above days.
_LATE = Region(missing=True, part=((10**15, inf),))
#: The fields that stay as they are when a call goes on with other instructions. Age does not stay,
#: and is looked at by itself.
_STEADY = frozenset(
    {
        *("sid", "account_sid", "parent_call_sid", "phone_number_sid", "group_sid", "trunk_sid"),
        *("to", "from", "to_formatted", "from_formatted", "forwarded_from", "caller_name"),
        *("from_country", "to_country", "from_type", "to_type"),
        *("status", "direction", "answered_by", "start_time", "date_created", "queue_time"),
        *("api_version", "leg", "account", _AGE),
    }
)


def check_endings(subject: Subject) -> None:
    """Warns of a `then` that ends the call without saying so."""
    for rule, _look, last in subject.changing:
        then = rule.then
        if ACTIONS[last.name].ends or not ends_call(then) or says_goodbye(then):
            continue
        message = f"the call ends after this `{last.name}`: nothing follows it"
        going_on = [name for name, kind in ACTIONS.items() if kind.refetches or kind.goes_on]
        hint = f"say so with `- {_goodbye()}`, or go on with {listed(_ticked(going_on))}"
        subject.warn(last.position, "call-ends-after", message, hint)


def check_loops(subject: Subject) -> None:
    """Warns of a rule that takes a call elsewhere again and again, as long as it lives."""
    for rule, _look, last in subject.changing:
        once = rule.once
        kind = ACTIONS[last.name]
        moves = kind.refetches or kind.goes_on
        if once.every is None or once.limit is not None or not moves:
            continue
        if _is_lasting(subject, rule):
            every = format_duration(once.every)
            message = f"every {every} this takes the call away from where it went: what the rule "
            message += "matches is still so afterwards"
            hint = "limit it, `once: {every: …, max: 3}`, or name the age up to which it acts"
            subject.warn(last.position, "loop", message, hint)


def check_statuses(subject: Subject) -> None:
    """Warns of actions that Twilio refuses in every status that their rule is about."""
    for rule, look, last in subject.changing:
        if _is_about_answered(look) and _can_all_be_answered(rule.then):
            continue
        able = applicable_statuses(rule.then)
        meant = [status for status in LIVE_STATUSES if _may_have(rule, status)]
        if meant and not able.intersection(meant):
            kinds = [ACTIONS[action.name] for action in rule.then]
            unable = (a for a, k in zip(rule.then, kinds, strict=True) if _refused(k, meant))
            _warn_of_statuses(subject, next(unable, last), meant, able)


def check_speech(subject: Subject) -> None:
    """Warns of text that is longer than its voice takes."""
    for rule in subject.flow.rules:
        for action in rule.then:
            speech = ACTIONS[action.name].speech
            if speech is not None:
                for said in speech(action.arguments):
                    _check_length(subject, action, said)


def check_reversals(subject: Subject) -> None:
    """Warns of what is begun before something is played, and meant to be taken back after it."""
    for rule in subject.flow.rules:
        for at, action in enumerate(rule.then[1:], start=1):
            before = _taken_back(rule.then[:at], action)
            if before is not None and steering(rule.then[before:at]):
                name = action.name
                message = f"this `{name}` takes the `{name}` before it back at once: it is sent "
                message += "when Twilio has taken what stands between them, not when it is over"
                hint = "put it into a rule of its own, which matches when it is time"
                subject.warn(action.position, "taken-back", message, hint)


def _taken_back(earlier: Sequence[Action], action: Action) -> int | None:
    """Where the last action stands that this one takes back; None where there is none."""
    takes_back = ACTIONS[action.name].takes_back
    for at in reversed(range(len(earlier))):
        each = earlier[at]
        if each.name == action.name and takes_back(each.arguments, action.arguments):
            return at
    return None


def _check_length(subject: Subject, action: Action, said: Speech) -> None:
    family, most = longest_speech(said.voice)
    if len(said.text) > most:
        message = f"the text is {len(said.text):,} characters long; {family} voices take "
        message += f"{most:,}"
        subject.warn(action.position, "say-too-long", message, "shorten it, or make it two")


def _goodbye() -> str:
    """The action that says plainly that an answered call ends."""
    return next(
        name for name, kind in ACTIONS.items() if kind.hangs_up and kind.ends and not kind.exclusive
    )


def _ticked(words: list[str]) -> list[str]:
    return [f"`{word}`" for word in words]


def _is_lasting(subject: Subject, rule: Rule) -> bool:
    """Whether the rule matches a call for good, however old it gets and wherever it is sent."""
    if any(test.field not in _STEADY for test in tests_of(rule.match)):
        return False
    return subject.may_be(rule, _AGE, _LATE)


def _is_about_answered(look: Look) -> bool:
    """Whether the rule matches calls in progress, for which a made-up one stands."""
    return look.values is not None and look.values.get(_STATUS) == _ANSWERED


def _can_all_be_answered(actions: Sequence[Action]) -> bool:
    for action in actions:  # noqa: SIM110 - asked of every rule
        if _ANSWERED not in ACTIONS[action.name].statuses:
            return False
    return True


def _refused(kind: ActionKind, statuses: list[str]) -> bool:
    return kind.changes_call and not set(kind.statuses).intersection(statuses)


def _may_have(rule: Rule, status: str) -> bool:
    """Whether a call of this status may fit, by the tests that must all hold."""
    return all(
        OPERATORS[item.operator].holds(status, item.value)
        for item in items_of(rule)
        if isinstance(item, Test) and item.field == _STATUS
    )


def _warn_of_statuses(
    subject: Subject, action: Action, meant: list[str], able: frozenset[str]
) -> None:
    code = "action-cannot-apply" if _ANSWERED in able else "cancel-cannot-apply"
    message = f"`{action.name}` does nothing to a call that is {listed(meant)}, and the rule is "
    message += "about no other"
    if not able:
        hint = "spread the actions over several rules"
    else:
        statuses = listed([status for status in LIVE_STATUSES if status in able])
        hint = f"it acts on calls that are {statuses}: name the status, or use another action"
    subject.warn(action.position, code, message, hint)
