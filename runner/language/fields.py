"""The fields that `match` can read: name, type, and how each is read from a live call."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from runner.language.dates import age_of, time_of
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

#: `age` grows with the call, by the millisecond; `minute` is read off the clock on the wall.
Clock = Literal["", "age", "minute"]

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


class Field(Struct, frozen=True):
    """One row of the field table.

    `read(call, moment)` gives text, or milliseconds for a duration or a time, or None where Twilio
    left the field empty; where `read_by` is given, it makes the reader for the field that the
    condition counts by. `others` says that the field is about the other live calls. `known` lists
    the values that Twilio documents, empty where any is normal; `closed` says that there can be
    no others. `of` is the attribute of the call that alone decides the value, empty where none
    does, and `plain` says that it is the value, as it stands there. `clock` says how the value
    moves on while the call stays as it is.
    """

    name: str
    type: FieldType
    read: Read
    known: tuple[str, ...] = ()
    description: str = ""
    read_by: Callable[[str], Read] | None = None
    others: bool = False
    closed: bool = False
    of: str = ""
    plain: bool = False
    clock: Clock = ""


def _leg(call: Call, moment: Moment) -> str:
    return "child" if call.parent_call_sid else "parent"


def _queue_time(call: Call, moment: Moment) -> Millis | None:
    text = call.queue_time or ""
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_COUNT):
        return None
    return int(text)


def _plain(
    name: str, description: str, kind: FieldType = "text", known: tuple[str, ...] = ()
) -> Field:
    """The text of one attribute of the call, of the same name."""
    attribute = "from_" if name == "from" else name
    get = attrgetter(attribute)
    return Field(
        name,
        kind,
        lambda call, moment: get(call) or None,
        known,
        description,
        of=attribute,
        plain=True,
    )


def _date(name: str, description: str) -> Field:
    get = attrgetter(name)
    return Field(
        name,
        "time",
        lambda call, moment: time_of(get(call)),
        description=description,
        of=name,
    )


def _of_number(
    name: str, known: tuple[str, ...], tell: Callable[[str], str | None], description: str
) -> Field:
    """What a number tells: `from_country` of `from`."""
    attribute = "from_" if name.startswith("from_") else "to"
    get = attrgetter(attribute)

    def told(call: Call, moment: Moment) -> str | None:
        text = get(call)
        return tell(text) if text else None

    return Field(name, "text", told, known, description, closed=True, of=attribute)


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
    _plain("sid", "The call's own SID, `CA…`."),
    _plain("account_sid", "The account, `AC…`."),
    _plain("parent_call_sid", "The call that dialled this one; empty on a parent leg."),
    _plain("phone_number_sid", "Your Twilio number of this call, `PN…`."),
    _plain("group_sid", "The group, `GP…`."),
    _plain("trunk_sid", "The SIP trunk, `TK…`."),
    _plain("to", "Who is called.", "phone"),
    _plain("from", "Who calls.", "phone"),
    _plain("to_formatted", "`to`, written for people."),
    _plain("from_formatted", "`from`, written for people."),
    _plain("forwarded_from", "The number that forwarded the call; few carriers tell.", "phone"),
    _plain("caller_name", "The caller's looked-up name."),
    _plain("status", "Where the call stands.", "status", LIVE_STATUSES),
    _plain("direction", "Who started the call, and how.", known=DIRECTIONS),
    _plain(
        "answered_by",
        "Person or machine; only with answering machine detection.",
        known=ANSWERED_BY,
    ),
    _date("start_time", "When the call began."),
    _date("date_created", "When Twilio recorded it."),
    _date("date_updated", "When it last changed."),
    Field(
        "queue_time",
        "duration",
        _queue_time,
        description="How long Twilio held it back.",
        of="queue_time",
    ),
    _plain("api_version", "Twilio's API version."),
    Field(
        "age",
        "duration",
        age_of,
        description="Time since the call began, or was created.",
        clock="age",
    ),
    Field(
        "leg",
        "leg",
        _leg,
        LEGS,
        "`child` where another call dialled it, else `parent`.",
        closed=True,
        of="parent_call_sid",
    ),
    _of_number(
        "from_country",
        COUNTRIES,
        country_of,
        "The country of `from`, ISO 3166, two letters; empty for addresses.",
    ),
    _of_number(
        "to_country",
        COUNTRIES,
        country_of,
        "The country of `to`, ISO 3166, two letters; empty for addresses.",
    ),
    _of_number("from_type", TYPES, type_of, "What kind of line or address `from` is."),
    _of_number("to_type", TYPES, type_of, "What kind of line or address `to` is."),
    Field(
        "during",
        "window",
        _now,
        description="While one of the named windows is open.",
        clock="minute",
    ),
    Field(
        "outside",
        "window",
        _now,
        description="While none of the named windows is open.",
        clock="minute",
    ),
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
