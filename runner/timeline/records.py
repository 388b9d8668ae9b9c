"""What a test file says: calls with their changes and answers, and what is expected when.

All times are milliseconds since the beginning of the timeline, unless they say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from runner.model import FlowSet, Millis
from runner.problems import Position

#: What a request meets. `accepted` and `lost` carry it out, `error` and `dropped` don't; after
#: `lost` and `dropped` no answer comes.
AnswerKind: TypeAlias = Literal["accepted", "lost", "dropped", "error"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What Twilio answers to one request; the rest is about an `error`."""

    kind: AnswerKind = "accepted"
    code: int = 0
    status: int = 400
    message: str = ""
    retry_after: Millis | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """One call: what is known of it when it appears, and what happens to it.

    `fields` and `changes` are named and written as in `runner.call.Call`. `parent` is another
    script's id, "" where there is none; `conference` the name of the one that the call is in.
    `ends` and `vanishes` are None for never.
    """

    id: str
    sid: str
    position: Position
    fields: Mapping[str, str | None] = field(default_factory=dict)
    status: str = "in-progress"
    parent: str = ""
    conference: str = ""
    appears: Millis = 0
    age: Millis = 0
    ends: Millis | None = None
    vanishes: Millis | None = None
    changes: Mapping[Millis, Mapping[str, str | None]] = field(default_factory=dict)
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpectedSide:
    """One request beside the update of an act. What is None is not looked at.

    Values of `request` are text, or what the text must be as JSON.
    """

    then: str
    target: str | None = None
    request: Mapping[str, Any] | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """One act that must happen. `then`, `twiml` and `request` are None where nothing is said.

    `sides` are all requests beside the update, None where nothing is said of them.
    """

    at: Millis
    call: str
    rule: str
    position: Position
    then: tuple[str, ...] | None = None
    twiml: str | None = None
    request: Mapping[str, str] | None = None
    outcome: str = "done"
    shadow: bool = False
    sides: tuple[ExpectedSide, ...] | None = None


@dataclass(frozen=True, slots=True)
class ExpectedTrip:
    """One guard that must trip: `burst` or `rate`."""

    at: Millis
    rule: str
    guard: str
    position: Position


@dataclass(frozen=True, slots=True)
class Tripped:
    """One guard that tripped, and why in words; `hint` is how to write a rule that it lets be."""

    at: Millis
    rule: str
    guard: str
    detail: str
    hint: str


@dataclass(frozen=True, slots=True)
class TimelineTest:
    """One test, ready to be played. `start` is wall time, `until` the last moment of a poll.

    `numbers` are the account's, with Twilio's fields of each.
    """

    name: str
    position: Position
    start: Millis
    poll: Millis
    until: Millis
    calls: tuple[Script, ...]
    expect: tuple[Expectation, ...]
    as_is: bool = False  # `canary: as-is`
    account: str = ""
    trips: tuple[ExpectedTrip, ...] = ()
    numbers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TestFile:
    """One test file, sound: its flows and its tests."""

    __test__ = False  # pytest: a record, not a test class

    path: str
    flow_set: FlowSet
    tests: tuple[TimelineTest, ...]


@dataclass(frozen=True, slots=True)
class SideAct:
    """One request beside the update of an act; `then` is the name of its action."""

    then: str
    route: str
    target: str
    request: Mapping[str, str]
    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """One act that was done, as the ledger has it.

    `at` is the poll that decided it; `then` the names of its actions in the order of the rule;
    `request` the update, empty where there is none; `why` what the rule saw. `outcome` is the
    update's, without one the worst of its `sides`; `detail` what that came from.
    """

    at: Millis
    call: str
    rule: str
    then: tuple[str, ...]
    request: Mapping[str, str]
    outcome: str
    why: str
    detail: str = ""
    shadow: bool = False
    sides: tuple[SideAct, ...] = ()


#: A part of a test in its file: `calls`, `expect` or `trips`, and the number of the item.
Part: TypeAlias = tuple[str, int]
