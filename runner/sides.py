"""What a rule sends: the parts of one act, each a request of its own.

Parts are at most one update of the call, and beside it one request for each action that does not
change how the call goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct, field

from runner.model import Update

#: Whom a request goes to. `call`: Twilio, below the call. `conference`: Twilio, the call's place in
#: its conference. `web`: the user's own service. `history`: nobody, it is a line in the ledger.
Route: TypeAlias = Literal["call", "conference", "web", "history"]

#: A field of this name is a document that the runner serves, and stands for its URL.
SERVED = "Twiml"


class Side(Struct, frozen=True):
    """One request beside the update of a call.

    `target` is, for `call`, what stands between the call and `.json` in the path
    (`Streams/agent`), with names percent-encoded already; for `web` the URL. `fields` are Twilio's
    form fields; for `web` a `body` and `headers`, both JSON; for `history` a `text`. `repeatable`
    says that sending it twice does what sending it once does.
    """

    route: Route
    target: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = False

    @property
    def touches_call(self) -> bool:
        """Whether it does something to the call, or only tells of it."""
        return touches_call(self.route)


def touches_call(route: str) -> bool:
    """Whether what takes this route does something to the call, or only tells of it."""
    return route not in ("web", "history")


class Part(Struct, frozen=True):
    """One request of an act: an update or a side request, and the actions that it carries out.

    `key` names it among the act's parts, and goes on doing so when the rule is edited: "" for the
    update, else the action's name, with a number from the second of that name on (`record.2`).
    `fault` says why there is nothing to send, and so why the act fails; else it is "".
    """

    key: str
    then: tuple[str, ...]
    update: Update | None = None
    side: Side | None = None
    fault: str = ""

    @property
    def touches_call(self) -> bool:
        """Whether it does something to the call, or only tells of it."""
        return self.side is None or self.side.touches_call

    @property
    def request(self) -> Mapping[str, str]:
        """What is sent, field by field."""
        if self.update is not None:
            return self.update.parameters()
        return {} if self.side is None else self.side.fields
