"""The contract of an action: what its file says of it, and how it becomes part of an update.

The language and the engine know actions only through this contract; the names stand in the table
of `runner/actions/__init__.py` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from msgspec import Struct, field

from runner.model import LIVE_STATUSES, Update
from runner.sides import Side

Arguments = Mapping[str, Any]
#: An argument: its name, or the way to it through nested ones; None is the whole value.
Key: TypeAlias = str | tuple[str | int, ...] | None
#: What can be looked up for an action.
Lookup = Literal["", "voice"]


class BadArgument(ValueError):
    """A value that the schema lets pass and the action can't use.

    `key` names the argument at fault (None for the action's whole value); `hint` how to mend it.
    """

    def __init__(
        self, message: str, *, key: Key = None, code: str = "bad-argument", hint: str = ""
    ) -> None:
        super().__init__(message)
        self.key = key
        self.code = code
        self.hint = hint


class Verb(Struct, frozen=True):
    """One TwiML verb or noun: `name` and `attributes` spelt as TwiML spells them."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    children: tuple[Verb, ...] = ()


class Speech(Struct, frozen=True):
    """What an action has spoken: `text`, without the values that placeholders bring."""

    text: str
    voice: str = ""


def _never(_arguments: Arguments) -> bool:
    return False


def _takes_nothing_back(_earlier: Arguments, _arguments: Arguments) -> bool:
    return False


class ActionKind(Struct, frozen=True):
    """One row of the action table.

    - `prepare(value, defaults)` turns the written value into arguments, or raises `BadArgument`;
      `value` is None for a bare word, `defaults` are the flow's.
    - `verbs(arguments)` gives its part of a TwiML document; None where it has none.
    - `alone(arguments)` gives the update it becomes when it is the only call-changing action.
    - `statuses` are those in which Twilio lets it act.
    - `ends` says that nothing after it would ever run; `ends_with` names the arguments that make it
      so.
    - `exclusive` says that it can't share an update with other call-changing actions.
    - `hangs_up` says that the call is over afterwards.
    - `interrupts` says that the call leaves what it was doing: legs that it dialled are dropped,
      and where it is a leg itself, the `<Dial>` of its parent ends.
    - `goes_on` says that the call then is with somebody or something else, and that its end after
      that is no surprise.
    - `refetches` says that the call goes on with instructions from elsewhere, and that what rules
      read of it stays as it was.
    - `speech(arguments)` gives what it has spoken; None where it is never anything.
    - `placeholders` names the arguments in which placeholders may stand, with all that is below
      them: `url`, `start.url`; `""` for the text of an action that is written as mere text, `"*"`
      for every argument, whatever its name.
    - `only_alone` names the arguments that TwiML has no place for.
    - `extra(arguments)` gives fields of `Update` that it adds to whatever the others make of it; an
      action that has it takes no part in the document.
    - `lookup` names what Twilio must be asked for first; what is found is merged into the arguments
      before `verbs` or `alone` sees them. `voice` is how a call to the number that was called
      begins: `url`, `method`, `fallback_url`, `fallback_method`.
    - `effects(arguments)` says in words what it does, where the rest of this row doesn't.

    Actions that don't change how the call goes on (`changes_call=False`) have instead:

    - `side(arguments)`: the request that it makes.
    - `tells`: that it only tells of the call and does nothing to it.
    - `undone(arguments)`: whether a change to the call would undo it, so that it has to be sent
      after that.
    - `stays(arguments)`: whether the call must stay where it is for it to have any effect.
    - `takes_back(earlier, arguments)`: whether it takes back what one of the same name and these
      earlier arguments did.
    """

    name: str
    prepare: Callable[[Any, Mapping[str, str]], Arguments]
    verbs: Callable[[Arguments], tuple[Verb, ...]] | None = None
    alone: Callable[[Arguments], Update] | None = None
    statuses: tuple[str, ...] = LIVE_STATUSES
    changes_call: bool = True
    ends: bool = False
    ends_with: tuple[str, ...] = ()
    exclusive: bool = False
    hangs_up: bool = False
    interrupts: bool = True
    goes_on: bool = False
    refetches: bool = False
    speech: Callable[[Arguments], tuple[Speech, ...]] | None = None
    only_alone: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()
    extra: Callable[[Arguments], Mapping[str, Any]] | None = None
    lookup: Lookup = ""
    effects: Callable[[Arguments], tuple[str, ...]] | None = None
    side: Callable[[Arguments], Side] | None = None
    tells: bool = False
    undone: Callable[[Arguments], bool] = _never
    stays: Callable[[Arguments], bool] = _never
    takes_back: Callable[[Arguments, Arguments], bool] = _takes_nothing_back
