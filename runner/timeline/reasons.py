"""Why an expected act was not done: the rule's conditions as they were at that time, and the rest.

The facts are those of `runner.decision.explain`, on what the engine saw in that very poll.
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.call import Call
from runner.decision.explain import Explanation, Scene, explain
from runner.decision.tree import Node, Seen
from runner.durations import format_duration
from runner.model import Flow
from runner.timeline.player import Played, Snapshot
from runner.timeline.records import Expectation, Script

_MARKS = {True: "yes", False: "no", None: "?"}
_GROUPS = {"all": "all of", "any": "any of", "not": "not"}
#: Fate → what it comes to; any other matches, and is held by what it names.
_FATES = {
    "no-match": "does not match",
    "hold": "does not match yet",
    "disabled": "can't act",
    "flow-disabled": "can't act",
    "other-account": "can't act",
    "unlisted": "matches, but is never asked",
    "shadow": "matches, and only records it",
    "records": "matches, and changes no call",
}


def why_not(played: Played, expected: Expectation) -> tuple[str, ...]:
    """Lines that say what the rule made of the call at the expected time."""
    snapshot = played.snapshots.get(expected.at)
    script = next(call for call in played.test.calls if call.id == expected.call)
    call = _find(snapshot, script)
    if snapshot is None or call is None:
        return (_absent(played, expected, script),)
    flow = next(f for f in played.flow_set.flows if _has(f, expected.rule))
    found = _explained(flow, call, expected, snapshot)
    return tuple(_lines(found, format_duration(expected.at)))


def _find(snapshot: Snapshot | None, script: Script) -> Call | None:
    calls = snapshot.calls if snapshot is not None else ()
    return next((call for call in calls if call.sid == script.sid), None)


def _has(flow: Flow, key: str) -> bool:
    return any(rule.key == key for rule in flow.rules)


def _explained(flow: Flow, call: Call, expected: Expectation, snapshot: Snapshot) -> Explanation:
    sight = snapshot.sight
    scene = Scene(snapshot.calls, sight.moment, sight.holds, sight.plan)
    found = explain(flow, call, scene)
    return next(each for each in found if each.rule.key == expected.rule)


def _absent(played: Played, expected: Expectation, script: Script) -> str:
    at, name = format_duration(expected.at), script.id
    if script.appears > expected.at:
        return (
            f"at {at} there is no call {name} yet: it appears at {format_duration(script.appears)}"
        )
    last = [act for act in played.acts if act.call == name and act.at < expected.at]
    if last:
        before = f"{last[-1].rule} acted at {format_duration(last[-1].at)}"
        return f"at {at} the call {name} is over: {before}"
    return f"at {at} the call {name} is over"


def _lines(found: Explanation, at: str) -> Iterator[str]:
    if found.would_act:
        yield f"at {at} {found.rule.key} would act, but Twilio had asked for a pause"
        return
    fate = _FATES.get(found.fate, "matches, and is held back")
    yield f"at {at} {found.rule.key} {fate}: {found.detail}"
    for item in getattr(found.match, "items", (found.match,)):
        yield from _condition(item, 1)


def _condition(node: Node, depth: int) -> Iterator[str]:
    start = f"{'  ' * depth}{_MARKS[node.truth]:<3}  "
    if not isinstance(node, Seen):
        yield f"{start}{_GROUPS[node.kind]}:"
        for item in node.items:
            yield from _condition(item, depth + 1)
        return
    yield f"{start}{node.words}   ({node.missing or f'it is {node.shown}'})"
