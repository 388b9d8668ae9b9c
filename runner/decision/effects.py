"""What a step does to a call and to its other legs, in words, before it is done.

Of a rule alone the same is said of whatever call it may meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from runner.actions.effects import Effects, effects_of
from runner.actions.sequence import applicable_statuses, keyed, says_goodbye
from runner.call import Call
from runner.decision.planner import Step
from runner.durations import format_duration
from runner.language.fields import FIELDS
from runner.model import Action, AllOf, Condition, Moment, Rule, Test

#: Only a call in this status can be in a conference, or connected to a media stream.
_TALKING = "in-progress"
_UNKNOWN_CONFERENCE = "leaves its conference, if it is in one"
#: Twilio's API can't show whether there is one. A stream that was only started goes on.
_STREAM = "ends a media stream that it is connected to, if any"


@dataclass(frozen=True, slots=True)
class Effect:
    """One consequence. `call` is the SID of the call that it happens to, "" for any of the rule's.

    `kind` is a stable word: `ends-call`, `ends-call-after` (what is said first), `ends-call-at`
    (an age), `drops-child`, `ends-dial`, `leaves-conference`, `ends-stream`, or `does` for what an
    action does beside all this.
    """

    kind: str
    call: str
    words: str


def legs_of(calls: Iterable[Call]) -> dict[str, list[Call]]:
    """Which of these calls each of them has dialled, by SID."""
    legs: dict[str, list[Call]] = {}
    for call in calls:
        if call.parent_call_sid:
            legs.setdefault(call.parent_call_sid, []).append(call)
    return legs


def effects(
    step: Step,
    legs: Mapping[str, Iterable[Call]],
    conferences: Mapping[str, str | None] | None = None,
) -> tuple[Effect, ...]:
    """What the step leads to, as far as `legs`, those of all live calls, show it.

    `conferences` has the name of the conference that each call is in, None for none; a call that
    is missing there may be in one.
    """
    known, sid = effects_of(_sent(step)), step.call.sid
    found = list(_ending(known, sid))
    if known.interrupts:
        found += _dropped(step, legs)
        found += _left(step, known, conferences or {})
    if known.limit is not None:
        found.append(_limited(step, known.limit))
    return (*found, *(Effect("does", sid, words) for words in known.words))


def interrupts(step: Step) -> bool:
    """Whether the step takes a call away from where it is, which may be a conference."""
    return step.call.status == _TALKING and effects_of(_sent(step)).interrupts


def rule_effects(rule: Rule) -> tuple[Effect, ...]:
    """What the rule does to any call that it acts on."""
    known = effects_of(rule.then)
    found = list(_ending(known, ""))
    if known.interrupts:
        found.append(Effect("drops-child", "", "drops the legs that the call has dialled"))
        if not _is_parents_only(rule.match):
            words = "ends the dial of its parent, where the call is a leg itself"
            found.append(Effect("ends-dial", "", words))
        if _TALKING in applicable_statuses(rule.then):
            found += _perhaps_left("", known)
    if known.limit is not None:
        found.append(Effect("ends-call-at", "", _by_age(known.limit) + ", or at once if older"))
    return (*found, *(Effect("does", "", words) for words in known.words))


def _sent(step: Step) -> list[Action]:
    """The actions of which anything is sent: none of an update that fails, nor what follows it."""
    keys: set[str] = set()
    for part in step.parts:
        if part.fault and part.key == "":
            break
        if not part.fault:
            keys.add(part.key)
    return [action for key, action in keyed(step.rule.then) if key in keys]


def _ending(known: Effects, sid: str) -> Iterator[Effect]:
    if known.ends == "now":
        yield Effect("ends-call", sid, "ends the call")
    elif known.ends == "after":
        yield Effect("ends-call-after", sid, f"the call ends after {', '.join(known.first)}")


def _dropped(step: Step, legs: Mapping[str, Iterable[Call]]) -> Iterator[Effect]:
    for leg in legs.get(step.call.sid, ()):
        yield Effect("drops-child", leg.sid, f"drops the child leg {leg.sid} ({leg.status})")
    parent = step.call.parent_call_sid
    if parent:
        yield Effect("ends-dial", parent, f"ends the dial of its parent {parent}, which goes on")


def _left(step: Step, known: Effects, conferences: Mapping[str, str | None]) -> Iterator[Effect]:
    """The conference and the media stream that the call may be connected to."""
    sid = step.call.sid
    if step.call.status != _TALKING:
        return
    if sid not in conferences:
        yield from _perhaps_left(sid, known)
        return
    name = conferences[sid]
    if name is not None:  # then it is connected to no stream
        yield Effect("leaves-conference", sid, f"leaves the conference {name}")
    elif known.ends != "now":
        yield Effect("ends-stream", sid, _STREAM)


def _perhaps_left(sid: str, known: Effects) -> Iterator[Effect]:
    """Where the call is over at once, that says it all."""
    if known.ends != "now":
        yield Effect("leaves-conference", sid, _UNKNOWN_CONFERENCE)
        yield Effect("ends-stream", sid, _STREAM)


def _limited(step: Step, limit: int) -> Effect:
    sid = step.call.sid
    if FIELDS["age"].read(step.call, Moment(0)) is None:
        return Effect("ends-call-at", sid, _by_age(limit) + ", or at once if it is older")
    if step.ends and not says_goodbye(step.rule.then):
        return Effect("ends-call", sid, f"ends the call: it is {_aged(limit)} old already")
    return Effect("ends-call-at", sid, _by_age(limit))


def _by_age(limit: int) -> str:
    return f"the call ends when it is {_aged(limit)} old"


def _aged(limit: int) -> str:
    return format_duration(limit * 1000)


def _is_parents_only(match: Condition) -> bool:
    """Whether the conditions say outright that no child leg is meant."""
    if isinstance(match, AllOf):
        return any(_is_parents_only(item) for item in match.items)
    return (
        isinstance(match, Test)
        and (match.field, match.operator) == ("leg", "eq")
        and match.value == "parent"
    )
