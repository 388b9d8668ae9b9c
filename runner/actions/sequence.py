"""A whole `then`: what is wrong with its order, and the one update it becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from runner.actions import ACTIONS, twiml
from runner.actions.base import Verb
from runner.actions.templates import Template, Values, resolve, templates_of
from runner.model import LIVE_STATUSES, Action, Update


@dataclass(frozen=True, slots=True)
class SequenceFault:
    """What is wrong with the action at `index` in its company."""

    index: int
    code: str
    message: str
    hint: str = ""


def check_sequence(actions: Sequence[Action]) -> list[SequenceFault]:
    """Everything that makes these actions impossible as one update."""
    faults = _order_faults(actions) + _company_faults(actions)
    if not faults:
        size = _twiml_length(actions)
        if size > twiml.MAX_LENGTH:
            faults.append(
                SequenceFault(
                    0,
                    "twiml-too-long",
                    f"together these actions are {size:,} characters of TwiML; "
                    f"Twilio takes {twiml.MAX_LENGTH:,}",
                    "shorten the text, or redirect to a URL that serves it",
                )
            )
    return faults


def _nothing(_field: str) -> None:
    """No call, no values."""


def compose(actions: Sequence[Action], values: Values = _nothing) -> Update | None:
    """The one update that these actions are; None where none of them changes the call.

    The actions have passed `check_sequence`. `values` reads the call's fields for placeholders.
    Raises ValueError where what comes out is not fit to be sent: a value is missing, or too long.
    """
    made = _fixed(_Same(tuple(actions)))
    if not isinstance(made, _Varying):
        return made
    return _update(_resolved(actions, lambda template: template.render(values)))


class _Same:
    """A rule's actions, known again by identity: what they hold can't be hashed."""

    def __init__(self, actions: tuple[Action, ...]) -> None:
        self.actions = actions

    def __hash__(self) -> int:
        return id(self.actions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.actions is other.actions


class _Varying:
    """Says that the update depends on the call."""


@lru_cache(maxsize=1024)
def _fixed(key: _Same) -> Update | _Varying | None:
    """The update of actions without placeholders: made once, and the same for every call."""
    if any(templates_of(action.arguments) for action in key.actions):
        return _Varying()
    return _update(key.actions)


def _resolved(actions: Sequence[Action], render: Callable[[Template], str]) -> list[Action]:
    return [replace(each, arguments=resolve(each.arguments, render)) for each in actions]


def _update(actions: Sequence[Action]) -> Update | None:
    changing = _changing(actions)
    if not changing:
        return None
    if len(changing) == 1:
        only = changing[0]
        alone = ACTIONS[only.name].alone
        if alone is not None:
            return alone(only.arguments)
    text = twiml.build(_verbs(changing))
    fault = twiml.fault_of(text)
    if fault:
        raise ValueError(fault)
    return Update(twiml=text)


def applicable_statuses(actions: Sequence[Action]) -> frozenset[str]:
    """The call statuses in which Twilio lets all of these actions act."""
    statuses = frozenset(LIVE_STATUSES)
    for action in _changing(actions):
        statuses &= frozenset(ACTIONS[action.name].statuses)
    return statuses


def ends_call(actions: Sequence[Action]) -> bool:
    """True where the call is over once these actions have run, said or not.

    A call hangs up when its TwiML runs out, so a list that ends in speech ends the call.
    """
    changing = _changing(actions)
    if not changing:
        return False
    last = ACTIONS[changing[-1].name]
    return last.hangs_up or not last.ends


def says_goodbye(actions: Sequence[Action]) -> bool:
    """True where the list itself says that the call ends (`hangup`, `cancel`)."""
    changing = _changing(actions)
    return bool(changing) and ACTIONS[changing[-1].name].hangs_up


def last_change(actions: Sequence[Action]) -> Action | None:
    """The action that decides how the call goes on; None where none changes it."""
    changing = _changing(actions)
    return changing[-1] if changing else None


def _changing(actions: Sequence[Action]) -> list[Action]:
    return [action for action in actions if ACTIONS[action.name].changes_call]


def _verbs(actions: Sequence[Action]) -> list[Verb]:
    found: list[Verb] = []
    for action in actions:
        make = ACTIONS[action.name].verbs
        if make is not None:
            found.extend(make(action.arguments))
    return found


def _twiml_length(actions: Sequence[Action]) -> int:
    changing = _changing(actions)
    if not changing or (len(changing) == 1 and ACTIONS[changing[0].name].alone):
        return 0
    return twiml.length(_verbs(_resolved(changing, lambda template: template.literal)))


def _order_faults(actions: Sequence[Action]) -> list[SequenceFault]:
    faults = []
    ended_by = ""
    for index, action in enumerate(actions):
        kind = ACTIONS[action.name]
        if not kind.changes_call:
            continue
        if ended_by:
            message = f"{action.name} never runs: {ended_by} before it ends the list"
            faults.append(SequenceFault(index, "unreachable-action", message))
        elif kind.ends:
            ended_by = action.name
    return faults


def _company_faults(actions: Sequence[Action]) -> list[SequenceFault]:
    if len(_changing(actions)) < 2:
        return []
    faults = []
    for index, action in enumerate(actions):
        kind = ACTIONS[action.name]
        if kind.exclusive:
            message = f"{action.name} can't be combined with other actions that change the call"
            faults.append(SequenceFault(index, "exclusive-action", message))
        for key in kind.only_alone:
            if key in action.arguments:
                message = f"{key} works only where {action.name} is the only action on the call"
                hint = "TwiML has no such attribute: remove it, or the other actions"
                faults.append(SequenceFault(index, "exclusive-action", message, hint))
    return faults
