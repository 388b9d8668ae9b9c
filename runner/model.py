"""The records of the language: flows, rules, conditions, actions, and the one update they become.

Everything is frozen and carries its `Position`: a rule that can't name file, line and column is
not compiled yet. Times are integer milliseconds (since the epoch, or long), so that tests can
assert them exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

from msgspec import Struct, field

from runner.guards import NO_GUARD, Guard
from runner.problems import Position

Millis: TypeAlias = int

#: From poll to poll, where nothing else is said: short enough to act within a sentence, long enough
#: for Twilio's limits.
INTERVAL: Millis = 2_000

LIVE_STATUSES = ("queued", "ringing", "in-progress")


class Test(Struct, frozen=True):
    """One comparison: `field operator value`.

    `value` is ready to compare with (durations and times as milliseconds, lists as frozensets,
    regular expressions compiled); `written` is what the author wrote, for people. `implicit` marks
    what the language adds to a rule that does not mention a leg, or a status; `by` is the field
    over which `concurrent` and `excess` count.
    """

    __test__ = False  # pytest: a record, not a test class

    field: str
    operator: str
    value: Any
    written: Any
    position: Position
    implicit: bool = False
    by: str = ""


class AllOf(Struct, frozen=True):
    """True when every item is."""

    items: tuple[Condition, ...]
    position: Position


class AnyOf(Struct, frozen=True):
    """True when at least one item is."""

    items: tuple[Condition, ...]
    position: Position


class Not(Struct, frozen=True):
    """True when the item is false; unknown where the item is unknown."""

    item: Condition
    position: Position


Condition: TypeAlias = Test | AllOf | AnyOf | Not


class Action(Struct, frozen=True):
    """One entry of `then`: its name in the action table and its checked arguments."""

    name: str
    arguments: Mapping[str, Any]
    position: Position


class Once(Struct, frozen=True):
    """How often a rule may act.

    Without `every` and `per`, once on each call. With `every`, again on the same call after that
    long, at most `limit` times (None: as often as it comes). With `per`, once for each value of
    that field `within` that long, whatever the call.
    """

    every: Millis | None = None
    limit: int | None = None
    per: str = ""
    within: Millis = 0


class Mode(Struct, frozen=True):
    """Whether a rule acts: on the calls of its cohort, `share` of all from 0.0 to 1.0.

    `enforce` is 1.0, `shadow` 0.0. On the other calls it only records what it would have done.
    """

    name: str = "enforce"
    share: float = 1.0


class Rule(Struct, frozen=True):
    """One rule, with everything its flow adds to it already folded into `match`."""

    id: str
    flow: str
    match: Condition
    then: tuple[Action, ...]
    position: Position
    description: str = ""
    proceed: bool = False  # `continue: true`
    enabled: bool = True
    hold: Millis = 0  # `for`
    once: Once = Once()
    mode: Mode = Mode()
    recheck: bool = False  # `recheck: always`
    retry_unknown: bool = False
    #: What the rule, else its flow, says of its limits.
    guard: Guard = NO_GUARD

    @property
    def key(self) -> str:
        """`flow/rule`: the name under which state, logs and metrics are kept."""
        return f"{self.flow}/{self.id}"


class Flow(Struct, frozen=True):
    """One flow file. `revision` is the start of the SHA-256 of its text and of its list files.

    `accounts` are the aliases or SIDs of the accounts that it is for, empty for all.
    """

    name: str
    rules: tuple[Rule, ...]
    position: Position
    revision: str
    description: str = ""
    priority: int = 0
    enabled: bool = True
    accounts: tuple[str, ...] = ()


class FlowSet(Struct, frozen=True):
    """All flows that are in force together, in file order."""

    flows: tuple[Flow, ...] = ()
    #: Every file that was read for them (flows and list files), by path: SHA-256 of the content.
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule of every flow, in file order."""
        return tuple(rule for flow in self.flows for rule in flow.rules)


class Update(Struct, frozen=True):
    """The one change sent to a call: at most one of `twiml`, `url` and `status` is set.

    The names are Twilio's, see `POST …/Calls/{Sid}.json`. `time_limit` is in seconds from the
    call's start, and may stand alone.
    """

    twiml: str | None = None
    url: str | None = None
    method: str | None = None
    fallback_url: str | None = None
    fallback_method: str | None = None
    status: str | None = None
    time_limit: int | None = None

    @property
    def idempotent(self) -> bool:
        """True where sending it twice does what sending it once does (hang-up, cancel, limit)."""
        return self.twiml is None and self.url is None

    @property
    def ends_call(self) -> bool:
        """True for a hang-up and a cancel: a call that lives on shows that it wasn't done."""
        return self.status is not None

    def parameters(self) -> dict[str, str]:
        """The form fields by Twilio's names, unset ones left out."""
        named = {
            "Twiml": self.twiml,
            "Url": self.url,
            "Method": self.method,
            "FallbackUrl": self.fallback_url,
            "FallbackMethod": self.fallback_method,
            "Status": self.status,
            "TimeLimit": None if self.time_limit is None else str(self.time_limit),
        }
        return {name: value for name, value in named.items() if value is not None}


class Live(Protocol):
    """What a condition may ask about the other live calls of the account."""

    def count(self, by: str, value: str) -> int:
        """How many live calls have this value in this field."""
        ...

    def rank(self, by: str, value: str, sid: str) -> int | None:
        """How many live calls with this value are older than this one; None if it isn't live."""
        ...

    def has_child(self, sid: str) -> bool:
        """Whether another live call was dialled from this one."""
        ...


class Moment(Struct, frozen=True):
    """What a verdict may depend on beside the flow, the call and the history.

    `now` is the far side's clock, `live` the other live calls (None where nobody listed them: what
    asks for them is then unknown), `account` the account's alias.
    """

    now: Millis
    live: Live | None = None
    account: str = ""
