"""What a `then` does to the call beside what it says, read from the action table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from runner.actions import ACTIONS
from runner.actions.sequence import ends_call, steering
from runner.model import Action


@dataclass(frozen=True, slots=True)
class Effects:
    """`interrupts` as in `ActionKind`.

    `ends`: whether the call is over at once (`now`), once all of it has run (`after`), or goes on
    as far as anybody can tell (""). `first` names the actions that run before it is over.
    """

    interrupts: bool = False
    ends: Literal["", "now", "after"] = ""
    first: tuple[str, ...] = ()


def effects_of(actions: Sequence[Action]) -> Effects:
    """What these actions, which have passed `check_sequence`, do to the call and its legs."""
    kinds = [ACTIONS[action.name] for action in steering(actions)]
    if not kinds:
        return Effects()
    last = kinds[-1]
    over = ends_call(actions)
    first = tuple(kind.name for kind in (kinds[:-1] if last.hangs_up else kinds))
    return Effects(
        interrupts=any(kind.interrupts for kind in kinds),
        ends="" if not over else "after" if first else "now",
        first=first,
    )
