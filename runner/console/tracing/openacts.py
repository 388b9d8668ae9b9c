"""Which parts of acts are under way, and which of them a request belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from runner.console.tracing.spans import Note, Span
from runner.engine.ports import Event
from runner.model import Millis

#: So many may be under way; of more, the oldest have a span without a beginning.
MOST = 10_000
_CALL = re.compile(r"\bCA[0-9a-f]{32}\b")


@dataclass(slots=True, eq=False)
class Act:
    """One part of an act, under way. `beside` says that nothing waits for it."""

    began: Millis
    parent: Span | None
    beside: bool
    requests: list[Span] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Key:
    """What the events of one part have in common."""

    account: str
    call: str
    rule: str
    part: str


class OpenActs:
    """The parts of acts that have begun and have no outcome, in the order of their beginning."""

    def __init__(self) -> None:
        self._open: dict[_Key, Act] = {}
        self._of_call: dict[tuple[str, str], list[Act]] = {}

    def begin(self, event: Event, parent: Span | None) -> Act:
        """One has begun, because of that poll."""
        if len(self._open) >= MOST:
            self._remove(next(iter(self._open)))
        key = _key_of(event)
        self._remove(key)
        act = Act(event.at, parent, event.fields.get("route") in ("web", "history"))
        self._open[key] = act
        self._of_call.setdefault((key.account, key.call), []).append(act)
        return act

    def find(self, event: Event) -> Act | None:
        """The one that the event is about."""
        return self._open.get(_key_of(event))

    def end(self, event: Event) -> Act | None:
        """The one that the event is about; from now on it is not under way."""
        return self._remove(_key_of(event))

    def sending(self, account: str, path: str) -> Act | None:
        """The one that a request to this path belongs to.

        The parts of an act are sent one after another, but for those that tell of it elsewhere.
        """
        found = _CALL.findall(path)
        acts = self._of_call.get((account, found[-1]), ()) if found else ()
        return next((each for each in acts if not each.beside), None)

    def _remove(self, key: _Key) -> Act | None:
        act = self._open.pop(key, None)
        if act is None:
            return None
        others = self._of_call[key.account, key.call]
        others.remove(act)
        if not others:
            del self._of_call[key.account, key.call]
        return act


def _key_of(event: Event) -> _Key:
    account, call, flow, rule, part = (
        str(event.fields.get(name, "")) for name in ("account", "call", "flow", "rule", "part")
    )
    return _Key(account, call, f"{flow}/{rule}", part)
