"""`once`: whether a rule may act on a call now, and the how many-eth time that would be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from runner.actions.sequence import keyed
from runner.decision.matcher import Verdict
from runner.durations import format_duration
from runner.language.fields import FIELDS
from runner.model import Millis, Moment, Once


@dataclass(frozen=True, slots=True)
class Past:
    """What a rule has done to one call: how often, when last, and whether it shadowed it.

    `count` is the number of its last act that stands: one before it that was withdrawn later counts
    as if it stood, for its number can't be given away any more.
    `open` is the number of the first act of which some parts stand and others were withdrawn, and
    `missing` the keys of those others; 0 where there is none such.
    """

    count: int = 0
    last: Millis = 0
    shadowed: bool = False
    open: int = 0
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class History:
    """The part of the ledger that decides whether rules may act.

    `acts`: call SID → `flow/rule` → what it did. `values`: (`flow/rule`, value, as a shadow?) →
    when the rule last acted for that value. Withdrawn acts stand in neither. `now` is the time on
    the clock that stamped them, which need not be the far side's.
    """

    acts: Mapping[str, Mapping[str, Past]] = field(default_factory=dict)
    values: Mapping[tuple[str, str, bool], Millis] = field(default_factory=dict)
    now: Millis = 0


class Turn(Struct, frozen=True, gc=False):
    """One permitted act: the `number`-th on this call (0: a shadow), for this `value` of `per`.

    `only` are the parts that an act begun earlier still lacks; empty for all of them.
    """

    number: int = 1
    value: str = ""
    only: frozenset[str] = frozenset()


_NEVER = Past()


def turn_of(
    verdict: Verdict,
    history: History,
    moment: Moment,
    taken: Collection[tuple[str, str, bool]],
) -> Turn | str:
    """The turn that the rule has on this call now, or why it has none.

    `taken` are the values that got their turn earlier in this poll.
    """
    past = history.acts.get(verdict.call.sid, {}).get(verdict.rule.key, _NEVER)
    once = verdict.rule.once
    if verdict.shadow and past.shadowed:
        return "what it would do to this call is recorded already"
    lacking = frozenset() if verdict.shadow else _lacking(past, verdict)
    if lacking:
        return Turn(past.open, value_per(once, verdict, moment), lacking)
    if once.per:
        return _turn_per_value(verdict, history, moment, taken)
    if verdict.shadow:
        return Turn(0)
    if past.count == 0:
        return Turn(1)
    return _turn_again(once, past, history.now)


def _lacking(past: Past, verdict: Verdict) -> frozenset[str]:
    """What an act begun earlier lacks, of that which the rule still does: it may be edited since.

    An act that lacks nothing more is over, and must not keep the rule from its next one.
    """
    if not past.open:
        return frozenset()
    return past.missing & {key for key, _ in keyed(verdict.rule.then)}


def _turn_again(once: Once, past: Past, now: Millis) -> Turn | str:
    if once.every is None:
        return "the rule has acted on this call (once per call)"
    if once.limit is not None and past.count >= once.limit:
        return f"the rule has acted on this call {past.count} times, which is its limit"
    wait = past.last + once.every - now
    if wait > 0:
        return f"the rule may act on this call again in {format_duration(wait)}"
    return Turn(past.count + 1)


def _turn_per_value(
    verdict: Verdict,
    history: History,
    moment: Moment,
    taken: Collection[tuple[str, str, bool]],
) -> Turn | str:
    once, call = verdict.rule.once, verdict.call
    value = value_per(once, verdict, moment)
    if not value:
        return f"the call has no {once.per}, so there is nothing to count once by"
    key = (verdict.rule.key, value, verdict.shadow)
    last = history.values.get(key)
    if key in taken or (last is not None and history.now - last < once.within):
        return f"the rule has acted for this {once.per} within {format_duration(once.within)}"
    past = history.acts.get(call.sid, {}).get(verdict.rule.key, _NEVER)
    return Turn(0 if verdict.shadow else past.count + 1, value)


def value_per(once: Once, verdict: Verdict, moment: Moment) -> str:
    """The call's value of the field that `once` counts by, "" where it has none."""
    value = FIELDS[once.per].read(verdict.call, moment) if once.per else None
    return value if isinstance(value, str) else ""
