"""Guards at work: whether what one poll would do is so much that the rule must be wrong.

A guard that would be passed trips: nothing of the rule's batch is sent. It is judged on all that
the rule would do, never by cutting the batch down to what is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import floor

from msgspec import Struct

from runner.durations import format_duration
from runner.guards import (
    DEFAULT_GUARD,
    NO_GUARD,
    Burst,
    BurstLimit,
    Guard,
    Guards,
    Rate,
    RateLimit,
)
from runner.language.words import counted
from runner.model import Flow, Millis, Rule


class Wanted(Struct, frozen=True, gc=False):
    """One change that a rule wants to make; `ends` says that it hangs the call up."""

    flow: Flow
    rule: Rule
    ends: bool


@dataclass(frozen=True, slots=True)
class Trip:
    """A guard that would have been passed.

    `guard` is `burst` or `rate`; `together` says that it counts what all flows do. `calls` would
    have been changed (or ended, by then), and `allowed` may be; `detail` says it in words.
    """

    flow: Flow
    rule: Rule
    guard: str
    together: bool
    calls: int
    allowed: int
    detail: str


@dataclass(frozen=True, slots=True)
class Load:
    """What guards are judged against.

    `live` counts the account's live calls. `ended` says for each rule (`flow/rule`) when it ended
    calls lately, on the clock that says `now`. `spelled_out` are the rules in force that name a
    limit of their own, by kind.
    """

    live: int
    now: Millis
    ended: Mapping[str, Sequence[Millis]] = field(default_factory=dict)
    spelled_out: Mapping[str, Guard] = field(default_factory=dict)


def judge(wanted: Sequence[Wanted], guards: Guards, load: Load) -> list[Trip]:
    """The rules that trip: each by its own guard, then those left by the guard over all flows."""
    batches = _batches(wanted)
    found = (_own(batch, guards, load) for batch in batches)
    trips = [trip for trip in found if trip is not None]
    tripped = {trip.rule.key for trip in trips}
    left = [batch for batch in batches if batch.rule.key not in tripped]
    return trips + _together(left, guards, load)


def longest_window(rules: Iterable[Rule], guards: Guards) -> Millis:
    """How far back a rate guard looks; 0 where none is in force."""
    # Of thousands of rules few say anything, and each poll asks.
    own = {id(rule.guard): rule.guard for rule in rules}
    said = [guard.over(guards.rule).rate for guard in own.values()]
    said.append(over_all(guards).rate)
    return max((rate.per for rate in said if isinstance(rate, Rate)), default=0)


def over_all(guards: Guards) -> Guard:
    """The guard over what all flows do together."""
    return (guards.together or NO_GUARD).over(DEFAULT_GUARD)


def allowed_in(limit: Burst, live: int) -> int:
    """How many of so many live calls one poll may change."""
    # A share of 29 % of 100 calls is 29, and not the 28 that binary fractions make of it.
    return max(limit.at_least, floor(limit.max_share * live + 1e-9))


def ended_lately(limit: Rate, ended: Iterable[Millis], now: Millis) -> int:
    """How many of these times lie within the window that ends now."""
    # Times that lie ahead count: a clock that was set back must not empty the window.
    return sum(time > now - limit.per for time in ended)


@dataclass(frozen=True, slots=True)
class _Breach:
    """How a guard would be passed."""

    guard: str
    calls: int
    allowed: int
    detail: str


@dataclass(slots=True)
class _Batch:
    """What one rule wants in this poll: to change so many `calls`, and to end some of these."""

    flow: Flow
    rule: Rule
    calls: int = 0
    ending: int = 0


def _batches(wanted: Iterable[Wanted]) -> list[_Batch]:
    """By rule: guards count, and look at no single call."""
    found: dict[str, _Batch] = {}
    for each in wanted:
        key = each.rule.key
        batch = found.get(key)
        if batch is None:
            batch = found[key] = _Batch(each.flow, each.rule)
        batch.calls += 1
        batch.ending += each.ends
    return list(found.values())


def _own(batch: _Batch, guards: Guards, load: Load) -> Trip | None:
    """The guard of one rule that its batch would pass."""
    flow, rule = batch.flow, batch.rule
    guard = rule.guard.over(guards.rule).over(DEFAULT_GUARD)
    breach = _burst(batch.calls, guard.burst, load.live)
    breach = breach or _rate(batch.ending, guard.rate, load.ended.get(rule.key, ()), load.now)
    return _trip(flow, rule, breach) if breach else None


def _together(batches: Sequence[_Batch], guards: Guards, load: Load) -> list[Trip]:
    """Every rule that has a part in passing the guard over all flows."""
    guard = over_all(guards)
    bound = guards.together is not None
    burst = [each for each in batches if bound or each.rule.guard.burst is None]
    rate = [each for each in batches if each.ending and (bound or each.rule.guard.rate is None)]
    ended = [
        time
        for key, times in load.ended.items()
        if bound or load.spelled_out.get(key, NO_GUARD).rate is None
        for time in times
    ]
    changed, ending = sum(each.calls for each in burst), sum(each.ending for each in rate)
    trips: dict[str, Trip] = {}
    for some, breach in (
        (burst, _burst(changed, guard.burst, load.live)),
        (rate, _rate(ending, guard.rate, ended, load.now)),
    ):
        if breach is not None:
            for each in some:
                trips.setdefault(each.rule.key, _trip(each.flow, each.rule, breach, together=True))
    return list(trips.values())


def _trip(flow: Flow, rule: Rule, breach: _Breach, *, together: bool = False) -> Trip:
    detail = f"all flows together: {breach.detail}" if together else breach.detail
    return Trip(flow, rule, breach.guard, together, breach.calls, breach.allowed, detail)


def _burst(changed: int, limit: BurstLimit | None, live: int) -> _Breach | None:
    if not isinstance(limit, Burst):
        return None
    allowed = allowed_in(limit, live)
    if changed <= allowed:
        return None
    detail = (
        f"{counted(changed, 'call')} of {live} live ones would be changed in one poll; at most "
        f"{allowed} may be ({limit.max_share * 100:.4g}%, once more than {limit.at_least})"
    )
    return _Breach("burst", changed, allowed, detail)


def _rate(
    ending: int, limit: RateLimit | None, ended: Sequence[Millis], now: Millis
) -> _Breach | None:
    if not isinstance(limit, Rate) or not ending:
        return None
    before = ended_lately(limit, ended, now)
    if before + ending <= limit.most:
        return None
    detail = (
        f"{counted(ending, 'call')} would be ended, after {before} in the last "
        f"{format_duration(limit.per)}; at most {limit.most} may be"
    )
    return _Breach("rate", before + ending, limit.most, detail)
