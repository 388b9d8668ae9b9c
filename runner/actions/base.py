"""The contract of an action: what its file says of it, and how it becomes part of an update.

The language and the engine know actions only through this contract; the names stand in the table
of `runner/actions/__init__.py` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from runner.model import LIVE_STATUSES, Update

Arguments = Mapping[str, Any]


class BadArgument(ValueError):
    """A value that the schema lets pass and the action can't use.

    `key` names the argument at fault (None for the action's whole value); `hint` how to mend it.
    """

    def __init__(
        self, message: str, *, key: str | None = None, code: str = "bad-argument", hint: str = ""
    ) -> None:
        super().__init__(message)
        self.key = key
        self.code = code
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Verb:
    """One TwiML verb or noun: `name` and `attributes` spelt as TwiML spells them."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    children: tuple[Verb, ...] = ()


class Speech(NamedTuple):
    """What an action has spoken: `text`, without the values that placeholders bring."""

    text: str
    voice: str = ""


@dataclass(frozen=True, slots=True)
class ActionKind:
    """One row of the action table.

    - `prepare(value, defaults)` turns the written value into arguments, or raises `BadArgument`;
      `value` is None for a bare word, `defaults` are the flow's.
    - `verbs(arguments)` gives its part of a TwiML document; None where it has none.
    - `alone(arguments)` gives the update it becomes when it is the only call-changing action.
    - `statuses` are those in which Twilio lets it act.
    - `ends` says that nothing after it would ever run.
    - `exclusive` says that it can't share an update with other call-changing actions.
    - `hangs_up` says that the call is over afterwards.
    - `interrupts` says that the call leaves what it was doing: legs that it dialled are dropped,
      and where it is a leg itself, the `<Dial>` of its parent ends.
    - `refetches` says that the call goes on with instructions from elsewhere, and that what rules
      read of it stays as it was.
    - `speech(arguments)` gives what it has spoken; None where it is never anything.
    - `placeholders` names the arguments in which placeholders may stand: `""` for the text of an
      action that is written as mere text, `"*"` for every argument, whatever its name.
    - `only_alone` names the arguments that TwiML has no place for.
    """

    name: str
    prepare: Callable[[Any, Mapping[str, str]], Arguments]
    verbs: Callable[[Arguments], tuple[Verb, ...]] | None = None
    alone: Callable[[Arguments], Update] | None = None
    statuses: tuple[str, ...] = LIVE_STATUSES
    changes_call: bool = True
    ends: bool = False
    exclusive: bool = False
    hangs_up: bool = False
    interrupts: bool = True
    refetches: bool = False
    speech: Callable[[Arguments], tuple[Speech, ...]] | None = None
    only_alone: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()
