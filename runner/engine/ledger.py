"""The ledger's records: intents, how they stand, who may act, and a store's errors."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from runner.model import Millis, Update
from runner.sides import Route, touches_call

#: How an act stands. `shadowed`: outside the rule's cohort, recorded and never sent. `skipped`:
#: never sent, because the update that had to come before it did not come about.
Outcome = Literal[
    "intended", "done", "gone", "failed", "retrying", "unknown", "withdrawn", "shadowed", "skipped"
]


class Intent(Struct, frozen=True, gc=False):
    """What is about to be done to one call by one rule, and why: one part of an act.

    `number` counts the rule's acts on this call from 1; 0 is what a shadow would have done.
    `value` is the value of the field that `once: {per: …}` names, else "". `ends` says that the
    call is hung up or cancelled by it: what rate guards count. `part`, `route`, `target` and
    `repeatable` are those of a `Part` and its `Side`; `route` is "" for the update of the call.
    """

    account: str
    call_sid: str
    flow: str
    rule: str
    revision: str
    then: tuple[str, ...]
    request: Mapping[str, str]
    why: str
    at: Millis
    number: int = 1
    value: str = ""
    ends: bool = False
    part: str = ""
    route: Route | Literal[""] = ""
    target: str = ""
    repeatable: bool = False

    @property
    def rule_key(self) -> str:
        """`flow/rule`."""
        return f"{self.flow}/{self.rule}"

    @property
    def act(self) -> tuple[str, str, int]:
        """What the parts of one act have in common: call, rule and number."""
        return self.call_sid, self.rule_key, self.number

    @property
    def touches_call(self) -> bool:
        """Whether it does something to the call, or only tells of it."""
        return touches_call(self.route)


def update_of(intent: Intent) -> Update:
    """The update that the intent was recorded for."""
    sent = intent.request
    limit = sent.get("TimeLimit")
    return Update(
        twiml=sent.get("Twiml"),
        url=sent.get("Url"),
        method=sent.get("Method"),
        fallback_url=sent.get("FallbackUrl"),
        fallback_method=sent.get("FallbackMethod"),
        status=sent.get("Status"),
        time_limit=None if limit is None else int(limit),
    )


def identity_of(intent: Intent) -> str:
    """32 hex characters that are the same for every try of this intent, and no other's."""
    parts = (intent.account, *map(str, intent.act), intent.part, str(intent.at))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def first_outcome(intent: Intent) -> Outcome:
    """How an act stands in the ledger when it is claimed."""
    return "intended" if intent.number else "shadowed"


class Entry(Struct, frozen=True, gc=False):
    """One part of an act in the ledger: the intent, how often it was tried, how it stands."""

    id: int
    intent: Intent
    outcome: Outcome
    attempt: int
    updated_at: Millis
    detail: str = ""


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which entries to read, newest last. `rule` is `flow/rule` or a flow's name alone."""

    call_sid: str | None = None
    rule: str | None = None
    outcome: Outcome | None = None
    since: Millis | None = None
    limit: int | None = None


#: What can be noted beside acts and pauses: somebody saw what is masked, or threw or lifted the
#: kill switch, which is no pause of the store's.
NoteKind = Literal["numbers-shown", "killed", "lifted"]


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody did that is no act on a call: `by` whom, when, and to what, in words.

    `event` is a `NoteKind`, or `paused`, `tripped` or `resumed`.
    """

    event: str
    by: str
    at: Millis
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the ledger's journal is as it was written.

    `rows` were looked at; `head` is the hash of the last good one; `fault` says what is wrong with
    the next, "" where nothing is. Rows up to `trimmed` are gone by retention, and with them what
    was over before `trimmed_before`.
    """

    rows: int
    head: str
    fault: str = ""
    trimmed: int = 0
    trimmed_before: Millis | None = None


class StoreError(Exception):
    """The store can't be read or written. `hint` says what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class LeaseLost(StoreError):
    """This store held the lease, and another runner has it now: nothing may be sent or written."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who may act on what is in a store.

    `fence` grows with every change of hands, so that a former holder is known by it. `beat` grows
    with every renewal: whoever waits sees by it that the holder lives, without comparing clocks.
    `at` is when it was renewed last, on the holder's wall clock.
    """

    holder: str
    fence: int
    beat: int
    at: Millis
