"""What a `then` does to the call beside what it says, read from the action table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from runner.actions import ACTIONS
from runner.actions.sequence import changing, ends_call, resolved, steering
from runner.model import Action


class Effects(Struct, frozen=True):
    """`interrupts` as in `ActionKind`.

    `ends`: whether the call is over at once (`now`), once all of it has run (`after`), or goes on
    as far as anybody can tell (""). `first` names the actions that run before it is over. `limit`
    is how old the call may become, in seconds. `words` say what else each action does.
    """

    interrupts: bool = False
    ends: Literal["", "now", "after"] = ""
    first: tuple[str, ...] = ()
    limit: int | None = None
    words: tuple[str, ...] = ()


def effects_of(actions: Sequence[Action]) -> Effects:
    """What these actions, which have passed `check_sequence`, do to the call and its legs."""
    kinds = [ACTIONS[action.name] for action in steering(actions)]
    over = ends_call(actions)
    first = tuple(kind.name for kind in (kinds[:-1] if over and kinds[-1].hangs_up else kinds))
    return Effects(
        interrupts=any(kind.interrupts for kind in kinds),
        ends="" if not over else "after" if first else "now",
        first=first,
        limit=_limit(actions),
        words=_words(actions),
    )


def _limit(actions: Sequence[Action]) -> int | None:
    for action in changing(actions):
        add = ACTIONS[action.name].extra
        limit = None if add is None else add(action.arguments).get("time_limit")
        if limit is not None:
            return int(limit)
    return None


def _words(actions: Sequence[Action]) -> tuple[str, ...]:
    """With placeholders as they are written."""
    found: list[str] = []
    for action in resolved(actions, lambda template: template.written):
        tell = ACTIONS[action.name].effects
        found += [] if tell is None else tell(action.arguments)
    return tuple(found)
