"""Guards that were written and stop nothing, because nothing can ever come up to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from runner.actions.sequence import changing, may_end
from runner.durations import format_duration
from runner.guards import Burst, Guard, Rate
from runner.language.analysis.regions import Texts
from runner.language.analysis.subject import Subject
from runner.language.guarding import guard_of
from runner.language.words import counted
from runner.model import Millis, Rule

_KINDS = ("burst", "rate")
_CALL = "sid"


class Why(Struct, frozen=True):
    """Why a limit can't be reached, and what to do."""

    message: str
    hint: str


_Limits: TypeAlias = Mapping[str, Any]


def check_guards(subject: Subject) -> None:
    """Warns of limits of a rule, and of those that it gives its rules, that stop nothing."""
    data = subject.document.data
    for rule, written in zip(subject.flow.rules, data["rules"], strict=True):
        if "guard" in written:
            _check_own(subject, rule, written)
    if "guard" in data:
        _check_shared(subject, data)


def _check_own(subject: Subject, rule: Rule, written: Mapping[str, Any]) -> None:
    limits = _limits(guard_of(written["guard"]))
    idle = _idle(rule)
    if limits and idle:
        _warn(subject, written, "", idle)
        return
    for kind, limit in limits.items():
        why = _why(subject, rule, limit)
        if why:
            _warn(subject, written, kind, why)


def _check_shared(subject: Subject, data: Mapping[str, Any]) -> None:
    """A limit of the flow stops nothing where it stops none of the rules that take it."""
    limits = _limits(guard_of(data["guard"]))
    idle = [_idle(rule) for rule in subject.flow.rules]
    if limits and all(idle):
        message = f"no rule here can reach this: {_first(idle).message}"
        _warn(subject, data, "", Why(message, _first(idle).hint))
        return
    for kind, limit in limits.items():
        taking = [
            rule
            for rule, written in zip(subject.flow.rules, data["rules"], strict=True)
            if getattr(guard_of(written.get("guard")), kind) is None
        ]
        if not taking:
            message = f"every rule has a `{kind}` of its own, and none takes this one"
            _warn(subject, data, kind, Why(message, "remove it, or one of theirs"))
            continue
        whys = [_idle(rule) or _why(subject, rule, limit) for rule in taking]
        if all(whys):
            message = f"no rule here can reach this `{kind}`: {_first(whys).message}"
            _warn(subject, data, kind, Why(message, _first(whys).hint))


def _first(whys: list[Why | None]) -> Why:
    return next(why for why in whys if why is not None)


def _limits(guard: Guard) -> dict[str, Burst | Rate]:
    """The limits that a guard sets; without those that it leaves out or switches off."""
    said = {kind: getattr(guard, kind) for kind in _KINDS}
    return {kind: limit for kind, limit in said.items() if isinstance(limit, (Burst, Rate))}


def _warn(subject: Subject, holder: Mapping[str, Any], kind: str, why: Why) -> None:
    place = (holder["guard"], kind) if kind else (holder, "guard")
    position = subject.document.key(*place)
    subject.warn(position, "guard-never-reached", why.message, why.hint)


# ---- why a limit can't be reached -----------------------------------------------------------


def _idle(rule: Rule) -> Why | None:
    """Why no guard at all has anything to do with the rule."""
    if not changing(rule.then):
        return Why(f"`{rule.id}` changes no call, and guards limit changes", "remove it")
    if rule.mode.share == 0:
        message = (
            f"`{rule.id}` is in {rule.mode.name} and sends nothing, so there is nothing to stop"
        )
        return Why(message, "remove it, or let the rule act: `mode: enforce`")
    return None


def _why(subject: Subject, rule: Rule, limit: Burst | Rate) -> Why | None:
    return _burst(subject, rule, limit) if isinstance(limit, Burst) else _rate(subject, rule, limit)


def _burst(subject: Subject, rule: Rule, limit: Burst) -> Why | None:
    if limit.max_share >= 1:
        message = "100% can't be passed: no poll changes more calls than there are"
        return Why(message, "name a smaller share, or say what it means: `burst: unlimited`")
    most = _acts(subject, rule, 0)
    if most is None or most > limit.at_least:
        return None
    message = (
        f"`{rule.id}` changes {counted(most, 'call')} in one poll at most, and `at_least` lets "
    )
    message += f"{limit.at_least} pass whatever their share"
    return Why(message, f"name fewer than {most}, or remove it")


def _rate(subject: Subject, rule: Rule, limit: Rate) -> Why | None:
    if not may_end(rule.then):
        message = f"a rate counts calls that are hung up or cancelled, and `{rule.id}` does neither"
        return Why(message, "remove it; `burst` limits how many calls one poll may change")
    most = _acts(subject, rule, limit.per)
    if most is None or most > limit.most:
        return None
    message = f"`{rule.id}` ends {counted(most, 'call')} in {format_duration(limit.per)} at most, "
    message += f"and `max` lets {limit.most} pass"
    return Why(message, "remove it" if most == 1 else f"name fewer than {most}, or remove it")


def _acts(subject: Subject, rule: Rule, stretch: Millis) -> int | None:
    """How often the rule can act in a stretch of time; None where there is no telling."""
    once = rule.once
    if once.per:
        turns, values = _turns(stretch, once.within), _values(subject, rule, once.per)
    elif once.every is None:
        turns, values = 1, _values(subject, rule, _CALL)
    else:
        turns, values = _turns(stretch, once.every), _values(subject, rule, _CALL)
        turns = min(turns, once.limit or turns)
    return turns * values if values else None  # none at all is a contradiction, and told as one


def _turns(stretch: Millis, apart: Millis) -> int:
    """How many acts that are so far apart a stretch holds, both its ends included."""
    return 1 + stretch // apart


def _values(subject: Subject, rule: Rule, field: str) -> int | None:
    """How many values of a field the rule is about, where its conditions count them up."""
    tests = subject.sorted(rule).flat.get(field)
    part = subject.region(tests).part if tests else None
    counts = [len(atom) for atom in _listed(part)] if isinstance(part, Texts) else []
    return min(counts, default=None)


def _listed(part: Texts) -> Iterator[frozenset[Any]]:
    return (atom for atom in part.fits if isinstance(atom, frozenset))
