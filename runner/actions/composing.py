"""What a `then` is sent as: one update at most, the requests beside it, and their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from runner.actions import ACTIONS, twiml
from runner.actions.sequence import changing, displaced, keyed, resolved, steering, verbs_of
from runner.actions.templates import Values, templates_of
from runner.model import Action, Update
from runner.sides import Part


class NotYet(Struct, frozen=True):
    """Stands for what could not be looked up now, and why."""

    reason: str


#: What a look-up brought; a text says why there is nothing.
Fact: TypeAlias = Mapping[str, str] | str | NotYet
#: What was looked up for the call, by `ActionKind.lookup`.
Found: TypeAlias = Mapping[str, Fact]


def _no_values(_field: str) -> None:
    """No call, no values."""


def compose(
    actions: Sequence[Action], values: Values = _no_values, found: Found | None = None
) -> tuple[Part, ...]:
    """What these actions are sent as, in the order of sending.

    The actions have passed `check_sequence`. `values` reads the call's fields for placeholders.
    Raises ValueError where what comes out is not fit to be sent: a value is missing, or too long,
    or what has to be looked up is not known yet.
    """
    made = _fixed(_Same(tuple(actions)))
    if isinstance(made, tuple):
        return made
    ready = resolved(actions, lambda template: template.render(values))
    return _parts(ready, found or {})


def update_of(parts: Sequence[Part]) -> Update | None:
    """The update among the parts; None where there is none, or none that can be sent."""
    for part in parts:  # no generator: it is asked of each of thousands of acts
        if part.update is not None:
            return part.update
    return None


class _Same:
    """A rule's actions, known again by identity: what they hold can't be hashed."""

    def __init__(self, actions: tuple[Action, ...]) -> None:
        self.actions = actions

    def __hash__(self) -> int:
        return id(self.actions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.actions is other.actions


class _Varying:
    """Says that the parts depend on the call."""


@lru_cache(maxsize=1024)
def _fixed(key: _Same) -> tuple[Part, ...] | _Varying:
    """The parts of actions without placeholders: made once, and the same for every call."""
    if any(_varies(action) for action in key.actions):
        return _Varying()
    return _parts(key.actions, {})


def _varies(action: Action) -> bool:
    return bool(ACTIONS[action.name].lookup or templates_of(action.arguments))


# ---- order --------------------------------------------------------------------------------------


def _parts(actions: Sequence[Action], found: Found) -> tuple[Part, ...]:
    """The update stands where its first verb is written; what it would undo comes after it."""
    inside = changing(actions)
    late = displaced(actions)
    parts: list[Part] = []
    behind: list[Part] = []
    for key, action in keyed(actions):
        if ACTIONS[action.name].changes_call:
            if action is inside[0]:
                parts.append(_update_part(inside, found))
                parts += behind
                behind = []
            continue
        part = _side_part(key, action)
        before = bool(inside) and not any(each.key == "" for each in parts)
        (behind if before and action in late else parts).append(part)
    return tuple(parts)


def _side_part(key: str, action: Action) -> Part:
    make = ACTIONS[action.name].side
    assert make is not None, f"{action.name} changes nothing and sends nothing"
    return Part(key, (action.name,), side=make(action.arguments))


# ---- the update ---------------------------------------------------------------------------------


def _update_part(actions: Sequence[Action], found: Found) -> Part:
    names = tuple(action.name for action in actions)
    ready = []
    for action in actions:
        what = ACTIONS[action.name].lookup
        facts = found.get(what, NotYet("nobody asked")) if what else {}
        if isinstance(facts, NotYet):
            raise ValueError(f"what it needs could not be looked up yet: {facts.reason}")
        if isinstance(facts, str):
            return Part("", names, fault=facts)
        ready.append(replace(action, arguments={**action.arguments, **facts}))
    return Part("", names, update=_update(ready))


def _update(actions: Sequence[Action]) -> Update:
    extra: dict[str, Any] = {}
    for action in actions:
        add = ACTIONS[action.name].extra
        if add is not None:
            extra |= add(action.arguments)
    return replace(_main(actions), **extra)


def _main(actions: Sequence[Action]) -> Update:
    """The update without what is only added to it."""
    inside = steering(actions)
    if not inside:
        return Update()
    if len(inside) == 1:
        alone = ACTIONS[inside[0].name].alone
        if alone is not None:
            return alone(inside[0].arguments)
    text = twiml.build(verbs_of(inside))
    fault = twiml.fault_of(text)
    if fault:
        raise ValueError(fault)
    return Update(twiml=text)
