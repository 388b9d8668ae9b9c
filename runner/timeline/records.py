"""What a test file says: calls with their changes and answers, and what is expected when.

All times are milliseconds since the beginning of the timeline, unless they say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from runner.model import FlowSet, Millis
from runner.problems import Position

#: What an update meets. `accepted` and `lost` carry it out, `error` and `dropped` don't; after
#: `lost` and `dropped` no answer comes.
AnswerKind: TypeAlias = Literal["accepted", "lost", "dropped", "error"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What Twilio answers to one update; the rest is about an `error`."""

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
class Expectation:
    """One act that must happen. `then`, `twiml` and `request` are None where nothing is said."""

    at: Millis
    call: str
    rule: str
    position: Position
    then: tuple[str, ...] | None = None
    twiml: str | None = None
    request: Mapping[str, str] | None = None
    outcome: str = "done"
    shadow: bool = False


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
    """One test, ready to be played. `start` is wall time, `until` the last moment of a poll."""

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


@dataclass(frozen=True, slots=True)
class TestFile:
    """One test file, sound: its flows and its tests."""

    __test__ = False  # pytest: a record, not a test class

    path: str
    flow_set: FlowSet
    tests: tuple[TimelineTest, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """One act that was done, as the ledger has it.

    `at` is the poll that decided it; `then` the names of its actions; `why` what the rule saw;
    `detail` what the outcome came from.
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


#: A part of a test in its file: `calls`, `expect` or `trips`, and the number of the item.
Part: TypeAlias = tuple[str, int]
