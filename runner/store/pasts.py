"""What rules did to calls, added up act by act."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from runner.decision.once import Past
from runner.engine.ports import Entry
from runner.model import Millis

NEVER = Past()


@dataclass
class _Act:
    """An act's parts, by how they stand, and when the last of those that do was claimed."""

    last: Millis = 0
    standing: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)


def with_act(past: Past, *, number: int, at: Millis, missing: Collection[str]) -> Past:
    """The past with one more act that stands; `missing` are its parts that don't."""
    if number == 0:
        return Past(past.count, past.last, True, past.open, past.missing)
    open_, parts = past.open, past.missing
    if missing and (not open_ or number < open_):
        open_, parts = number, frozenset(missing)
    return Past(max(past.count, number), max(past.last, at), past.shadowed, open_, parts)


def pasts_of(entries: Iterable[Entry]) -> dict[str, Past]:
    """By `flow/rule`, from the entries of one call."""
    acts: dict[tuple[str, int], _Act] = {}
    for entry in entries:
        intent = entry.intent
        act = acts.setdefault((intent.rule_key, intent.number), _Act())
        if entry.outcome == "withdrawn":
            act.withdrawn.add(intent.part)
        else:
            act.standing.add(intent.part)
            act.last = max(act.last, intent.at)
    found: dict[str, Past] = {}
    for (rule, number), act in acts.items():
        if act.standing:
            past, missing = found.get(rule, NEVER), act.withdrawn - act.standing
            found[rule] = with_act(past, number=number, at=act.last, missing=missing)
    return found
