"""`then` to actions: each prepared by its own kind, then looked at in its company."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from runner.actions import ACTIONS, ActionKind
from runner.actions.base import BadArgument, Key
from runner.actions.sequence import check_sequence
from runner.language.bench import Bench
from runner.language.placeholders import compile_template, refuse_placeholder
from runner.language.source import Place
from runner.language.templates import has_placeholder
from runner.language.words import listed
from runner.model import Action
from runner.problems import Position


def compile_actions(
    bench: Bench, rule: Mapping[str, Any], *, defaults: Mapping[str, str], broken: Collection[int]
) -> tuple[Action, ...]:
    """The actions of a rule; those at a `broken` index were refused by the schema already."""
    then = rule.get("then")
    if not isinstance(then, list):
        return ()
    made = [
        _action(bench, (then, index), defaults) if index not in broken else None
        for index in range(len(then))
    ]
    actions = tuple(action for action in made if action is not None)
    if len(actions) == len(then):  # with one missing, what is said of the order may be wrong
        for fault in check_sequence(actions):
            bench.error(actions[fault.index].position, fault.code, fault.message, hint=fault.hint)
    return actions


def _action(bench: Bench, place: Place, defaults: Mapping[str, str]) -> Action | None:
    entry = place[0][place[1]]
    if isinstance(entry, str):
        return _prepared(bench, place, entry, defaults)
    if len(entry) > 1:
        _several(bench, entry)
        return None
    return _prepared(bench, (entry, next(iter(entry))), next(iter(entry)), defaults)


def _several(bench: Bench, entry: Mapping[str, Any]) -> None:
    second = list(entry)[1]
    bench.error(
        bench.document.key(entry, second),
        "several-actions",
        f"{listed(list(entry), 'and')} stand in one item of `then`, which is one action",
        hint=f"begin a new item: `- {second}: …`",
    )


def _prepared(bench: Bench, place: Place, name: str, defaults: Mapping[str, str]) -> Action | None:
    """`place` is that of the action's value, or of the bare word."""
    value = place[0][place[1]]
    bare = isinstance(place[1], int)
    written = None if bare or value is True else value
    if not bare:
        found = len(bench.problems)
        written = _templates(bench, place, ACTIONS[name], written)
        if len(bench.problems) > found:
            return None
    try:
        arguments = ACTIONS[name].prepare(written, defaults)
    except BadArgument as error:
        position = _argument(bench, place, error.key)
        bench.error(position, error.code, str(error), hint=error.hint)
        return None
    return Action(name, arguments, bench.document.key(*place))


def _argument(bench: Bench, place: Place, key: Key) -> Position:
    """Where an argument stands: as far along the way to it as the file has it."""
    way = (key,) if isinstance(key, str) else key or ()
    for step in way:
        value = place[0][place[1]]
        known = range(len(value)) if isinstance(value, list) else value
        if not isinstance(value, (dict, list)) or step not in known:
            break
        place = (value, step)
    return bench.at(*place)


def _templates(bench: Bench, place: Place, kind: ActionKind, written: Any) -> Any:
    """The action's value with each text that has placeholders as a template."""
    if isinstance(written, dict):
        return {
            key: _template(bench, (written, key), kind, slot=key if isinstance(key, str) else "")
            for key in written
        }
    return _template(bench, place, kind, slot="")


def _template(bench: Bench, place: Place, kind: ActionKind, *, slot: str) -> Any:
    value = place[0][place[1]]
    if isinstance(value, (dict, list)):
        inner = value if isinstance(value, dict) else range(len(value))
        made = [
            (key, _template(bench, (value, key), kind, slot=_below(slot, key))) for key in inner
        ]
        return dict(made) if isinstance(value, dict) else [item for _, item in made]
    if not isinstance(value, str) or not has_placeholder(value):
        return value
    if _may_vary(kind, slot):
        return compile_template(bench, place, value)
    if "{{" in value:
        message = f"placeholders can't stand in {f'{slot} of ' if slot else ''}{kind.name}"
        refuse_placeholder(bench, place, message)
    return value


def _below(slot: str, key: str | int) -> str:
    """`start` → `start.url`; the items of a list stand where the list does."""
    return f"{slot}.{key}" if isinstance(key, str) else slot


def _may_vary(kind: ActionKind, slot: str) -> bool:
    """Whether placeholders may stand there, because they may there or anywhere above."""
    if slot in kind.placeholders or "*" in kind.placeholders:
        return True
    return any(name and slot.startswith(f"{name}.") for name in kind.placeholders)
