"""A whole `then`: what is wrong with its order, and what its actions come to together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from msgspec import Struct

from runner.actions import ACTIONS, twiml
from runner.actions.base import ActionKind, Verb
from runner.actions.templates import Template, resolve
from runner.model import LIVE_STATUSES, Action
from runner.sides import SERVED


class SequenceFault(Struct, frozen=True):
    """What is wrong with the action at `index` in its company."""

    index: int
    code: str
    message: str
    hint: str = ""


def check_sequence(actions: Sequence[Action]) -> list[SequenceFault]:
    """Everything that makes these actions impossible together."""
    # An action alone is in nobody's way.
    faults = _faults_together(actions) if len(actions) > 1 else []
    return faults or _length_faults(_document(actions))


def _faults_together(actions: Sequence[Action]) -> list[SequenceFault]:
    inside = steering(actions)
    faults = _order_faults(actions) + _company_faults(actions, inside)
    faults += _undone_faults(actions, inside) + _repeated_faults(actions)
    return sorted(faults, key=lambda fault: fault.index)


def _length_faults(verbs: Sequence[Verb]) -> list[SequenceFault]:
    if twiml.fits(verbs):
        return []
    size = twiml.length(verbs)
    message = f"together these actions are {size:,} characters of TwiML; "
    message += f"Twilio takes {twiml.MAX_LENGTH:,}"
    hint = "shorten the text, or redirect to a URL that serves it"
    return [SequenceFault(0, "twiml-too-long", message, hint)]


def applicable_statuses(actions: Sequence[Action]) -> frozenset[str]:
    """The call statuses in which Twilio lets all of these actions act."""
    statuses = frozenset(LIVE_STATUSES)
    for action in actions:
        statuses &= frozenset(ACTIONS[action.name].statuses)
    return statuses


def ends_call(actions: Sequence[Action]) -> bool:
    """True where the call is over once these actions have run, said or not.

    A call hangs up when its TwiML runs out, so a list that ends in speech ends the call.
    """
    inside = steering(actions)
    if not inside:
        return False
    last = ACTIONS[inside[-1].name]
    return last.hangs_up or not (last.ends or last.goes_on)


def says_goodbye(actions: Sequence[Action]) -> bool:
    """True where the list itself says that the call ends (`hangup`, `cancel`)."""
    inside = steering(actions)
    return bool(inside) and ACTIONS[inside[-1].name].hangs_up


def may_end(actions: Sequence[Action]) -> bool:
    """True where the list can hang the call up, if only by a limit that it has passed already."""
    return any(ACTIONS[action.name].hangs_up for action in changing(actions))


def lookups_of(actions: Sequence[Action]) -> frozenset[str]:
    """What has to be looked up before these actions can be sent."""
    return frozenset(what for action in actions if (what := ACTIONS[action.name].lookup))


def is_fetched(actions: Sequence[Action]) -> bool:
    """True where Twilio has to fetch a document from the runner to carry them out."""
    beside = [action for action in actions if ACTIONS[action.name].side is not None]
    for action in resolved(beside, lambda template: template.literal):
        side = ACTIONS[action.name].side
        if side is not None and SERVED in side(action.arguments).fields:
            return True
    return False


def last_change(actions: Sequence[Action]) -> Action | None:
    """The action that decides how the call goes on; None where none changes it."""
    inside = steering(actions)
    return inside[-1] if inside else None


def changing(actions: Sequence[Action]) -> list[Action]:
    """Those that make up the update."""
    return [action for action in actions if ACTIONS[action.name].changes_call]


def steering(actions: Sequence[Action]) -> list[Action]:
    """Those of the update that say what the call does, without what is only added to it."""
    kinds = [ACTIONS[action.name] for action in actions]
    told = zip(actions, kinds, strict=True)
    return [action for action, kind in told if kind.changes_call and kind.extra is None]


def takes_away(actions: Sequence[Action]) -> bool:
    """True where the call leaves what it was doing."""
    return any(ACTIONS[action.name].interrupts for action in steering(actions))


def goes_after_updates(actions: Sequence[Action]) -> bool:
    """True where an update that takes the call away would undo some of this, or leave it void."""
    kinds = ((ACTIONS[action.name], action.arguments) for action in actions)
    return any(kind.undone(given) or kind.stays(given) for kind, given in kinds)


def keyed(actions: Sequence[Action]) -> list[tuple[str, Action]]:
    """Each action with the key of the part that carries it out, see `runner.sides.Part`."""
    counts: Counter[str] = Counter()
    found = []
    for action in actions:
        counts[action.name] += 1
        number = counts[action.name]
        key = action.name if number == 1 else f"{action.name}.{number}"
        found.append(("" if ACTIONS[action.name].changes_call else key, action))
    return found


def displaced(actions: Sequence[Action]) -> list[Action]:
    """Those that are sent after the update wherever they are written: it would undo them.

    What is written after one of them under the same name is about what that one starts, and goes
    with it.
    """
    if not takes_away(actions):
        return []
    late: list[Action] = []
    for action in actions:
        begun = any(action.name == each.name for each in late)
        if begun or ACTIONS[action.name].undone(action.arguments):
            late.append(action)
    return late


def verbs_of(actions: Sequence[Action]) -> list[Verb]:
    """The TwiML verbs of these actions, in order."""
    found: list[Verb] = []
    for action in actions:
        make = ACTIONS[action.name].verbs
        if make is not None:
            found.extend(make(action.arguments))
    return found


def _document(actions: Sequence[Action]) -> list[Verb]:
    """The TwiML that is sent, without what placeholders bring; nothing where none is."""
    inside = steering(actions)
    if not inside or (len(inside) == 1 and ACTIONS[inside[0].name].alone):
        return []
    return verbs_of(resolved(inside, lambda template: template.literal))


def resolved(actions: Sequence[Action], render: Callable[[Template], str]) -> list[Action]:
    """The actions with each template in their arguments rendered to text."""
    return [Action(a.name, resolve(a.arguments, render), a.position) for a in actions]


def _order_faults(actions: Sequence[Action]) -> list[SequenceFault]:
    faults = []
    ended_by = ""
    for index, action in enumerate(actions):
        kind = ACTIONS[action.name]
        if not kind.changes_call or kind.extra is not None:
            continue
        if ended_by:
            message = f"{action.name} never runs: {ended_by} before it ends the list"
            faults.append(SequenceFault(index, "unreachable-action", message))
        elif kind.ends:
            ended_by = action.name
        elif leaving := [key for key in kind.ends_with if key in action.arguments]:
            ended_by = f"{action.name} with {leaving[0]}"
    return faults


def _repeated_faults(actions: Sequence[Action]) -> list[SequenceFault]:
    """Actions that are only added to an update, and of which only one can be."""
    faults, seen = [], set()
    for index, action in enumerate(actions):
        if ACTIONS[action.name].extra is None:
            continue
        if action.name in seen:
            message = f"{action.name} stands here already, and only one is sent"
            faults.append(
                SequenceFault(index, "exclusive-action", message, "leave one of them out")
            )
        seen.add(action.name)
    return faults


def _company_faults(actions: Sequence[Action], inside: Sequence[Action]) -> list[SequenceFault]:
    if len(inside) < 2:
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


def _undone_faults(actions: Sequence[Action], inside: Sequence[Action]) -> list[SequenceFault]:
    """Actions that the update in the same list would leave without any effect."""
    over = inside[0].name if len(inside) == 1 and ACTIONS[inside[0].name].hangs_up else ""
    moved = displaced(actions) if over else []
    faults, ended = [], False
    for index, action in enumerate(actions):
        kind = ACTIONS[action.name]
        ended = ended or action.name == over
        if over and _is_lost(action, kind, ended=ended or action in moved):
            message = f"{action.name} has no effect: {over} ends the call at once"
            stuck = action in moved or kind.stays(action.arguments)
            hint = (
                "leave it out" if kind.changes_call or stuck else "write it before, or leave it out"
            )
            faults.append(SequenceFault(index, "undone-action", message, hint))
        elif not over and kind.stays(action.arguments):
            leaving = next((a.name for a in inside if ACTIONS[a.name].interrupts), "")
            if leaving:
                message = f"{action.name} has no effect: {leaving} takes the call away from there"
                hint = f"leave one of them out, or put {leaving} into a rule of its own"
                faults.append(SequenceFault(index, "undone-action", message, hint))
    return faults


def _is_lost(action: Action, kind: ActionKind, *, ended: bool) -> bool:
    """Whether nothing is left of it where the call is hung up at once."""
    if kind.changes_call:
        return kind.extra is not None
    return not kind.tells and (ended or kind.stays(action.arguments))
