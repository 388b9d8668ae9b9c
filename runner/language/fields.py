"""The fields that `match` can read: name, type, and how each is read from a live call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from runner.language.phones import COUNTRIES, TYPES, country_of, type_of
from runner.model import LIVE_STATUSES, Millis, Moment

if TYPE_CHECKING:
    from runner.call import Call

#: What a field holds, and so which operators suit it and how a wanted value is written.
#: `phone` is an address (E.164, `sip:`, `client:`, `sim:`); `duration` and `time` are milliseconds.
#: A `window` is asked about by name; a `count` is a number of live calls, and a `rank` the place
#: of this call among them, 1 for the oldest.
FieldType = Literal[
    "text", "phone", "status", "leg", "duration", "time", "window", "count", "rank", "flag"
]

Read = Callable[["Call", Moment], object | None]

DIRECTIONS = (
    "inbound",
    "outbound-api",
    "outbound-dial",
    "trunking-terminating",
    "trunking-originating",
)
ANSWERED_BY = (
    "human",
    "machine",
    "machine_start",
    "machine_end_beep",
    "machine_end_silence",
    "machine_end_other",
    "fax",
    "unknown",
)
LEGS = ("parent", "child")

_LONGEST_COUNT = 18  # digits; more is no queue time, and int() of thousands of digits is slow


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the field table.

    `read(call, moment)` gives text, or milliseconds for a duration or a time, or None where Twilio
    left the field empty; where `read_by` is given, it makes the reader for the field that the
    condition counts by. `others` says that the field is about the other live calls. `known` lists
    the values that Twilio documents, empty where any is normal; `closed` says that there can be
    no others.
    """

    name: str
    type: FieldType
    read: Read
    known: tuple[str, ...] = ()
    description: str = ""
    read_by: Callable[[str], Read] | None = None
    others: bool = False
    closed: bool = False


def _text(attribute: str) -> Read:
    get = attrgetter(attribute)
    return lambda call, moment: get(call) or None


def _time(attribute: str) -> Read:
    get = attrgetter(attribute)
    return lambda call, moment: _parse_time(get(call))


def _parse_time(text: str | None) -> Millis | None:
    if not text:
        return None
    # Here, not above: `callflow validate` never reads a call, and need not load its decoder.
    from runner.call import parse_rfc2822

    return parse_rfc2822(text)


def _age(call: Call, moment: Moment) -> Millis | None:
    began = _parse_time(call.start_time)
    if began is None:
        began = _parse_time(call.date_created)
    # Twilio's dates are whole seconds and clocks disagree: a call just begun is 0 old, never less.
    return None if began is None else max(0, moment.now - began)


def _leg(call: Call, moment: Moment) -> str:
    return "child" if call.parent_call_sid else "parent"


def _queue_time(call: Call, moment: Moment) -> Millis | None:
    text = call.queue_time or ""
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_COUNT):
        return None
    return int(text)


def _of_number(attribute: str, tell: Callable[[str], str | None]) -> Read:
    get = attrgetter(attribute)

    def told(call: Call, moment: Moment) -> str | None:
        text = get(call)
        return tell(text) if text else None

    return told


def _now(call: Call, moment: Moment) -> Millis:
    return moment.now


def _has_child(call: Call, moment: Moment) -> bool | None:
    return None if moment.live is None else moment.live.has_child(call.sid)


def _no_field(call: Call, moment: Moment) -> None:
    """What `concurrent` and `excess` are without the field that they count by."""


def _count_by(name: str) -> Read:
    read = FIELDS[name].read

    def count(call: Call, moment: Moment) -> int | None:
        value = read(call, moment)
        if moment.live is None or not isinstance(value, str):
            return None
        return moment.live.count(name, value)

    return count


def _rank_by(name: str) -> Read:
    read = FIELDS[name].read

    def rank(call: Call, moment: Moment) -> int | None:
        value = read(call, moment)
        if moment.live is None or not isinstance(value, str):
            return None
        older = moment.live.rank(name, value, call.sid)
        return None if older is None else older + 1

    return rank


