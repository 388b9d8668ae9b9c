"""What a call is going to be: who calls whom, when, and how the people on it behave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from runner.model import Millis

Outcome = Literal["answer", "busy", "no-answer", "failed"]
OUTCOMES: tuple[Outcome, ...] = ("answer", "busy", "no-answer", "failed")
DIRECTIONS = (
    "inbound",
    "outbound-api",
    "outbound-dial",
    "trunking-originating",
    "trunking-terminating",
)


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody behaves when called: rings so long, then answers or not, then talks so long.

    `ring` None lets it ring for ever; `talk` None stays on the line until the other side ends the
    call. `digits` is what they type when asked, "" for nothing. `answered_by` is what answering
    machine detection would find.
    """

    ring: Millis | None = 4_000
    outcome: Outcome = "answer"
    talk: Millis | None = None
    digits: str = ""
    answered_by: str | None = None


@dataclass(frozen=True, slots=True)
class CallPlan:
    """One call to come.

    It appears `at` milliseconds from when the plan is given, in `status`, and has been in that
    status for `age` already. `id` is a name of the author's choice, from which the SID is made;
    `parent` is the `id` or SID of the call whose `<Dial>` it belongs to, `account` the name or SID
    of the account that it belongs to, "" for the main one. Without `twiml` and `url` the call has
    no document: it goes on until the person hangs up. `status_callback` is told of each
    `status_callback_event`: `initiated`, `ringing`, `answered`, `completed`.
    """

    to: str = "+14155550100"
    from_: str = "+14155550199"
    id: str = ""
    sid: str = ""
    direction: str = "inbound"
    status: str = "in-progress"
    at: Millis = 0
    age: Millis = 0
    person: Person = field(default_factory=Person)
    parent: str = ""
    twiml: str | None = None
    url: str | None = None
    method: str = "POST"
    fallback_url: str | None = None
    time_limit: int | None = None
    caller_name: str | None = None
    forwarded_from: str | None = None
    answered_by: str | None = None
    queue_time: Millis = 0
    account: str = ""
    status_callback: str | None = None
    status_callback_method: str = "POST"
    status_callback_event: tuple[str, ...] = ("completed",)
