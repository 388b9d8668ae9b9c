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
from tests.decision.pool import SPANS

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


@dataclass(frozen=True)
class Asked:
    """An enabled rule of an enabled flow, and all that must hold for it."""

    order: int
    flow: Written
    rule: Written
    matches: Sequence[Match]

    @property
    def key(self) -> str:
        return f"{self.flow['flow']}/{self.rule['id']}"

    def truth(self, call: Call, scene: Scene) -> Truth:
        return every(truth(match, call, scene) for match in self.matches)


class Oracle:
    """Flow files in force together, in file order.

    `keys` says under which name the hold of a rule, `flow/rule`, is kept.
    """

    def __init__(self, files: Sequence[Written], keys: Mapping[str, str]) -> None:
        self._keys = keys
        self._flows = [
            [Asked(n, flow, rule, matches_of(flow, rule)) for rule in enabled(flow["rules"])]
            for n, flow in enumerate(files)
            if enabled([flow])
        ]
        self._asking = [
            flow for flow in self._flows if any(mentions(rule.matches, OTHERS) for rule in flow)
        ]

    def verdicts(self, call: Call, scene: Scene, held: Held) -> list[Found]:
        """What each flow says about the call."""
        return [found for flow in self._flows for found in self._of(flow, call, scene, held)]

    def undecided(self, call: Call, scene: Scene) -> tuple[int, int] | None:
        """The first by rank of the flows that ask about other calls, and may match this one."""
        ranks = [
            (-flow[0].flow.get("priority", 0), flow[0].order)
            for flow in self._asking
            if any(rule.truth(call, scene) is not False for rule in flow)
        ]
        return min(ranks) if ranks else None

    def acts(self, key: str, sid: str) -> bool:
        """Whether this `flow/rule` is in force and its cohort has this call."""
        rules = (rule for flow in self._flows for rule in flow)
        return any(rule.key == key and not is_shadow(rule, sid) for rule in rules)

    def _of(self, flow: Sequence[Asked], call: Call, scene: Scene, held: Held) -> Iterator[Found]:
        is_taken = False
        for asked in flow:
            if asked.truth(call, scene) is not True:
                continue
            if "for" in asked.rule:
                # Its own conditions hold, whoever has the call: so the hold goes on.
                lasted = held.keep(call.sid, self._keys[asked.key])
                if lasted < SPANS[asked.rule["for"]]:
                    continue
            if is_taken:
                continue
            shadow = is_shadow(asked, call.sid)
            yield asked.order, asked.flow["flow"], asked.rule["id"], shadow
            is_taken = not shadow and not asked.rule.get("continue", False)


def enabled(several: Sequence[Written]) -> list[Written]:
    return [each for each in several if each.get("enabled", True)]


def is_shadow(asked: Asked, sid: str) -> bool:
    """Whether the rule only records what it would do to this call."""
    mode = asked.rule.get("mode", asked.flow.get("mode", "enforce"))
    if isinstance(mode, str):
        return mode == "shadow"
    share = float(mode["canary"].rstrip("%")) / 100
    lot = hashlib.sha256(f"{asked.key}:{sid}".encode()).hexdigest()[:16]
    return not int(lot, 16) < share * 2**64


def matches_of(flow: Written, rule: Written) -> Sequence[Match]:
    """What the flow and the rule say, and what the language adds to it."""
    matches: list[Match] = [written["match"] for written in (flow, rule) if "match" in written]
    if not mentions(matches, ["leg"]):
        matches.append({"leg": "parent"})
    if not mentions(matches, ["status"]):
        matches.append({"status": "in-progress"})
    return matches


def mentions(matches: Sequence[Match], words: Sequence[str]) -> bool:
    return any(word in words for match in matches for word in _words(match))


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


def _words(match: Match) -> Iterator[str]:
    for word, wanted in match.items():
        yield word
        inner = wanted if word in GROUPS else [wanted] if word == "not" else []
        for item in inner:
            yield from _words(item)
