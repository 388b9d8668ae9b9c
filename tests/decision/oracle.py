"""The language read naively: every enabled rule of every flow is asked about every call, in order.

From the written files, and not from what the compiler makes of them; it shares no code with what
it checks, and remembers nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runner.call import Call
from tests.decision.oracle_values import Scene, Truth, compare, value_of

Match = Mapping[str, Any]
Written = Mapping[str, Any]
#: The place of the flow, its name and the rule's, and whether the call is outside the cohort.
Found = tuple[int, str, str, bool]

OTHERS = ("has_child", "concurrent", "excess")
GROUPS = ("any", "all")


@dataclass
class Held:
    """Since when conditions have held, before this poll and after it."""

    before: Mapping[tuple[str, str], int]
    now: int
    unseen: int = 0
    after: dict[tuple[str, str], int] = field(default_factory=dict)

    def keep(self, sid: str, key: str) -> int:
        """The conditions hold now: for how long."""
        since = self.now
        if (sid, key) in self.before:
            since = min(since, self.before[sid, key] + self.unseen)
        self.after[sid, key] = since
        return self.now - since


class Oracle:
    """Flow files in force together, in file order.

    `keys` says under which name the hold of a rule, `flow/rule`, is kept.
    """

    def __init__(self, files: Sequence[Written], keys: Mapping[str, str]) -> None:
        self._flows = [(n, flow) for n, flow in enumerate(files) if flow.get("enabled", True)]
        self._keys = keys

    def verdicts(self, call: Call, scene: Scene, held: Held) -> list[Found]:
        """What each flow says about the call."""
        return [found for n, flow in self._flows for found in self._of(n, flow, call, scene, held)]

    def undecided(self, call: Call, scene: Scene) -> tuple[int, int] | None:
        """The first by rank of the flows that ask about other calls, and may match this one."""
        ranks = [
            (-flow.get("priority", 0), n)
            for n, flow in self._flows
            if any(mentions(flow, rule, OTHERS) for rule in enabled(flow))
            and any(holds(flow, rule, call, scene) is not False for rule in enabled(flow))
        ]
        return min(ranks) if ranks else None

    def acts(self, key: str, sid: str) -> bool:
        """Whether this `flow/rule` is in force and its cohort has this call."""
        return any(
            name(flow, rule) == key and not is_shadow(flow, rule, sid)
            for _, flow in self._flows
            for rule in enabled(flow)
        )

    def _of(
        self, order: int, flow: Written, call: Call, scene: Scene, held: Held
    ) -> Iterator[Found]:
        is_taken = False
        for rule in enabled(flow):
            if holds(flow, rule, call, scene) is not True:
                continue
            if "for" in rule:
                # Its own conditions hold, whoever has the call: so the hold goes on.
                wanted = scene.span(rule["for"])
                if wanted and held.keep(call.sid, self._keys[name(flow, rule)]) < wanted:
                    continue
            if is_taken:
                continue
            shadow = is_shadow(flow, rule, call.sid)
            yield order, flow["flow"], rule["id"], shadow
            is_taken = not shadow and not rule.get("continue", False)


def enabled(flow: Written) -> list[Written]:
    return [rule for rule in flow["rules"] if rule.get("enabled", True)]


def name(flow: Written, rule: Written) -> str:
    return f"{flow['flow']}/{rule['id']}"


def is_shadow(flow: Written, rule: Written, sid: str) -> bool:
    """Whether the rule only records what it would do to this call."""
    mode = rule.get("mode", flow.get("mode", "enforce"))
    if isinstance(mode, str):
        return mode == "shadow"
    share = float(mode["canary"].rstrip("%")) / 100
    lot = hashlib.sha256(f"{name(flow, rule)}:{sid}".encode()).hexdigest()[:16]
    return not int(lot, 16) < share * 2**64


def mentions(flow: Written, rule: Written, words: Sequence[str]) -> bool:
    return any(word in words for match in _matches(flow, rule) for word in _words(match))


def holds(flow: Written, rule: Written, call: Call, scene: Scene) -> Truth:
    """Whether all that the flow and the rule say holds, and what the language adds to it."""
    matches = _matches(flow, rule)
    if not mentions(flow, rule, ["leg"]):
        matches.append({"leg": "parent"})
    if not mentions(flow, rule, ["status"]):
        matches.append({"status": "in-progress"})
    return every(truth(match, call, scene) for match in matches)


def truth(match: Match, call: Call, scene: Scene) -> Truth:
    """A mapping of conditions, all of which must hold."""
    return every(_entry(word, wanted, call, scene) for word, wanted in match.items())


def every(truths: Iterator[Truth]) -> Truth:
    """False beats unknown, and unknown beats true."""
    seen = set(truths)
    return False if False in seen else None if None in seen else True


def opposite(truth: Truth) -> Truth:
    """What is unknown stays unknown."""
    return None if truth is None else not truth


def _entry(word: str, wanted: Any, call: Call, scene: Scene) -> Truth:
    if word == "not":
        return opposite(truth(wanted, call, scene))
    if word == "all":
        return every(truth(item, call, scene) for item in wanted)
    if word == "any":
        # One of them holds, unless none does.
        return opposite(every(opposite(truth(item, call, scene)) for item in wanted))
    by = wanted.get("by", "") if isinstance(wanted, dict) else ""
    actual = value_of(word, call, scene, by=by)
    tests = wanted if isinstance(wanted, dict) else {_bare(wanted): wanted}
    return every(
        compare(word, actual, test, value) for test, value in tests.items() if test != "by"
    )


def _bare(wanted: Any) -> str:
    return "in" if isinstance(wanted, list) else "eq"


def _matches(flow: Written, rule: Written) -> list[Match]:
    return [written["match"] for written in (flow, rule) if "match" in written]


def _words(match: Match) -> Iterator[str]:
    for word, wanted in match.items():
        yield word
        inner = wanted if word in GROUPS else [wanted] if word == "not" else []
        for item in inner:
            yield from _words(item)