_ROWS = (
    Field("sid", "text", _text("sid"), description="The call's own SID, `CA…`."),
    Field("account_sid", "text", _text("account_sid"), description="The account, `AC…`."),
    Field(
        "parent_call_sid",
        "text",
        _text("parent_call_sid"),
        description="The call that dialled this one; empty on a parent leg.",
    ),
    Field(
        "phone_number_sid",
        "text",
        _text("phone_number_sid"),
        description="Your Twilio number of this call, `PN…`.",
    ),
    Field("group_sid", "text", _text("group_sid"), description="The group, `GP…`."),
    Field("trunk_sid", "text", _text("trunk_sid"), description="The SIP trunk, `TK…`."),
    Field("to", "phone", _text("to"), description="Who is called."),
    Field("from", "phone", _text("from_"), description="Who calls."),
    Field("to_formatted", "text", _text("to_formatted"), description="`to`, written for people."),
    Field(
        "from_formatted", "text", _text("from_formatted"), description="`from`, written for people."
    ),
    Field(
        "forwarded_from",
        "phone",
        _text("forwarded_from"),
        description="The number that forwarded the call; few carriers tell.",
    ),
    Field("caller_name", "text", _text("caller_name"), description="The caller's looked-up name."),
    Field("status", "status", _text("status"), LIVE_STATUSES, "Where the call stands."),
    Field("direction", "text", _text("direction"), DIRECTIONS, "Who started the call, and how."),
    Field(
        "answered_by",
        "text",
        _text("answered_by"),
        ANSWERED_BY,
        "Person or machine; only with answering machine detection.",
    ),
    Field("start_time", "time", _time("start_time"), description="When the call began."),
    Field("date_created", "time", _time("date_created"), description="When Twilio recorded it."),
    Field("date_updated", "time", _time("date_updated"), description="When it last changed."),
    Field("queue_time", "duration", _queue_time, description="How long Twilio held it back."),
    Field("api_version", "text", _text("api_version"), description="Twilio's API version."),
    Field("age", "duration", _age, description="Time since the call began, or was created."),
    Field(
        "leg",
        "leg",
        _leg,
        LEGS,
        "`child` where another call dialled it, else `parent`.",
        closed=True,
    ),
    Field(
        "from_country",
        "text",
        _of_number("from_", country_of),
        COUNTRIES,
        "The country of `from`, ISO 3166, two letters; empty for addresses.",
        closed=True,
    ),
    Field(
        "to_country",
        "text",
        _of_number("to", country_of),
        COUNTRIES,
        "The country of `to`, ISO 3166, two letters; empty for addresses.",
        closed=True,
    ),
    Field(
        "from_type",
        "text",
        _of_number("from_", type_of),
        TYPES,
        "What kind of line or address `from` is.",
        closed=True,
    ),
    Field(
        "to_type",
        "text",
        _of_number("to", type_of),
        TYPES,
        "What kind of line or address `to` is.",
        closed=True,
    ),
    Field("during", "window", _now, description="While one of the named windows is open."),
    Field("outside", "window", _now, description="While none of the named windows is open."),
    Field(
        "has_child",
        "flag",
        _has_child,
        description="Whether another live call was dialled from this one.",
        others=True,
    ),
    Field(
        "concurrent",
        "count",
        _no_field,
        description="How many live calls share this call's value of a field, itself included.",
        read_by=_count_by,
        others=True,
    ),
    Field(
        "excess",
        "rank",
        _no_field,
        description="The newest calls beyond the oldest ones that share a value.",
        read_by=_rank_by,
        others=True,
    ),
    Field(
        "account",
        "text",
        lambda call, moment: moment.account or None,
        description="The account's alias, as the configuration names it.",
    ),
)

#: Every field by the name it has in a flow file.
FIELDS: dict[str, Field] = {row.name: row for row in _ROWS}

#: The fields whose values calls can share, so that rules can count by them. Within one account,
#: `account` says what `account_sid` says, and no two calls have the same `sid`.
GROUP_FIELDS = tuple(
    row.name
    for row in _ROWS
    if row.type in ("text", "phone") and row.name not in ("sid", "account")
)
